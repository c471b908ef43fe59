/**
 * Attributes of a span or log record, read as wire bytes.
 *
 * Source: opentelemetry-proto 1.11.0, common.proto (KeyValue, AnyValue).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { FieldReader, varintBig } from "../../wire/protobuf.ts";

const KEY = 1 << 3 | 2;
const VALUE = 2 << 3 | 2;

const STRING = 1 << 3 | 2;
const BOOL = 2 << 3 | 0;
const INT = 3 << 3 | 0;
const DOUBLE = 4 << 3 | 1;
const BYTES = 7 << 3 | 2;

/** An AnyValue as far as sampling can use it; lists and maps are "other". */
export type AttributeValue =
  | { readonly kind: "string"; readonly text: string; readonly bytes: Uint8Array }
  /** `text` is how the collector writes it. */
  | { readonly kind: "number"; readonly number: number; readonly text: string }
  | { readonly kind: "bool"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "other" };

/** Which of `keys` the KeyValue has; -1 for none. */
export function placeOfKey(bytes: Uint8Array, start: number, end: number, keys: readonly Uint8Array[]): number {
  // Most have a short key as their first field: they are told apart without a reader.
  if (bytes[start] === KEY && bytes[start + 1]! < 0x80 && bytes[start + 2 + bytes[start + 1]!] === VALUE) {
    return placeOf(bytes, start + 2, start + 2 + bytes[start + 1]!, keys);
  }
  const fields = new FieldReader(bytes, start, end);
  let keyStart = 0;
  let keyEnd = 0;
  while (fields.next()) {
    if (fields.tag !== KEY) continue;
    keyStart = fields.start;
    keyEnd = fields.valueEnd;
  }
  return placeOf(bytes, keyStart, keyEnd, keys);
}

function placeOf(bytes: Uint8Array, start: number, end: number, keys: readonly Uint8Array[]): number {
  for (let place = 0; place < keys.length; place++) if (equal(bytes, start, end, keys[place]!)) return place;
  return -1;
}

function equal(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (bytes[start + at] !== key[at]) return false;
  return true;
}

/** The value of a KeyValue; of several the last, as protobuf has it. */
export function valueOf(bytes: Uint8Array, start: number, end: number): AttributeValue {
  let value: AttributeValue = { kind: "other" };
  const fields = new FieldReader(bytes, start, end);
  while (fields.next()) {
    if (fields.tag !== VALUE) continue;
    const inner = new FieldReader(bytes, fields.start, fields.valueEnd);
    while (inner.next()) value = anyValueOf(inner);
  }
  return value;
}

function anyValueOf({ bytes, tag, start, valueEnd }: FieldReader): AttributeValue {
  switch (tag) {
    case STRING: {
      const content = bytes.subarray(start, valueEnd);
      return { kind: "string", text: latin1(content), bytes: content };
    }
    case BOOL:
      return { kind: "bool", text: String(varintBig(bytes, start) !== 0n) };
    case INT: {
      const integer = BigInt.asIntN(64, varintBig(bytes, start));
      return { kind: "number", number: Number(integer), text: String(integer) };
    }
    case DOUBLE: {
      const number = new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0, true);
      return { kind: "number", number, text: Object.is(number, -0) ? "-0" : String(number) };
    }
    case BYTES:
      return { kind: "bytes", bytes: bytes.subarray(start, valueEnd) };
    default:
      return { kind: "other" };
  }
}

/** One character a byte: what sampling reads is ASCII, or is found not to be. */
export function latin1(bytes: Uint8Array): string {
  return bytes.length === 0 ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
