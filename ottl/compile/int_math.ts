/**
 * Sums and differences of ints, and differences of times, that are compared with a constant: worked out in halves of 32
 * bits, so that `end_time_unix_nano - start_time_unix_nano > 1000000` and `end_time - start_time > Duration("1ms")` make
 * no `bigint` for an item.
 *
 * @module
 */

import type { Item } from "../functions/definition.ts";
import type { ComparisonOperator, MathOperator } from "../values/operators.ts";
import { ANSWERS, answerTo, highOf, type IntHalves, lowOf, sign64 } from "../values/int_halves.ts";
import { MAX_INT, MIN_INT } from "../values/numbers.ts";
import { Duration, type Value } from "../values/value.ts";
import type { ReadAccess } from "./context.ts";
import type { Compiled } from "./scope.ts";

/** What `left operator right` is to a comparison; undefined where a side need not be an int, or it is no sum. */
export function intMath(
  left: Compiled,
  operator: MathOperator,
  right: Compiled,
  get: ReadAccess["get"],
): ReadAccess | undefined {
  const a = halvesOf(left);
  const b = halvesOf(right);
  if (a === undefined || b === undefined || operator !== "+" && operator !== "-") return undefined;
  const sign = operator === "+" ? sumSign(a, b) : differenceSign(a, b);
  return { get, comparison: (comparison, constant) => comparisonBy(sign, comparison, constant) };
}

/** What the difference of two times is to a comparison; undefined where it is none. */
export function timeMath(
  left: Compiled,
  operator: MathOperator,
  right: Compiled,
  get: ReadAccess["get"],
): ReadAccess | undefined {
  const a = left.access?.instant;
  const b = right.access?.instant;
  if (a === undefined || b === undefined || operator !== "-") return undefined;
  return {
    get,
    comparison(comparison, constant) {
      if (!(constant instanceof Duration)) return undefined;
      const { nanos } = constant;
      // Where a difference is too large for 64 bits it is one of these.
      if (nanos === MAX_INT || nanos === MIN_INT) return undefined;
      return comparisonBy(timeSign(a, b), comparison, nanos);
    },
  };
}

/** Does not wrap: the high half has all bits that it needs. */
function timeSign(a: IntHalves, b: IntHalves): SignOf {
  return (item, high, low) => {
    const difference = a.low(item) - b.low(item);
    const borrow = difference < 0 ? 1 : 0;
    return sign64(a.high(item) - b.high(item) - borrow, difference >>> 0, high, low);
  };
}

function halvesOf({ access, constant }: Compiled): IntHalves | undefined {
  if (typeof constant !== "bigint") return access?.halves;
  const high = highOf(constant);
  const low = lowOf(constant);
  return { high: () => high, low: () => low };
}

/** The order of what is worked out for an item and a constant. */
type SignOf = (item: Item, high: number, low: number) => number;

/** Wraps at 64 bits, as all math of ints. */
function sumSign(a: IntHalves, b: IntHalves): SignOf {
  return (item, high, low) => {
    const sum = a.low(item) + b.low(item);
    const carry = sum > 0xffff_ffff ? 1 : 0;
    return sign64(a.high(item) + b.high(item) + carry | 0, sum >>> 0, high, low);
  };
}

function differenceSign(a: IntHalves, b: IntHalves): SignOf {
  return (item, high, low) => {
    const difference = a.low(item) - b.low(item);
    const borrow = difference < 0 ? 1 : 0;
    return sign64(a.high(item) - b.high(item) - borrow | 0, difference >>> 0, high, low);
  };
}

function comparisonBy(signOf: SignOf, operator: ComparisonOperator, constant: Value) {
  if (typeof constant !== "bigint") return undefined;
  const high = highOf(constant);
  const low = lowOf(constant);
  const answers = ANSWERS[operator];
  return (item: Item) => answerTo(signOf(item, high, low), answers);
}
