/**
 * Math on values: ints wrap at 64 bits, an int beside a float becomes one, times and durations add up.
 *
 * Source: pkg/ottl 1.3, recorded in tests/golden/ottl/operators.jsonl; docs/ottl.md, "Math".
 *
 * @module
 */

import type { MathOperator } from "./operators.ts";
import { OttlError } from "./errors.ts";
import { MAX_INT, MIN_INT } from "./numbers.ts";
import { Duration, Time, typeName, type Value } from "./value.ts";

/**
 * `left operator right`.
 *
 * @throws {OttlError} Of category "type": these types have no such operator; "divide_by_zero".
 */
export function calculate(left: Value, operator: MathOperator, right: Value): Value {
  if (typeof left === "bigint") {
    if (typeof right === "bigint") return calculateInts(left, operator, right);
    if (typeof right === "number") return calculateFloats(Number(left), operator, right);
  } else if (typeof left === "number") {
    if (typeof right === "number") return calculateFloats(left, operator, right);
    if (typeof right === "bigint") return calculateFloats(left, operator, Number(right));
  } else if (operator === "+" || operator === "-") {
    if (left instanceof Time) return calculateTime(left, operator, right);
    if (left instanceof Duration) return calculateDuration(left, operator, right);
  }
  throw mathError(left, operator, right);
}

/** @throws {OttlError} Of category "type": neither int nor float. */
export function negate(value: Value): Value {
  if (typeof value === "bigint") return BigInt.asIntN(64, -value);
  if (typeof value === "number") return -value;
  throw new OttlError("type", `cannot negate ${typeName(value)}, an int or a float is wanted`);
}

function calculateInts(left: bigint, operator: MathOperator, right: bigint): bigint {
  switch (operator) {
    case "+":
      return BigInt.asIntN(64, left + right);
    case "-":
      return BigInt.asIntN(64, left - right);
    case "*":
      return BigInt.asIntN(64, left * right);
    case "/":
      if (right === 0n) throw divisionByZero();
      return BigInt.asIntN(64, left / right);
  }
}

function calculateFloats(left: number, operator: MathOperator, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0) throw divisionByZero();
      return left / right;
  }
}

function calculateTime(left: Time, operator: "+" | "-", right: Value): Value {
  if (right instanceof Time && operator === "-") return new Duration(saturate(left.unixNano - right.unixNano));
  if (!(right instanceof Duration)) throw mathError(left, operator, right);
  return left.at(operator === "+" ? left.unixNano + right.nanos : left.unixNano - right.nanos);
}

function calculateDuration(left: Duration, operator: "+" | "-", right: Value): Value {
  if (right instanceof Time && operator === "+") return right.at(right.unixNano + left.nanos);
  if (!(right instanceof Duration)) throw mathError(left, operator, right);
  return new Duration(BigInt.asIntN(64, operator === "+" ? left.nanos + right.nanos : left.nanos - right.nanos));
}

function saturate(nanos: bigint): bigint {
  return nanos > MAX_INT ? MAX_INT : nanos < MIN_INT ? MIN_INT : nanos;
}

function mathError(left: Value, operator: MathOperator, right: Value): OttlError {
  return new OttlError("type", `cannot calculate ${typeName(left)} ${operator} ${typeName(right)}`);
}

function divisionByZero(): OttlError {
  return new OttlError("divide_by_zero", "attempted to divide by 0");
}
