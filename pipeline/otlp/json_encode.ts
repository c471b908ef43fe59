/**
 * A payload of wire bytes to OTLP/JSON, as the collector's encoder writes it.
 *
 * Ids in lower-case hex, bytes in base64, 64-bit integers as decimal strings, enum values as numbers; zero scalars are
 * left out, members of a oneof and `optional` fields are not; a span's `status` is always there. Unknown fields are left
 * out, and bytes of text that are not UTF-8 become U+FFFD: JSON can carry neither.
 * Source: OTLP 1.11.0 "JSON Protobuf Encoding"; ProtoJSON.
 *
 * @module
 */

import { FieldReader, varintEnd, varintHigh, varintLow, WireType } from "../wire/protobuf.ts";
import { JsonWriter, type Source } from "./json/encode/json_writer.ts";
import { phraseOf } from "./json/phrase.ts";
import { isGrouped, regroup } from "./json/encode/regroup.ts";
import { writePlainAttribute } from "./json/encode/wire_attribute.ts";
import { requestWireTable, type WireField, type WireMessage } from "./json/encode/wire_table.ts";
import { type Payload, payloadBytes } from "./payload.ts";
import type { Signal } from "./signals.ts";

const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

const TRUE = phraseOf("true");
const FALSE = phraseOf("false");

/** JSON bytes that a wire byte makes, as a first guess; keys are longer than tags. */
const EXPECTED_GROWTH = 3;

/** The payload as one JSON object, its chunks merged; without line breaks, so it fits a file of one a line. */
export function payloadToJson(payload: Payload): Uint8Array<ArrayBuffer> {
  return requestToJson(payload.signal, payloadBytes(payload));
}

/**
 * One Export*ServiceRequest as a JSON object.
 *
 * @param bytes Valid wire bytes of `signal`, as `readPayload` gives them.
 * @throws {InvalidPayloadError} They are cut off.
 */
export function requestToJson(signal: Signal, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new JsonWriter(bytes.length * EXPECTED_GROWTH + 64);
  writeMessage(json, requestWireTable(signal), sourceOf(bytes), 0, bytes.length);
  return json.finish();
}

function sourceOf(bytes: Uint8Array): Source {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

function writeMessage(json: JsonWriter, table: WireMessage, source: Source, from: number, to: number): void {
  if (table.isKeyValue && writePlainAttribute(json, source, from, to)) return;
  if (isGrouped(table, source.bytes, from, to)) writeGrouped(json, table, source, from, to);
  else {
    const grouped = regroup(table, source.bytes, from, to);
    writeGrouped(json, table, sourceOf(grouped), 0, grouped.length);
  }
}

function writeGrouped(json: JsonWriter, table: WireMessage, source: Source, from: number, to: number): void {
  const fields = new FieldReader(source.bytes, from, to);
  let written = 0;
  let list: WireField | undefined;
  json.byte(OPEN_OBJECT);
  while (fields.next()) {
    const field = table.byNumber[fields.field];
    if (field === undefined || isLeftOut(field, fields)) continue;
    if (field !== list) {
      if (list !== undefined) json.byte(CLOSE_LIST);
      list = field.schema.repeated ? field : undefined;
      json.phrase(written === 0 ? field.key : field.nextKey);
      if (list !== undefined) json.byte(OPEN_LIST);
    } else json.byte(COMMA);
    written |= field.bit;
    writeField(json, field, source, fields);
  }
  if (list !== undefined) json.byte(CLOSE_LIST);
  const { always } = table;
  if (always !== undefined && (written & always.bit) === 0) {
    json.phrase(written === 0 ? always.key : always.nextKey);
    json.byte(OPEN_OBJECT);
    json.byte(CLOSE_OBJECT);
  }
  json.byte(CLOSE_OBJECT);
}

/** The default value of a field that does not tell it from unset, an empty packed run, a type that is not the field's. */
function isLeftOut({ schema }: WireField, { bytes, tag, start, valueEnd }: FieldReader): boolean {
  const wireType = tag & 7;
  if (wireType !== schema.wireType && !(schema.packed && wireType === WireType.bytes)) return true;
  if (schema.repeated) return schema.packed && start === valueEnd;
  if (schema.presence) return false;
  if (wireType === WireType.varint) return varintLow(bytes, start) === 0 && varintHigh(bytes, start) === 0;
  for (let at = start; at < valueEnd && wireType !== WireType.bytes; at++) if (bytes[at] !== 0) return false;
  return wireType !== WireType.bytes || start === valueEnd;
}

function writeField(json: JsonWriter, field: WireField, source: Source, { tag, start, valueEnd }: FieldReader): void {
  if (field.message !== undefined) writeMessage(json, field.message, source, start, valueEnd);
  else if (field.schema.packed && (tag & 7) === WireType.bytes) writeRun(json, field, source, start, valueEnd);
  else writeScalar(json, field, source, start, valueEnd);
}

/** The elements of one packed run. */
function writeRun(json: JsonWriter, field: WireField, source: Source, start: number, end: number): void {
  for (let at = start; at < end;) {
    if (at !== start) json.byte(COMMA);
    const next = field.schema.wireType === WireType.varint ? varintEnd(source.bytes, at, end) : at + 8;
    writeScalar(json, field, source, at, next);
    at = next;
  }
}

function writeScalar(json: JsonWriter, { schema }: WireField, source: Source, start: number, end: number): void {
  const { bytes, view } = source;
  switch (schema.kind) {
    case "string":
      return json.text(source, start, end);
    case "bytes":
      return json.base64(source, start, end);
    case "hexId8":
    case "hexId16":
      return json.hex(source, start, end);
    case "double":
      return json.double(view.getFloat64(start, true));
    case "fixed64":
    case "sfixed64":
      return json.integer64(view.getInt32(start, true), view.getInt32(start + 4, true), schema.kind === "sfixed64");
    case "int64":
    case "uint64":
      return json.integer64(varintLow(bytes, start), varintHigh(bytes, start), schema.kind === "int64");
    case "fixed32":
      return json.integer(view.getUint32(start, true));
    case "uint32":
      return json.integer(varintLow(bytes, start));
    case "int32":
    case "enum":
      return json.integer(varintLow(bytes, start) | 0);
    case "sint32": {
      const zigzag = varintLow(bytes, start);
      return json.integer(zigzag >>> 1 ^ -(zigzag & 1));
    }
    case "bool":
      return json.phrase((varintLow(bytes, start) | varintHigh(bytes, start)) === 0 ? FALSE : TRUE);
    case "message":
      throw new TypeError(`Cannot write "${schema.name}": it is a message, wanted a scalar`);
  }
}
