/**
 * One connection of the listener: reads a request, has it answered, reads the next one.
 *
 * There is one read at a time, and while a request is worked on it is a read ahead: it brings the beginning of the next
 * one, or the news that the sender has left. Nothing is made a request for a deadline; the listener looks at all
 * connections now and then.
 * Sources: RFC 9112 6 (framing), 9 (connections), 9.6 (why a close waits for what is still being sent).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { formatEndpoint } from "../../pipeline/config/network/http_server.ts";
import type { ClientCertificate } from "../../pipeline/contract/tenants.ts";
import { CancelledError, type GatewayError, InvalidPayloadError } from "../../pipeline/core/errors.ts";
import { NO_ORIGIN, type Origin } from "../../pipeline/otlp/payload.ts";
import type { BodyBuffer } from "../body.ts";
import { plainAddress } from "../peer.ts";
import { type AnswerCache, CONTINUE, refusalAnswer } from "./answer.ts";
import { ChunkReader, MalformedChunk } from "./chunked.ts";
import { Http1Exchange, type Wire } from "./http1_exchange.ts";
import {
  BARE_LINE_FEED,
  BARE_LINE_FEED_REFUSAL,
  CHUNKED,
  findHeadEnd,
  type Head,
  HEAD_TOO_LARGE,
  HEAD_TOO_SLOW,
  MAX_HEADER_BYTES,
  parseHead,
  type Refusal,
} from "./head.ts";
import type { ReadSpace } from "./read_space.ts";

/**
 * Up to here a body that nobody wants is taken off the wire, which costs half of what another connection does; and before
 * the last close, so that a sender that sends on sees the answer.
 */
const DROPPED_BYTES = 2 * 1024 * 1024;
const DRAIN_MS = 1_000;
/** Most senders stop when they see an answer: what they have not sent by then need not be taken, milliseconds. */
const GRACE_MS = 100;
/** Where it goes: of all connections at once, since nobody looks at it. In large pieces: each read costs 15 us. */
const DROPPED = new Uint8Array(512 * 1024);
/** What a read is into at first: a request of a few items fits, and most heads do. */
const SMALL_SPACE_BYTES = 8 * 1024;
/** And where larger ones come: the largest head fits, and a usual request whole, which saves it reads. */
const LARGE_SPACE_BYTES = MAX_HEADER_BYTES + SMALL_SPACE_BYTES;

/** What a connection needs of its listener. */
export interface ConnectionHost {
  readonly answers: AnswerCache;
  readonly space: ReadSpace;
  /** Monotonic, of the last look at all connections, milliseconds. */
  readonly nowMs: number;
  /** Of the next look: what begins now has begun by then, so no deadline fires early. */
  readonly soonMs: number;
  /** Has a request answered; never rejects. */
  serve(exchange: Http1Exchange): Promise<void>;
  /** The connection is closed. Called once. */
  closed(connection: Connection): void;
}

/** Deadlines, milliseconds; 0 is none. */
export interface Deadlines {
  /** Of a head, from its first byte, or from the opening of the connection. */
  readonly headMs: number;
  /** Of a head and its body, wanted or not. */
  readonly requestMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** Of the answer, from the head on. */
  readonly answerMs: number;
}

/**
 * What is waited for, and for how long:
 *
 * | Phase | Waits for | Begins with | Too long | Then |
 * | --- | --- | --- | --- | --- |
 * | head | the rest of a head | its first byte, or the connection | `headMs` | 408, closing |
 * | body | the rest of a body that is wanted | its head | `requestMs`, `answerMs` | 503, closing; closed |
 * | answer | an answer | its head | `answerMs` | closed |
 * | rest | what is left of a body that was not wanted | its head | `requestMs`, without one `idleMs` | closed |
 * | idle | the next request | the end of the last | `idleMs` | closed |
 * | closing | the sender to stop | the last answer | `DRAIN_MS` | closed |
 */
type Phase = "head" | "body" | "answer" | "rest" | "idle" | "closing";

