/**
 * Paths to attributes: the map as a whole, one of them by a key in brackets, and what lies in its value.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Expression } from "../../../../ottl/functions/definition.ts";
import type { ComparisonOperator } from "../../../../ottl/values/operators.ts";
import { compareValues } from "../../../../ottl/values/compare.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { readKeys, writeKeys } from "../../../../ottl/values/index_keys.ts";
import { ANSWERS, answerTo, sign64 } from "../../../../ottl/values/int_halves.ts";
import { decodeUtf8, encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { OttlMap, typeName, type Value } from "../../../../ottl/values/value.ts";
import { rangeEquals, varintHigh, varintLow } from "../../../wire/protobuf.ts";
import {
  contentEnd,
  contentStart,
  decodeAnyValue,
  decodeMember,
  encodeAnyValue,
  highHalf,
  lowHalf,
  Member,
  memberAt,
  readDouble,
  type StringTable,
  writeKeyValue,
} from "../any_value.ts";
import type { AttributeIndex } from "../attributes/index.ts";
import { ByteWords } from "../attributes/byte_words.ts";
import { Source } from "../attributes/ranges.ts";
import { attributeChanger, changedAccess } from "../raw_change.ts";
import { MessagePart, type MessageView } from "../message_view.ts";
import { NIL, NOT_RAW, type RawAccess, RawAttribute, rawOf } from "../raw_value.ts";
import { attributeValue, copyToAttribute, setAttribute, WireMap } from "../wire_map.ts";
import { numberTest } from "./scalars.ts";

/** Entries of a list that an index makes. */
export const MAX_MADE_ENTRIES = 100_000;

/** @throws {OttlError} It is no map. */
export function assignMap(map: OttlMap, value: Value): void {
  if (value === null) map.clear();
  else if (value instanceof OttlMap) map.assign(value);
  else throw new OttlError("type", `unsupported type provided for setting a map: ${typeName(value)}`);
}

/** `attributes`, or with keys what they lead to. */
export function attributes(view: MessageView, keys: readonly Expression[]): PathAccess {
  const map = new WireMap(view);
  const [first] = keys;
  if (first === undefined) return wholeMap(view.attributes, map);
  if (keys.length === 1 && typeof first.constant === "string") {
    const access = oneAttribute(view.attributes, encodeUtf8(first.constant));
    // A resource or scope: asked from each item in it.
    return view instanceof MessagePart ? answeringOnce(access, view.attributes) : access;
  }
  if (typeof first.constant === "string") {
    return insideAttribute(view.attributes, map, encodeUtf8(first.constant), keys);
  }
  return keyed(map, keys);
}

function wholeMap(attributes: AttributeIndex, map: WireMap): PathAccess {
  return {
    get: () => map,
    set: (_, value) => assignMap(map, value),
    keyDeleter(key) {
      const slot = attributes.slotOf(encodeUtf8(key));
      return () => {
        const index = attributes.wantedIndex(slot);
        if (index !== -1) attributes.remove(index, slot);
      };
    },
  };
}

/** A map with keys. */
export function keyed(map: OttlMap, keys: readonly Expression[]): PathAccess {
  return {
    get: (item) => readKeys(map, keys, item),
    set: (item, value) => writeKeys(map, keys, item, value, MAX_MADE_ENTRIES),
  };
}

