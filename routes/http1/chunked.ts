/**
 * A body in chunks, taken apart as it comes. Extensions of chunks and trailers are read over, bounded.
 *
 * Source: RFC 9112 7.1.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isBlank, isControl, isField } from "./head.ts";

/** Of one chunk's line, and of all trailers together, bytes. */
const MAX_LINE_BYTES = 4 * 1024;
/** Digits of a chunk's size: 16 TB, more than any body may have. */
const MAX_SIZE_DIGITS = 11;

const [CR, LF, SEMICOLON] = [13, 10, 59] as const;

/** A body whose chunks are not as they must be; the connection is of no use any more. */
export class MalformedChunk extends Error {}

type State = "size" | "data" | "data_end" | "trailer" | "done";

export class ChunkReader {
  #state: State = "size";
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  /** Of the present line, or of the trailers. */
  #lineBytes = 0;
  /** Where the last `read` stopped. */
  #at = 0;

  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Bytes of the present chunk that are announced and have not come. */
  get left(): number {
    return this.#left;
  }

  /** The first byte that the last `read` did not take. */
  get at(): number {
    return this.#at;
  }

  /**
   * Takes what it can of `bytes`, and hands on data.
   *
   * @param onData Given ranges of `bytes`; when it returns a promise the reading stops there, for the caller to wait.
   * @throws {MalformedChunk}
   */
  read(
    bytes: Uint8Array,
    from: number,
    end: number,
    onData: (chunk: Uint8Array) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    this.#at = from;
    while (this.#at < end && this.#state !== "done") {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, end - this.#at);
        const chunk = bytes.subarray(this.#at, this.#at + taken);
        this.#at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#state = "data_end";
        const room = onData(chunk);
        if (room !== undefined) return room;
      } else if (!this.#readLine(bytes, end)) return undefined;
    }
    return undefined;
  }

  /** @returns false when the line is not whole yet. */
  #readLine(bytes: Uint8Array, end: number): boolean {
    const lineEnd = bytes.indexOf(LF, this.#at);
    const isWhole = lineEnd >= 0 && lineEnd < end;
    const length = (isWhole ? lineEnd + 1 : end) - this.#at;
    if (this.#lineBytes + length > MAX_LINE_BYTES) throw new MalformedChunk("a line of it is too long");
    if (!isWhole) return false; // looked at again when more has come
    if (length < 2 || bytes[lineEnd - 1] !== CR) throw new MalformedChunk("a line of it does not end with CR LF");
    this.#take(bytes, lineEnd - 1);
    this.#at = lineEnd + 1;
    return true;
  }

  #take(bytes: Uint8Array, lineEnd: number): void {
    const isEmpty = lineEnd === this.#at;
    switch (this.#state) {
      case "size":
        this.#left = sizeOf(bytes, this.#at, lineEnd);
        this.#state = this.#left === 0 ? "trailer" : "data";
        return;
      case "data_end":
        if (!isEmpty) throw new MalformedChunk("a chunk is longer than its size");
        this.#state = "size";
        return;
      default:
        this.#lineBytes += lineEnd + 2 - this.#at;
        if (isEmpty) this.#state = "done";
        else if (!isField(Buffer.prototype.latin1Slice.call(bytes, this.#at, lineEnd))) {
          throw new MalformedChunk("a trailer of it is no field, wanted name: value");
        }
    }
  }
}

/** The hexadecimal size; an extension behind it is read over. */
function sizeOf(bytes: Uint8Array, from: number, end: number): number {
  let size = 0;
  let at = from;
  for (; at < end && at - from <= MAX_SIZE_DIGITS; at++) {
    const digit = digitOf(bytes[at] ?? 0);
    if (digit < 0) break;
    size = size * 16 + digit;
  }
  if (at === from || at - from > MAX_SIZE_DIGITS || !isExtension(bytes, at, end)) {
    throw new MalformedChunk(
      `a chunk has no size that can be read, wanted up to ${MAX_SIZE_DIGITS} hexadecimal digits`,
    );
  }
  return size;
}

/**
 * Nothing, or blanks and what begins with a semicolon. No control characters: a lone CR would be a line end to some other
 * reader.
 */
function isExtension(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end && isBlank(bytes[at] ?? 0)) at++;
  if (at < end && bytes[at] !== SEMICOLON) return false;
  for (; at < end; at++) if (isControl(bytes[at] ?? 0)) return false;
  return true;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
