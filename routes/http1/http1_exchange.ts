/**
 * One request on a connection of the listener, and its answer.
 *
 * @module
 */

import type { ClientCertificate } from "../../pipeline/contract/tenants.ts";
import type { GatewayError } from "../../pipeline/core/errors.ts";
import type { Origin } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import type { BodyBuffer } from "../body.ts";
import { type Exchange, splitTarget } from "../exchange.ts";
import type { OtlpAnswer } from "../otlp_protocol.ts";
import type { Peer } from "../peer.ts";
import {
  type AnswerCache,
  chunkOf,
  hasNoBody,
  headText,
  isContentLength,
  LAST_CHUNK,
  type Persistence,
  wholeAnswer,
} from "./answer.ts";
import type { Head } from "./head.ts";

/** What an exchange needs of its connection. */
export interface Wire extends Peer {
  /** Whether the body of the present request was taken whole. */
  readonly isBodyRead: boolean;
  /** Whether what is left of it is worth taking off the wire to keep the connection. */
  readonly isRestSmall: boolean;
  /** @throws {GatewayError} The sender left or is too slow, its chunks are malformed, or what `buffer` throws. */
  readBody(buffer: BodyBuffer, expectsContinue: boolean): Promise<void> | void;
  /** @throws {Error} The connection broke. */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

export class Http1Exchange implements Exchange {
  readonly path: string;
  readonly query: string;
  signal: Signal | undefined;
  readonly #head: Head;
  readonly #wire: Wire;
  readonly #answers: AnswerCache;
  #abort: AbortController | undefined;
  #gone: GatewayError | undefined;
  /** Why nobody works for it any more, though its sender waits. */
  #stopped: GatewayError | undefined;
  #stopStreaming: (() => void) | undefined;
  #isBodyBroken = false;
  #isLast = false;

  constructor(head: Head, wire: Wire, answers: AnswerCache) {
    this.#head = head;
    this.#wire = wire;
    this.#answers = answers;
    const { path, query } = splitTarget(head.target);
    this.path = path;
    this.query = query;
  }

  get method(): string {
    return this.#head.method;
  }

  get origin(): Origin {
    return this.#wire.origin;
  }

  get peerAddress(): string {
    return this.#wire.address;
  }

  certificate(): ClientCertificate | undefined {
    return this.#wire.certificate();
  }

  header(name: string): string | undefined {
    const { fields } = this.#head;
    let found: string | undefined;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      if (fields[at] === name) found = found === undefined ? fields[at + 1] : `${found}, ${fields[at + 1]}`;
    }
    return found;
  }

  *headers(): Generator<readonly [string, string]> {
    const { fields } = this.#head;
    for (let at = 0; at + 1 < fields.length; at += 2) yield [fields[at] ?? "", fields[at + 1] ?? ""];
  }

  get abort(): AbortSignal {
    this.#abort ??= new AbortController();
    const reason = this.#gone ?? this.#stopped;
    if (reason !== undefined && !this.#abort.signal.aborted) this.#abort.abort(reason);
    return this.#abort.signal;
  }

  /** Whether an answer is written behind which the connection closes. */
  get isLast(): boolean {
    return this.#isLast;
  }

  readBody(buffer: BodyBuffer): Promise<void> | void {
    const reason = this.#gone ?? this.#stopped;
    if (reason !== undefined) throw reason;
    return this.#wire.readBody(buffer, this.#head.expectsContinue)?.catch((error) => {
      this.#isBodyBroken = true; // where the next request begins is not known any more
      throw error;
    });
  }

  /** The connection is closed, by either side or in one direction: whoever works for this request may stop. */
  leave(error: GatewayError): void {
    this.#gone = error;
    this.#abort?.abort(error);
    this.#stopStreaming?.();
  }

  /** Whoever works for this request is told to stop; what they answer is still written. */
  giveUp(error: GatewayError): void {
    this.#stopped = error;
    this.#abort?.abort(error);
  }

  send(answer: OtlpAnswer, keepAlive: boolean): Promise<void> | void {
    if (this.#gone !== undefined) return;
    const persistence = this.#decide(keepAlive);
    const isHeadOnly = this.method === "HEAD";
    return this.#wire.write(
      persistence === "keep" && !isHeadOnly
        ? this.#answers.kept(answer)
        : wholeAnswer(answer, this.#answers.date, persistence, isHeadOnly),
    );
  }

  async sendResponse(response: Response, keepAlive: boolean): Promise<void> {
    const { status, body } = response;
    const headers = [...response.headers].flat();
    if (body === null || hasNoBody(status) || this.method === "HEAD" || this.#gone !== undefined) {
      await body?.cancel();
      return await this.send({ status, headers, body: null }, keepAlive);
    }
    const isSized = headers.some((name, at) => at % 2 === 0 && isContentLength(name));
    const isChunked = !isSized && !this.#head.isOld;
    const persistence = this.#decide(keepAlive && (isSized || isChunked)); // or the close ends the body
    const framed = isChunked ? [...headers, "Transfer-Encoding", "chunked"] : headers;
    await this.#wire.write(new TextEncoder().encode(headText(status, framed, this.#answers.date, persistence)));
    await this.#stream(body.getReader(), isChunked);
  }

  async #stream(reader: ReadableStreamDefaultReader<Uint8Array>, isChunked: boolean): Promise<void> {
    this.#stopStreaming = () => void reader.cancel().catch(() => {}); // the sender left: nobody wants the rest
    try {
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        if (value !== undefined && value.length > 0) await this.#wire.write(isChunked ? chunkOf(value) : value);
      }
      if (isChunked) await this.#wire.write(LAST_CHUNK);
    } catch {
      this.#stopStreaming();
      this.#wire.close(); // a body that breaks off must not look whole
    } finally {
      this.#stopStreaming = undefined;
    }
  }

  /** What becomes of the connection behind the answer. */
  #decide(keepAlive: boolean): Persistence {
    const isInStep = this.#wire.isBodyRead ||
      (!this.#isBodyBroken && !this.#head.expectsContinue && this.#wire.isRestSmall);
    this.#isLast = !keepAlive || !this.#head.keepAlive || !isInStep;
    if (this.#isLast) return "close";
    return this.#head.isOld ? "keep-old" : "keep";
  }
}
