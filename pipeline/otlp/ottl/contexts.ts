/**
 * The contexts of OTTL over OTLP: what each is called, what can be reached from it, and its symbols.
 *
 * Source: pkg/ottl 1.3 (contexts).
 *
 * @module
 */

import type { ContextDefinition, ContextPath, PathAccess, PathResolver } from "../../../ottl/compile/context.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { messageSchema } from "../schema.ts";
import type { Signal } from "../signals.ts";
import { Cursor } from "./cursor.ts";
import { type LevelName, LEVELS } from "./levels.ts";
import { assignMap, keyed } from "./paths/attributes.ts";
import { type PathRow, row } from "./paths/rows.ts";
import { PATH_ROWS, type Prefix } from "./paths/tables.ts";

/** A context and the level whose items it runs on are of one name. */
export type ContextName = LevelName;

/** A context over the items that a cursor stands at. */
export interface OpenContext {
  readonly definition: ContextDefinition;
  readonly resolver: PathResolver;
  readonly cursor: Cursor;
}

/** Words that paths of a context may begin with besides its own, and what they stand for. */
const REACH: Readonly<Record<ContextName, readonly string[]>> = {
  resource: ["otelcol"],
  scope: ["resource", "otelcol"],
  span: ["scope", "instrumentation_scope", "resource", "otelcol"],
  spanevent: ["span", "scope", "instrumentation_scope", "resource", "otelcol"],
  metric: ["scope", "instrumentation_scope", "resource", "otelcol"],
  datapoint: ["metric", "scope", "instrumentation_scope", "resource", "otelcol"],
  exemplar: ["datapoint", "metric", "scope", "instrumentation_scope", "resource", "otelcol"],
  log: ["scope", "instrumentation_scope", "resource", "otelcol"],
  profile: ["scope", "instrumentation_scope", "resource", "otelcol"],
};

const SPAN_ENUMS = symbols(enumOf("Span", "kind"), enumOf("Status", "code"));
const METRIC_ENUMS = symbols(enumOf("Sum", "aggregationTemporality"), {
  METRIC_DATA_TYPE_NONE: 0,
  METRIC_DATA_TYPE_GAUGE: 1,
  METRIC_DATA_TYPE_SUM: 2,
  METRIC_DATA_TYPE_HISTOGRAM: 3,
  METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM: 4,
  METRIC_DATA_TYPE_SUMMARY: 5,
});
const FLAGS = { FLAG_NONE: 0, FLAG_NO_RECORDED_VALUE: 1 };

const ENUMS: Readonly<Partial<Record<ContextName, ReadonlyMap<string, bigint>>>> = {
  span: SPAN_ENUMS,
  spanevent: SPAN_ENUMS,
  metric: METRIC_ENUMS,
  datapoint: new Map([...METRIC_ENUMS, ...symbols(FLAGS)]),
  log: symbols(enumOf("LogRecord", "severityNumber")),
};

function enumOf(message: string, field: string): Readonly<Record<string, number>> {
  return messageSchema(message).fields.find(({ name }) => name === field)?.enumValues ?? {};
}

function symbols(...tables: readonly Readonly<Record<string, number>>[]): Map<string, bigint> {
  return new Map(tables.flatMap((table) => Object.entries(table)).map(([name, value]) => [name, BigInt(value)]));
}

/** The contexts of a signal, from the resource down. */
export function contextsOf(signal: Signal): readonly ContextName[] {
  return LEVELS[signal].map(({ name }) => name);
}

const DEFINITIONS: ReadonlyMap<string, ContextDefinition> = new Map(
  Object.keys(REACH).map((name) => [name, define(name as ContextName)]),
);

/**
 * A context by its name.
 *
 * @throws {RangeError} There is none of that name.
 */
export function contextDefinition(name: string): ContextDefinition {
  const definition = DEFINITIONS.get(name);
  if (definition === undefined) throw new RangeError(`Cannot find the OTTL context "${name}"`);
  return definition;
}

function define(name: ContextName): ContextDefinition {
  const prefixes = [name, ...REACH[name]];
  return {
    name,
    prefixes,
    enums: ENUMS[name] ?? new Map(),
    pathNames: [`${name}.cache`, ...prefixes.flatMap((prefix) => rowsOf(prefix).map((row) => `${prefix}.${row.name}`))],
  };
}

/** The path table of a context's own paths: what begins with `prefix`. */
function rowsOf(prefix: string): readonly PathRow[] {
  return PATH_ROWS[(prefix === "instrumentation_scope" ? "scope" : prefix) as Prefix] ?? [];
}

