/**
 * AnyValue and KeyValue between wire bytes and the values of OTTL.
 *
 * In profiles a string may stand in the request's dictionary; a `StringTable` leads there.
 * Source: opentelemetry-proto 1.11.0 (common).
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import { decodeUtf8, encodeUtf8, isBroken } from "../../../ottl/values/utf8.ts";
import {
  checkParts,
  checkStorable,
  OttlList,
  OttlMap,
  PlainMap,
  typeName,
  type Value,
} from "../../../ottl/values/value.ts";
import {
  FieldReader,
  skipValue,
  tagOf,
  varint32,
  varintBig,
  varintEnd,
  varintLow,
  WireType,
} from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../limits.ts";

/** Lists and maps inside each other, levels: what is deeper is neither read nor written, as no receiver takes it. */
export const MAX_VALUE_DEPTH: number = DEFAULT_PAYLOAD_LIMITS.maxDepth - 1;

/** Strings by number: the dictionary of a profiles request. */
export interface StringTable {
  /** Bytes of string `index`; empty when there is none. */
  stringBytes(index: number): Uint8Array;
  /** The number of a string, which is added when it is new. */
  indexOf(text: Uint8Array): number;
}

/** Tags of AnyValue's members. */
export const Member = {
  string: tagOf(1, WireType.bytes),
  bool: tagOf(2, WireType.varint),
  int: tagOf(3, WireType.varint),
  double: tagOf(4, WireType.fixed64),
  list: tagOf(5, WireType.bytes),
  map: tagOf(6, WireType.bytes),
  bytes: tagOf(7, WireType.bytes),
  stringIndex: tagOf(8, WireType.varint),
} as const;

/** Tags of KeyValue's fields, and of the only field of ArrayValue and KeyValueList. */
export const KEY_TAG = tagOf(1, WireType.bytes);
export const VALUE_TAG = tagOf(2, WireType.bytes);
const KEY_INDEX_TAG = tagOf(3, WireType.varint);
const ELEMENT_TAG = tagOf(1, WireType.bytes);

/** Whether AnyValue has a member of this tag. */
function isMember(tag: number): boolean {
  switch (tag) {
    case Member.string:
    case Member.bool:
    case Member.int:
    case Member.double:
    case Member.list:
    case Member.map:
    case Member.bytes:
    case Member.stringIndex:
      return true;
    default:
      return false;
  }
}

/**
 * Where the member that counts, the last one, begins in the AnyValue from `start` to `end`: at its tag; -1 for an empty
 * value.
 *
 * @throws {InvalidPayloadError} It is no message.
 */
export function memberAt(bytes: Uint8Array, start: number, end: number): number {
  // Nearly always a string shorter than 128 bytes, or an int, is all there is.
  if (bytes[start] === Member.string && bytes[start + 1]! < 0x80 && start + 2 + bytes[start + 1]! === end) return start;
  if (bytes[start] === Member.int && endsAt(bytes, start + 1, end)) return start;
  let found = -1;
  for (let at = start; at < end;) {
    const tagStart = at;
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = varint32(bytes, tagStart, end);
      at = varintEnd(bytes, tagStart, end);
    } else if (isMember(tag)) {
      found = tagStart;
    }
    at = skipValue(bytes, at, end, tag);
  }
  return found;
}

/** Whether the varint at `at` ends at `end`. */
function endsAt(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end && bytes[at]! >= 0x80) at++;
  return at + 1 === end;
}

/** Where the content of the length-delimited member at `at` begins. */
export function contentStart(bytes: Uint8Array, at: number): number {
  if (bytes[++at]! < 0x80) return at + 1;
  while (bytes[at++]! >= 0x80);
  return at;
}

/** Where the content of the length-delimited member at `at` ends. */
export function contentEnd(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]!;
  return length < 0x80 ? at + 2 + length : contentStart(bytes, at) + varintLow(bytes, at + 1);
}

const doubleView = new DataView(new ArrayBuffer(8));
const doubleBytes = new Uint8Array(doubleView.buffer);

/** The little-endian double at `at`; nothing is allocated. */
export function readDouble(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) doubleBytes[i] = bytes[at + i]!;
  return doubleView.getFloat64(0, true);
}

/**
 * The value of the AnyValue from `start` to `end`.
 *
 * @throws {OttlError} "limit": it is deeper than MAX_VALUE_DEPTH, or has too many parts.
 */
