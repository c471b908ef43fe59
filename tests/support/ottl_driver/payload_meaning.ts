/**
 * What a payload says, so that two that say the same are deeply equal: defaults dropped, attributes and maps by key,
 * indexes of a profile's dictionary resolved. By protobufjs, with no code of the gateway.
 *
 * @module
 */

import protobuf from "protobufjs";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { decodeRequest, messageType, type Plain, REQUEST_TYPES } from "../otlp_proto.ts";

/** The request of `signal` in a form to compare. */
export function meaningOf(signal: Signal, bytes: Uint8Array): unknown {
  const request = decodeRequest(signal, bytes);
  const dictionary = signal === "profiles" ? new Dictionary(request["dictionary"]) : undefined;
  const { dictionary: _, ...rest } = request;
  return meaningOfMessage(messageType(REQUEST_TYPES[signal]), rest, dictionary);
}

/** Whatever order lists are in. */
export function unordered(meaning: unknown): unknown {
  if (Array.isArray(meaning)) return meaning.map(unordered).sort(byText);
  if (typeof meaning !== "object" || meaning === null) return meaning;
  return Object.fromEntries(Object.entries(meaning).map(([key, value]) => [key, unordered(value)]));
}

function meaningOfMessage(type: protobuf.Type, message: Plain, dictionary: Dictionary | undefined): Plain {
  const meaning: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    const [name, resolved] = dictionary?.resolve(field.name, value) ?? [field.name, undefined];
    const said = resolved ?? meaningOfField(field, value, dictionary);
    if (!isDefault(field, said)) meaning[name] = said;
  }
  return meaning;
}

function meaningOfField(field: protobuf.Field, value: unknown, dictionary: Dictionary | undefined): unknown {
  const { resolvedType } = field;
  const one = (each: unknown) =>
    resolvedType instanceof protobuf.Type ? meaningOfMessage(resolvedType, each as Plain, dictionary) : scalar(each);
  if (!field.repeated) return one(value);
  const all = (value as readonly unknown[]).map(one);
  return resolvedType?.name === "KeyValue" ? all.sort(byText) : all;
}

/** Doubles bit for bit: what JSON cannot tell apart is text. */
function scalar(value: unknown): unknown {
  if (typeof value !== "number") return value;
  return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
}

function isDefault({ partOf, repeated }: protobuf.Field, value: unknown): boolean {
  if (partOf !== null && partOf !== undefined) return false;
  if (repeated) return (value as readonly unknown[]).length === 0;
  if (typeof value === "object") return Object.keys(value as object).length === 0;
  return value === 0 || value === "-0" || value === "0" || value === "" || value === false;
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a) ?? "", JSON.stringify(b) ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** What the indexes of a profile stand for. */
class Dictionary {
  readonly #strings: readonly string[];
  readonly #tables: Readonly<Record<string, readonly Plain[]>>;

  constructor(dictionary: unknown) {
    const { string_table: strings = [], ...tables } = (dictionary ?? {}) as Readonly<Record<string, unknown>>;
    this.#strings = strings as readonly string[];
    this.#tables = tables as Readonly<Record<string, readonly Plain[]>>;
  }

  /** The name and meaning of a field that holds indexes; undefined for any other. */
  resolve(name: string, value: unknown): readonly [string, unknown] | undefined {
    if (name.endsWith("_strindex")) return [name.replace("_strindex", ""), this.#strings[Number(value)] ?? ""];
    if (name === "attribute_indices") return ["attributes", this.#attributes(value as readonly number[])];
    const table = INDEXES[name];
    if (table === undefined) return undefined;
    const at = (index: number) => this.#entry(table, index);
    return [name, Array.isArray(value) ? value.map(at) : at(Number(value))];
  }

  #attributes(indexes: readonly number[]): unknown {
    return indexes.map((index) => this.#entry("attribute_table", index)).sort(byText);
  }

  #entry(table: string, index: number): unknown {
    const entry = this.#tables[table]?.[index];
    return entry === undefined ? {} : meaningOfMessage(messageType(TABLE_TYPES[table] ?? ""), entry, this);
  }
}

const INDEXES: Readonly<Record<string, string>> = {
  stack_index: "stack_table",
  link_index: "link_table",
  location_indices: "location_table",
  mapping_index: "mapping_table",
  function_index: "function_table",
};

const TABLE_TYPES: Readonly<Record<string, string>> = {
  attribute_table: "KeyValueAndUnit",
  stack_table: "Stack",
  link_table: "Link",
  location_table: "Location",
  mapping_table: "Mapping",
  function_table: "Function",
};
