/**
 * The values of OTTL.
 *
 * | OTTL | here |
 * | --- | --- |
 * | nil | `null` |
 * | string | `string` (values/utf8.ts: bytes that are no UTF-8 survive) |
 * | int | `bigint`, always within signed 64 bits |
 * | float | `number` |
 * | bool | `boolean` |
 * | bytes | `Uint8Array` |
 * | map, slice | `OttlMap`, `OttlList` |
 * | time, duration | `Time`, `Duration` |
 * | TraceID, SpanID, ProfileID | `Id` |
 * | anything else of a context | `Opaque` |
 *
 * An empty value inside a map or list is `null`.
 *
 * @module
 */

import { OttlError } from "./errors.ts";

export type Value =
  | null
  | string
  | bigint
  | number
  | boolean
  | Uint8Array
  | OttlMap
  | OttlList
  | Time
  | Duration
  | Id
  | Opaque;

/**
 * An ordered map of strings to values. Contexts have their own, over wire bytes; `PlainMap` is the one in memory.
 * What a path gives is live: editing it edits the item, and the path's setter is called after.
 */
export abstract class OttlMap {
  abstract readonly size: number;
  /** The value at `key`: null when it is empty, undefined when there is none. */
  abstract get(key: string): Value | undefined;
  /** Adds or replaces. The value is copied when it is written, so a map may hold another's values. */
  abstract set(key: string, value: Value): void;
  /** Whether it was there. */
  abstract delete(key: string): boolean;
  abstract clear(): void;
  /** In its order; a snapshot, so the map may be edited meanwhile. */
  abstract keys(): string[];
  /** In its order; a snapshot. */
  abstract entries(): [string, Value][];

  /** Whether editing this map edits `other` too. */
  isSame(other: OttlMap): boolean {
    return this === other;
  }

  /** Takes out every entry whose key `drop` is true of. */
  deleteKeys(drop: (key: string) => boolean): void {
    for (const key of this.keys()) if (drop(key)) this.delete(key);
  }

  /** Puts `change(text)` in the place of each top-level string of `minBytes` or more, where it differs. */
  replaceStrings(change: (text: string) => string, _minBytes = 0): void {
    for (const [key, value] of this.entries()) {
      if (typeof value !== "string") continue;
      const changed = change(value);
      if (changed !== value) this.set(key, changed);
    }
  }

  /** Takes the entries of `source` in place of its own. */
  assign(source: OttlMap): void {
    if (source === this) return;
    const entries = source.entries();
    this.clear();
    for (const [key, value] of entries) this.set(key, value);
  }
}

/**
 * A map in memory: the entries that it is made of are taken as they are, `set` copies. `host` marks what the reference
 * engine holds as a plain Go map (URL, UserAgent), not as pdata.
 */
export class PlainMap extends OttlMap {
  readonly #values: Map<string, Value>;
  readonly host: boolean;