export function decodeAnyValue(bytes: Uint8Array, start: number, end: number, strings?: StringTable, depth = 0): Value {
  const at = memberAt(bytes, start, end);
  return at === -1 ? null : decodeMember(bytes, at, strings, depth);
}

/** The value of the member at `at`, which `memberAt` found. */
export function decodeMember(bytes: Uint8Array, at: number, strings?: StringTable, depth = 0): Value {
  switch (bytes[at]) {
    case Member.string:
      return decodeUtf8(bytes, contentStart(bytes, at), contentEnd(bytes, at));
    case Member.bool:
      return varintBig(bytes, at + 1) !== 0n;
    case Member.int:
      return BigInt.asIntN(64, varintBig(bytes, at + 1));
    case Member.double:
      return readDouble(bytes, at + 1);
    case Member.bytes:
      return bytes.slice(contentStart(bytes, at), contentEnd(bytes, at));
    case Member.stringIndex:
      return strings === undefined ? "" : decodeUtf8(strings.stringBytes(varintLow(bytes, at + 1)));
    case Member.list:
      return decodeList(bytes, contentStart(bytes, at), contentEnd(bytes, at), strings, deeper(depth));
    default:
      return decodeMap(bytes, contentStart(bytes, at), contentEnd(bytes, at), strings, deeper(depth));
  }
}

/** How many parts the value that is being decoded has had. One is decoded at a time. */
let parts = 0;

function addPart(): void {
  checkParts(++parts);
}

