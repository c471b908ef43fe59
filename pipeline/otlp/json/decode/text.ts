/**
 * JSON strings to wire bytes: text, ids in hex, base64.
 *
 * Text is copied byte by byte and must be UTF-8. Half of a surrogate pair (`\ud83d` alone, which JavaScript writes for
 * a string cut inside an emoji) becomes U+FFFD, as in the collector and in every SDK's protobuf; it is no reason to
 * refuse a whole batch.
 * Sources: RFC 8259 section 7; RFC 4648 sections 4, 5, 8.
 *
 * @module
 */

import { plainBytes } from "../plain.ts";
import type { Transcoding } from "./transcoding.ts";
import { sequenceLength } from "../utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Value of a hex digit in either case; 255 for any other byte. */
const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Value of a base64 digit in the standard or the URL-safe alphabet; 255 for any other byte. */
const BASE64 = new Uint8Array(256).fill(255);
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".split("").forEach((digit, value) => {
  BASE64[digit.charCodeAt(0)] = value;
});
BASE64["-".charCodeAt(0)] = 62;
BASE64["_".charCodeAt(0)] = 63;

/** What the letter after a backslash stands for. */
const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ '"': 34, "\\": 92, "/": 47, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  ESCAPES[letter.charCodeAt(0)] = byte;
}

/** Copies the text of a string as UTF-8. `at` points behind its opening quote, and then behind its closing one. */
export function copyText(t: Transcoding): void {
  for (;;) {
    copyPlain(t);
    if (t.at >= t.end) t.fail("the end of a string");
    const byte = t.source[t.at]!;
    if (byte === QUOTE) {
      t.at++;
      return;
    }
    if (byte === BACKSLASH) copyEscape(t);
    else if (byte < 32) t.fail("an escape for a control character");
    else if (byte < 0x80) copyByte(t, byte);
    else copySequence(t);
  }
}

function copyByte(t: Transcoding, byte: number): void {
  t.out[t.to++] = byte;
  t.at++;
}

/** Copies up to the first byte that is no plain ASCII, or to the last three bytes of the input. */
function copyPlain(t: Transcoding): void {
  const { sourceView, outView } = t;
  const lastStep = t.end - 4;
  let { at, to } = t;
  while (at <= lastStep) {
    const four = sourceView.getInt32(at, true);
    outView.setInt32(to, four, true);
    const plain = plainBytes(four);
    at += plain;
    to += plain;
    if (plain < 4) break;
  }
  t.at = at;
  t.to = to;
}

/** Copies one character of two to four bytes. */
function copySequence(t: Transcoding): void {
  const length = sequenceLength(t.source, t.at, t.end);
  if (length === 0) t.fail("UTF-8");
  for (let i = 0; i < length; i++) t.out[t.to++] = t.source[t.at++]!;
}

function copyEscape(t: Transcoding): void {
  const letter = t.source[t.at + 1] ?? 0;
  if (letter === 0x75) {
    writeCodePoint(t, readCodePoint(t));
    return;
  }
  const byte = ESCAPES[letter]!;
  if (byte === 0) t.fail("a JSON escape");
  t.out[t.to++] = byte;
  t.at += 2;
}

/** `\uXXXX`, or two of them that are a pair. */
function readCodePoint(t: Transcoding): number {
  const unit = readUnit(t, t.at);
  t.at += 6;
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const isPairStart = unit <= 0xdbff && t.source[t.at] === BACKSLASH && t.source[t.at + 1] === 0x75;
  if (!isPairStart) return 0xfffd;
  const low = readUnit(t, t.at);
  if (low < 0xdc00 || low > 0xdfff) return 0xfffd; // the second escape is read again on its own
  t.at += 6;
  return 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
}

function readUnit(t: Transcoding, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) {
    const digit = i < t.end ? HEX[t.source[i]!]! : 255;
    if (digit === 255) t.fail("four hex digits", at);
    unit = unit * 16 + digit;
  }
  return unit;
}

function writeCodePoint(t: Transcoding, code: number): void {
  const { out } = t;
  let { to } = t;
  if (code < 0x80) out[to++] = code;
  else {
    if (code < 0x800) out[to++] = 0xc0 | code >> 6;
    else {
      if (code < 0x10000) out[to++] = 0xe0 | code >> 12;
      else {
        out[to++] = 0xf0 | code >> 18;
        out[to++] = 0x80 | code >> 12 & 0x3f;
      }
      out[to++] = 0x80 | code >> 6 & 0x3f;
    }
    out[to++] = 0x80 | code & 0x3f;
  }
  t.to = to;
}

/**
 * Writes an id of `bytes` bytes from its hex digits. An empty string is an id that is not set.
 *
 * @returns Bytes written: `bytes` or 0.
 */
export function copyHexId(t: Transcoding, bytes: number): number {
  const { source, at, to } = t;
  const close = at + 2 * bytes;
  if (source[at] === QUOTE) {
    t.at = at + 1;
    return 0;
  }
  if (source[close] === QUOTE && writeHex(t, source, at, bytes)) {
    t.at = close + 1;
    return bytes;
  }
  copyText(t); // takes the escapes away, if there are any
  const isId = t.to - to === 2 * bytes;
  t.to = to;
  if (!isId || !writeHex(t, t.out, to, bytes)) t.fail(`${2 * bytes} hex digits`, at);
  return bytes;
}

/** Writes `count` bytes of hex digits at `digits[from]`, which may be the output itself; false when they are none. */
function writeHex(t: Transcoding, digits: Uint8Array, from: number, count: number): boolean {
  const { out, to } = t;
  for (let i = 0; i < count; i++) {
    const high = HEX[digits[from + 2 * i]!]!;
    const low = HEX[digits[from + 2 * i + 1]!]!;
    if (((high | low) & 0x80) !== 0) return false;
    out[to + i] = high << 4 | low;
  }
  t.to = to + count;
  return true;
}

/** Writes the bytes of a base64 string: standard or URL-safe alphabet, with or without padding. */
export function copyBase64(t: Transcoding): void {
  const offset = t.at;
  const start = t.to;
  copyText(t); // takes the escapes away: PHP writes a slash as `\/`
  const { out } = t;
  let end = t.to;
  for (let padding = 0; padding < 2 && end > start && out[end - 1] === 0x3d; padding++) end--;
  const padded = t.to - end;
  const digits = end - start;
  if (digits % 4 === 1 || (padded > 0 && (digits + padded) % 4 !== 0)) t.fail("base64", offset);
  let to = start;
  let bits = 0;
  let bad = 0;
  for (let at = start; at < end; at++) { // in place: what is written lies behind what is read
    const value = BASE64[out[at]!]!;
    bad |= value;
    bits = bits << 6 | value & 0x3f;
    switch ((at - start) & 3) {
      case 1:
        out[to++] = bits >> 4;
        break;
      case 2:
        out[to++] = bits >> 2;
        break;
      case 3:
        out[to++] = bits;
        bits = 0;
        break;
    }
  }
  if ((bad & 0x80) !== 0) t.fail("base64", offset);
  t.to = to;
}
