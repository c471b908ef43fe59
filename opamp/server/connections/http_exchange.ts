/**
 * One POST of an agent's message, and the answer to it.
 *
 * Source: opamp-spec, "Plain HTTP Transport", "Message Size Limits".
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { LimitExceededError } from "../../../pipeline/core/errors.ts";
import { MalformedMessageError } from "../../protocol/errors.ts";
import type { AgentSession } from "../agents/agent_session.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { AgentLink, MessageParts } from "../agents/link.ts";
import type { Traffic } from "./listener_metrics.ts";
import type { OpampServerSettings } from "../settings.ts";

/** What exchanges of one listener share. */
export interface ExchangeDeps {
  readonly fleet: Fleet;
  readonly settings: OpampServerSettings;
  readonly clock: Clock;
  readonly traffic: Traffic;
}

const CONTENT_TYPE = "application/x-protobuf";

/** Below this an answer is compressed with the smallest window: its state is a hundredth of the usual one. Bytes. */
const SMALL_BYTES = 512;

export class HttpExchange implements AgentLink<AgentSession> {
  readonly transport = "http";
  readonly tokenId: string | undefined;
  readonly sessions: AgentSession[] = [];
  readonly heardAtMs: number;
  readonly isCongested = true;

  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #deps: ExchangeDeps;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(request: IncomingMessage, response: ServerResponse, tokenId: string | undefined, deps: ExchangeDeps) {
    this.#request = request;
    this.#response = response;
    this.tokenId = tokenId;
    this.#deps = deps;
    this.heardAtMs = deps.clock.monotonicMs();
  }

  /** Reads the body, within its bound, and answers. */
  start(): void {
    const encoding = this.#request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
    if (encoding !== "identity" && encoding !== "gzip") return this.#refuse(415, "gzip or identity is wanted");
    if (Number(this.#request.headers["content-length"] ?? 0) > this.#deps.settings.maxReceiveBytes) {
      return this.#refuse(413, "message too large");
    }
    this.#request.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    this.#request.on("end", () => this.#onEnd(encoding === "gzip"));
    this.#request.on("error", () => this.#chunks.splice(0));
  }

  /** Over HTTP nothing can be pushed. */
  send(): void {
    throw new TypeError("Cannot push over HTTP: the agent has to ask");
  }

  close(): void {
    // The answer ends it.
  }

  #onData(chunk: Uint8Array): void {
    if (this.#response.headersSent) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#deps.settings.maxReceiveBytes) {
      this.#chunks.splice(0);
      return this.#refuse(413, "message too large");
    }
    this.#chunks.push(chunk);
  }

  #onEnd(isGzip: boolean): void {
    if (this.#response.headersSent) return;
    const { fleet, settings, traffic } = this.#deps;
    let answer: MessageParts | Promise<MessageParts>;
    try {
      const body = Buffer.concat(this.#chunks.splice(0));
      const message = isGzip ? unzip(body, settings.maxReceiveBytes) : body;
      traffic.received(message);
      answer = fleet.receive(this, message);
    } catch (error) {
      if (error instanceof LimitExceededError) return this.#refuse(error.httpStatus, "message too large");
      if (!(error instanceof MalformedMessageError)) throw error;
      answer = fleet.refuse(error);
    }
    if (answer instanceof Promise) void answer.then((parts) => this.#answer(parts));
    else this.#answer(answer);
  }

  #answer(parts: MessageParts): void {
    const response = this.#response;
    this.#deps.traffic.sent(parts);
    response.setHeader("Content-Type", CONTENT_TYPE);
    let body = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    if (acceptsGzip(this.#request.headers["accept-encoding"])) {
      response.setHeader("Content-Encoding", "gzip");
      body = gzipSync(body, body.length < SMALL_BYTES ? { level: 1, windowBits: 9, memLevel: 1 } : { level: 1 });
    }
    response.setHeader("Vary", "Accept-Encoding");
    response.setHeader("Content-Length", body.length);
    response.end(body);
  }

  /** What is still to come of the body is not read. */
  #refuse(status: number, text: string): void {
    const response = this.#response;
    response.statusCode = status;
    response.setHeader("Content-Type", "text/plain");
    response.setHeader("Connection", "close");
    response.end(`${text}\n`);
  }
}

function unzip(body: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new LimitExceededError(`Cannot read the message: more than ${maxBytes} bytes after decompression`);
    }
    throw new MalformedMessageError("Cannot read the message: its body is not gzip", { cause: error });
  }
}

/** RFC 9110, 12.5.3: `gzip` or `*`, unless its quality is 0. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  let any = false;
  for (const item of String(header).split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    const isWanted = Number(quality) > 0;
    if (name === "gzip" || name === "x-gzip") return isWanted;
    if (name === "*") any = isWanted;
  }
  return any;
}
