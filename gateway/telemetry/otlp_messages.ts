/**
 * Own telemetry as OTLP wire bytes, as all other telemetry is kept here: what spans, log records and metrics have in
 * common.
 *
 * Source: opentelemetry-proto 1.11.0, common and resource; the three requests have the same numbers for their fields.
 *
 * @module
 */

import { WireType } from "../../pipeline/wire/protobuf.ts";
import { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";

/** Bytes of a request beside its items, as a first guess. */
const EXPECTED_FRAME_BYTES = 512;
/** Bytes of a message with an attribute or two. */
const EXPECTED_SMALL_BYTES = 40;

const MICROS_A_MS = 1_000;
const NANOS_A_MICRO = 1_000;
/** The low half of a 64-bit integer. */
const WORD = 2 ** 32;

/** Of spans in ScopeSpans, log records in ScopeLogs, metrics in ScopeMetrics. */
export const ITEM = 2;

/** A value of an attribute; undefined is none. */
export type AttributeValue = string | number | boolean | undefined;

/** InstrumentationScope. */
const SCOPE = written((writer) => writer.stringField(1, "sluice"));

/** A message on its own. */
export function written(write: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  write(writer);
  return writer.finish();
}

/** A Resource. */
export function resourceMessage(attributes: Readonly<Record<string, AttributeValue>>): Uint8Array {
  return written((writer) => writeAttributes(writer, 1, attributes));
}

/** An export request of one resource and one scope. @param items Spans, log records or metrics, each a field `ITEM`. */
export function requestMessage(resource: Uint8Array, items: Uint8Array): Uint8Array {
  const expected = items.length + EXPECTED_SMALL_BYTES;
  const writer = new ProtoWriter(items.length + resource.length + EXPECTED_FRAME_BYTES);
  const resourceItems = writer.open(1, expected);
  writer.bytesField(1, resource);
  const scopeItems = writer.open(2, expected);
  writer.bytesField(1, SCOPE);
  writer.copy(items);
  writer.close(scopeItems, expected);
  writer.close(resourceItems, expected);
  return writer.finish();
}

/** A repeated KeyValue field. */
export function writeAttributes(
  writer: ProtoWriter,
  field: number,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    const pair = writer.open(field, EXPECTED_SMALL_BYTES);
    writer.stringField(1, key);
    writeValue(writer, 2, value);
    writer.close(pair, EXPECTED_SMALL_BYTES);
  }
}

/** An AnyValue field. A number that is whole is an integer. */
export function writeValue(writer: ProtoWriter, field: number, value: string | number | boolean): void {
  const any = writer.open(field, EXPECTED_SMALL_BYTES);
  if (typeof value === "string") writer.stringField(1, value);
  else if (typeof value === "boolean") writer.varintField(2, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) {
    writer.tag(3, WireType.varint);
    writer.varint64(value, Math.floor(value / WORD));
  } else writeDouble(writer, 4, value);
  writer.close(any, EXPECTED_SMALL_BYTES);
}

export function writeDouble(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, WireType.fixed64);
  writer.double(value);
}

/** A fixed64 or sfixed64 field of a safe integer. */
export function writeInteger(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, WireType.fixed64);
  fixed64(writer, value);
}

/** One of a packed field. @param value A safe integer. */
export function fixed64(writer: ProtoWriter, value: number): void {
  writer.fixed64(value, Math.floor(value / WORD));
}

/** A fixed32 field. */
export function writeFlags(writer: ProtoWriter, field: number, flags: number): void {
  writer.tag(field, WireType.fixed32);
  writer.fixed32(flags);
}

/** A fixed64 field of nanoseconds since the epoch, of milliseconds to the microsecond. */
export function writeTime(writer: ProtoWriter, field: number, epochMs: number): void {
  const micros = Math.round(epochMs * MICROS_A_MS);
  const low = micros % WORD * NANOS_A_MICRO; // in two halves: the whole is more than a number holds
  const high = Math.floor(micros / WORD) * NANOS_A_MICRO + Math.floor(low / WORD);
  writer.tag(field, WireType.fixed64);
  writer.fixed64(low, high);
}

/** A bytes field of an id in lower-case hexadecimal. */
export function writeId(writer: ProtoWriter, field: number, hex: string): void {
  writer.tag(field, WireType.bytes);
  writer.varint(hex.length >> 1);
  for (let at = 0; at < hex.length; at += 2) {
    writer.byte(digitOf(hex.charCodeAt(at)) << 4 | digitOf(hex.charCodeAt(at + 1)));
  }
}

/** `Uint8Array.fromHex` takes half a microsecond. */
function digitOf(unit: number): number {
  return (unit & 0xf) + (unit >> 6) * 9;
}
