/**
 * OpAMP over plain HTTP: each message a POST, its answer the server's message.
 *
 * Source: opamp-spec "Plain HTTP Transport". The Content-Type has no parameter and Accept-Encoding is exactly "gzip",
 * because the reference server compares whole values.
 *
 * @module
 */

import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { gunzipSync, gzipSync } from "node:zlib";
import { concatBytes } from "../../../pipeline/core/bytes.ts";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { describeError } from "../../../pipeline/core/log/logger.ts";
import { parseRetryAfterMs } from "../../../pipeline/core/retry_after.ts";
import { formatInstanceUid } from "../../protocol/instance_uid.ts";
import { createAgent, headerRecord } from "./connector.ts";
import { endpointUrl, type ServerConnection } from "./server_connection.ts";
import type { Link, LinkEvents, LinkFailure, LinkOptions, Transport } from "./transport.ts";

/** Smaller bodies are not worth compressing, bytes. */
const MIN_GZIP_BYTES = 1_024;

/** The server has looked at the request and will never take it. */
const FINAL_STATUSES: readonly number[] = [400, 413];

/** The server has not looked at the request. */
const UNTOUCHED_STATUSES: readonly number[] = [401, 403, 404, 429, 503];

export class HttpTransport implements Transport {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(connection: ServerConnection, options: LinkOptions, events: LinkEvents): Link {
    return new HttpLink(connection, options, events, this.#clock);
  }
}

/** The body of an answer, or why it cannot be read. */
type Body = { readonly bytes: Uint8Array } | { readonly problem: string };

class HttpLink implements Link {
  readonly #connection: ServerConnection;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #clock: Clock;
  readonly #url: URL;
  readonly #agent: http.Agent;
  #request: http.ClientRequest | undefined;
  #isSilent = false;

  constructor(connection: ServerConnection, options: LinkOptions, events: LinkEvents, clock: Clock) {
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
    this.#clock = clock;
    this.#url = endpointUrl(connection.endpoint);
    this.#agent = createAgent(connection);
    queueMicrotask(() => this.#tell(() => events.onOpen())); // there is nothing to wait for
  }

  send(message: Uint8Array, instanceUid: Uint8Array): void {
    const isGzip = this.#options.gzip && message.length >= MIN_GZIP_BYTES;
    const body = isGzip ? gzipSync(message) : message;
    const request = (this.#url.protocol === "https:" ? https : http).request(this.#url, {
      method: "POST",
      agent: this.#agent,
      headers: {
        ...headerRecord(this.#connection.headers),
        "content-type": "application/x-protobuf",
        "content-length": body.length,
        "accept-encoding": "gzip",
        "opamp-instance-uid": formatInstanceUid(instanceUid),
        ...(isGzip ? { "content-encoding": "gzip" } : {}),
      },
    });
    this.#request = request;
    let wasConnected = false;
    request.once("socket", (socket) => {
      if (!socket.connecting) wasConnected = true;
      else socket.once(this.#url.protocol === "https:" ? "secureConnect" : "connect", () => wasConnected = true);
    });
    request.once("response", (response) => void this.#onResponse(request, response));
    request.on("error", (error) => {
      if (this.#request === request) this.#fail({ reason: describeError(error), isUnsent: !wasConnected });
    });
    request.end(body);
  }

  close(): Promise<void> {
    this.abort();
    return Promise.resolve();
  }

  abort(): void {
    this.#isSilent = true;
    this.#request?.destroy();
    this.#agent.destroy();
  }

  async #onResponse(request: http.ClientRequest, response: IncomingMessage): Promise<void> {
    const { statusCode: status = 0, headers } = response;
    const body = await readBody(response, this.#options.maxMessageBytes);
    this.#request = undefined;
    if ("problem" in body) request.destroy(); // what is left of the answer is not waited for
    if (status === 200) return this.#onAnswer(body);
    if (FINAL_STATUSES.includes(status)) return this.#tell(() => this.#events.onSent("refused"));
    const retryAfterMs = parseRetryAfterMs(headers["retry-after"], this.#clock.nowMs());
    const isUnsent = UNTOUCHED_STATUSES.includes(status);
    this.#fail({ reason: `the request was answered with status ${status}`, status, retryAfterMs, isUnsent });
  }

  #onAnswer(body: Body): void {
    this.#tell(() => {
      if ("problem" in body) this.#events.onUnreadable(body.problem);
      else this.#events.onMessage(body.bytes);
    });
    this.#tell(() => this.#events.onSent("delivered"));
  }

  #fail(failure: LinkFailure): void {
    this.#tell(() => {
      this.#isSilent = true;
      this.#events.onClosed(failure);
    });
    this.#agent.destroy();
  }

  #tell(event: () => void): void {
    if (!this.#isSilent) event();
  }
}

/** Reads an answer whole, within the bound before and after it is inflated. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<Body> {
  const tooLarge = { problem: `the answer is larger than ${maxBytes} bytes` };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > maxBytes) return tooLarge;
      chunks.push(chunk);
    }
    const body = concatBytes(chunks);
    const isGzip = response.headers["content-encoding"] === "gzip";
    return { bytes: isGzip ? gunzipSync(body, { maxOutputLength: maxBytes }) : body };
  } catch (error) {
    const isTooLong = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    return isTooLong ? tooLarge : { problem: `the answer is broken off or no gzip: ${describeError(error)}` };
  }
}
