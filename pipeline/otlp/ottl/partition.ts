/**
 * Parts of a payload by what its items are, for routing.
 *
 * @module
 */

import type { Payload } from "../payload.ts";
import type { Cursor } from "./cursor.ts";
import type { LevelName } from "./levels.ts";
import { walk, type WalkOptions } from "./walk.ts";

/**
 * Splits a payload by a key of each item of `level`. What an item lies in is repeated around it in each part; what lies
 * in it goes with it, and at the level of resources is not looked at. A resource, scope or metric that has nothing of
 * that level in it is in no part.
 *
 * @param keyOf Called once for each item, in their order. It must not edit.
 * @returns Parts in the order in which their keys first come; the payload itself when there is one key.
 * @throws {OttlError} What `keyOf` throws; "limit" past a bound of `options`.
 */
export function partition(
  payload: Payload,
  cursor: Cursor,
  level: LevelName,
  keyOf: (cursor: Cursor) => number,
  options: Omit<WalkOptions, "visit" | "prune"> = {},
): Map<number, Payload> {
  const keys: number[] = [];
  const ask = (item: Cursor) => {
    keys.push(keyOf(item));
    return true;
  };
  walk(payload, cursor, { ...options, visit: { [level]: ask } });
  const distinct = new Set(keys);
  if (distinct.size === 1) return new Map([[keys[0]!, payload]]);
  // A metric without data has no data points, so it would be in every part.
  const around = level === "datapoint" ? { metric: hasData } : {};
  const parts = new Map<number, Payload>();
  for (const key of distinct) {
    let i = 0;
    const visit = { ...around, [level]: () => keys[i++] === key };
    parts.set(key, walk(payload, cursor, { ...options, visit, prune: true }));
  }
  return parts;
}

function hasData(cursor: Cursor): boolean {
  return cursor.dataPointKind() !== "none";
}
