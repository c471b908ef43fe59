/**
 * JSON numbers, read from their bytes: 64-bit integers exactly, doubles to the nearest.
 *
 * Integers may be written `1.0` or `1e3`: proto3 JSON takes what is integral. JavaScript's SDK writes 2^62 as
 * `4611686018427388000`, so the digits are what counts and no Number stands between.
 * Sources: RFC 8259 section 6; ProtoJSON "JSON Representation"; Clinger 1990 for the fast path of doubles.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;

/** Digits that a double holds exactly, whatever they are. */
const EXACT_DIGITS = 15;
/** Digits of 2^64 - 1. */
const MAX_DIGITS = 20;
const HALF_DIGITS = 10;
/** Digits that an int32 holds, whatever they are. */
const INT_DIGITS = 9;
/** Beyond it every number is zero or too large, and counting on would lose precision. */
const EXPONENT_CAP = 1e9;

/** The sign bit of an int32. */
const TOP_BIT = -0x8000_0000;

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

/** The end of the digits from `at`. */
function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  at |= 0;
  while (at < end && (bytes[at]! - ZERO) >>> 0 < 10) at++;
  return at;
}

/** The value of at most INT_DIGITS digits. V8 keeps it an int, which takes half the time of a double. */
function intOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from | 0; at < to; at++) value = value * 10 + bytes[at]! - ZERO | 0;
  return value;
}

/** The value of at most HALF_DIGITS digits. */
function halfOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= INT_DIGITS) return intOf(bytes, from, to);
  return intOf(bytes, from, to - 1) * 10 + bytes[to - 1]! - ZERO;
}

/** Of one number: what its text was split into. */
export class JsonNumber {
  /** Sign of the text, also of `-0`. */
  negative = false;
  /** Low and high 32 bits of the magnitude, as int32. After `readInteger`. */
  low = 0;
  high = 0;
  /** After `readDouble`. */
  double = 0;

  /** Bounds of the parts, after `#split`. */
  #integerStart = 0;
  #integerEnd = 0;
  #fractionStart = 0;
  #fractionEnd = 0;
  #exponent = 0;
  /** For integers with a fraction or an exponent, written out. */
  readonly #written = new Uint8Array(MAX_DIGITS);

  setZero(): void {
    this.negative = false;
    this.low = this.high = this.double = 0;
  }

  /**
   * Makes two's complement of the sign and the magnitude that `readInteger` left.
   *
   * @returns Whether it fits into `bits` bits.
   */
  applySign(isSigned: boolean, bits: 32 | 64): boolean {
    const isZero = (this.low | this.high) === 0;
    if (bits === 32 && this.high !== 0) return false;
    if (this.negative && !isZero) {
      const top = bits === 32 ? this.low : this.high;
      const isLowest = top === TOP_BIT && (bits === 32 || this.low === 0);
      if (!isSigned || (top < 0 && !isLowest)) return false;
      this.high = ~this.high + (this.low === 0 ? 1 : 0) | 0;
      this.low = -this.low | 0;
      return true;
    }
    return !isSigned || (bits === 32 ? this.low : this.high) >= 0;
  }

  /**
   * Reads an integer of at most 64 bits and a sign.
   *
   * @returns Where it ends; -1 when it is no JSON number, no integer, or needs more than 64 bits.
   */
  readInteger(bytes: Uint8Array, at: number, end: number): number {
    const start = at;
    this.negative = at < end && bytes[at] === MINUS;
    if (this.negative) at++;
    const from = at | 0;
    at = digitsEnd(bytes, from, end) | 0;
    const digits = at - from;
    const after = at < end ? bytes[at]! : 0;
    if (after === DOT || (after | 0x20) === 0x65) return this.#readWrittenOut(bytes, start, end);
    if (digits === 0 || (digits > 1 && bytes[from] === ZERO)) return -1;
    if (digits > INT_DIGITS) return this.#takeDigits(bytes, from, at) ? at : -1;
    this.low = intOf(bytes, from, at);
    this.high = 0;
    return at;
  }

