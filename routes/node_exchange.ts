/**
 * One request of the listener and its answer, over `node:http` objects: nothing is made for a call that it can do
 * without (no Request, no header map, no timer).
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { CancelledError, type GatewayError } from "../pipeline/core/errors.ts";
import type { ClientCertificate } from "../pipeline/contract/tenants.ts";
import type { Origin } from "../pipeline/otlp/payload.ts";
import type { Signal } from "../pipeline/otlp/signals.ts";
import { ListNode } from "../pipeline/queue/linked_list.ts";
import type { BodyBuffer } from "./body.ts";
import { type Exchange, splitTarget } from "./exchange.ts";
import type { OtlpAnswer } from "./otlp_protocol.ts";
import type { Peer } from "./peer.ts";

/** A body that is not read is still taken off the wire up to here, so that the sender sees the answer. */
const DRAINED_BYTES = 1024 * 1024;
const DRAIN_MS = 1_000;
/** What Node reads from a socket at once. */
const WHOLE_READ_BYTES = 64 * 1024;

/** One request on a connection. */
export class NodeExchange extends ListNode<NodeExchange> implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;
  readonly #peer: Peer;
  signal: Signal | undefined;
  #abort: AbortController | undefined;
  #gone: GatewayError | undefined;
  /** Why nobody works for it any more, though its sender waits. */
  #stopped: GatewayError | undefined;
  #failRead: ((error: GatewayError) => void) | undefined;
  #isBodyBroken = false;
  #isLast = false;

  /**
   * @param expectsContinue The sender waits for a word before it sends its body.
   */
  constructor(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean, peer: Peer) {
    super();
    this.#peer = peer;
    this.#incoming = incoming;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    this.method = incoming.method ?? "";
    const { path, query } = splitTarget(incoming.url ?? "");
    this.path = path;
    this.query = query;
  }

  get origin(): Origin {
    return this.#peer.origin;
  }

  get peerAddress(): string {
    return this.#peer.address;
  }

  certificate(): ClientCertificate | undefined {
    return this.#peer.certificate();
  }

  header(name: string): string | undefined {
    const lines = this.#incoming.rawHeaders;
    let found: string | undefined;
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const line = lines[at];
      if (line === undefined || line.length !== name.length || line.toLowerCase() !== name) continue;
      found = found === undefined ? lines[at + 1] : `${found}, ${lines[at + 1]}`;
    }
    return found;
  }

  *headers(): Generator<readonly [string, string]> {
    const lines = this.#incoming.rawHeaders;
    for (let at = 0; at + 1 < lines.length; at += 2) yield [(lines[at] ?? "").toLowerCase(), lines[at + 1] ?? ""];
  }

  get abort(): AbortSignal {
    this.#abort ??= new AbortController();
    const reason = this.#gone ?? this.#stopped;
    if (reason !== undefined && !this.#abort.signal.aborted) this.#abort.abort(reason);
    return this.#abort.signal;
  }

  readBody(buffer: BodyBuffer): Promise<void> {
    const reason = this.#gone ?? this.#stopped;
    if (reason !== undefined) return Promise.reject(reason);
    if (this.#expectsContinue) this.#response.writeContinue();
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        incoming.removeAllListeners("data").pause();
        reject(error);
      };
      this.#failRead = reject;
      let last: ArrayBuffer | undefined;
      incoming.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
        try {
          last?.transfer(0); // frees it
          last = isWholeRead(chunk) ? chunk.buffer : undefined;
          const room = buffer.push(chunk);
          if (room !== undefined) {
            incoming.pause();
            room.then(() => incoming.resume(), fail);
          }
        } catch (error) {
          fail(error);
        }
      });
      incoming.on("end", resolve);
    });
  }

  /** The connection is closed, by either side or in one direction: whoever works for this request may stop. */
  leave(): void {
    this.#stop(new CancelledError("Cannot answer the request: the sender left"));
  }

  /** The rest of the body will not come. @returns Whether it was being read, and so is answered with `error`. */
  failBody(error: GatewayError): boolean {
    if (this.#failRead === undefined || this.#incoming.complete) return false;
    this.#isBodyBroken = true;
    this.#failRead(error);
    return true;
  }

  /** Whoever works for this request is told to stop; what they answer is still written. */
  giveUp(error: GatewayError): void {
    this.#stopped = error;
    this.failBody(error);
    this.#abort?.abort(error);
  }

  /** Whether an answer is written behind which the connection closes. */
  get isLast(): boolean {
    return this.#isLast;
  }

  #stop(error: GatewayError): void {
    this.#gone = error;
    this.#failRead?.(error);
    this.#abort?.abort(error);
  }

  /** Writes the whole answer. A connection that is not kept alive closes behind it. */
  send({ status, headers, body }: OtlpAnswer, keepAlive: boolean): void {
    if (this.#gone !== undefined) return;
    const response = this.#response;
    const isWhole = this.#incoming.complete;
    this.#isLast = !keepAlive || this.#isBodyBroken;
    const mayStillCome = !isWhole && !this.#isBodyBroken;
    if (mayStillCome && !(keepAlive && this.#restIsSmall())) return this.#sendAndLinger(status, headers, body);
    if (!isWhole) this.#incoming.resume();
    if (this.#isLast) response.shouldKeepAlive = false;
    response.writeHead(status, headers as string[]);
    if (body === null) response.end();
    else response.end(body);
  }

  /** Writes a response as it comes, no faster than the sender takes it. */
  async sendResponse(answer: Response, keepAlive: boolean): Promise<void> {
    const headers = [...answer.headers].flat();
    if (answer.body === null || this.#gone !== undefined) {
      return this.send({ status: answer.status, headers, body: null }, keepAlive);
    }
    const response = this.#response;
    this.#isLast = !keepAlive;
    if (!keepAlive) response.shouldKeepAlive = false;
    response.writeHead(answer.status, headers);
    const reader = answer.body.getReader();
    const stop = () => void reader.cancel().catch(() => {}); // the sender left: nobody wants the rest
    response.once("close", stop);
    try {
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        if (!response.write(value)) await drained(response);
      }
      response.end();
    } catch {
      response.destroy(); // a body that breaks off must not look whole
    } finally {
      response.off("close", stop);
    }
  }

  /** Whether what is left of an unread body is worth taking off the wire to keep the connection. */
  #restIsSmall(): boolean {
    return !this.#expectsContinue && !this.#isBodyBroken &&
      Number(this.header("content-length") ?? Infinity) <= DRAINED_BYTES;
  }

  /**
   * Answers before the body has come, and closes. To close with bytes unread would reset the connection and might
   * destroy the answer on its way, so what comes is thrown away for a moment (RFC 9112 9.6).
   */
  #sendAndLinger(status: number, headers: readonly string[], body: Uint8Array | null): void {
    const response = this.#response;
    this.#isLast = true;
    response.shouldKeepAlive = false;
    response.writeHead(status, headers as string[]);
    if (body === null) response.flushHeaders();
    else response.write(body);
    let drained = 0;
    const finish = () => {
      clearTimeout(timer);
      this.#incoming.removeAllListeners("data");
      if (!response.writableEnded) response.end();
      response.socket?.destroySoon();
    };
    const timer = setTimeout(finish, DRAIN_MS);
    this.#incoming.on("data", (chunk: Uint8Array) => {
      drained += chunk.length;
      if (drained > DRAINED_BYTES) finish();
    });
    this.#incoming.on("end", finish);
    response.on("close", () => clearTimeout(timer));
    this.#incoming.resume();
  }
}

/**
 * Whether nothing else is in the memory of `chunk`, and the parser, by the next one, is through with it. The collector
 * would free it late: of bodies of 20 MB it left hundreds of megabytes.
 */
function isWholeRead({ length, buffer }: Uint8Array): boolean {
  return length === WHOLE_READ_BYTES && buffer.byteLength === WHOLE_READ_BYTES;
}

/** Settles when more can be written, or nothing more will be. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    response.on("drain", settle);
    response.on("close", settle);
  });
}
