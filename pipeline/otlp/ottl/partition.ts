/**
 * Parts of a payload by what its items are, for routing.
 *
 * @module
 */

import type { Payload } from "../payload.ts";
import type { Cursor } from "./cursor.ts";
import type { LevelName } from "./levels.ts";
import { type Visitor, walk, type WalkOptions } from "./walk.ts";

/** The key of items that are not moved. */
const REST = -1;

/**
 * Splits a payload by a key of each item of `level`. What an item lies in is repeated around it in each part; what lies
 * in it goes with it, and at the level of resources is not looked at. A resource, scope or metric that has nothing of
 * that level in it is in no part.
 *
 * The key -1 is that of the rest, which no route took. At the level of data points it keeps the metrics without data; in
 * the other parts metrics have lost their metadata, as the collector's routing connector has it.
 *
 * @param keyOf Called once for each item, in their order. It must not edit.
 * @returns Parts in the order in which their keys first come; the payload itself when all of it is one part.
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
  const isWhole = distinct.size === 1 && (level !== "datapoint" || distinct.has(REST));
  if (isWhole) return new Map([[keys[0]!, payload]]);
  const parts = new Map<number, Payload>();
  for (const key of distinct) {
    let i = 0;
    const visit = {
      [level]: () => keys[i++] === key,
      ...level === "datapoint" && key !== REST && { metric: moveShell },
    };
    parts.set(key, walk(payload, cursor, { ...options, visit, prune: true }));
  }
  return parts;
}

/** What goes with data points that are moved out of their metric. */
const moveShell: Visitor = ({ item, data }) => {
  if (item.attributes.span > 0) item.attributes.clear();
  return data.field !== 0;
};
