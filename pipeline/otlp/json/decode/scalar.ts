/**
 * One JSON value of a field that is no message, to wire bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { FieldKind, FieldSchema } from "../../schema.ts";
import type { JsonField } from "./field_table.ts";
import type { JsonNumber } from "./number.ts";
import { copyBase64, copyHexId, copyText } from "./text.ts";
import type { Transcoding } from "./transcoding.ts";

const QUOTE = 0x22;
const NULL_START = 0x6e;

/** Longer than the name of any enum value. */
const MAX_NAME_BYTES = 64;

/** Numbers that JSON cannot write, as ProtoJSON writes them. */
const NAMED_DOUBLES: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/**
 * Writes the value at `at` with its tag; nothing when it is the default of a field that does not tell it from unset.
 * `null` is the caller's matter.
 */
export function copyScalar(t: Transcoding, number: JsonNumber, field: JsonField): void {
  const { to } = t;
  t.tag(field);
  const isDefault = copyValue(t, number, field);
  if (isDefault && !field.keepsDefault) t.to = to;
}

/** @returns Whether it was the default value. */
function copyValue(t: Transcoding, number: JsonNumber, field: JsonField): boolean {
  const { kind } = field;
  switch (kind) {
    case "string":
    case "bytes":
      return copyQuoted(t, field);
    case "hexId16":
      return copyId(t, 16);
    case "hexId8":
      return copyId(t, 8);
    case "bool":
      return copyBool(t);
    case "enum":
      return copyEnum(t, number, field.schema);
    case "message":
      throw new TypeError(`Cannot copy "${field.schema.name}": it is a message, wanted a scalar`);
    default:
      return copyNumber(t, number, kind);
  }
}

function copyQuoted(t: Transcoding, field: JsonField): boolean {
  openQuote(t);
  const start = t.to;
  t.to += field.prefixBytes;
  if (field.kind === "string") copyText(t);
  else copyBase64(t);
  const isEmpty = t.to === start + field.prefixBytes;
  field.prefixBytes = t.closePrefix(start, field.prefixBytes);
  return isEmpty;
}

function copyId(t: Transcoding, bytes: number): boolean {
  openQuote(t);
  const prefix = t.to++;
  const length = copyHexId(t, bytes);
  t.out[prefix] = length;
  return length === 0;
}

function openQuote(t: Transcoding): void {
  if (t.source[t.at] !== QUOTE) t.fail("a string");
  t.at++;
}

function copyBool(t: Transcoding): boolean {
  const isTrue = t.source[t.at] === 0x74;
  t.literal(isTrue ? "true" : "false");
  t.out[t.to++] = isTrue ? 1 : 0;
  return !isTrue;
}

/** A number, in quotes or not, or a name. */
function copyEnum(t: Transcoding, number: JsonNumber, { enumValues = {} }: FieldSchema): boolean {
  const second = t.source[t.at + 1] ?? 0;
  const isName = t.source[t.at] === QUOTE && second > 0x39;
  if (!isName) return copyNumber(t, number, "int32");
  const name = readName(t);
  const value = Object.hasOwn(enumValues, name) ? enumValues[name] : undefined;
  if (value === undefined) t.fail("the number or name of an enum value");
  t.out[t.to++] = value;
  return value === 0;
}

/** The short text at `at`; "" when it is long. Text becomes a string here only: for names that nobody should send. */
function readName(t: Transcoding): string {
  const { to } = t;
  t.at++;
  copyText(t);
  const length = t.to - to;
  t.to = to;
  return length > MAX_NAME_BYTES ? "" : Buffer.prototype.latin1Slice.call(t.out, to, to + length);
}

/**
 * Writes the number at `at` without a tag; `null`, which only an element of a list can be here, as 0.
 *
 * @returns Whether it was 0, and not -0.
 */
export function copyNumber(t: Transcoding, number: JsonNumber, kind: FieldKind): boolean {
  if (t.next() === NULL_START) {
    t.literal("null");
    number.setZero();
  } else if (kind === "double") readDouble(t, number);
  else readInteger(t, number);
  switch (kind) {
    case "double":
      t.outView.setFloat64(t.to, number.double, true);
      t.to += 8;
      return Object.is(number.double, 0);
    case "fixed64":
    case "sfixed64":
      signed(t, number, kind === "sfixed64", 64);
      t.outView.setInt32(t.to, number.low, true);
      t.outView.setInt32(t.to + 4, number.high, true);
      t.to += 8;
      break;
    case "fixed32":
      signed(t, number, false, 32);
      t.outView.setInt32(t.to, number.low, true);
      t.to += 4;
      break;
    case "sint32":
      signed(t, number, true, 32);
      t.varint(number.low << 1 ^ number.low >> 31, 0);
      break;
    default:
      signed(t, number, kind === "int32" || kind === "int64", kind === "int32" || kind === "uint32" ? 32 : 64);
      t.varint(number.low, number.high);
  }
  return (number.low | number.high) === 0;
}

/** Checks the range and takes the sign into the number. */
function signed(t: Transcoding, number: JsonNumber, isSigned: boolean, bits: 32 | 64): void {
  if (!number.applySign(isSigned, bits)) t.fail(`an integer in the range of its ${bits} bits`);
}

function readInteger(t: Transcoding, number: JsonNumber): void {
  const quoted = t.source[t.at] === QUOTE ? 1 : 0;
  const end = number.readInteger(t.source, t.at + quoted, t.end);
  if (end >= 0 && (quoted === 0 || t.source[end] === QUOTE)) {
    t.at = end + quoted;
    return;
  }
  if (quoted === 0) t.fail("an integer");
  const { at, to } = t;
  unescape(t);
  if (number.readInteger(t.out, to, t.to) !== t.to) t.fail("an integer", at);
  t.to = to;
}

function readDouble(t: Transcoding, number: JsonNumber): void {
  const quoted = t.source[t.at] === QUOTE ? 1 : 0;
  const end = number.readDouble(t.source, t.at + quoted, t.end);
  if (end >= 0 && (quoted === 0 || t.source[end] === QUOTE)) {
    t.at = end + quoted;
    return;
  }
  if (quoted === 0) t.fail("a number");
  const { at, to } = t;
  unescape(t);
  if (number.readDouble(t.out, to, t.to) !== t.to) {
    const named = t.to - to > MAX_NAME_BYTES
      ? undefined
      : NAMED_DOUBLES.get(Buffer.prototype.latin1Slice.call(t.out, to, t.to));
    if (named === undefined) t.fail("a number", at);
    number.double = named;
  }
  t.to = to;
}

/** Writes the text of the string at `at` to `to`, without its escapes. */
function unescape(t: Transcoding): void {
  t.at++;
  copyText(t);
}
