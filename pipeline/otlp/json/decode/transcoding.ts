/**
 * The state of one walk from JSON bytes to protobuf bytes: where it reads, where it writes, how it fails.
 *
 * Source: RFC 8259 (what JSON is; the byte order mark is not part of it).
 *
 * @module
 */

import { InvalidPayloadError } from "../../../core/errors.ts";
import { varintSize } from "../../../wire/protobuf_writer.ts";
import type { JsonField } from "./field_table.ts";

/** What `next()` gives at the end of the input; no byte. */
export const END = -1;

/** Room beyond the input's rest that one field with its tag and prefixes, at any depth, fits in. Bytes. */
const SLACK_BYTES = 256;

/** Output kept from one request to the next, so that a small one allocates its result only. Bytes. */
const KEPT_OUTPUT_BYTES = 1 << 20;

let keptOutput = new Uint8Array(0);

/**
 * Reads `source` from `at`, writes `out` at `to`.
 *
 * Text, ids, base64 and objects never grow on their way to the wire, so `room()` asks for the rest of the input; only
 * numbers can grow (`0,` in a list of doubles is eight bytes), and `room()` is called before each. The output is thus
 * at most four times the input, and nearly always below it; the buffer at most twice that, and most often the input's
 * size.
 */
export class Transcoding {
  readonly source: Uint8Array;
  readonly sourceView: DataView;
  /** Where the input ends. */
  readonly end: number;
  at = 0;
  out: Uint8Array;
  outView: DataView;
  to = 0;

  constructor(source: Uint8Array) {
    this.source = source;
    this.sourceView = new DataView(source.buffer, source.byteOffset, source.length);
    this.end = source.length;
    const wanted = source.length + SLACK_BYTES;
    if (wanted > keptOutput.length) {
      const output = new Uint8Array(wanted <= KEPT_OUTPUT_BYTES ? Math.min(2 * wanted, KEPT_OUTPUT_BYTES) : wanted);
      if (output.length <= KEPT_OUTPUT_BYTES) keptOutput = output;
      this.out = output;
    } else {
      this.out = keptOutput;
    }
    this.outView = new DataView(this.out.buffer);
  }

  /** Makes sure that the next field and then the rest of the input fit. */
  room(): void {
    if (this.out.length - this.to < this.end - this.at + SLACK_BYTES) this.#grow();
  }

  #grow(): void {
    const grown = new Uint8Array(2 * this.out.length + this.end - this.at + SLACK_BYTES);
    grown.set(this.out.subarray(0, this.to));
    this.out = grown;
    this.outView = new DataView(grown.buffer);
  }

  tag(field: JsonField): void {
    this.out[this.to++] = field.tagLow;
    if (field.tagHigh !== 0) this.out[this.to++] = field.tagHigh;
  }

  /** An unsigned or two's complement 64-bit integer in halves of 32 bits. */
  varint(low: number, high: number): void {
    const { out } = this;
    let { to } = this;
    low >>>= 0;
    high >>>= 0;
    while (high !== 0 || low > 0x7f) {
      out[to++] = low & 0x7f | 0x80;
      low = (low >>> 7 | high << 25) >>> 0;
      high >>>= 7;
    }
    out[to++] = low;
    this.to = to;
  }

  /**
   * Writes the length of what begins `reserved` bytes behind `start` and ends at `to`. What was written moves when the
   * length takes more or fewer bytes.
   *
   * @returns The bytes it takes: the best guess for the next one of this field.
   */
  closePrefix(start: number, reserved: number): number {
    let length = this.to - start - reserved;
    const size = varintSize(length);
    if (size !== reserved) {
      this.out.copyWithin(start + size, start + reserved, this.to);
      this.to += size - reserved;
    }
    for (; length > 0x7f; length >>>= 7) this.out[start++] = length & 0x7f | 0x80;
    this.out[start] = length;
    return size;
  }

  /** A copy of what was written, as long as it is. */
  result(): Uint8Array {
    return this.out.slice(0, this.to);
  }

  /** The first byte that is no white space, which `at` then points to; END after the last. */
  next(): number {
    const { source, end } = this;
    for (let at = this.at; at < end; at++) {
      const byte = source[at]!;
      if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) {
        this.at = at;
        return byte;
      }
    }
    this.at = end;
    return END;
  }

  /** Steps over white space and then `byte`, which must be there. */
  step(byte: number): void {
    if (this.next() !== byte) this.fail(byte === 0x22 ? "a key in quotes" : `"${String.fromCharCode(byte)}"`);
    this.at++;
  }

  /** Steps over what follows a field: `}`, and the object has ended, or a comma and the quote that opens the next key. */
  endOfObject(): boolean {
    const { source, at } = this;
    if (source[at] === 0x2c && source[at + 1] === 0x22) { // as compact writers have it
      this.at = at + 2;
      return false;
    }
    if (this.endOfList(0x7d)) return true;
    this.step(0x22);
    return false;
  }

  /** Steps over what opens an object: `{}`, and it has ended, or a brace and the quote that opens the first key. */
  emptyObject(): boolean {
    this.at++;
    if (this.next() === 0x7d) {
      this.at++;
      return true;
    }
    this.step(0x22);
    return false;
  }

  /** Steps over what follows an element: `close`, and the list has ended, or a comma. */
  endOfList(close: number): boolean {
    const byte = this.next();
    if (byte !== 0x2c && byte !== close) this.fail(`"," or "${String.fromCharCode(close)}"`);
    this.at++;
    return byte === close;
  }

  /** Steps over `word`, which must be here: `null`, `true`, `false`. */
  literal(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.source[this.at + i] !== word.charCodeAt(i)) this.fail(`"${word}"`);
    }
    this.at += word.length;
  }

  /** @throws {InvalidPayloadError} Always, naming the place and what was wanted there, never what is there. */
  fail(wanted: string, offset: number = this.at): never {
    throw new InvalidPayloadError(
      `Cannot read OTLP/JSON: byte ${offset} of ${this.end} does not fit, wanted ${wanted}`,
      { offset },
    );
  }
}
