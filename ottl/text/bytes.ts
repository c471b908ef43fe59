/**
 * Finding and cutting by bytes, as OTTL counts, in strings of values/utf8.ts.
 *
 * A string that ends in half a character may be found inside a whole one; then, and only then, the search runs over
 * strings of one unit a byte.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { decodeUtf8, encodeUtf8, isBroken, utf8Length } from "../values/utf8.ts";

/** Byte offset of the first place where `part` is; -1 for none. */
export function indexOfBytes(text: string, part: string): number {
  if (isBroken(part)) return binaryOf(text).indexOf(binaryOf(part));
  const index = text.indexOf(part);
  return index <= 0 ? index : utf8Length(text.slice(0, index));
}

export function startsWithBytes(text: string, part: string): boolean {
  return isBroken(part) ? binaryOf(text).startsWith(binaryOf(part)) : text.startsWith(part);
}

export function endsWithBytes(text: string, part: string): boolean {
  return isBroken(part) ? binaryOf(text).endsWith(binaryOf(part)) : text.endsWith(part);
}

/** What stands between the places where `delimiter` is; every character for an empty one. */
export function splitBytes(text: string, delimiter: string, limit: number): string[] {
  if (delimiter === "") return Array.from(text);
  if (!isBroken(delimiter)) return text.split(delimiter, limit);
  return binaryOf(text).split(binaryOf(delimiter), limit).map(fromBinary);
}

/** The bytes from `start` to `end`; with `isSafe` only whole characters of them. */
export function sliceBytes(text: string, start: number, end: number, isSafe = false): string {
  const bytes = encodeUtf8(text);
  if (!isSafe) return decodeUtf8(bytes, start, end);
  let from = start;
  while (from < bytes.length && isContinuation(bytes[from]!)) from++;
  let to = Math.max(end, from);
  while (to > from && to < bytes.length && isContinuation(bytes[to]!)) to--;
  return decodeUtf8(bytes, from, to);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function binaryOf(text: string): string {
  return Buffer.from(encodeUtf8(text)).toString("latin1");
}

function fromBinary(binary: string): string {
  return decodeUtf8(Buffer.from(binary, "latin1"));
}
