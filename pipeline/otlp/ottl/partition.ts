/**
 * Parts of a payload by what its items are, for routing.
 *
 * @module
 */

import { concatBytes } from "../../core/bytes.ts";
import { FieldReader, tagOf, WireType } from "../../wire/protobuf.ts";
import type { Payload } from "../payload.ts";
import { SIGNALS } from "../signals.ts";
import type { Cursor } from "./cursor.ts";
import type { LevelName } from "./levels.ts";
import { partsOfItems } from "./item_parts.ts";
import { countItemsIn, DEFAULT_MAX_OUTPUT_BYTES, type Visitor, walk, type WalkOptions } from "./walk.ts";

/**
 * Bytes that slices of a part have on average at least; what is in smaller pieces is copied together, as each chunk costs
 * those behind it more than a copy.
 */
const MIN_SLICE_BYTES = 2_048;

const RESOURCE = 1;
const RESOURCE_TAG = tagOf(RESOURCE, WireType.bytes);
/** Of the scopes in a ResourceXxx. */
const SCOPES_TAG = tagOf(2, WireType.bytes);

/** Levels of what lies in scopes. */
const ITEM_LEVELS: ReadonlySet<LevelName> = new Set<LevelName>(["span", "log", "metric"]);

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
 * @param keyOf Called once for each item, in their order; small numbers from -1 on. It must not edit.
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
  const [first] = keys;
  const isWhole = keys.every((key) => key === first) && (level !== "datapoint" || first === REST);
  if (first !== undefined && isWhole) return new Map([[first, payload]]);
  const { maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = options;
  const inOnePass = level === "resource"
    ? partsOfResources(payload, keys)
    : ITEM_LEVELS.has(level)
    ? partsOfItems(payload, keys, maxOutputBytes)
    : undefined;
  return inOnePass ?? partsByWalk(payload, cursor, level, keys, options);
}

/** One walk a part. */
function partsByWalk(
  payload: Payload,
  cursor: Cursor,
  level: LevelName,
  keys: readonly number[],
  options: Omit<WalkOptions, "visit" | "prune">,
): Map<number, Payload> {
  const parts = new Map<number, Payload>();
  for (const key of new Set(keys)) {
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

/** Whole resources that go together, in their order. */
class ResourcePart {
  readonly #slices: Uint8Array[] = [];
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #byteLength = 0;
  #itemCount = 0;

  /** One that follows the last one makes its slice longer. */
  add(bytes: Uint8Array, start: number, end: number, itemCount: number): void {
    this.#byteLength += end - start;
    this.#itemCount += itemCount;
    if (bytes !== this.#bytes || start !== this.#end) {
      this.#cut();
      this.#bytes = bytes;
      this.#start = start;
    }
    this.#end = end;
  }

  #cut(): void {
    if (this.#bytes !== undefined) this.#slices.push(this.#bytes.subarray(this.#start, this.#end));
  }

  finish({ signal, origin }: Payload): Payload {
    this.#cut();
    const isFine = this.#slices.length > 0 && this.#slices.length * MIN_SLICE_BYTES > this.#byteLength;
    const chunks = isFine ? [concatBytes(this.#slices, this.#byteLength)] : this.#slices;
    return { signal, chunks, itemCount: this.#itemCount, byteLength: this.#byteLength, origin };
  }
}

/**
 * Parts of whole resources, cut out of the same bytes in one pass.
 *
 * @returns undefined for requests that have something besides resources, which every part needs.
 */
function partsOfResources(payload: Payload, keys: readonly number[]): Map<number, Payload> | undefined {
  if (!SIGNALS[payload.signal].mergeable) return undefined;
  const parts = new Map<number, ResourcePart>();
  let next = 0;
  for (const chunk of payload.chunks) {
    const fields = new FieldReader(chunk);
    while (fields.next()) {
      if (fields.tag !== RESOURCE_TAG) return undefined;
      const key = keys[next++]!;
      let part = parts.get(key);
      if (part === undefined) parts.set(key, part = new ResourcePart());
      if (!hasScopes(chunk, fields.start, fields.valueEnd)) continue;
      const itemCount = countItemsIn(payload.signal, RESOURCE, chunk, fields.start, fields.valueEnd);
      part.add(chunk, fields.fieldStart, fields.valueEnd, itemCount);
    }
  }
  return new Map([...parts].map(([key, part]) => [key, part.finish(payload)]));
}

function hasScopes(bytes: Uint8Array, start: number, end: number): boolean {
  const fields = new FieldReader(bytes, start, end);
  while (fields.next()) if (fields.tag === SCOPES_TAG) return true;
  return false;
}
