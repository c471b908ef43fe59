/**
 * Strings of OTTL: bytes that are mostly UTF-8, held in JavaScript strings that lose none of them.
 *
 * OTTL counts and cuts strings by bytes, so a string can end in half a character, and data off the wire need not be UTF-8
 * at all. A byte that is part of no valid character stands as the lone surrogate U+DC80 to U+DCFF (as Python's
 * "surrogateescape" has it): UTF-8 has no encoding for surrogates, so none can come from valid text, and encoding gives
 * the same bytes back.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const ESCAPE = 0xdc00;

/** The string in `bytes` from `start` to `end`. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (isAscii(bytes, start, end)) return latin1(bytes, start, end);
  const part = bytes.subarray(start, end);
  try {
    return STRICT.decode(part);
  } catch {
    return decodeEscaping(part);
  }
}

/** Its bytes. */
export function encodeUtf8(text: string): Uint8Array {
  return isBroken(text) ? encodeEscaped(text) : ENCODER.encode(text);
}

/** How many bytes it has. */
export function utf8Length(text: string): number {
  return isBroken(text) ? encodeEscaped(text).length : Buffer.byteLength(text);
}

/** Whether it holds bytes that are no UTF-8. */
export function isBroken(text: string): boolean {
  return !text.isWellFormed();
}

/** Order of their bytes: negative, 0 or positive. JavaScript's `<` compares UTF-16 units, which is another order. */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    return isSurrogate(a) || isSurrogate(b) ? Buffer.compare(encodeUtf8(left), encodeUtf8(right)) : a - b;
  }
  return left.length - right.length;
}

/** Joins strings; halves of a character that meet become the character. */
export function joinUtf8(texts: readonly string[], delimiter = ""): string {
  return mendUtf8(texts.join(delimiter));
}

/** A string that was put together of others: halves of a character that met are the character. */
export function mendUtf8(text: string): string {
  return isBroken(text) ? decodeUtf8(encodeEscaped(text)) : text;
}

/** Whether no byte of the range is past 0x7f. */
function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! > 0x7f) return false;
  return true;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

function decodeEscaping(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length);
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    const code = length === 0 ? ESCAPE + bytes[at]! : codePoint(bytes, at, length);
    if (code <= 0xffff) units[count++] = code;
    else {
      units[count++] = 0xd800 + ((code - 0x10000) >> 10);
      units[count++] = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    at += length || 1;
  }
  return Buffer.from(units.buffer, 0, count * 2).toString("utf16le");
}

/** Of the valid character of `length` bytes at `at`. */
function codePoint(bytes: Uint8Array, at: number, length: number): number {
  let code = length === 1 ? bytes[at]! : bytes[at]! & (0x7f >> length);
  for (let i = 1; i < length; i++) code = (code << 6) | (bytes[at + i]! & 0x3f);
  return code;
}

/** Bytes of the valid character at `at`; 0 when there is none. Source: Unicode 16, table 3-7. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isContinuation(bytes[at + 2] ?? 0) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    const follows = isContinuation(bytes[at + 2] ?? 0) && isContinuation(bytes[at + 3] ?? 0);
    return second >= low && second <= high && follows ? 4 : 0;
  }
  return 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function encodeEscaped(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    if (!isLoneByte(text, run, i)) continue;
    length += ENCODER.encodeInto(text.slice(run, i), bytes.subarray(length)).written;
    bytes[length++] = text.charCodeAt(i) - ESCAPE;
    run = i + 1;
  }
  length += ENCODER.encodeInto(text.slice(run), bytes.subarray(length)).written;
  return bytes.slice(0, length);
}

/** Whether the unit at `i` stands for a byte, and is not the second half of a character in the run from `run`. */
function isLoneByte(text: string, run: number, i: number): boolean {
  const code = text.charCodeAt(i);
  return code >= 0xdc80 && code <= 0xdcff && !(i > run && isHighSurrogate(text.charCodeAt(i - 1)));
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