export class Connection implements Wire {
  readonly address: string;
  readonly origin: Origin;
  readonly #conn: Deno.TcpConn;
  readonly #host: ConnectionHost;
  #space = new Uint8Array(SMALL_SPACE_BYTES);
  /** What has come and is not taken: a range of `#space`. */
  #start = 0;
  #end = 0;
  /** Whether the last request would have been read at once into a large space. */
  #isCramped = false;
  #phase: Phase = "head";
  /** When the phase began, as the table has it. */
  #sinceMs: number;
  #receiving: Promise<boolean> | undefined;
  #exchange: Http1Exchange | undefined;
  /** Bytes of the present body that were not taken; CHUNKED until its last chunk is. */
  #unread = 0;
  #chunks: ChunkReader | undefined;
  #failBody: ((error: GatewayError) => void) | undefined;
  /** Of what was no request, or did not come in time. */
  #refusal: Promise<undefined> | undefined;
  #isClosed = false;

  constructor(conn: Deno.TcpConn, host: ConnectionHost) {
    this.#conn = conn;
    this.#host = host;
    this.#sinceMs = host.soonMs;
    const { hostname, port } = conn.remoteAddr;
    this.address = plainAddress(hostname);
    this.origin = { ...NO_ORIGIN, client: { address: formatEndpoint(this.address, port) } };
  }

  /** Plain connections have none. */
  certificate(): ClientCertificate | undefined {
    return undefined;
  }

  /** Whether a request is being answered. */
  get isBusy(): boolean {
    return this.#exchange !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Serves requests until the connection closes; never rejects. */
  async run(): Promise<void> {
    try {
      for (let head = await this.#readHead(); head !== undefined; head = await this.#readHead()) {
        if (!await this.#answer(head)) break;
      }
      await this.#refusal;
    } catch {
      // The connection broke.
    } finally {
      this.close();
    }
  }

  /** Has the present request, if there is one, answered with `error`. */
  giveUp(error: GatewayError): void {
    this.#fail(error);
    this.#exchange?.giveUp(error);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    if (this.#hasLargeSpace) this.#host.space.leave();
    try {
      this.#conn.close();
    } catch {
      // The other side was faster.
    }
    this.#host.closed(this);
  }

  /** Asked now and then: cuts off who is too slow. @param slowBody What a body that does not come is answered with. */
  check({ headMs, requestMs, idleMs, answerMs }: Deadlines, slowBody: GatewayError): void {
    const waitedMs = this.#host.nowMs - this.#sinceMs;
    const isOver = (deadlineMs: number) => deadlineMs > 0 && waitedMs >= deadlineMs;
    switch (this.#phase) {
      case "head":
        if (isOver(headMs)) this.#refuse(HEAD_TOO_SLOW);
        return;
      case "idle":
        if (isOver(idleMs)) this.close();
        return;
      case "body":
        if (isOver(requestMs)) this.#fail(slowBody);
        if (isOver(answerMs)) this.close();
        return;
      case "answer":
        if (isOver(answerMs)) this.close();
        return;
      case "rest": // it is answered: nobody else waits
        if (isOver(requestMs > 0 ? requestMs : idleMs)) this.close();
        return;
      case "closing":
        if (waitedMs >= DRAIN_MS) this.close();
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#conn.write(bytes).then((written) =>
      written === bytes.length ? undefined : this.write(bytes.subarray(written))
    );
  }

  get isRestSmall(): boolean {
    return this.#unread >= 0 && this.#unread <= DROPPED_BYTES;
  }

  get isBodyRead(): boolean {
    return this.#unread === 0;
  }

  /** Whether nothing is left that a close would reset the connection for. */
  get #isRead(): boolean {
    return this.#unread === 0 && this.#start === this.#end;
  }

  readBody(buffer: BodyBuffer, expectsContinue: boolean): Promise<void> | void {
    const buffered = this.#end - this.#start;
    if (this.#unread >= 0 && buffered >= this.#unread) {
      void this.#takeBuffered(buffer); // too small to wait for a place among the large ones
      return this.#bodyIsRead();
    }
    return new Promise((resolve, reject) => {
      this.#failBody = reject;
      this.#receiveBody(buffer, expectsContinue && buffered === 0).then(resolve, reject);
    });
  }

  async #receiveBody(buffer: BodyBuffer, saysContinue: boolean): Promise<void> {
    if (saysContinue) await this.write(CONTINUE);
    if (this.#unread === CHUNKED) await this.#receiveChunks(buffer);
    else await this.#receiveLength(buffer);
    this.#failBody = undefined;
    this.#bodyIsRead();
  }

  #bodyIsRead(): void {
    this.#phase = "answer";
    void this.#receive(); // ahead
  }