function deeper(depth: number): number {
  if (depth === 0) parts = 0;
  if (depth === MAX_VALUE_DEPTH) {
    throw new OttlError("limit", `a value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  }
  return depth + 1;
}

function decodeList(
  bytes: Uint8Array,
  start: number,
  end: number,
  strings: StringTable | undefined,
  depth: number,
): OttlList {
  const items: Value[] = [];
  const fields = new FieldReader(bytes, start, end);
  while (fields.next()) {
    if (fields.tag !== ELEMENT_TAG) continue;
    addPart();
    items.push(decodeAnyValue(bytes, fields.start, fields.valueEnd, strings, depth));
  }
  return new OttlList(items);
}

/** Of keys that come twice the first counts. */
function decodeMap(
  bytes: Uint8Array,
  start: number,
  end: number,
  strings: StringTable | undefined,
  depth: number,
): PlainMap {
  const entries = new Map<string, Value>();
  const pair = new KeyValueRange();
  const fields = new FieldReader(bytes, start, end);
  while (fields.next()) {
    if (fields.tag !== ELEMENT_TAG) continue;
    addPart();
    pair.locate(bytes, fields.start, fields.valueEnd);
    const key = decodeUtf8(pair.keyBytes(bytes, strings));
    if (entries.has(key)) continue;
    entries.set(key, decodeAnyValue(bytes, pair.valueStart, pair.valueEnd, strings, depth));
  }
  return new PlainMap(entries);
}

/** Where key and value of one KeyValue lie. Made once, used for many. */
export class KeyValueRange {
  keyStart = 0;
  keyEnd = 0;
  /** Number of the key in the dictionary; -1 when it is written out. */
  keyIndex = -1;
  valueStart = 0;
  valueEnd = 0;

  /** Finds both in the KeyValue from `start` to `end`; what is not there is an empty range. */
  locate(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#locateShort(bytes, start, end)) this.#locateAny(bytes, start, end);
  }

  /** Key and value of less than 128 bytes each; collectors write the value first. @returns false for all else. */
  #locateShort(bytes: Uint8Array, start: number, end: number): boolean {
    const firstLength = bytes[start + 1]!;
    const middle = start + 2 + firstLength;
    if (firstLength >= 0x80 || middle + 1 >= end) return false;
    const secondLength = bytes[middle + 1]!;
    if (secondLength >= 0x80 || middle + 2 + secondLength !== end) return false;
    const isKeyFirst = bytes[start] === KEY_TAG && bytes[middle] === VALUE_TAG;
    if (!isKeyFirst && (bytes[start] !== VALUE_TAG || bytes[middle] !== KEY_TAG)) return false;
    this.keyIndex = -1;
    this.keyStart = isKeyFirst ? start + 2 : middle + 2;
    this.keyEnd = isKeyFirst ? middle : end;
    this.valueStart = isKeyFirst ? middle + 2 : start + 2;
    this.valueEnd = isKeyFirst ? end : middle;
    return true;
  }

  #locateAny(bytes: Uint8Array, start: number, end: number): void {
    this.keyStart =
      this.keyEnd =
      this.valueStart =
      this.valueEnd =
        start;
    this.keyIndex = -1;
    for (let at = start; at < end;) {
      const tagStart = at;
      let tag = bytes[at++]!;
      if (tag >= 0x80) {
        tag = varint32(bytes, tagStart, end);
        at = varintEnd(bytes, tagStart, end);
      }
      const next = skipValue(bytes, at, end, tag);
      if (tag === KEY_TAG) {
        this.keyStart = contentStart(bytes, tagStart);
        this.keyEnd = next;
      } else if (tag === VALUE_TAG) {
        this.valueStart = contentStart(bytes, tagStart);
        this.valueEnd = next;
      } else if (tag === KEY_INDEX_TAG) {
        this.keyIndex = varintLow(bytes, at);
      }
      at = next;
    }
  }

  /** The key: a view. */
  keyBytes(bytes: Uint8Array, strings: StringTable | undefined): Uint8Array {
    if (this.keyStart === this.keyEnd && this.keyIndex !== -1 && strings !== undefined) {
      return strings.stringBytes(this.keyIndex);
    }
    return bytes.subarray(this.keyStart, this.keyEnd);
  }
}

/**
 * Writes the fields of the AnyValue that `value` is.
 *
 * @throws {OttlError} "type": a time, duration, id or opaque value, which no AnyValue can hold; "limit": too deep.
 */
function writeAnyValue(writer: ProtoWriter, value: Value, strings?: StringTable, depth = 0): void {
  switch (typeof value) {
    case "string":
      return writeString(writer, value, strings);
    case "boolean":
      return writer.varintField(2, value ? 1 : 0);
    case "bigint":
      writer.byte(Member.int);
      return writer.varint64(lowHalf(value), highHalf(value));
    case "number":
      writer.byte(Member.double);
      return writer.double(value);
  }
  if (value === null) return;
  if (value instanceof Uint8Array) return writer.bytesField(7, value);
  if (value instanceof OttlMap) return writeMap(writer, value, strings, deeper(depth));
  if (value instanceof OttlList) return writeList(writer, value, strings, deeper(depth));
  throw new OttlError("type", `unsupported type ${typeName(value)} for set operation`);
}

/** A string field of a string of OTTL, which need not be UTF-8. */
export function writeText(writer: ProtoWriter, field: number, text: string): void {
  if (isBroken(text)) writer.bytesField(field, encodeUtf8(text));
  else writer.stringField(field, text);
}

function writeString(writer: ProtoWriter, text: string, strings: StringTable | undefined): void {
  if (strings !== undefined) writer.varintField(8, strings.indexOf(encodeUtf8(text)));
  else writeText(writer, 1, text);
}

function writeList(writer: ProtoWriter, list: OttlList, strings: StringTable | undefined, depth: number): void {
  checkStorable(list);
  const mark = writer.open(5);
  for (const item of list.items) {
    const inner = writer.open(1);
    writeAnyValue(writer, item, strings, depth);
    writer.close(inner);
  }
  writer.close(mark);
}

function writeMap(writer: ProtoWriter, map: OttlMap, strings: StringTable | undefined, depth: number): void {
  const mark = writer.open(6);
  for (const [key, value] of map.entries()) {
    const inner = writer.open(1);
    writeKeyValue(writer, encodeUtf8(key), value, strings, depth);
    writer.close(inner);
  }
  writer.close(mark);
}

/** Writes the fields of a KeyValue. */
export function writeKeyValue(
  writer: ProtoWriter,
  key: Uint8Array,
  value: Value,
  strings?: StringTable,
  depth = 0,
): void {
  if (strings === undefined) writer.bytesField(1, key);
  else writer.varintField(3, strings.indexOf(key));
  const mark = writer.open(2);
  writeAnyValue(writer, value, strings, depth);
  writer.close(mark);
}

/** The KeyValue message of a key and a value. */
export function encodeKeyValue(key: Uint8Array, value: Value, strings?: StringTable): Uint8Array {
  const writer = new ProtoWriter(key.length + 32);
  writeKeyValue(writer, key, value, strings);
  return writer.finish();
}

/** The AnyValue message of a value. */
export function encodeAnyValue(value: Value, strings?: StringTable): Uint8Array {
  const writer = new ProtoWriter(64);
  writeAnyValue(writer, value, strings);
  return writer.finish();
}

export function lowHalf(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

export function highHalf(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}
