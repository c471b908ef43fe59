/**
 * Paths to attributes: the map as a whole, one of them by a key in brackets, and what lies in its value.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Expression } from "../../../../ottl/functions/definition.ts";
import type { ComparisonOperator } from "../../../../ottl/syntax/ast.ts";
import { compareValues } from "../../../../ottl/values/compare.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { readKeys, writeKeys } from "../../../../ottl/values/index_keys.ts";
import { encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { OttlMap, typeName, type Value } from "../../../../ottl/values/value.ts";
import { rangeEquals, varintHigh, varintLow } from "../../../wire/protobuf.ts";
import {
  contentEnd,
  contentStart,
  decodeAnyValue,
  decodeMember,
  encodeAnyValue,
  encodeKeyValue,
  highHalf,
  lowHalf,
  Member,
  memberAt,
  readDouble,
} from "../any_value.ts";
import type { MessageView } from "../message_view.ts";
import { attributeMember, attributeValue, setAttribute, WireMap } from "../wire_map.ts";
import { holds, numbersCompare, sign64 } from "./scalars.ts";

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
  if (first === undefined) return { get: () => map, set: (_, value) => assignMap(map, value) };
  if (keys.length === 1 && typeof first.constant === "string") return oneAttribute(view, encodeUtf8(first.constant));
  if (typeof first.constant === "string") return insideAttribute(view, map, encodeUtf8(first.constant), keys);
  return keyed(map, keys);
}

/** A map with keys. */
export function keyed(map: OttlMap, keys: readonly Expression[]): PathAccess {
  return {
    get: (item) => readKeys(map, keys, item),
    set: (item, value) => writeKeys(map, keys, item, value, MAX_MADE_ENTRIES),
  };
}

/** `attributes["key"]`: its slot is known. */
function oneAttribute(view: MessageView, key: Uint8Array): PathAccess {
  const slot = view.wanted.slotOf(key);
  return {
    get: () => {
      const index = view.wantedAttribute(slot);
      return index === -1 ? null : attributeValue(view, index);
    },
    set: (_, value) => setAttribute(view, key, view.wantedAttribute(slot), value),
    comparison(operator, constant) {
      const compare = valueComparison(operator, constant, view);
      return () => {
        const index = view.wantedAttribute(slot);
        return index === -1
          ? compare(view.bytes, -1)
          : compare(view.attributeBytes(index), attributeMember(view, index));
      };
    },
    constantSetter(value) {
      if (view.strings !== undefined) return undefined;
      const keyValue = encodeKeyValue(key, value);
      return () => {
        const index = view.wantedAttribute(slot);
        if (index === -1) view.addAttribute(key, keyValue);
        else view.replaceAttribute(index, keyValue);
      };
    },
  };
}

/** `attributes["key"]["inner"]`: the first key's slot is known. */
function insideAttribute(view: MessageView, map: WireMap, key: Uint8Array, keys: readonly Expression[]): PathAccess {
  const slot = view.wanted.slotOf(key);
  const inner = keys.slice(1);
  return {
    get: (item) => {
      const index = view.wantedAttribute(slot);
      return index === -1 ? null : readKeys(attributeValue(view, index), inner, item);
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
      const compare = valueComparison(operator, constant, view);
      return () => {
        const start = view.fieldStart(field);
        if (start === -1) return compare(view.bytes, -1);
        const bytes = view.fieldBytes(field);
        return compare(bytes, memberAt(bytes, start, view.fieldEnd(field)));
      };
    },
    constantSetter(value) {
      const encoded = encodeAnyValue(value);
      return () => view.setBytes(field, encoded);
    },
  };
}

/** Compares the AnyValue whose member begins at `at`, or which is empty at -1. */
type MemberComparison = (bytes: Uint8Array, at: number) => boolean;

/** Compares in place where member and constant are of one type, else as `compareValues` does. */
function valueComparison(operator: ComparisonOperator, constant: Value, view: MessageView): MemberComparison {
  const fast = sameTypeComparison(operator, constant);
  const withNil = compareValues(null, operator, constant);
  const tag = fast?.tag;
  return (bytes, at) => {
    if (at === -1) return withNil;
    if (bytes[at] === tag) return fast!.compare(bytes, at);
    return compareValues(decodeMember(bytes, at, view.strings), operator, constant);
  };
}

function sameTypeComparison(
  operator: ComparisonOperator,
  constant: Value,
): { readonly tag: number; readonly compare: MemberComparison } | undefined {
  switch (typeof constant) {
    case "string":
      return stringComparison(operator, encodeUtf8(constant));
    case "bigint":
      return intComparison(operator, constant);
    case "number":
      return {
        tag: Member.double,
        compare: (bytes, at) => numbersCompare(readDouble(bytes, at + 1), operator, constant),
      };
    case "boolean": {
      const wanted = constant ? 1 : 0;
      return { tag: Member.bool, compare: (bytes, at) => numbersCompare(boolAt(bytes, at), operator, wanted) };
    }
  }
  return undefined;
}

function boolAt(bytes: Uint8Array, at: number): number {
  return (varintLow(bytes, at + 1) | varintHigh(bytes, at + 1)) === 0 ? 0 : 1;
}

function stringComparison(operator: ComparisonOperator, wanted: Uint8Array) {
  const isEqual = (bytes: Uint8Array, at: number) =>
    rangeEquals(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted);
  if (operator === "==") return { tag: Member.string, compare: isEqual };
  if (operator === "!=") return { tag: Member.string, compare: (b: Uint8Array, at: number) => !isEqual(b, at) };
  return {
    tag: Member.string,
    compare: (bytes: Uint8Array, at: number) =>
      holds(operator, rangeSign(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted)),
  };
}

/** Order of a range and other bytes. */
function rangeSign(bytes: Uint8Array, start: number, end: number, other: Uint8Array): number {
  const shorter = Math.min(end - start, other.length);
  for (let i = 0; i < shorter; i++) if (bytes[start + i] !== other[i]) return bytes[start + i]! - other[i]!;
  return end - start - other.length;
}

function intComparison(operator: ComparisonOperator, constant: bigint) {
  const high = highHalf(constant) | 0;
  const low = lowHalf(constant);
  return {
    tag: Member.int,
    compare: (bytes: Uint8Array, at: number) =>
      holds(operator, sign64(varintHigh(bytes, at + 1) | 0, varintLow(bytes, at + 1), high, low)),
  };
}