/** `attributes["key"]`: its slot is known. */
function oneAttribute(attributes: AttributeIndex, key: Uint8Array): PathAccess & RawAccess {
  const slot = attributes.slotOf(key);
  const set = (value: Value) => setAttribute(attributes, key, attributes.wantedIndex(slot), value, slot);
  const text = decodeUtf8(key);
  const keys = [{ evaluate: () => text }];
  const ownRaw = new RawAttribute(attributes, slot);
  return {
    raw: ownRaw,
    changed: (change, get) => changedAccess(ownRaw, change, get),
    changer: (change) => attributes.strings === undefined ? attributeChanger(attributes, key, slot, change) : undefined,
    get: () => {
      const at = attributes.wantedMember(slot);
      return at === -1 ? null : decodeMember(attributes.wantedBytes(slot), at, attributes.strings);
    },
    set(item, value) {
      const isInItself = value instanceof WireMap && value.isOf(attributes);
      if (isInItself) writeKeys(value, keys, item, value, MAX_MADE_ENTRIES);
      else set(value);
    },
    copier(source) {
      const raw = rawOf(source);
      if (raw === undefined || attributes.strings !== undefined) return undefined;
      const isOwn = raw.isOf(attributes, slot);
      return (item) => {
        const tag = raw.find();
        if (tag === NOT_RAW) return set(source.get(item));
        if (isOwn && !raw.isChanged && tag !== NIL) return;
        copyToAttribute(attributes, key, slot, raw, tag);
      };
    },
    comparison(operator, constant) {
      if (typeof constant === "string" && attributes.strings === undefined) {
        const wanted = new ByteWords(encodeUtf8(constant));
        if (operator === "==") return () => attributes.isWantedString(slot, wanted);
        if (operator === "!=") return () => !attributes.isWantedString(slot, wanted);
      }
      const compare = valueComparison(operator, constant, attributes.strings);
      return () => {
        const at = attributes.wantedMember(slot);
        return compare(attributes.wantedBytes(slot), at);
      };
    },
    constantSetter(value) {
      if (attributes.strings !== undefined) return undefined;
      if (!isStorable(value)) return undefined;
      const start = attributes.addConstant((constants) => writeKeyValue(constants, key, value));
      const end = attributes.constants.length;
      return () => {
        const index = attributes.wantedIndex(slot);
        if (index === -1) attributes.add(key, Source.constants, start, end, slot);
        else attributes.replace(index, Source.constants, start, end, slot);
      };
    },
  };
}

/** Comparisons are made once for a message, and again when its attributes were edited. */
function answeringOnce(access: PathAccess, attributes: AttributeIndex): PathAccess {
  return {
    ...access,
    comparison(operator, constant) {
      const compare = access.comparison?.(operator, constant);
      if (compare === undefined) return undefined;
      let revision = -1;
      let answer = false;
      return (item) => {
        if (revision === attributes.revision) return answer;
        answer = compare(item);
        revision = attributes.revision;
        return answer;
      };
    },
  };
}

/** `attributes["key"]["inner"]`: the first key's slot is known. */
function insideAttribute(
  attributes: AttributeIndex,
  map: WireMap,
  key: Uint8Array,
  keys: readonly Expression[],
): PathAccess {
  const slot = attributes.slotOf(key);
  const inner = keys.slice(1);
  return {
    get: (item) => {
      const index = attributes.wantedIndex(slot);
      return index === -1 ? null : readKeys(attributeValue(attributes, index), inner, item);
    },
    set: (item, value) => writeKeys(map, keys, item, value, MAX_MADE_ENTRIES),
  };
}

/** A field that is an AnyValue, such as a log's body. */
export function anyValue(view: MessageView, field: number): PathAccess {
  const valueIn = () => {
    const start = view.fieldStart(field);
    return start === -1 ? null : decodeAnyValue(view.fieldBytes(field), start, view.fieldEnd(field));
  };
  return {
    get: valueIn,
    set: (_, value) => view.setBytes(field, encodeAnyValue(value)),
    comparison(operator, constant) {
      const compare = valueComparison(operator, constant, undefined);
      return () => {
        const start = view.fieldStart(field);
        if (start === -1) return compare(view.bytes, -1);
        const bytes = view.fieldBytes(field);
        return compare(bytes, memberAt(bytes, start, view.fieldEnd(field)));
      };
    },
    constantSetter(value) {
      if (!isStorable(value)) return undefined;
      const encoded = encodeAnyValue(value);
      return () => view.setBytes(field, encoded);
    },
  };
}

/** Whether it surely can be written; what only may be is tried for each item. */
function isStorable(value: Value): boolean {
  return value === null || typeof value !== "object" || value instanceof Uint8Array;
}

/** Compares the AnyValue whose member begins at `at`, or which is empty at -1. */
type MemberComparison = (bytes: Uint8Array, at: number) => boolean;