  /** Takes 1 to 20 digits in two halves, which a double multiplies exactly in 16-bit steps. */
  #takeDigits(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > MAX_DIGITS) return false;
    const middle = Math.max(from, to - HALF_DIGITS);
    const head = halfOf(bytes, from, middle);
    const tail = halfOf(bytes, middle, to);
    const headHigh = Math.floor(head / 0x1_0000);
    const headLow = head - headHigh * 0x1_0000;
    const product = headHigh * 1e10;
    const productHigh = Math.floor(product / 0x1_0000);
    const rest = (product - productHigh * 0x1_0000) * 0x1_0000 + headLow * 1e10 + tail;
    const carry = Math.floor(rest / 0x1_0000_0000);
    const high = productHigh + carry;
    if (high > 0xffff_ffff) return false;
    this.low = (rest - carry * 0x1_0000_0000) | 0;
    this.high = high | 0;
    return true;
  }

  /** An integer with a fraction or an exponent: its digits are written out first. */
  #readWrittenOut(bytes: Uint8Array, start: number, end: number): number {
    const numberEnd = this.#split(bytes, start, end);
    if (numberEnd < 0) return -1;
    const integerDigits = this.#integerEnd - this.#integerStart;
    const count = integerDigits + this.#fractionEnd - this.#fractionStart;
    const digitAt = (i: number) =>
      bytes[i < integerDigits ? this.#integerStart + i : this.#fractionStart + i - integerDigits]!;
    let first = 0;
    while (first < count && digitAt(first) === ZERO) first++;
    let last = count;
    while (last > first && digitAt(last - 1) === ZERO) last--;
    if (first === last) {
      this.low = this.high = 0;
      return numberEnd;
    }
    const length = integerDigits + this.#exponent - first;
    if (length > MAX_DIGITS || length < last - first) return -1;
    for (let i = 0; i < length; i++) this.#written[i] = first + i < last ? digitAt(first + i) : ZERO;
    return this.#takeDigits(this.#written, 0, length) ? numberEnd : -1;
  }

  /**
   * Reads any number.
   *
   * @returns Where it ends; -1 when it is no JSON number, or beyond the largest double.
   */
  readDouble(bytes: Uint8Array, at: number, end: number): number {
    const numberEnd = this.#split(bytes, at, end);
    if (numberEnd < 0) return -1;
    const power = this.#exponent - (this.#fractionEnd - this.#fractionStart);
    const digits = this.#integerEnd - this.#integerStart + this.#fractionEnd - this.#fractionStart;
    if (digits <= EXACT_DIGITS && power >= -22 && power <= 22) {
      let value = this.#mantissa(bytes);
      value = power < 0 ? value / POWERS_OF_TEN[-power]! : value * POWERS_OF_TEN[power]!;
      this.double = this.negative ? -value : value;
      return numberEnd;
    }
    this.double = Number(Buffer.prototype.latin1Slice.call(bytes, at, numberEnd));
    return Number.isFinite(this.double) ? numberEnd : -1;
  }

  /** What the digits amount to without the point, which EXACT_DIGITS of them do exactly. */
  #mantissa(bytes: Uint8Array): number {
    const fractionDigits = this.#fractionEnd - this.#fractionStart;
    if (this.#integerEnd - this.#integerStart <= INT_DIGITS && fractionDigits <= INT_DIGITS) {
      return intOf(bytes, this.#integerStart, this.#integerEnd) * POWERS_OF_TEN[fractionDigits]! +
        intOf(bytes, this.#fractionStart, this.#fractionEnd);
    }
    let value = 0;
    for (let i = this.#integerStart; i < this.#integerEnd; i++) value = value * 10 + bytes[i]! - ZERO;
    for (let i = this.#fractionStart; i < this.#fractionEnd; i++) value = value * 10 + bytes[i]! - ZERO;
    return value;
  }

  /** Where the number at `at` ends; -1 when there is none. */
  scan(bytes: Uint8Array, at: number, end: number): number {
    return this.#split(bytes, at, end);
  }

  /** Finds the parts of the number at `at`; -1 when there is none. */
  #split(bytes: Uint8Array, at: number, end: number): number {
    this.negative = bytes[at] === MINUS;
    if (this.negative) at++;
    this.#integerStart = at;
    at = this.#integerEnd = digitsEnd(bytes, at, end);
    const digits = at - this.#integerStart;
    if (digits === 0 || (digits > 1 && bytes[this.#integerStart] === ZERO)) return -1;
    this.#fractionStart = this.#fractionEnd = at;
    this.#exponent = 0;
    if (at < end && bytes[at] === DOT) {
      this.#fractionStart = at + 1;
      at = this.#fractionEnd = digitsEnd(bytes, at + 1, end);
      if (at === this.#fractionStart) return -1;
    }
    return at < end && (bytes[at]! | 0x20) === 0x65 ? this.#readExponent(bytes, at + 1, end) : at;
  }

  #readExponent(bytes: Uint8Array, at: number, end: number): number {
    const sign = at < end ? bytes[at] : undefined;
    if (sign === MINUS || sign === 0x2b) at++;
    if (at >= end || !isDigit(bytes[at])) return -1;
    let exponent = 0;
    for (; at < end && isDigit(bytes[at]); at++) {
      exponent = Math.min(exponent * 10 + bytes[at]! - ZERO, EXPONENT_CAP);
    }
    this.#exponent = sign === MINUS ? -exponent : exponent;
    return at;
  }
}
