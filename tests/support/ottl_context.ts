/**
 * A context of OTTL in memory: items like spans, for tests of the language without telemetry.
 *
 * @module
 */

import type { ContextDefinition, ContextPath, PathAccess, PathResolver } from "../../ottl/compile/context.ts";
import type { Item, Tools } from "../../ottl/functions/definition.ts";
import { DEFAULT_OTTL_LIMITS } from "../../ottl/limits.ts";
import { functionTable, OttlCompiler, STANDARD_CONVERTERS, STANDARD_EDITORS } from "../../ottl/mod.ts";
import type { OttlCompiler as Compiler } from "../../ottl/mod.ts";
import { compareValues } from "../../ottl/values/compare.ts";
import { OttlError, typeError } from "../../ottl/values/errors.ts";
import { readKeys, writeKeys } from "../../ottl/values/index_keys.ts";
import {
  copyValue,
  Id,
  Opaque,
  OttlList,
  OttlMap,
  PlainMap,
  Time,
  typeName,
  type Value,
} from "../../ottl/values/value.ts";

/** An item: what stands at each path. */
export type MemoryItem = Map<string, Value>;

/** Paths, and what each holds in a new item. */
const PATHS: Readonly<Record<string, () => Value>> = {
  "span.name": () => "",
  "span.kind": () => 0n,
  "span.status": () => new Opaque("span status", undefined, undefined),
  "span.status.code": () => 0n,
  "span.status.message": () => "",
  "span.attributes": () => new PlainMap(),
  "span.cache": () => new PlainMap(),
  "span.start_time": () => new Time(0n),
  "span.end_time": () => new Time(0n),
  "span.trace_id": () => new Id("trace_id", new Uint8Array(16)),
  "span.events": () => new Opaque("span events", 0, []),
  "scope.name": () => "",
  "scope.attributes": () => new PlainMap(),
  "resource.attributes": () => new PlainMap(),
};

export const MEMORY_CONTEXT: ContextDefinition = {
  name: "span",
  prefixes: ["span", "scope", "resource"],
  enums: new Map([["SPAN_KIND_SERVER", 2n], ["SPAN_KIND_CLIENT", 3n], ["STATUS_CODE_ERROR", 2n]]),
  pathNames: Object.keys(PATHS),
};

/** An item with `given` in place of what a new one holds. */
export function memoryItem(given: Readonly<Record<string, Value>> = {}): MemoryItem {
  return new Map(Object.entries(PATHS).map(([path, initial]) => [path, path in given ? given[path]! : initial()]));
}

export const MEMORY_RESOLVER: PathResolver = {
  resolve(path: ContextPath): PathAccess {
    const name = [path.context, ...path.fields.map((field) => field.name)].join(".");
    const initial = PATHS[name]?.();
    if (initial === undefined) throw new OttlError("unknown_path", `path "${path.text}" is not known`);
    const keys = path.fields.at(-1)!.keys;
    const earlier = path.fields.slice(0, -1).some((field) => field.keys.length > 0);
    if (earlier || (keys.length > 0 && !(initial instanceof OttlMap))) {
      throw new OttlError("path_keys", `the keys of "${path.text}" were not used`);
    }
    return keys.length > 0 ? keyed(name, keys) : whole(name, initial);
  },
};

function whole(name: string, initial: Value): PathAccess {
  return {
    get: (item) => fieldOf(item, name),
    // As a context over wire bytes has it for its fields; paths with keys have none, so that both ways are used.
    comparison: (operator, constant) => (item) => compareValues(fieldOf(item, name), operator, constant),
    set: (item, value) => {
      const isMap = initial instanceof OttlMap;
      if (isMap && value === null) return void (item as MemoryItem).set(name, new PlainMap());
      if (typeName(value) !== typeName(initial)) throw typeError(typeName(initial), typeName(value));
      (item as MemoryItem).set(name, isMap ? copyValue(value) : value);
    },
  };
}

function keyed(name: string, keys: ContextPath["fields"][number]["keys"]): PathAccess {
  return {
    get: (item) => readKeys(fieldOf(item, name), keys, item),
    set: (item, value) =>
      writeKeys(fieldOf(item, name) as OttlMap | OttlList, keys, item, value, DEFAULT_OTTL_LIMITS.maxEntries),
  };
}

function fieldOf(item: Item, name: string): Value {
  return (item as MemoryItem).get(name)!;
}

/** Tools without clock and chance: the same at every run. */
export const MEMORY_TOOLS: Tools = {
  limits: DEFAULT_OTTL_LIMITS,
  nowUnixNano: () => 1_790_000_000_123_456_789n,
  randomBytes: (count) => Uint8Array.from({ length: count }, (_, i) => i * 37 + 11),
  zone: "UTC",
};

/** A compiler over items in memory, with all functions. */
export function memoryCompiler(changes: Partial<ConstructorParameters<typeof Compiler>[0]> = {}): Compiler {
  return new OttlCompiler({
    context: MEMORY_CONTEXT,
    resolver: MEMORY_RESOLVER,
    functions: functionTable(STANDARD_EDITORS, STANDARD_CONVERTERS),
    tools: MEMORY_TOOLS,
    gates: new Set(),
    prefixMode: "explicit",
    ...changes,
  });
}
