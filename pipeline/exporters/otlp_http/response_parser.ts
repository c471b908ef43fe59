/**
 * Reads one HTTP/1.1 response out of the chunks of a connection.
 *
 * Sources: RFC 9112 sections 4 (status line), 5 (fields), 6.3 (message body length), 7.1 (chunked).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { concatBytes } from "../../core/bytes.ts";
import { type HttpResponse, MAX_RESPONSE_BYTES, MAX_RESPONSE_HEAD_BYTES } from "./transport.ts";

/** What a connection gave that is not an HTTP/1.1 answer. The connection is of no more use. */
export class HttpParseError extends Error {
  override readonly name = "HttpParseError";
}

/** How the end of a body is known. */
type Framing = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" | "until close" };

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: Framing;
  readonly keepAlive: boolean;
}

const EMPTY = new Uint8Array(0);

/** The head that a connection read last: an upstream sends the same one for as long as its Date stands. */
export class HeadCache {
  #text = "";
  #head: Head | undefined;

  /** @throws {HttpParseError} Not the head of an HTTP/1.1 response. */
  parse(text: string): Head {
    if (this.#head === undefined || text !== this.#text) {
      this.#head = parseHead(text);
      this.#text = text;
    }
    return this.#head;
  }
}

/** One response; make a new parser for the next. */
export class ResponseParser {
  readonly #heads: HeadCache;
  #pending: Uint8Array = EMPTY;
  #head: Head | undefined;
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #chunkLeft = -1;
  #inTrailers = false;
  #done = false;
  #cut = false;

  /** @param heads Of the connection that the response comes on. */
  constructor(heads: HeadCache) {
    this.#heads = heads;
  }

  /** Whether the connection can carry another exchange. Known when the response is whole. */
  get reusable(): boolean {
    return this.#done && !this.#cut && this.#head?.keepAlive === true && this.#pending.length === 0;
  }

  /**
   * Takes what was read. The bytes are copied where they are kept.
   *
   * @returns Whether the response is whole.
   * @throws {HttpParseError} Not HTTP/1.1, or a head that is too long.
   */
  push(bytes: Uint8Array): boolean {
    this.#pending = this.#pending.length === 0 ? bytes : concatBytes([this.#pending, bytes]);
    while (this.#head === undefined) {
      if (!this.#readHead()) return this.#keepPending();
    }
    this.#readBody(this.#head);
    return this.#done || this.#keepPending();
  }

  /**
   * The peer closed the connection.
   *
   * @returns Whether the response is whole by that.
   */
  end(): boolean {
    if (this.#head?.framing.kind === "until close") this.#done = true;
    return this.#done;
  }

  /** The response; only once it is whole. */
  response(): HttpResponse {
    const head = this.#head;
    if (head === undefined || !this.#done) throw new TypeError("Cannot take the response: it is not whole yet");
    return { status: head.status, header: (name) => head.headers.get(name), body: concatBytes(this.#body) };
  }

  #keepPending(): boolean {
    this.#pending = this.#pending.slice();
    return false;
  }

  #readHead(): boolean {
    const text = latin1(this.#pending, 0, Math.min(this.#pending.length, MAX_RESPONSE_HEAD_BYTES));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (text.length >= MAX_RESPONSE_HEAD_BYTES) {
        throw new HttpParseError(`the head is longer than ${MAX_RESPONSE_HEAD_BYTES} bytes`);
      }
      if (text.length >= 8 && !text.startsWith("HTTP/1.")) throw new HttpParseError("it is not HTTP/1.1");
      return false;
    }
    const head = this.#heads.parse(text.slice(0, end));
    this.#pending = this.#pending.subarray(end + 4);
    // 1xx answers come before the one that counts (RFC 9110, 15.2).
    if (head.status >= 200) this.#head = head;
    return true;
  }

  #readBody({ framing }: Head): void {
    if (framing.kind === "chunked") this.#readChunks();
    else this.#readPlain(framing.kind === "length" ? framing.bytes : Infinity);
  }

  #readPlain(wantedBytes: number): void {
    const take = Math.min(this.#pending.length, wantedBytes - this.#bodyBytes);
    this.#keepBody(take);
    if (this.#bodyBytes >= wantedBytes || this.#cut) this.#done = true;
  }

  #readChunks(): void {
    while (!this.#done && !this.#cut) {
      if (this.#chunkLeft > 0) {
        const take = Math.min(this.#pending.length, this.#chunkLeft);
        if (take === 0) return;
        this.#chunkLeft -= take;
        this.#keepBody(take);
        if (this.#chunkLeft === 0) this.#chunkLeft = -2; // its CRLF comes next
        continue;
      }
      const line = this.#takeLine();
      if (line === undefined) return;
      this.#chunkLine(line);
    }
    if (this.#cut) this.#done = true;
  }

  #chunkLine(line: string): void {
    if (this.#inTrailers) {
      if (line === "") this.#done = true;
      return;
    }
    if (this.#chunkLeft === -2) {
      if (line !== "") throw new HttpParseError("a chunk is longer than its size says");
      this.#chunkLeft = -1;
      return;
    }
    const size = /^([0-9a-fA-F]{1,8})\s*(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw new HttpParseError("a chunk has no size");
    this.#chunkLeft = Number.parseInt(size, 16);
    if (this.#chunkLeft === 0) this.#inTrailers = true;
  }

  #takeLine(): string | undefined {
    const at = this.#pending.indexOf(10);
    if (at < 0) {
      if (this.#pending.length > MAX_RESPONSE_HEAD_BYTES) throw new HttpParseError("a chunk line is too long");
      return undefined;
    }
    const line = latin1(this.#pending, 0, at).replace(/\r$/, "");
    this.#pending = this.#pending.subarray(at + 1);
    return line;
  }

  #keepBody(bytes: number): void {
    const room = MAX_RESPONSE_BYTES - this.#bodyBytes;
    this.#body.push(this.#pending.slice(0, Math.min(bytes, room)));
    this.#bodyBytes += bytes;
    this.#pending = this.#pending.subarray(bytes);
    if (bytes > room) this.#cut = true;
  }
}

function parseHead(text: string): Head {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine);
  if (match === null) throw new HttpParseError("it is not HTTP/1.1");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw new HttpParseError("a header line has no name");
    const name = line.slice(0, colon).toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  const status = Number(match[2]);
  const connection = headers.get("connection")?.toLowerCase();
  const keepAlive = match[1] === "1" ? connection !== "close" : connection === "keep-alive";
  return { status, headers, framing: framingOf(status, headers), keepAlive };
}

/** RFC 9112, 6.3: Transfer-Encoding before Content-Length before the end of the connection. */
function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: "length", bytes: 0 };
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding !== undefined) {
    if (coding !== "chunked") throw new HttpParseError("its transfer coding is not chunked");
    return { kind: "chunked" };
  }
  const length = headers.get("content-length");
  if (length === undefined) return { kind: "until close" };
  if (!/^\d{1,15}$/.test(length)) throw new HttpParseError("its Content-Length is not a number");
  return { kind: "length", bytes: Number(length) };
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
}
