/**
 * OpAMP over a WebSocket.
 *
 * Without permessage-deflate: nothing inflates, and the messages are small.
 * Source: opamp-spec "WebSocket Transport"; RFC 6455.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
// @ts-types="@types/ws"
import WebSocket from "ws";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { describeError } from "../../../pipeline/core/log/logger.ts";
import { parseRetryAfterMs } from "../../../pipeline/core/retry_after.ts";
import { frame, unframe } from "../../protocol/framing.ts";
import { createAgent, headerRecord } from "./connector.ts";
import { endpointUrl, type ServerConnection } from "./server_connection.ts";
import type { Link, LinkEvents, LinkFailure, LinkOptions, Transport } from "./transport.ts";

/** From the first byte to the upgrade, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

/** Normal closure. */
const CLOSE_NORMAL = 1000;

export class WebSocketTransport implements Transport {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(connection: ServerConnection, options: LinkOptions, events: LinkEvents): Link {
    return new WebSocketLink(connection, options, events, this.#clock);
  }
}

class WebSocketLink implements Link {
  readonly #events: LinkEvents;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  readonly #agent: ReturnType<typeof createAgent>;
  readonly #closed: Promise<void>;
  #isSilent = false;
  #error: string | undefined;

  constructor(connection: ServerConnection, { maxMessageBytes }: LinkOptions, events: LinkEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.#agent = createAgent(connection);
    this.#socket = new WebSocket(endpointUrl(connection.endpoint), {
      agent: this.#agent,
      headers: headerRecord(connection.headers),
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#socket.binaryType = "nodebuffer";
    this.#socket.on("open", () => this.#tell(() => events.onOpen()));
    this.#socket.on("message", (data, isBinary) => this.#onMessage(data as Uint8Array, isBinary));
    this.#socket.on("unexpected-response", (_request, response) => this.#onRefused(response));
    this.#socket.on("error", (error) => this.#error ??= describeError(error));
    this.#closed = new Promise((resolve) => this.#socket.once("close", (code) => resolve(this.#onClose(code))));
  }

  send(message: Uint8Array): void {
    this.#socket.send(frame(message), { binary: true }, (error) => {
      if (error === undefined || error === null) this.#tell(() => this.#events.onSent("written"));
    });
  }

  async close(): Promise<void> {
    this.#isSilent = true;
    this.#socket.close(CLOSE_NORMAL);
    await this.#closed;
  }

  abort(): void {
    this.#isSilent = true;
    this.#socket.terminate();
  }

  #onMessage(data: Uint8Array, isBinary: boolean): void {
    this.#tell(() => {
      if (!isBinary) return this.#events.onUnreadable("it is a text message");
      const message = readFrame(data);
      if (typeof message === "string") this.#events.onUnreadable(message);
      else this.#events.onMessage(message);
    });
  }

  #onRefused(response: IncomingMessage): void {
    const { statusCode: status, headers } = response;
    const retryAfterMs = parseRetryAfterMs(headers["retry-after"], this.#clock.nowMs());
    this.#fail({ reason: `the upgrade was answered with status ${status}`, status, retryAfterMs, isUnsent: true });
    this.#socket.terminate();
  }

  #onClose(code: number): void {
    this.#agent.destroy();
    const reason = this.#error ?? `the connection was closed with code ${code}`;
    this.#fail({ reason, isUnsent: false });
  }

  #fail(failure: LinkFailure): void {
    this.#tell(() => {
      this.#isSilent = true;
      this.#events.onClosed(failure);
    });
  }

  #tell(event: () => void): void {
    if (!this.#isSilent) event();
  }
}

function readFrame(data: Uint8Array): Uint8Array | string {
  try {
    return unframe(data);
  } catch (error) {
    return describeError(error);
  }
}
