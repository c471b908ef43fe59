/**
 * Values as attributes, bodies and caches keep them: deep copies of what telemetry can hold.
 *
 * @module
 */

import { OttlError } from "./errors.ts";
import { Duration, Id, Opaque, OttlList, OttlMap, PlainMap, Time, typeName, type Value } from "./value.ts";

/**
 * A copy that shares nothing with `value`: maps in memory, lists as slices.
 *
 * @throws {OttlError} Of category "type": a time, duration, id or object of a context, which have no place there.
 */
export function copyValue(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof OttlMap) return copyMap(value);
  if (value instanceof OttlList) return copyList(value);
  if (value instanceof Time || value instanceof Duration || value instanceof Id || value instanceof Opaque) {
    throw new OttlError(
      "type",
      `cannot store ${typeName(value)}, a string, int, float, bool, bytes, map, slice or nil is wanted`,
    );
  }
  return value.slice();
}

export function copyMap(map: OttlMap): PlainMap {
  const copy = new PlainMap();
  for (const [key, value] of map.entries()) copy.set(key, copyValue(value));
  return copy;
}

export function copyList(list: OttlList): OttlList {
  return new OttlList(list.items.map(copyValue));
}
