/**
 * Values of OTTL as the driver's replies write them.
 *
 * @module
 */

import { civilOf } from "../../../ottl/time/civil.ts";
import { encodeUtf8, isBroken } from "../../../ottl/values/utf8.ts";
import { Duration, Id, Opaque, OttlList, OttlMap, Time, type Value } from "../../../ottl/values/value.ts";
import type { TypedValue } from "./protocol.ts";

export function typedValue(value: Value): TypedValue {
  if (value === null) return { type: "nil" };
  switch (typeof value) {
    case "boolean":
      return { type: "bool", value };
    case "bigint":
      return { type: "int", value: String(value) };
    case "number":
      return { type: "double", value: typedDouble(value) };
    case "string":
      return typedString(value);
  }
  if (value instanceof Uint8Array) return { type: "bytes", value: value.toBase64() };
  if (value instanceof Duration) return { type: "duration", value: String(value.nanos) };
  if (value instanceof Id) return typedId(value);
  if (value instanceof Time) return { type: "time", value: utcText(value.unixNano), offset: value.offsetSeconds };
  if (value instanceof OttlList) return { type: "slice", value: value.items.map(typedValue) };
  if (value instanceof OttlMap) {
    return { type: "map", value: value.entries().map(([key, each]) => [key, typedValue(each)]) };
  }
  return typedOpaque(value);
}

/** The reference knows no type of its own for the ids of profiles: it tells their bytes. */
function typedId({ kind, bytes }: Id): TypedValue {
  if (kind !== "profile_id") return { type: kind, value: bytes.toHex() };
  return { type: "slice", value: Array.from(bytes, (byte) => ({ type: "int", value: String(byte) })) };
}

function typedOpaque({ size }: Opaque): TypedValue {
  return size === undefined ? { type: "opaque" } : { type: "opaque", len: size };
}

function typedDouble(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value);
}

function typedString(value: string): TypedValue {
  if (!isBroken(value)) return { type: "string", value };
  const bytes = encodeUtf8(value);
  return {
    type: "string",
    value: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
    base64: bytes.toBase64(),
  };
}

/** RFC 3339 with nanoseconds, zeros at the end left out; a year may have any number of digits. */
function utcText(unixNano: bigint): string {
  const { year, month, day, hour, minute, second, nanosecond } = civilOf(new Time(unixNano));
  const digits = (value: number, width = 2) => String(value).padStart(width, "0");
  const fraction = nanosecond === 0 ? "" : `.${digits(nanosecond, 9).replace(/0+$/, "")}`;
  const date = `${year < 0 ? "-" : ""}${digits(Math.abs(year), 4)}-${digits(month)}-${digits(day)}`;
  return `${date}T${digits(hour)}:${digits(minute)}:${digits(second)}${fraction}Z`;
}
