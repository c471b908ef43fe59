/**
 * What "like" parameters make of values.
 *
 * All give null for nil. A text that is no such value, and a type that cannot become one, are errors of category
 * "arg_value" and "type".
 *
 * Source: pkg/ottl 1.3, recorded in tests/golden/ottl/converters.jsonl; docs/ottl.md, "Parameters".
 *
 * @module
 */

import { OttlError, typeError } from "./errors.ts";
import { toHex } from "./hex.ts";
import { escapedJson } from "./json.ts";
import { floatText, MAX_INT, MIN_INT, parseGoFloat, parseGoInt } from "./numbers.ts";
import { encodeUtf8 } from "./utf8.ts";
import { typeName, type Value } from "./value.ts";

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false] as const),
]);

/** A string: decimal, `true`, hexadecimal of bytes, JSON of anything else. */
export function toStringLike(value: Value): string | null {
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return floatText(value);
  }
  if (value === null) return null;
  return value instanceof Uint8Array ? toHex(value) : escapedJson(value);
}

/** An int: read from a decimal text, cut off from a float (what does not fit is the smallest int), 1 or 0 of a bool. */
export function toIntLike(value: Value): bigint | null {
  switch (typeof value) {
    case "bigint":
      return value;
    case "number":
      return truncate(value);
    case "boolean":
      return value ? 1n : 0n;
    case "string":
      return parseGoInt(value);
  }
  return nilOr(value, "int");
}

function truncate(value: number): bigint {
  if (!Number.isFinite(value)) return MIN_INT;
  const whole = BigInt(Math.trunc(value));
  return whole < MIN_INT || whole > MAX_INT ? MIN_INT : whole;
}

export function toFloatLike(value: Value): number | null {
  switch (typeof value) {
    case "number":
      return value;
    case "bigint":
    case "boolean":
      return Number(value);
    case "string":
      return parseGoFloat(value);
  }
  return nilOr(value, "float");
}

export function toBoolLike(value: Value): boolean | null {
  switch (typeof value) {
    case "boolean":
      return value;
    case "bigint":
      return value !== 0n;
    case "number":
      return value !== 0;
    case "string":
      return parseBool(value);
  }
  return nilOr(value, "bool");
}

function parseBool(text: string): boolean {
  const parsed = BOOLEANS.get(text);
  if (parsed === undefined) {
    throw new OttlError("arg_value", "cannot read a string as a bool: it is neither true nor false");
  }
  return parsed;
}

/** Bytes: UTF-8 of a string, 8 bytes big-endian of a number, one of a bool. */
export function toBytesLike(value: Value): Uint8Array | null {
  switch (typeof value) {
    case "string":
      return encodeUtf8(value);
    case "bigint":
      return eightBytes((view) => view.setBigInt64(0, value));
    case "number":
      return eightBytes((view) => view.setFloat64(0, value));
    case "boolean":
      return Uint8Array.of(value ? 1 : 0);
  }
  return value instanceof Uint8Array ? value : nilOr(value, "bytes");
}

function eightBytes(write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(8);
  write(new DataView(bytes.buffer));
  return bytes;
}

function nilOr(value: Value, wanted: string): null {
  if (value === null) return null;
  throw typeError(`a value that can be made ${wanted}`, typeName(value));
}
