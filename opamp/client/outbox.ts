/**
 * Makes the messages to the server: what of the report has changed, and what is said once.
 *
 * Source: opamp-spec "AgentToServer", "Message Size Limits", "Agent-initiated CSR Flow".
 *
 * @module
 */

import type { Logger } from "../../pipeline/core/log/logger.ts";
import { hasBits, ServerCapabilities } from "../protocol/capabilities.ts";
import { type AgentToServer, encodeAgentToServer } from "../protocol/messages.ts";
import type { CustomMessages } from "./custom_messages.ts";
import type { Identity } from "./identity.ts";
import { largestPart, type Once, type Report } from "./report.ts";
import type { MessageReason } from "./session.ts";
import type { SendResult } from "./transports/transport.ts";

/** The header of a WebSocket message counts into its size. */
const FRAME_BYTES = 1;

/** A request for a certificate, until the server has it. */
interface CertificateRequest {
  /** PEM. */
  readonly csr: Uint8Array;
  isSent: boolean;
}

export interface OutboxParts {
  readonly report: Report;
  readonly customMessages: CustomMessages;
  /** With the frame, bytes. */
  readonly maxMessageBytes: number;
  readonly logger: Logger;
}

export class Outbox {
  readonly #parts: OutboxParts;
  #serverCapabilities: number | undefined;
  #certificateRequest: CertificateRequest | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get serverCapabilities(): number | undefined {
    return this.#serverCapabilities;
  }

  /** What the server can; what it lacks is not sent. */
  set serverCapabilities(mask: number | undefined) {
    this.#serverCapabilities = mask;
    this.#parts.report.serverCapabilities = mask;
  }

  /** A request for a certificate, as PEM; sent when the server grants any. */
  requestCertificate(csr: Uint8Array): void {
    this.#certificateRequest = { csr, isSent: false };
  }

  /** The next message; undefined when there is nothing to say, or nothing of it fits. */
  compose({ uid }: Identity, why: MessageReason): Uint8Array | undefined {
    const { report, customMessages } = this.#parts;
    const connectionSettingsRequest = this.#takeCertificateRequest();
    const isWanted = why !== "change" || report.hasChanges || customMessages.isWaiting;
    if (!isWanted && connectionSettingsRequest === undefined) return undefined;
    const once: Once = {
      customMessage: customMessages.take(),
      connectionSettingsRequest,
      agentDisconnect: why === "last" ? {} : undefined,
    };
    return this.#encodeWithinLimit(report.compose(uid, once));
  }

  /** What became of the message composed last. */
  onSent(result: SendResult | "lost" | "unsent"): void {
    const { report, customMessages, logger } = this.#parts;
    if (result === "written") return;
    if (result === "refused") logger.error("the OpAMP server refused a message: it is not sent again");
    if (result === "delivered" || result === "refused") return this.onArrived();
    if (result === "unsent") report.takeBackNumber();
    report.lose();
    customMessages.drop();
    if (this.#certificateRequest !== undefined) this.#certificateRequest.isSent = false;
  }

  /** All that was sent has arrived, or is not to be sent again. */
  onArrived(): void {
    this.#parts.report.confirm();
    if (this.#certificateRequest?.isSent) this.#certificateRequest = undefined;
  }

  #takeCertificateRequest(): AgentToServer["connectionSettingsRequest"] {
    const request = this.#certificateRequest;
    const isGranted = hasBits(this.#serverCapabilities ?? 0, ServerCapabilities.AcceptsConnectionSettingsRequest);
    if (request === undefined || request.isSent || !isGranted) return undefined;
    request.isSent = true;
    return { opamp: { certificateRequest: { csr: request.csr } } };
  }

  /** Leaves out what is too large, the largest first: the rest must arrive. */
  #encodeWithinLimit(message: AgentToServer): Uint8Array | undefined {
    const { maxMessageBytes, logger } = this.#parts;
    for (let left = message;;) {
      const bytes = encodeAgentToServer(left);
      if (bytes.length + FRAME_BYTES <= maxMessageBytes) return bytes;
      const part = left.customMessage === undefined ? largestPart(left) : "customMessage";
      logger.error("a part of an OpAMP message is dropped: the message is too large", {
        part,
        message_bytes: bytes.length + FRAME_BYTES,
        max_message_bytes: maxMessageBytes,
      });
      if (part === undefined) return undefined;
      left = { ...left, [part]: undefined };
    }
  }
}
