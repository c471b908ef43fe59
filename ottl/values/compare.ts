/**
 * How values compare: never an error, only false (or true for `!=`) where types do not fit.
 *
 * Source: pkg/ottl 1.3, recorded in tests/golden/ottl/operators.jsonl; docs/ottl.md, "Comparison".
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ComparisonOperator } from "./operators.ts";
import { compareUtf8 } from "./utf8.ts";
import { Duration, Id, type ListKind, Opaque, OttlList, OttlMap, Time, type Value } from "./value.ts";

const LESS = -1;
const EQUAL = 0;
const GREATER = 1;
/** Equal, but of a type without order. */
const SAME = 2;
/** Not equal, and neither is the smaller one. */
const DIFFERENT = 3;

type Relation = -1 | 0 | 1 | 2 | 3;

/** Whether `left operator right` holds. */
export function compareValues(left: Value, operator: ComparisonOperator, right: Value): boolean {
  return holds(operator, relate(left, right));
}

/** Whether `left == right` holds: an int and a float may be equal here, but not inside lists and maps. */
export function equalValues(left: Value, right: Value): boolean {
  return holds("==", relate(left, right));
}

function holds(operator: ComparisonOperator, relation: Relation): boolean {
  switch (operator) {
    case "==":
      return relation === EQUAL || relation === SAME;
    case "!=":
      return relation !== EQUAL && relation !== SAME;
    case "<":
      return relation === LESS;
    case "<=":
      return relation === LESS || relation === EQUAL;
    case ">":
      return relation === GREATER;
    case ">=":
      return relation === GREATER || relation === EQUAL;
  }
}

function relate(left: Value, right: Value): Relation {
  if (isNil(left) || isNil(right)) return isNil(left) && isNil(right) ? EQUAL : DIFFERENT;
  switch (typeof left) {
    case "string":
      return typeof right === "string" ? sign(compareUtf8(left, right)) : DIFFERENT;
    case "bigint":
      if (typeof right === "bigint") return left === right ? EQUAL : left < right ? LESS : GREATER;
      return typeof right === "number" ? relateNumbers(Number(left), right) : DIFFERENT;
    case "number":
      if (typeof right === "number") return relateNumbers(left, right);
      return typeof right === "bigint" ? relateNumbers(left, Number(right)) : DIFFERENT;
    case "boolean":
      return typeof right === "boolean" ? relateNumbers(Number(left), Number(right)) : DIFFERENT;
  }
  return relateObjects(left!, right);
}

/** Bytes that are empty are a null array to the reference engine, and that is nil. */
function isNil(value: Value): boolean {
  return value === null || (value instanceof Uint8Array && value.length === 0);
}

function relateNumbers(left: number, right: number): Relation {
  if (left < right) return LESS;
  if (left > right) return GREATER;
  return left === right ? EQUAL : DIFFERENT;
}

function relateObjects(left: Exclude<Value, null>, right: Value): Relation {
  if (left instanceof Uint8Array) return right instanceof Uint8Array ? sign(Buffer.compare(left, right)) : DIFFERENT;
  if (left instanceof Time) return right instanceof Time ? relateInts(left.unixNano, right.unixNano) : DIFFERENT;
  if (left instanceof Duration) return right instanceof Duration ? relateInts(left.nanos, right.nanos) : DIFFERENT;
  return deepEqual(left, right) ? SAME : DIFFERENT;
}

function relateInts(left: bigint, right: bigint): Relation {
  return left === right ? EQUAL : left < right ? LESS : GREATER;
}

function sign(order: number): Relation {
  return order === 0 ? EQUAL : order < 0 ? LESS : GREATER;
}

/** Equal with equal types all the way down; the order of keys does not matter. */
function deepEqual(left: Value, right: Value): boolean {
  if (left instanceof OttlMap) return right instanceof OttlMap && equalMaps(left, right);
  if (left instanceof OttlList) return right instanceof OttlList && equalLists(left, right);
  if (left instanceof Id) return right instanceof Id && left.kind === right.kind && sameBytes(left.bytes, right.bytes);
  if (left instanceof Opaque) return right instanceof Opaque && left.content === right.content;
  if (left === null || right === null) return left === right;
  return typeof left === typeof right && relate(left, right) === EQUAL;
}

function equalMaps(left: OttlMap, right: OttlMap): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [key, value] of left.entries()) {
    const other = right.get(key);
    if (other === undefined || !deepEqual(value, other)) return false;
  }
  return true;
}

/**
 * Lists of strings and of numbers (Split, bucket counts) are equal only to their like: the reference engine has another
 * type for each, and two types are never equal.
 */
function equalLists(left: OttlList, right: OttlList): boolean {
  if (left === right) return true;
  if (left.size !== right.size || family(left.kind) !== family(right.kind)) return false;
  return left.items.every((item, i) => deepEqual(item, right.items[i]!));
}

function family(kind: ListKind): ListKind {
  return kind === "list" ? "slice" : kind;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
