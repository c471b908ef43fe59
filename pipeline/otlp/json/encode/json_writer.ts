/**
 * JSON as bytes: text, numbers, ids and base64 written straight into a buffer that grows.
 *
 * Sources: RFC 8259; OTLP 1.11.0 "JSON Protobuf Encoding" (ids in hex, 64-bit integers as decimal strings).
 *
 * @module
 */

import type { Phrase } from "../phrase.ts";
import { plainBytes } from "../plain.ts";
import { sequenceLength } from "../utf8.ts";

/** `\u001f` and the closing quote. */
const MAX_ESCAPE_BYTES = 7;
/** The longest double, `-1.7976931348623157e+308`, and quotes with room to spare. */
const MAX_NUMBER_BYTES = 32;

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");
const BASE64_DIGITS = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** U+FFFD in UTF-8. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);
/** The letter of `\u001f`. */
const UNICODE_ESCAPE = 0x75;

/** The letter after the backslash; 0 for what is written as it is, 1 for what is not ASCII. */
const ESCAPES = new Uint8Array(256).fill(UNICODE_ESCAPE, 0, 32).fill(1, 128);
for (const [letter, byte] of Object.entries({ '"': 34, "\\": 92, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  ESCAPES[byte] = letter.charCodeAt(0);
}

/** Wire bytes, and a view of the same. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** JSON being written. Its size is bounded by its input: six bytes for one of text, some tens for a field. */
export class JsonWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param capacity Bytes to begin with; the right number saves growing. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A copy of what was written, as long as it is. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** One ASCII character of syntax. */
  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Syntax and keys that need no escape. */
  phrase({ length, words }: Phrase): void {
    this.#reserve(length);
    const view = this.#view;
    const last = words.length - 1;
    for (let i = 0; i < last; i++) view.setInt32(this.#length + 4 * i, words[i]!, true);
    this.#length += length;
    view.setInt32(this.#length - 4, words[last]!, true);
  }

  /** The UTF-8 text `source[from, to)` as a string. A byte that is not UTF-8 becomes U+FFFD: JSON cannot carry it. */
  text({ bytes, view }: Source, from: number, to: number): void {
    this.#reserve(to - from + 2);
    this.#bytes[this.#length++] = 0x22;
    for (;;) {
      from = this.#plain(view, from, to);
      if (from === to) break;
      this.#reserve(MAX_ESCAPE_BYTES + to - from);
      from = bytes[from]! < 0x80 ? this.#escape(bytes, from) : this.#sequence(bytes, from, to);
    }
    this.#bytes[this.#length++] = 0x22;
  }

  /** Copies ASCII that needs no escape, and gives its end. */
  #plain(source: DataView, from: number, to: number): number {
    const view = this.#view;
    let at = this.#length;
    let plain = 4;
    for (; plain === 4 && to - from >= 4; from += plain, at += plain) {
      const four = source.getInt32(from, true);
      view.setInt32(at, four, true);
      plain = plainBytes(four);
    }
    for (; plain === 4 && from < to; from++) {
      const byte = source.getUint8(from);
      if (ESCAPES[byte] !== 0) break;
      this.#bytes[at++] = byte;
    }
    this.#length = at;
    return from;
  }

  #escape(source: Uint8Array, from: number): number {
    const bytes = this.#bytes;
    const byte = source[from]!;
    const letter = ESCAPES[byte]!;
    let at = this.#length;
    bytes[at++] = 0x5c;
    bytes[at++] = letter;
    if (letter === UNICODE_ESCAPE) {
      bytes[at++] = 0x30;
      bytes[at++] = 0x30;
      bytes[at++] = HEX_DIGITS[byte >> 4]!;
      bytes[at++] = HEX_DIGITS[byte & 15]!;
    }
    this.#length = at;
    return from + 1;
  }

  /** Copies characters that are not ASCII, up to the next that is. */
  #sequence(source: Uint8Array, from: number, to: number): number {
    const length = sequenceLength(source, from, to);
    if (length === 0) {
      this.#bytes.set(REPLACEMENT, this.#length);
      this.#length += REPLACEMENT.length;
      return from + 1;
    }
    for (let i = 0; i < length; i++) this.#bytes[this.#length++] = source[from + i]!;
    return from + length;
  }

  /** `source[from, to)` in hex, lower case. */
  hex({ bytes: source }: Source, from: number, to: number): void {
    this.#reserve((to - from) * 2 + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = 0x22;
    for (; from < to; from++) {
      const byte = source[from]!;
      bytes[at++] = HEX_DIGITS[byte >> 4]!;
      bytes[at++] = HEX_DIGITS[byte & 15]!;
    }
    bytes[at++] = 0x22;
    this.#length = at;
  }

  /** `source[from, to)` in base64, standard alphabet, padded. */
  base64({ bytes: source }: Source, from: number, to: number): void {
    this.#reserve(Math.ceil((to - from) / 3) * 4 + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = 0x22;
    for (; from < to; from += 3) {
      const rest = to - from;
      const bits = source[from]! << 16 | (rest > 1 ? source[from + 1]! << 8 : 0) | (rest > 2 ? source[from + 2]! : 0);
      bytes[at++] = BASE64_DIGITS[bits >> 18]!;
      bytes[at++] = BASE64_DIGITS[bits >> 12 & 63]!;
      bytes[at++] = rest > 1 ? BASE64_DIGITS[bits >> 6 & 63]! : 0x3d;
      bytes[at++] = rest > 2 ? BASE64_DIGITS[bits & 63]! : 0x3d;
    }
    bytes[at++] = 0x22;
    this.#length = at;
  }

  /** An integer of at most 32 bits and a sign. */
  integer(value: number): void {
    this.#reserve(MAX_NUMBER_BYTES);
    if (value < 0) this.#bytes[this.#length++] = 0x2d;
    this.#digits(Math.abs(value), 1);
  }

  /** A 64-bit integer, in halves of 32 bits, as a decimal string. */
  integer64(low: number, high: number, isSigned: boolean): void {
    this.#reserve(MAX_NUMBER_BYTES);
    this.#bytes[this.#length++] = 0x22;
    if (isSigned && (high | 0) < 0) {
      this.#bytes[this.#length++] = 0x2d;
      high = ~high + ((low | 0) === 0 ? 1 : 0);
      low = -low;
    }
    this.#magnitude(low >>> 0, high >>> 0);
    this.#bytes[this.#length++] = 0x22;
  }

  /** Long division by 10^9 in 16-bit steps, which a double holds exactly. */
  #magnitude(low: number, high: number): void {
    if (high < 0x20_0000) { // below 2^53
      const value = high * 0x1_0000_0000 + low;
      if (value < 1e9) return this.#digits(value, 1);
      const head = Math.floor(value / 1e9);
      this.#digits(head, 1);
      return this.#digits(value - head * 1e9, 9);
    }
    const quotientHigh = Math.floor(high / 1e9);
    const middle = (high - quotientHigh * 1e9) * 0x1_0000 + (low >>> 16);
    const quotientMiddle = Math.floor(middle / 1e9);
    const rest = (middle - quotientMiddle * 1e9) * 0x1_0000 + (low & 0xffff);
    const quotientLow = Math.floor(rest / 1e9);
    this.#digits(quotientHigh * 0x1_0000_0000 + quotientMiddle * 0x1_0000 + quotientLow, 1);
    this.#digits(rest - quotientLow * 1e9, 9);
  }

  /** Decimal digits of a whole number below 2^53, at least `width` of them. */
  #digits(value: number, width: number): void {
    let count = 1;
    for (let limit = 10; value >= limit; limit *= 10) count++;
    if (count < width) count = width;
    const bytes = this.#bytes;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tenth = Math.floor(value / 10);
      bytes[at] = 0x30 + value - tenth * 10;
      value = tenth;
    }
    this.#length += count;
  }

  /** The shortest text that reads as the same double; `"NaN"` and the infinities as strings. */
  double(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 1e9 && !Object.is(value, -0)) return this.integer(value);
    this.#ascii(Number.isFinite(value) ? Object.is(value, -0) ? "-0" : String(value) : `"${value}"`);
  }

  #ascii(text: string): void {
    this.#reserve(MAX_NUMBER_BYTES);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
