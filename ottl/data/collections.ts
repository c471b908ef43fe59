/**
 * Lists and maps as one: what the lambda converters run over.
 *
 * @module
 */

import { OttlError, typeError } from "../values/errors.ts";
import { OttlList, OttlMap, PlainMap, typeName, type Value } from "../values/value.ts";

/** The entries of a list (index first) or a map (key first). */
export function entriesOf(source: Value): (readonly [Value, Value])[] {
  if (source instanceof OttlMap) return source.entries();
  if (source instanceof OttlList) return source.items.map((element, i) => [BigInt(i), element]);
  throw typeError("a list or a map", typeName(source));
}

/** A list or a map as `source` is one, of some of its entries or of others for them. */
export function collectionLike(source: Value, entries: readonly (readonly [Value, Value])[]): OttlList | OttlMap {
  if (source instanceof OttlMap) return new PlainMap(entries as readonly (readonly [string, Value])[]);
  return new OttlList(entries.map(([, value]) => value));
}

/** @throws {OttlError} A lambda that must give a bool gave something else. */
export function asBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw new OttlError("type", `the lambda must give a bool, not ${typeName(value)}`);
}
