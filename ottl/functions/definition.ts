/**
 * What an OTTL function is: a name, parameters by kind, examples, and a way to make a closure of given arguments.
 *
 * A function is one file that exports one definition:
 *
 * ```ts
 * export const hasPrefix = converter({
 *   name: "HasPrefix",
 *   summary: "Whether `target` begins with `prefix`.",
 *   parameters: { target: str, prefix: str },
 *   examples: [{ text: 'HasPrefix("sluice", "sl")', result: "true" }],
 *   compile: ({ target, prefix }) => (item) => target.evaluate(item).startsWith(prefix.evaluate(item)),
 * });
 * ```
 *
 * Parameters stand in the order of positional arguments; optional ones last. Their names are camelCase; a text may write
 * them in snake_case. Kinds are those of the reference (docs/ottl.md, "Parameters").
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import type { TextChange } from "../text/text_change.ts";
import type { Duration, OttlList, OttlMap, Time, Value } from "../values/value.ts";

/** Whatever a context runs statements on; functions only hand it on. */
export type Item = object;

/** A value that may differ for every item. */
export interface Expression<T extends Value = Value> {
  /** @throws {OttlError} It has no such value for this item. */
  evaluate(item: Item): T;
  /** The value, when it is written in the text: the same for all items. Otherwise undefined (nil is null). */
  readonly constant: T | undefined;
}

/** A path as something to write to. */
export interface Target<T extends Value = Value> {
  /** What is there now; null for nothing. A `mapPath` or `slicePath` throws a type error for anything else than that. */
  evaluate(item: Item): T;
  /** @throws {OttlError} It cannot hold such a value, or not be written. */
  set(item: Item, value: Value): void;
  /** A closure that sets what an expression gives: cheaper than `set` where that never changes, or is a path's. */
  setter(value: Expression): (item: Item) => void;
  /** A closure that changes a string that is there, and nothing else; undefined where there is none better than `set`. */
  changer(change: TextChange): ((item: Item) => void) | undefined;
  /** Of a map: a closure that takes one entry out; undefined where there is none better than the map's own. */
  keyDeleter(key: string): ((item: Item) => void) | undefined;
}

/** A converter given by its name alone, called with one string. */
export interface FunctionReference {
  readonly name: string;
  /** @throws {OttlError} It does not take exactly one string. */
  call(item: Item, text: string): Value;
}

export interface Lambda {
  readonly parameters: readonly string[];
  /** @throws {OttlError} Another number of arguments than it has parameters. */
  call(item: Item, args: readonly Value[]): Value;
}

/** What functions are given besides their arguments. */
export interface Tools {
  readonly limits: OttlLimits;
  /** Nanoseconds since 1970. */
  readonly nowUnixNano: () => bigint;
  /** So many random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Time zone of `Now()`, `Unix()` and times without one. Default "UTC". */
  readonly zone: string;
}

export type ParameterKind =
  | "any"
  | "str"
  | "int"
  | "map"
  | "slice"
  | "time"
  | "duration"
  | "str~"
  | "int~"
  | "float~"
  | "bool~"
  | "bytes~"
  | "lit-str"
  | "lit-int"
  | "lit-float"
  | "lit-bool"
  | "fn"
  | "lambda"
  | "path"
  | "path-map"
  | "path-slice"
  | "list"
  | "dynamic-list";

