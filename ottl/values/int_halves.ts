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

/** What a comparison says where its left side is less, where both are equal, and where it is greater. */
export interface Answers {
  readonly less: boolean;
  readonly equal: boolean;
  readonly greater: boolean;
}

/** An operator as its answers, which cost no call where they are used. */
export const ANSWERS: Readonly<Record<ComparisonOperator, Answers>> = {
  "==": { less: false, equal: true, greater: false },
  "!=": { less: true, equal: false, greater: true },
  "<": { less: true, equal: false, greater: false },
  "<=": { less: true, equal: true, greater: false },
  ">": { less: false, equal: false, greater: true },
  ">=": { less: false, equal: true, greater: true },
};

/** What it says by the order of its sides: below 0 the left one is less. */
export function answerTo(sign: number, { less, equal, greater }: Answers): boolean {
  return sign < 0 ? less : sign === 0 ? equal : greater;
}

export function highOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

export function lowOf(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}
