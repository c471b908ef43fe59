/**
 * What routing and partitioning ask of a Resource message: one attribute, or a hash of all of them.
 *
 * Sources: opentelemetry-proto 1.11.0 (resource, common); collector-contrib `pkg/pdatautil`, whose MapHash makes the
 * Kafka keys of `partition_*_by_resource_attributes`.
 *
 * @module
 */

import xxhash from "xxhash-wasm";
import { FieldReader, rangeEquals, tagOf, varintHigh, varintLow, WireType } from "../wire/protobuf.ts";
import { ProtoWriter } from "../wire/protobuf_writer.ts";

const { h64Raw } = await xxhash();

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const ATTRIBUTE_TAG = tagOf(1, WireType.bytes);

/**
 * The attribute `key` of a Resource message, when its value is a string; undefined otherwise. The first one counts, as in
 * the collector.
 */
export function resourceAttribute(resource: Uint8Array, key: string): string | undefined {
  const wanted = encoder.encode(key);
  const attributes = new FieldReader(resource);
  while (attributes.next()) {
    if (attributes.tag !== ATTRIBUTE_TAG) continue;
    const fields = new FieldReader(resource, attributes.start, attributes.valueEnd);
    let isWanted = wanted.length === 0;
    let valueStart = 0;
    let valueEnd = 0;
    while (fields.next()) {
      if (fields.tag === KEY_TAG) isWanted = rangeEquals(resource, fields.start, fields.valueEnd, wanted);
      if (fields.tag !== VALUE_TAG) continue;
      valueStart = fields.start;
      valueEnd = fields.valueEnd;
    }
    if (isWanted) return stringOf(resource.subarray(valueStart, valueEnd));
  }
  return undefined;
}

/**
 * The collector's 16-byte hash of a Resource's attributes: the same whatever their order. Zeros when there are none.
 */
export function attributeMapHash(resource: Uint8Array): Uint8Array {
  const hash = new Uint8Array(16);
  const attributes = readKeyValues(resource);
  if (attributes.length === 0) return hash;
  const writer = new ProtoWriter(512);
  writeMap(writer, attributes);
  const view = new DataView(hash.buffer);
  view.setBigUint64(0, h64Raw(writer.finish()), true);
  writer.byte(Mark.secondHalf);
  view.setBigUint64(8, h64Raw(writer.finish()), true);
  return hash;
}

/** A key and its AnyValue, as views. */
interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const KEY_TAG = tagOf(1, WireType.bytes);
const VALUE_TAG = tagOf(2, WireType.bytes);

function readKeyValue(bytes: Uint8Array, start: number, end: number): KeyValue {
  let key = NOTHING;
  let value = NOTHING;
  const fields = new FieldReader(bytes, start, end);
  while (fields.next()) {
    if (fields.tag === KEY_TAG) key = fields.view();
    else if (fields.tag === VALUE_TAG) value = fields.view();
  }
  return { key, value };
}

/** Field 1 of a Resource or a KeyValueList: its pairs. */
function readKeyValues(message: Uint8Array): KeyValue[] {
  const pairs: KeyValue[] = [];
  const fields = new FieldReader(message);
  while (fields.next()) {
    if (fields.tag === ATTRIBUTE_TAG) pairs.push(readKeyValue(message, fields.start, fields.valueEnd));
  }
  return pairs;
}

/** Fields of AnyValue. */
const Value = { string: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;

/** The last field of an AnyValue, which is the one that counts; `field` is 0 when it is empty. */
function readValue(value: Uint8Array): { readonly field: number; readonly start: number; readonly end: number } {
  let found = { field: 0, start: 0, end: 0 };
  const fields = new FieldReader(value);
  while (fields.next()) {
    if (fields.field <= Value.bytes) found = { field: fields.field, start: fields.start, end: fields.valueEnd };
  }
  return found;
}

function stringOf(value: Uint8Array): string | undefined {
  const { field, start, end } = readValue(value);
  return field === Value.string ? decoder.decode(value.subarray(start, end)) : undefined;
}

/** What the collector writes between keys and values: bytes that no UTF-8 text has. */
const Mark = {
  secondHalf: 0xf3,
  key: 0xf4,
  empty: 0xf5,
  bytes: 0xf6,
  string: 0xf7,
  true: 0xf8,
  false: 0xf9,
  int: 0xfa,
  double: 0xfb,
  mapStart: 0xfc,
  mapEnd: 0xfd,
  sliceStart: 0xfe,
  sliceEnd: 0xff,
} as const;

/** Pairs by the bytes of their keys; of equal keys the first one's value stands for all, as the collector's lookup. */
function writeMap(writer: ProtoWriter, pairs: KeyValue[]): void {
  const sorted = pairs.toSorted((a, b) => compareBytes(a.key, b.key));
  let first: KeyValue | undefined;
  for (const pair of sorted) {
    if (first === undefined || compareBytes(first.key, pair.key) !== 0) first = pair;
    writer.byte(Mark.key);
    writer.copy(pair.key);
    writeValue(writer, first.value);
  }
}

function writeValue(writer: ProtoWriter, value: Uint8Array): void {
  const { field, start, end } = readValue(value);
  switch (field) {
    case Value.string:
      writer.byte(Mark.string);
      return writer.copy(value, start, end);
    case Value.bool:
      return writer.byte((varintLow(value, start) | varintHigh(value, start)) !== 0 ? Mark.true : Mark.false);
    case Value.int:
      writer.byte(Mark.int);
      return writer.fixed64(varintLow(value, start), varintHigh(value, start));
    case Value.double:
      writer.byte(Mark.double);
      return writer.copy(value, start, end);
    case Value.array:
      return writeSlice(writer, value.subarray(start, end));
    case Value.map:
      writer.byte(Mark.mapStart);
      writeMap(writer, readKeyValues(value.subarray(start, end)));
      return writer.byte(Mark.mapEnd);
    case Value.bytes:
      writer.byte(Mark.bytes);
      return writer.copy(value, start, end);
    default:
      return writer.byte(Mark.empty);
  }
}

const ELEMENT_TAG = tagOf(1, WireType.bytes);

function writeSlice(writer: ProtoWriter, list: Uint8Array): void {
  writer.byte(Mark.sliceStart);
  const fields = new FieldReader(list);
  while (fields.next()) if (fields.tag === ELEMENT_TAG) writeValue(writer, fields.view());
  writer.byte(Mark.sliceEnd);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
