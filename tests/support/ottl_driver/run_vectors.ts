/**
 * Runs recorded cases through the driver, in process, and says where the answers differ.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { readVectorInput, type Vector } from "../ottl_vectors.ts";
import { answer } from "./answer.ts";
import { compare, isSameCategory } from "./compare.ts";
import type { Request } from "./protocol.ts";

export interface Outcome {
  readonly vector: Vector;
  readonly agrees: boolean;
  /** Whether both errors, if they are ones, are of one category. */
  readonly sameCategory: boolean;
  readonly got: unknown;
  readonly want: unknown;
}

export async function runVector(vector: Vector): Promise<Outcome> {
  try {
    const given = await answer(requestOf(vector));
    const { got, want } = compare(vector, given);
    const agrees = isDeepStrictEqual(got, want);
    return { vector, agrees, sameCategory: isSameCategory(vector, given), got, want };
  } catch (thrown) {
    return { vector, agrees: false, sameCategory: false, got: thrown, want: vector.want };
  }
}

/** The case as the driver is asked: its input in the place of the input's name. */
export function requestOf(vector: Vector): Request {
  const { want: _, input, ...request } = vector;
  const payload = input === undefined ? {} : { input: `base64:${readVectorInput(input).toBase64()}` };
  return { ...request, ...payload } as Request;
}

/** `Concat 12/12, Split 9/10, …` */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const byAbout = Map.groupBy(outcomes, ({ vector }) => vector.about);
  return Array.from(byAbout, ([about, all]) => `${about} ${all.filter(({ agrees }) => agrees).length}/${all.length}`)
    .join(", ");
}
