/**
 * What a map literal makes of the values in it.
 *
 * @module
 */

import { OttlError } from "./errors.ts";
import { copyValue, OttlList, OttlMap, PlainMap, type Value } from "./value.ts";

/**
 * A new map of the entries; of a key that is there twice the last. The reference engine takes no lists but those that
 * are written as literals too, and maps in those only at their top.
 *
 * @throws {OttlError} Of category "value": such a list; "type": what no map can hold.
 */
export function mapOfLiteral(entries: readonly (readonly [string, Value])[]): PlainMap {
  for (const [, value] of entries) checkLists(value, 0);
  return new PlainMap(entries.map(([key, value]) => [key, copyValue(value)] as const));
}

function checkLists(value: Value, depth: number): void {
  if (value instanceof OttlMap && depth > 1) throw notInMap("a map in a list in a list");
  if (!(value instanceof OttlList)) return;
  if (value.kind !== "list") throw notInMap("a slice that is no literal");
  for (const item of value.items) checkLists(item, depth + 1);
}

function notInMap(what: string): OttlError {
  return new OttlError("value", `cannot put ${what} into a map literal`);
}
