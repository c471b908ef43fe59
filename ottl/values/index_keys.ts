/**
 * Keys in brackets: behind paths, where what is missing is nil and is made when it is written, and behind converters,
 * where it is an error.
 *
 * Source: pkg/ottl 1.3; docs/ottl.md, "Keys".
 *
 * @module
 */

import { OttlError } from "./errors.ts";
import { copyMap, copyValue, OttlList, OttlMap, PlainMap, typeName, type Value } from "./value.ts";

/** One key: a literal, or evaluated for each item. */
export interface Key {
  evaluate(item: object): Value;
}

/**
 * What stands under `keys` of a path's map or list: nil from the first key on that a map does not have.
 *
 * @throws {OttlError} Of category "index": a key does not fit what it meets, or is past a list's end.
 */
export function readKeys(root: Value, keys: readonly Key[], item: object): Value {
  let value = root;
  for (const key of keys) {
    const next = step(value, key.evaluate(item));
    if (next === undefined) return null;
    value = next;
  }
  return value;
}

/** Undefined when a map has no such key. */
function step(value: Value, key: Value): Value | undefined {
  if (value instanceof OttlMap) return value.get(stringKey(key));
  if (value instanceof OttlList) return value.items[indexIn(value.size, key)]!;
  throw notIndexable(value, key);
}

/**
 * Puts `value` under `keys`, one or more: a copy of it. Maps and lists on the way are made where there is nothing yet:
 * a string key makes a map, an int key a list that is filled up with nil.
 *
 * A value that cannot be kept leaves nil under a key that was not there, as the reference engine does.
 *
 * @param maxEntries Of a list that is made.
 * @throws {OttlError} Of category "index" as `readKeys`; "type": such a value cannot be kept; "limit".
 */
export function writeKeys(
  root: OttlMap | OttlList,
  keys: readonly Key[],
  item: object,
  value: Value,
  maxEntries: number,
): void {
  const isInItself = value instanceof OttlMap && root instanceof OttlMap && value.isSame(root);
  const stored = isInItself ? withPlace(value, keys, item, maxEntries) : value;
  new Writing(keys, item, stored, maxEntries).into(root, 0);
}

/** A map that is put into itself is copied when there is an empty place for it, as in the reference engine. */
function withPlace(map: OttlMap, keys: readonly Key[], item: object, maxEntries: number): OttlMap {
  const copy = copyMap(map);
  if (!(readKeys(copy, keys, item) instanceof OttlMap)) {
    new Writing(keys, item, new PlainMap(), maxEntries).into(copy, 0);
  }
  return copy;
}

class Writing {
  readonly #keys: readonly Key[];
  readonly #item: object;
  readonly #value: Value;
  readonly #maxEntries: number;

  constructor(keys: readonly Key[], item: object, value: Value, maxEntries: number) {
    this.#keys = keys;
    this.#item = item;
    this.#value = value;
    this.#maxEntries = maxEntries;
  }

  /** Puts what belongs under the key at `depth` into `container`. */
  into(container: OttlMap | OttlList, depth: number): void {
    const key = this.#keys[depth]!.evaluate(this.#item);
    if (container instanceof OttlMap) this.#intoMap(container, stringKey(key), depth);
    else this.#intoList(container, indexIn(container.size, key), depth);
  }

  #intoMap(map: OttlMap, key: string, depth: number): void {
    const old = map.get(key);
    if (old === undefined) map.set(key, null);
    this.#replace(old ?? null, depth, (value) => map.set(key, value));
  }

  #intoList(list: OttlList, index: number, depth: number): void {
    this.#replace(list.items[index]!, depth, (value) => list.items[index] = value);
  }

  /** Gives `store` what stands in the place of `old` afterwards, which the key at `depth` led to. */
  #replace(old: Value, depth: number, store: (value: Value) => void): void {
    if (depth === this.#keys.length - 1) return store(copyValue(this.#value));
    const container = old ?? this.#made(depth + 1);
    if (!(container instanceof OttlMap || container instanceof OttlList)) {
      throw notIndexable(old, this.#keys[depth + 1]!.evaluate(this.#item));
    }
    try {
      this.into(container, depth + 1);
    } finally {
      // Also what was half done stays, as in the reference engine.
      store(container);
    }
  }

  /** The container that the key at `depth` asks for where there is none. */
  #made(depth: number): OttlMap | OttlList {
    const key = this.#keys[depth]!.evaluate(this.#item);
    if (typeof key === "string") return new PlainMap();
    if (typeof key !== "bigint") throw keyError("a string or an int", key);
    if (key < 0n) throw outOfBounds(key);
    if (key >= this.#maxEntries) {
      throw new OttlError(
        "limit",
        `cannot make a slice of more than ${this.#maxEntries} entries: index ${key} is wanted`,
      );
    }
    return new OttlList(new Array<Value>(Number(key) + 1).fill(null));
  }
}

/**
 * What stands under the keys of a converter's result.
 *
 * @throws {OttlError} As `indexValue`.
 */
export function indexValues(value: Value, keys: readonly Key[], item: object): Value {
  let found = value;
  for (const key of keys) found = indexValue(found, key.evaluate(item));
  return found;
}

/**
 * What stands under the key of a converter's result.
 *
 * @throws {OttlError} Of category "index": there is nothing, or the key does not fit.
 */
export function indexValue(value: Value, key: Value): Value {
  if (value instanceof OttlMap) {
    const found = value.get(stringKey(key));
    if (found === undefined) throw new OttlError("index", "key not found in map");
    return found;
  }
  if (value instanceof OttlList) return value.items[indexIn(value.size, key)]!;
  if (value instanceof Uint8Array) return BigInt(value[indexIn(value.length, key)]!);
  throw notIndexable(value, key);
}

/** @throws {OttlError} Of category "index": the key is no string. */
export function stringKey(key: Value): string {
  if (typeof key === "string") return key;
  throw keyError("a string", key);
}

/** @throws {OttlError} Of category "index": the key is no int, or not below `size`. */
export function indexIn(size: number, key: Value): number {
  if (typeof key !== "bigint") throw keyError("an int", key);
  if (key < 0n || key >= size) throw outOfBounds(key);
  return Number(key);
}

function keyError(wanted: string, key: Value): OttlError {
  return new OttlError("index", `cannot index with ${typeName(key)}, ${wanted} is wanted`);
}

function outOfBounds(index: bigint): OttlError {
  return new OttlError("index", `index ${index} out of bounds`);
}

function notIndexable(value: Value, key: Value): OttlError {
  return new OttlError("index", `type ${typeName(value)} does not support ${typeName(key)} indexing`);
}