/** Compares in place where member and constant are of one type, else as `compareValues` does. */
function valueComparison(
  operator: ComparisonOperator,
  constant: Value,
  strings: StringTable | undefined,
): MemberComparison {
  const withNil = compareValues(null, operator, constant);
  const slow: MemberComparison = (bytes, at) => compareValues(decodeMember(bytes, at, strings), operator, constant);
  const tag = memberTagOf(constant);
  if (constant === null) return nilComparison(withNil, compareValues(true, operator, null), slow);
  if (typeof constant === "bigint") return intComparison(operator, constant, withNil, slow);
  if (tag === undefined) return (bytes, at) => at === -1 ? withNil : slow(bytes, at);
  const fast = sameTypeComparison(operator, constant);
  return (bytes, at) => {
    if (at === -1) return withNil;
    return bytes[at] === tag ? fast(bytes, at) : slow(bytes, at);
  };
}

/** Beside nil any value is like another, but for bytes, of which none are nil. */
function nilComparison(withNil: boolean, withValue: boolean, slow: MemberComparison): MemberComparison {
  return (bytes, at) => {
    if (at === -1) return withNil;
    const tag = bytes[at]!;
    return tag >= Member.string && tag <= Member.map ? withValue : slow(bytes, at);
  };
}

/** The tag of values that are of the constant's type. */
function memberTagOf(constant: Value): number | undefined {
  switch (typeof constant) {
    case "string":
      return Member.string;
    case "bigint":
      return Member.int;
    case "number":
      return Member.double;
    case "boolean":
      return Member.bool;
  }
  return undefined;
}

function sameTypeComparison(operator: ComparisonOperator, constant: Value): MemberComparison {
  switch (typeof constant) {
    case "string":
      return stringComparison(operator, encodeUtf8(constant));
    case "number": {
      const test = numberTest(operator, constant);
      return (bytes, at) => test(readDouble(bytes, at + 1));
    }
    default: {
      const test = numberTest(operator, constant ? 1 : 0);
      return (bytes, at) => test(boolAt(bytes, at));
    }
  }
}

function boolAt(bytes: Uint8Array, at: number): number {
  return (varintLow(bytes, at + 1) | varintHigh(bytes, at + 1)) === 0 ? 0 : 1;
}

function stringComparison(operator: ComparisonOperator, wanted: Uint8Array): MemberComparison {
  if (operator === "==") return (bytes, at) => isString(bytes, at, wanted);
  if (operator === "!=") return (bytes, at) => !isString(bytes, at, wanted);
  const answers = ANSWERS[operator];
  return (bytes, at) => answerTo(rangeSign(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted), answers);
}

/** Whether the string member at `at` is this one. */
function isString(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return rangeEquals(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted);
}

/** Order of a range and other bytes. */
function rangeSign(bytes: Uint8Array, start: number, end: number, other: Uint8Array): number {
  const shorter = Math.min(end - start, other.length);
  for (let i = 0; i < shorter; i++) if (bytes[start + i] !== other[i]) return bytes[start + i]! - other[i]!;
  return end - start - other.length;
}

/** All in one closure: ints are what is compared most. */
function intComparison(
  operator: ComparisonOperator,
  constant: bigint,
  withNil: boolean,
  slow: MemberComparison,
): MemberComparison {
  const high = highHalf(constant) | 0;
  const low = lowHalf(constant);
  const answers = ANSWERS[operator];
  // What is farther away compares with a number of one or two bytes as with any other on its side.
  const near = Number(constant);
  return (bytes, at) => {
    if (at === -1) return withNil;
    if (bytes[at] !== Member.int) return slow(bytes, at);
    const first = bytes[at + 1]!;
    if (first < 0x80) return answerTo(first - near, answers);
    const second = bytes[at + 2]!;
    if (second < 0x80) return answerTo((first & 0x7f | second << 7) - near, answers);
    return answerTo(sign64(varintHigh(bytes, at + 1) | 0, varintLow(bytes, at + 1), high, low), answers);
  };
}
