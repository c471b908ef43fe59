/**
 * Ints of 64 bits as two halves of 32, the high one signed and the low one unsigned: compared without a `bigint`.
 *
 * @module
 */

import type { ComparisonOperator } from "./operators.ts";

/** The halves of an int of the item that is looked at. */
export interface IntHalves {
  high(item: object): number;
  low(item: object): number;
}

/** Order of two ints: -1 where the first is less, 0 where they are equal, 1. */
export function sign64(high: number, low: number, otherHigh: number, otherLow: number): number {
  if (high !== otherHigh) return high < otherHigh ? -1 : 1;
  return low === otherLow ? 0 : low < otherLow ? -1 : 1;
}

/** Whether a comparison holds by the order of its sides: at -1 the left one is less, at 0 they are equal. */
export function signTest(operator: ComparisonOperator): (sign: number) => boolean {
  switch (operator) {
    case "==":
      return (sign) => sign === 0;
    case "!=":
      return (sign) => sign !== 0;
    case "<":
      return (sign) => sign < 0;
    case "<=":
      return (sign) => sign <= 0;
    case ">":
      return (sign) => sign > 0;
    case ">=":
      return (sign) => sign >= 0;
  }
}

export function highOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

export function lowOf(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}
