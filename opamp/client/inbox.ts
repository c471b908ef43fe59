/**
 * Takes the messages of the server apart: what is asked, offered, ordered or refused in them, in the order in which it
 * counts.
 *
 * Source: opamp-spec "ServerToAgent", "ServerErrorResponse", "ServerToAgentCommand", "Security".
 *
 * @module
 */

import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { MAX_RETRY_AFTER_MS } from "../../pipeline/core/retry_after.ts";
import {
  AgentCapabilities,
  CommandType,
  hasBits,
  nameOf,
  ServerErrorResponseType,
  ServerToAgentFlags,
} from "../protocol/capabilities.ts";
import { formatInstanceUid, isInstanceUid } from "../protocol/instance_uid.ts";
import {
  type AgentIdentification,
  type AgentRemoteConfig,
  type ConnectionSettingsOffers,
  type CustomMessage,
  decodeServerToAgent,
  type PackagesAvailable,
  type ServerErrorResponse,
  type ServerToAgent,
  type ServerToAgentCommand,
} from "../protocol/messages.ts";
import type { ConnectionOffers } from "./offers/connection_offers.ts";
import type { CustomMessages } from "./custom_messages.ts";
import type { Identity } from "./identity.ts";
import type { OfferFollower } from "./offers/offer_follower.ts";
import type { Outbox } from "./outbox.ts";
import type { Report } from "./report.ts";
import type { Verdict } from "./session.ts";
import type { StateKeeper } from "./state_keeper.ts";

export interface InboxCallbacks {
  /** The agent is to restart itself. */
  onRestart?(): void;
  /** A message of a capability that the agent has declared. */
  onCustomMessage?(message: CustomMessage): void;
  /** The agent has another name from now on. */
  onInstanceUid?(uid: Uint8Array): void;
}

export interface InboxParts {
  readonly identity: Identity;
  readonly report: Report;
  readonly outbox: Outbox;
  readonly customMessages: CustomMessages;
  readonly keeper: StateKeeper;
  readonly connectionOffers: ConnectionOffers;
  readonly remoteConfig: OfferFollower<AgentRemoteConfig>;
  readonly connectionSettings: OfferFollower<ConnectionSettingsOffers>;
  readonly packages: OfferFollower<PackagesAvailable>;
  readonly callbacks: InboxCallbacks;
  readonly logger: Logger;
}

const ALL_GOOD: Verdict = { kind: "ok" };

export class Inbox {
  readonly #parts: InboxParts;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** @param bytes A ServerToAgent. */
  onMessage(bytes: Uint8Array): Verdict {
    const message = this.#read(bytes);
    if (message === undefined) return { kind: "ignored" };
    if (message.capabilities) this.#parts.outbox.serverCapabilities = message.capabilities;
    if (message.command !== undefined) return this.#onCommand(message.command);
    if (message.errorResponse !== undefined) return this.#onError(message.errorResponse);
    this.#parts.outbox.onArrived();
    this.#onFlags(message.flags ?? 0);
    const { customCapabilities } = message;
    if (customCapabilities !== undefined) this.#parts.customMessages.ofServer = customCapabilities.capabilities ?? [];
    if (message.agentIdentification !== undefined) this.#onIdentification(message.agentIdentification);
    this.#onOffers(message);
    if (message.customMessage !== undefined) this.#onCustomMessage(message.customMessage);
    return ALL_GOOD;
  }

  /** @returns undefined when it cannot be read, or is for another agent. */
  #read(bytes: Uint8Array): ServerToAgent | undefined {
    try {
      const message = decodeServerToAgent(bytes);
      if (this.#parts.identity.isMine(message.instanceUid)) return message;
      this.#parts.logger.warn("a message of the OpAMP server is dropped: it is for another agent");
    } catch (error) {
      this.#parts.logger.warn("a message of the OpAMP server is dropped", { reason: describeError(error) });
    }
    return undefined;
  }

  /** A restart keeps nothing of what was said, and what stands beside a command does not count. */
  #onCommand({ type = CommandType.Restart }: ServerToAgentCommand): Verdict {
    const isKnown = type === CommandType.Restart && this.#may(AgentCapabilities.AcceptsRestartCommand);
    if (!isKnown) this.#parts.logger.warn("a command of the OpAMP server is ignored", { command: type });
    else {
      this.#parts.logger.info("the OpAMP server asks for a restart");
      this.#parts.callbacks.onRestart?.();
    }
    return ALL_GOOD;
  }

  #onError({ type, errorMessage = "", retryInfo }: ServerErrorResponse): Verdict {
    if (type === ServerErrorResponseType.Unavailable) {
      const retryAfterMs = retryInfo && (retryInfo.retryAfterNanoseconds ?? 0) / 1e6;
      return { kind: "unavailable", retryAfterMs: retryAfterMs && Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) };
    }
    const reason = `${nameOf(ServerErrorResponseType, type)}: ${errorMessage}`;
    this.#parts.logger.error("the OpAMP server could not process a message: it is not sent again", { reason });
    this.#parts.outbox.onArrived();
    return { kind: "rejected", reason };
  }

  #onFlags(flags: number): void {
    if (hasBits(flags, ServerToAgentFlags.ReportFullState)) this.#parts.report.repeatAll();
    if (hasBits(flags, ServerToAgentFlags.ReportAvailableComponents)) this.#parts.report.askForComponents();
  }

  #onIdentification({ newInstanceUid }: AgentIdentification): void {
    if (!isInstanceUid(newInstanceUid)) {
      return this.#parts.logger.warn("an offered instance uid is refused: it is not 16 bytes");
    }
    const { identity, keeper } = this.#parts;
    if (!identity.adopt(newInstanceUid)) return;
    this.#parts.report.wantsInstanceUid = false;
    this.#parts.report.repeatAll(); // the server knows nothing of an agent of this name
    void keeper.change({ instanceUid: formatInstanceUid(newInstanceUid) });
    this.#parts.logger.info("the agent has a new instance uid", { instance_uid: formatInstanceUid(newInstanceUid) });
    this.#parts.callbacks.onInstanceUid?.(newInstanceUid);
  }

  #onOffers({ remoteConfig, connectionSettings, packagesAvailable }: ServerToAgent): void {
    const parts = this.#parts;
    if (remoteConfig !== undefined && this.#accepts(AgentCapabilities.AcceptsRemoteConfig, "remote config")) {
      parts.remoteConfig.offer(remoteConfig.configHash, remoteConfig);
    }
    if (packagesAvailable !== undefined && this.#accepts(AgentCapabilities.AcceptsPackages, "set of packages")) {
      parts.packages.offer(packagesAvailable.allPackagesHash, packagesAvailable);
    }
    const settings = connectionSettings && parts.connectionOffers.wanted(connectionSettings);
    if (settings !== undefined) parts.connectionSettings.offer(settings.hash, settings);
  }

  #accepts(bits: number, what: string): boolean {
    if (this.#may(bits)) return true;
    this.#parts.logger.warn(`an offered ${what} is ignored: the agent has not declared that it takes any`);
    return false;
  }

  #may(bits: number): boolean {
    return hasBits(this.#parts.report.capabilities, bits);
  }

  #onCustomMessage(message: CustomMessage): void {
    if (!this.#parts.customMessages.isUnderstood(message)) return;
    try {
      this.#parts.callbacks.onCustomMessage?.(message);
    } catch (error) {
      this.#parts.logger.error("a custom message could not be processed", { reason: describeError(error) });
    }
  }
}