/**
 * A context of `signal`, to compile statements for.
 *
 * @param cursor To share with other contexts of one group; a new one otherwise.
 * @throws {RangeError} The signal has no such context.
 */
export function openContext(signal: Signal, name: string, cursor: Cursor = new Cursor(signal)): OpenContext {
  if (cursor.signal !== signal || !contextsOf(signal).includes(name as ContextName)) {
    throw new RangeError(`Cannot use the OTTL context "${name}" for ${signal}`);
  }
  return { definition: contextDefinition(name), resolver: new WireResolver(name, cursor), cursor };
}

class WireResolver implements PathResolver {
  readonly #context: string;
  readonly #cursor: Cursor;
  readonly #prefixes: readonly string[];

  constructor(context: string, cursor: Cursor) {
    this.#context = context;
    this.#cursor = cursor;
    this.#prefixes = contextDefinition(context).prefixes;
  }

  resolve(path: ContextPath): PathAccess {
    const row = this.#rowOf(path);
    const last = path.fields.length - 1;
    path.fields.forEach(({ name, keys }, i) => {
      if (keys.length > 0 && (i < last || row.keys === "none")) throw noKeys(path, name);
    });
    const keys = path.fields[last]!.keys;
    if (row.keys === "one" && keys.length > 1) throw new OttlError("path_keys", `"${path.text}" takes exactly one key`);
    return row.open(this.#cursor, keys);
  }

  #rowOf(path: ContextPath): PathRow {
    const name = path.fields.map((field) => field.name).join(".");
    if (!this.#prefixes.includes(path.context)) throw this.#unknown(path);
    if (path.fields[0]?.name === "cache") return this.#cacheRow(path);
    const found = rowsOf(path.context).find((row) => row.name === name);
    if (found === undefined) throw this.#unknown(path);
    return found;
  }

  #cacheRow(path: ContextPath): PathRow {
    if (path.fields.length > 1) throw this.#unknown(path);
    if (path.context !== this.#context) {
      throw new OttlError(
        "path_context",
        `access to cache must be performed using the same context, please replace "${path.text}" with ` +
          `"${this.#context}${path.text.slice(path.text.indexOf("."))}"`,
      );
    }
    return CACHE_ROWS[path.context as ContextName];
  }

  #unknown({ context, fields, text }: ContextPath): OttlError {
    const known = rowsOf(context).some((row) => fields[0] !== undefined && row.name.split(".")[0] === fields[0].name);
    const problem = known && fields.length > 1
      ? `the path section "${fields[fields.length - 1]!.name}" was not used by the context`
      : `segment "${fields[0]?.name ?? context}" from path "${text}" is not a valid path nor a valid OTTL keyword`;
    return new OttlError("unknown_path", `${problem} for the ${this.#context} context`);
  }
}

function noKeys({ text }: ContextPath, field: string): OttlError {
  return new OttlError("path_keys", `"${field}" of "${text}" takes no keys`);
}

const CACHE_ROWS = Object.fromEntries(
  Object.keys(REACH).map((context) => [context, cacheRow(context)]),
) as Readonly<Record<ContextName, PathRow>>;

/** `cache`: a map in memory that is new for each item, or shared by the batch. */
function cacheRow(context: string): PathRow {
  return row("cache", "map", (cursor, keys) => {
    if (keys.length === 0) {
      return { get: () => cursor.cache(context), set: (_, value) => assignMap(cursor.cache(context), value) };
    }
    return {
      get: (item) => keyed(cursor.cache(context), keys).get(item),
      set: (item, value) => keyed(cursor.cache(context), keys).set(item, value),
    };
  }, { keys: "any" });
}

/** One path, for the documentation. */
export interface PathDescription {
  /** With the word it begins with: "span.status.code". */
  readonly path: string;
  readonly type: string;
  /** Whether keys in brackets may follow it. */
  readonly takesKeys: boolean;
  readonly isReadOnly: boolean;
}

/** All paths, by the word that they begin with. */
export function pathTable(): ReadonlyMap<string, readonly PathDescription[]> {
  const prefixes = Object.keys(PATH_ROWS) as Prefix[];
  return new Map(prefixes.map((prefix) => {
    const rows = prefix === "otelcol" ? PATH_ROWS[prefix] : [...PATH_ROWS[prefix], CACHE_ROWS[prefix]];
    return [prefix, rows.map((row) => describe(prefix, row))];
  }));
}

function describe(prefix: string, { name, type, keys, isReadOnly }: PathRow): PathDescription {
  return { path: `${prefix}.${name}`, type, takesKeys: keys !== "none", isReadOnly };
}
