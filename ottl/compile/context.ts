/**
 * What the language asks of a context: names, and ways to reach values of an item.
 *
 * The language knows no telemetry. A context resolves each path once, when a group of statements is compiled, to closures
 * over its items; so it knows all that a group reads before the first item comes.
 *
 * @module
 */

import type { Expression, FunctionDefinition, Item } from "../functions/definition.ts";
import type { TextChange } from "../text/text_change.ts";
import type { ComparisonOperator } from "../values/operators.ts";
import type { IntHalves } from "../values/int_halves.ts";
import type { Value } from "../values/value.ts";

/** A path whose context is known: of `span.attributes["a"]["b"]` context "span" and one field with two keys. */
export interface ContextPath {
  readonly context: string;
  readonly fields: readonly ContextPathField[];
  /** As a text writes it, for messages. */
  readonly text: string;
}

export interface ContextPathField {
  readonly name: string;
  /** A literal key has a `constant`: a string or an int. Others are evaluated for every item. */
  readonly keys: readonly Expression[];
}

/** What a path leads to, as something to read. */
export interface ReadAccess {
  /** @throws {OttlError} A key does not fit what is there. */
  get(item: Item): Value;
  /**
   * A closure for `path operator constant` that need not take the value out; undefined where there is none better than
   * comparing what `get` gives. Its answers are those of `compareValues`.
   */
  comparison?(operator: ComparisonOperator, constant: Value): ((item: Item) => boolean) | undefined;
  /**
   * What a change makes of the string that is here, without taking it out; undefined where there is none better than the
   * change of what `get` gives.
   *
   * @param get Gives the same, with its errors.
   */
  changed?(change: TextChange, get: (item: Item) => Value): ReadAccess | undefined;
  /** Of what always is an int, where it can be had in halves. */
  readonly halves?: IntHalves;
  /** Of what always is a time: its nanoseconds since 1970 in halves. */
  readonly instant?: IntHalves;
}

/** What a path leads to. */
export interface PathAccess extends ReadAccess {
  /** @throws {OttlError} It cannot hold such a value, or cannot be written. */
  set(item: Item, value: Value): void;
  /** A closure that sets a value that never changes; undefined where there is none better than `set`. */
  constantSetter?(value: Value): ((item: Item) => void) | undefined;
  /**
   * A closure that sets what another path of the same resolver leads to and need not take it out; undefined where there is
   * none better than `set` of what its `get` gives.
   */
  copier?(source: ReadAccess): ((item: Item) => void) | undefined;
  /** A closure that changes a string that is here, and nothing else; undefined where there is none better than `set`. */
  changer?(change: TextChange): ((item: Item) => void) | undefined;
  /** Of a path to a map: a closure that takes one entry out; undefined where there is none better than the map's own. */
  keyDeleter?(key: string): ((item: Item) => void) | undefined;
}

/** Resolves paths for one group of statements. */
export interface PathResolver {
  /** @throws {OttlError} Of category "unknown_path" or "path_keys". */
  resolve(path: ContextPath): PathAccess;
}

/** A context by its names. */
export interface ContextDefinition {
  /** Such as "span": what `context:` takes. */
  readonly name: string;
  /** Names of contexts that its paths may begin with, its own first. */
  readonly prefixes: readonly string[];
  /** Symbols and their numbers. */
  readonly enums: ReadonlyMap<string, bigint>;
  /** Names of paths, for suggestions and the path table: "span.status.code". */
  readonly pathNames: readonly string[];
}

/** Functions by name. */
export type FunctionTable = ReadonlyMap<string, FunctionDefinition>;