/** One parameter; `Argument` is what `compile` is given for it. */
export interface Parameter<Argument = unknown> {
  readonly kind: ParameterKind;
  /** Of each element; kinds "list" and "dynamic-list" only. */
  readonly element: Parameter | undefined;
  readonly optional: boolean;
  /** Other names that a text may use, camelCase. */
  readonly aliases: readonly string[];
  /** Only for the type checker. */
  readonly argument?: Argument;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** What `compile` is given: an argument for each parameter; undefined for an optional one that is not there. */
export type Arguments<P extends Parameters> = {
  readonly [Name in keyof P]: P[Name] extends Parameter<infer Argument> ? Argument : never;
};

/**
 * An example, and a test. `text` is a value expression for a converter, a statement for an editor. It runs on an item
 * whose `attributes` are `given` (a map literal of OTTL; default `{}`).
 */
export interface Example {
  readonly text: string;
  readonly given?: string;
  /** A value expression that the converter's result equals, of the same type; an editor's `attributes` after it. */
  readonly result?: string;
  /** Instead: a regular expression for the text form of a result that differs each time. */
  readonly matches?: RegExp;
  /** Instead: what it throws, at load or when it runs. */
  readonly error?: string;
}

// A method, so that a function over the items of one context fits a table of functions over any.
type Evaluation = { evaluate(item: Item): Value }["evaluate"];

/** A converter's result as a change of one of its arguments, a string. */
export interface ChangedArgument {
  readonly source: Expression<string>;
  readonly change: TextChange;
}

/** A type by the name that messages call it by. */
export type ResultKind =
  | "string"
  | "int"
  | "float"
  | "bool"
  | "map"
  | "time"
  | "duration"
  | "TraceID"
  | "SpanID"
  | "ProfileID";

export interface FunctionDefinition {
  readonly kind: "editor" | "converter";
  readonly name: string;
  /** What a converter always gives, if not nil. Absent: several types, or none that can be told by its name. */
  readonly gives?: ResultKind;
  /** One or two sentences for the function table, Markdown. */
  readonly summary: string;
  readonly parameters: Parameters;
  readonly examples: readonly Example[];
  /** Refused at load unless this gate is on. */
  readonly gate: string | undefined;
  /** Whether its result of literals counts as a literal: ids. */
  readonly folds: boolean;
  /** Whether its result of literals never changes, though it is no literal. */
  readonly isPure: boolean;
  /** @throws {OttlError} Arguments that are known at load and can never do: a load error. */
  compile(args: Readonly<Record<string, unknown>>, tools: Tools): Evaluation;
  /** The same as a change, where it is one. Called for arguments that `compile` took. */
  asChange?(args: Readonly<Record<string, unknown>>): ChangedArgument | undefined;
}

interface Written<P extends Parameters, Result> {
  readonly name: string;
  readonly gives?: ResultKind;
  readonly summary: string;
  readonly parameters: P;
  readonly examples: readonly Example[];
  readonly gate?: string;
  readonly folds?: boolean;
  readonly isPure?: boolean;
  compile(args: Arguments<P>, tools: Tools): (item: Item) => Result;
  asChange?(args: Arguments<P>): ChangedArgument | undefined;
}

/** A function that gives a value. */
export function converter<const P extends Parameters>(written: Written<P, Value>): FunctionDefinition {
  const { gate, folds = false, isPure = false } = written;
  return { ...written, kind: "converter", gate, folds, isPure } as FunctionDefinition;
}

/** A function that changes the item. */
export function editor<const P extends Parameters>(written: Written<P, void>): FunctionDefinition {
  // Nobody looks at what it returns.
  return {
    ...written,
    kind: "editor",
    gate: written.gate,
    folds: false,
    isPure: false,
  } as unknown as FunctionDefinition;
}

function parameter<Argument>(kind: ParameterKind, element?: Parameter): Parameter<Argument> {
  return { kind, element, optional: false, aliases: [] };
}

/** Any value expression. */
export const any: Parameter<Expression> = parameter("any");

// Strict: the value has the type, or evaluating throws a type error (also for nil).
export const str: Parameter<Expression<string>> = parameter("str");
export const int: Parameter<Expression<bigint>> = parameter("int");
export const map: Parameter<Expression<OttlMap>> = parameter("map");
export const slice: Parameter<Expression<OttlList>> = parameter("slice");
export const time: Parameter<Expression<Time>> = parameter("time");
export const duration: Parameter<Expression<Duration>> = parameter("duration");

// Like: the value is converted, nil stays null.
export const strLike: Parameter<Expression<string | null>> = parameter("str~");
export const intLike: Parameter<Expression<bigint | null>> = parameter("int~");
export const floatLike: Parameter<Expression<number | null>> = parameter("float~");
export const boolLike: Parameter<Expression<boolean | null>> = parameter("bool~");
export const bytesLike: Parameter<Expression<Uint8Array | null>> = parameter("bytes~");

// Literals: given as plain values, known at load.
export const litStr: Parameter<string> = parameter("lit-str");
export const litInt: Parameter<bigint> = parameter("lit-int");
export const litFloat: Parameter<number> = parameter("lit-float");
export const litBool: Parameter<boolean> = parameter("lit-bool");

/** The name of a converter without parentheses. */
export const fn: Parameter<FunctionReference> = parameter("fn");
export const lambda: Parameter<Lambda> = parameter("lambda");
export const path: Parameter<Target> = parameter("path");
/** A path that must hold a map when it is read. */
export const mapPath: Parameter<Target<OttlMap>> = parameter("path-map");
export const slicePath: Parameter<Target<OttlList>> = parameter("path-slice");

/** A list literal whose elements are each of the kind. */
export function listOf<Argument>(element: Parameter<Argument>): Parameter<readonly Argument[]> {
  return parameter("list", element);
}

/**
 * A list literal of expressions, or any other value that is a slice when items run. For the first `elements` is
 * given; for the second `list`, whose value is nil, a list, or anything else by mistake.
 */
export interface DynamicList<T extends Value> {
  readonly elements: readonly Expression<T>[] | undefined;
  readonly list: Expression | undefined;
}

export function dynamicListOf<T extends Value>(element: Parameter<Expression<T>>): Parameter<DynamicList<T>> {
  return parameter("dynamic-list", element);
}

export function optional<Argument>(required: Parameter<Argument>): Parameter<Argument | undefined> {
  return { ...required, optional: true } as Parameter<Argument | undefined>;
}

/** Other names by which a text may give it. */
export function alias<Argument>(named: Parameter<Argument>, ...aliases: string[]): Parameter<Argument> {
  return { ...named, aliases };
}

/** What `make` makes of an expression's value: once at load when it is a constant, else for every item. */
export function prepared<T extends Value, R>(expression: Expression<T>, make: (value: T) => R): (item: Item) => R {
  if (expression.constant === undefined) return (item) => make(expression.evaluate(item));
  const made = make(expression.constant);
  return () => made;
}
