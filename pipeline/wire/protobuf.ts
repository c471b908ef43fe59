/**
 * The protobuf wire format over plain bytes: what to read, skip and check, without building anything.
 *
 * Functions take `bytes` and an offset and give a value or the offset behind it, so that a walk keeps its place in a
 * local variable and allocates nothing. Varints are read in 32-bit halves; a 64-bit value becomes a `bigint` only where
 * somebody takes it.
 * Source: protobuf.dev/programming-guides/encoding.
 *
 * @module
 */

import { InvalidPayloadError } from "../core/errors.ts";

/** How a field's value is laid out: the low three bits of its tag. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Groups inside groups of an unknown field, levels. Nothing in OTLP has a group, so this only bounds the skip. */
export const MAX_GROUP_DEPTH = 64;

/** A varint holds 64 bits: ten bytes, of which the tenth has one bit. */
const MAX_VARINT_BYTES = 10;

/** The tag of field `field` with wire type `wireType`. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3 | wireType) >>> 0;
}

/** The error of every function here. */
export function invalidWire(offset: number, problem: string): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot read protobuf at byte ${offset}: ${problem}`, { offset });
}

/**
 * The offset behind the varint at `at`.
 *
 * @throws {InvalidPayloadError} It does not end before `end`, or has more than 64 bits.
 */
export function varintEnd(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte < 0x80) {
      if (at - start === MAX_VARINT_BYTES && byte > 1) break;
      return at;
    }
    if (at - start === MAX_VARINT_BYTES) break;
  }
  throw invalidWire(start, at === end ? "a varint is cut off" : "a varint has more than 64 bits");
}

/** The low 32 bits, unsigned, of the varint at `at`, which `varintEnd` has accepted. */
export function varintLow(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return (value | bytes[at]! << 28) >>> 0;
}

/** Bits 32 to 63, unsigned, of the varint at `at`, which `varintEnd` has accepted. */
export function varintHigh(bytes: Uint8Array, at: number): number {
  for (let skipped = 0; skipped < 4; skipped++) if (bytes[at++]! < 0x80) return 0;
  const fifth = bytes[at++]!;
  let value = fifth >>> 4 & 0x07;
  if (fifth < 0x80) return value;
  for (let shift = 3; shift < 32; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value >>> 0;
}

/** The varint at `at` as an unsigned 64-bit integer; `BigInt.asIntN(64, …)` makes it an int64. */
export function varintBig(bytes: Uint8Array, at: number): bigint {
  return BigInt(varintHigh(bytes, at)) << 32n | BigInt(varintLow(bytes, at));
}

/**
 * The varint at `at` as a tag or a length.
 *
 * @throws {InvalidPayloadError} As `varintEnd`, or it is more than 32 bits.
 */
export function varint32(bytes: Uint8Array, at: number, end: number): number {
  const next = varintEnd(bytes, at, end);
  if (next - at > 4 && varintHigh(bytes, at) !== 0) throw invalidWire(at, "a tag or length has more than 32 bits");
  return varintLow(bytes, at);
}

/**
 * The offset behind the value of a field whose tag ends at `at`.
 *
 * @param tag As read: the wire type is its low three bits.
 * @throws {InvalidPayloadError} Cut off, of wire type 6 or 7, a group that does not end or that ends another, field 0.
 */
export function skipValue(bytes: Uint8Array, at: number, end: number, tag: number, groupDepth = 0): number {
  if (tag < 8) throw invalidWire(at, "field number 0 is not allowed");
  switch (tag & 7) {
    case WireType.varint:
      return varintEnd(bytes, at, end);
    case WireType.fixed64:
      return within(at, 8, end);
    case WireType.bytes:
      return within(varintEnd(bytes, at, end), varint32(bytes, at, end), end);
    case WireType.groupStart:
      return skipGroup(bytes, at, end, tag, groupDepth);
    case WireType.fixed32:
      return within(at, 4, end);
    case WireType.groupEnd:
      throw invalidWire(at, "a group ends that did not start");
    default:
      throw invalidWire(at, `wire type ${tag & 7} does not exist`);
  }
}

function skipGroup(bytes: Uint8Array, at: number, end: number, startTag: number, depth: number): number {
  if (depth === MAX_GROUP_DEPTH) throw invalidWire(at, `groups nest deeper than ${MAX_GROUP_DEPTH} levels`);
  const endTag = startTag - WireType.groupStart + WireType.groupEnd;
  while (at < end) {
    const tag = varint32(bytes, at, end);
    at = varintEnd(bytes, at, end);
    if (tag === endTag) return at;
    at = skipValue(bytes, at, end, tag, depth + 1);
  }
  throw invalidWire(at, "a group does not end");
}

/** `at + length`, when that is not past `end`. */
function within(at: number, length: number, end: number): number {
  if (length > end - at) throw invalidWire(at, `${length} bytes are wanted where ${end - at} are left`);
  return at + length;
}

/** Whether `start` to `end` of `bytes` is the same as `wanted`. */
export function rangeEquals(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

/**
 * Steps over the fields of one message: `while (fields.next()) …`. For walks outside the hottest loops: one object a
 * message, nothing a field.
 */
export class FieldReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Where the field's tag begins. */
  fieldStart = 0;
  /** The field's tag: number and wire type. */
  tag = 0;
  /** Where the value begins; for wire type `bytes`, behind the length. */
  start = 0;
  /** Where the field ends. */
  valueEnd: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.end = end;
    this.valueEnd = start;
  }

  /**
   * Goes to the next field.
   *
   * @returns false at the end of the message.
   * @throws {InvalidPayloadError} No field can be read there.
   */
  next(): boolean {
    let at = this.valueEnd;
    if (at >= this.end) return false;
    const { bytes, end } = this;
    this.fieldStart = at;
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = varint32(bytes, at - 1, end);
      at = varintEnd(bytes, at - 1, end);
    }
    this.tag = tag;
    this.start = at;
    if ((tag & 7) === WireType.bytes && tag >= 8) {
      let length = at < end ? bytes[at]! : 0x80;
      if (length < 0x80) at++;
      else if (at + 1 < end && bytes[at + 1]! < 0x80) {
        length = length & 0x7f | bytes[at + 1]! << 7;
        at += 2;
      } else {
        length = varint32(bytes, at, end);
        at = varintEnd(bytes, at, end);
      }
      this.start = at;
      this.valueEnd = within(at, length, end);
    } else {
      this.valueEnd = skipValue(bytes, at, end, tag);
    }
    return true;
  }

  /** The field's number. */
  get field(): number {
    return this.tag >>> 3;
  }

  /** The value of a field of wire type `bytes`: a view, not a copy. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.valueEnd);
  }
}