  constructor(entries: Iterable<readonly [string, Value]> = [], host = false) {
    super();
    this.#values = new Map(entries);
    this.host = host;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** @throws {OttlError} As `copyValue`. */
  set(key: string, value: Value): void {
    // What is there already has been edited in place.
    if (value === null || typeof value !== "object") this.#values.set(key, value);
    else if (this.#values.get(key) !== value) this.#values.set(key, copyValue(value));
  }

  delete(key: string): boolean {
    return this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  entries(): [string, Value][] {
    return [...this.#values];
  }
}

/**
 * What the reference engine makes of a list, where its answers depend on it: a pdata slice, a list literal, a list of
 * strings (Split), of signed or unsigned ints, of floats. Attributes do not take unsigned ints.
 */
export type ListKind = "slice" | "list" | "strings" | "ints" | "uints" | "floats";

export class OttlList {
  readonly items: Value[];
  readonly kind: ListKind;

  constructor(items: Value[], kind: ListKind = "slice") {
    this.items = items;
    this.kind = kind;
  }

  get size(): number {
    return this.items.length;
  }
}

/** An instant. */
export class Time {
  /** Nanoseconds since 1970 UTC; past int64 where a calendar goes there. */
  readonly unixNano: bigint;
  /** Seconds east of UTC of the zone that it is told in. */
  readonly offsetSeconds: number;
  /** Abbreviation of that zone. */
  readonly zone: string;

  constructor(unixNano: bigint, offsetSeconds = 0, zone = "UTC") {
    this.unixNano = unixNano;
    this.offsetSeconds = offsetSeconds;
    this.zone = zone;
  }

  /** Another instant, told in the same zone. */
  at(unixNano: bigint): Time {
    return new Time(unixNano, this.offsetSeconds, this.zone);
  }
}

export class Duration {
  /** Nanoseconds, within signed 64 bits. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export type IdKind = "trace_id" | "span_id" | "profile_id";

/** A TraceID (16 bytes), SpanID (8) or ProfileID (16). */
export class Id {
  readonly kind: IdKind;
  readonly bytes: Uint8Array;

  constructor(kind: IdKind, bytes: Uint8Array) {
    this.kind = kind;
    this.bytes = bytes;
  }
}

/** What only a context understands: a span's events, a metric's data points. */
export class Opaque {
  /** Such as "span events"; only a value of the same type can be set in its place. */
  readonly type: string;
  /** How many things it holds; undefined when it is no list. */
  readonly size: number | undefined;
  /** The context's own. */
  readonly content: unknown;

  constructor(type: string, size: number | undefined, content: unknown) {
    this.type = type;
    this.size = size;
    this.content = content;
  }
}

/**
 * Elements and entries of one value, those of lists and maps inside it included. Each may be an object of 250 bytes, and a
 * list of empty maps comes in four bytes each.
 */
export const MAX_VALUE_PARTS = 250_000;

/** @throws {OttlError} There are more than `MAX_VALUE_PARTS`; of category "limit". */
export function checkParts(count: number): void {
  if (count > MAX_VALUE_PARTS) {
    throw new OttlError("limit", `a list or map has more than ${MAX_VALUE_PARTS} values, those inside others included`);
  }
}

/** How many parts a value has, at least as far as is still allowed. */
function countParts(value: Value, before: number): number {
  if (!(value instanceof OttlMap || value instanceof OttlList)) return before;
  let count = before + value.size;
  checkParts(count);
  const parts = value instanceof OttlMap ? value.entries().map(([, part]) => part) : value.items;
  for (const part of parts) if (typeof part === "object") count = countParts(part, count);
  return count;
}

/**
 * A value as attributes, bodies and caches keep it: a deep copy, maps in memory, lists as slices.
 *
 * @throws {OttlError} Of category "type": a time, duration, id or object of a context, which have no place there; "limit":
 * it has too many parts.
 */
export function copyValue(value: Value): Value {
  countParts(value, 0);
  return copyPart(value);
}

function copyPart(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof OttlMap) return copyMap(value);
  if (value instanceof OttlList) return copyList(value);
  if (value instanceof Uint8Array) return value.slice();
  throw new OttlError(
    "type",
    `cannot store ${typeName(value)}, a string, int, float, bool, bytes, map or slice is wanted`,
  );
}

export function copyMap(map: OttlMap): PlainMap {
  return new PlainMap(map.entries().map(([key, value]) => [key, copyPart(value)] as const));
}

/** @throws {OttlError} As `copyValue`. */
export function copyList(list: OttlList): OttlList {
  checkStorable(list);
  return new OttlList(list.items.map(copyPart));
}

/** @throws {OttlError} Of category "type": the reference engine finds no place for such a list. */
export function checkStorable({ kind }: OttlList): void {
  if (kind === "uints") throw new OttlError("type", "cannot store a list of unsigned ints");
}

/** What a value is called in messages. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "boolean":
      return "bool";
  }
  if (value === null) return "nil";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof OttlMap) return "map";
  if (value instanceof OttlList) return "slice";
  if (value instanceof Time) return "time";
  if (value instanceof Duration) return "duration";
  if (value instanceof Id) return ID_NAMES[value.kind];
  return value.type;
}

const ID_NAMES: Readonly<Record<IdKind, string>> = {
  trace_id: "TraceID",
  span_id: "SpanID",
  profile_id: "ProfileID",
};