  /** Its body will not be whole: nobody waits for the rest, which may still come. */
  #fail(error: GatewayError): void {
    const fail = this.#failBody;
    this.#failBody = undefined;
    fail?.(error);
  }

  /** @throws {GatewayError} The body has failed meanwhile: its buffer is given back, and must not be written to. */
  #checkWanted(): void {
    if (this.#failBody === undefined) throw hasLeft();
  }

  async #receiveLength(buffer: BodyBuffer): Promise<void> {
    await this.#takeBuffered(buffer);
    while (this.#unread > 0) {
      if (this.#receiving !== undefined) { // the read ahead that brought the head is still for a part of the body
        if (!await this.#receiving) throw hasLeft();
        this.#checkWanted();
        await this.#takeBuffered(buffer);
        continue;
      }
      const read = await this.#conn.read(buffer.space(this.#unread)).catch(() => null);
      if (read === null) throw hasLeft();
      this.#checkWanted();
      this.#unread -= read;
      await buffer.advance(read);
    }
  }

  /** What of a body has come with its head. */
  #takeBuffered(buffer: BodyBuffer): Promise<void> | undefined {
    const end = Math.min(this.#end, this.#start + this.#unread);
    if (end === this.#start) return undefined;
    const chunk = this.#space.subarray(this.#start, end);
    this.#unread -= chunk.length;
    this.#start = end;
    return buffer.push(chunk);
  }

  async #receiveChunks(buffer: BodyBuffer): Promise<void> {
    const chunks = this.#chunks ??= new ChunkReader();
    while (!chunks.isDone) {
      const room = this.#takeChunks(chunks, buffer);
      if (room !== undefined) await room;
      else if (!chunks.isDone && !await this.#receive()) throw hasLeft();
      this.#checkWanted();
    }
    this.#unread = 0;
  }

  #takeChunks(chunks: ChunkReader, buffer: BodyBuffer): Promise<void> | undefined {
    try {
      const room = chunks.read(this.#space, this.#start, this.#end, (chunk) => buffer.push(chunk));
      this.#start = chunks.at;
      buffer.expect(chunks.left);
      return room;
    } catch (error) {
      if (!(error instanceof MalformedChunk)) throw error;
      throw new InvalidPayloadError(`Cannot read the body: ${error.message}`);
    }
  }

  /** @returns undefined when the connection is over: the sender left, or was refused. */
  async #readHead(): Promise<Head | undefined> {
    let searched = 0;
    while (this.#refusal === undefined && !this.#isClosed) {
      if (searched === 0) this.#skipEmptyLines();
      const end = findHeadEnd(this.#space, this.#start + searched, this.#end);
      searched = (end >= 0 ? end : this.#end) - this.#start;
      if (end === BARE_LINE_FEED) this.#refuse(BARE_LINE_FEED_REFUSAL);
      else if (end >= 0 && searched <= MAX_HEADER_BYTES) return this.#takeHead(end);
      else if (searched >= MAX_HEADER_BYTES) this.#refuse(HEAD_TOO_LARGE);
      else if (!await this.#receive()) return undefined;
    }
    return undefined;
  }

  /** Some senders end a body with a line end that is not counted (RFC 9112 2.2). */
  #skipEmptyLines(): void {
    while (this.#end - this.#start >= 2 && this.#space[this.#start] === 13 && this.#space[this.#start + 1] === 10) {
      this.#start += 2;
    }
  }

  #takeHead(end: number): Head | undefined {
    const length = end - this.#start;
    const head = parseHead(Buffer.prototype.latin1Slice.call(this.#space, this.#start, end));
    if ("refusal" in head) {
      this.#refuse(head.refusal);
      return undefined;
    }
    this.#start = end;
    this.#isCramped = length + head.bodyBytes > this.#space.length;
    return head;
  }

  /** @returns Whether the connection stays open. */
  async #answer(head: Head): Promise<boolean> {
    this.#unread = head.bodyBytes;
    this.#chunks = undefined;
    this.#phase = "body";
    const exchange = new Http1Exchange(head, this, this.#host.answers);
    this.#exchange = exchange;
    await this.#host.serve(exchange);
    this.#exchange = undefined;
    this.#failBody = undefined;
    if (exchange.isLast) {
      if (!this.#isRead) await this.#linger();
      return false;
    }
    if (this.#unread > 0) await this.#dropRest();
    this.#sinceMs = this.#host.soonMs;
    this.#phase = this.#end > this.#start ? "head" : "idle";
    return true;
  }

  /** Takes what is left of a body that nobody wanted. */
  async #dropRest(): Promise<void> {
    this.#phase = "rest";
    if (this.#receiving !== undefined && !await this.#receiving) throw hasLeft();
    const buffered = Math.min(this.#end - this.#start, this.#unread);
    this.#start += buffered;
    this.#unread -= buffered;
    while (this.#unread > 0) {
      const read = await this.#conn.read(DROPPED.subarray(0, Math.min(DROPPED.length, this.#unread)));
      if (read === null) throw hasLeft();
      this.#unread -= read;
    }
  }

  /** Says so to what is no request, and reads no more. */
  #refuse(refusal: Refusal): void {
    this.#refusal ??= this.write(refusalAnswer(refusal)).then(() => this.#linger()).catch(() => undefined);
  }

  /**
   * The last answer is written. To close with bytes unread would reset the connection and might destroy the answer on
   * its way, so what comes is thrown away for a moment: after a while, for to read a megabyte that is refused costs a
   * tenth of taking it.
   */
  async #linger(): Promise<undefined> {
    this.#phase = "closing";
    this.#sinceMs = this.#host.soonMs;
    await this.#conn.closeWrite();
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    await this.#receiving;
    for (let dropped = this.#end - this.#start; dropped <= DROPPED_BYTES && !this.#isClosed;) {
      const read = await this.#conn.read(DROPPED);
      if (read === null) return;
      dropped += read;
    }
  }

  /** @returns Whether more has come; false when nothing more will. */
  #receive(): Promise<boolean> {
    return this.#receiving ??= this.#receiveMore();
  }

  async #receiveMore(): Promise<boolean> {
    this.#makeRoom();
    let read: number | null = null;
    try {
      read = await this.#conn.read(this.#end === 0 ? this.#space : this.#space.subarray(this.#end));
    } catch {
      // Broken, or closed from here: nothing more comes.
    }
    this.#receiving = undefined;
    if (read === null) {
      this.#leave();
      return false;
    }
    if (this.#phase === "idle") {
      this.#phase = "head";
      this.#sinceMs = this.#host.soonMs;
    }
    this.#end += read;
    return true;
  }

  /** The sender is gone, or the connection is closed from here: whoever works for the present request may stop. */
  #leave(): void {
    const error = hasLeft();
    this.#fail(error);
    this.#exchange?.leave(error);
  }

  /** Only while nothing is read into the space. */
  #makeRoom(): void {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#isCramped && this.#host.space.isFree) this.#enlarge();
    } else if (this.#end === this.#space.length) {
      if (this.#start === 0) this.#enlarge(); // for a large head
      else this.#space.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
  }

  #enlarge(): void {
    if (this.#hasLargeSpace) return;
    const large = new Uint8Array(LARGE_SPACE_BYTES);
    large.set(this.#space.subarray(this.#start, this.#end));
    this.#space = large;
    this.#host.space.enter();
  }

  get #hasLargeSpace(): boolean {
    return this.#space.length === LARGE_SPACE_BYTES;
  }
}

function hasLeft(): GatewayError {
  return new CancelledError("Cannot answer the request: the sender left");
}
