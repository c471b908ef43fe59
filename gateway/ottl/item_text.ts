/**
 * Payloads as flat lists of what they say, to show and to compare: one line a value, written as OTTL writes it.
 *
 * @module
 */

import { writeFloatLiteral, writeStringLiteral } from "../../ottl/syntax/literals.ts";
import { rfc3339 } from "../../ottl/values/rfc3339.ts";
import { Duration, Id, Opaque, OttlList, OttlMap, Time, type Value } from "../../ottl/values/value.ts";

/** A value as OTTL would write it. */
export function showValue(value: Value): string {
  if (value === null) return "nil";
  switch (typeof value) {
    case "string":
      return writeStringLiteral(value);
    case "number":
      return showFloat(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value instanceof Uint8Array) return `0x${value.toHex()}`;
  if (value instanceof OttlList) return `[${value.items.map(showValue).join(", ")}]`;
  if (value instanceof OttlMap) {
    return `{${value.entries().map(([key, each]) => `${writeStringLiteral(key)}: ${showValue(each)}`).join(", ")}}`;
  }
  if (value instanceof Time) return rfc3339(value);
  if (value instanceof Duration) return `${value.nanos} ns`;
  if (value instanceof Id) return value.bytes.toHex();
  return showOpaque(value);
}

function showOpaque({ type, size }: Opaque): string {
  return size === undefined ? `(${type})` : `(${type}, ${size})`;
}

function showFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value < 0 || Object.is(value, -0) ? `-${writeFloatLiteral(-value)}` : writeFloatLiteral(value);
}

/** What OTLP/JSON says, by path: attributes by key, AnyValues as values. */
export function flatten(json: unknown): Map<string, string> {
  const lines = new Map<string, string>();
  flattenInto(lines, "", json);
  return lines;
}

function flattenInto(lines: Map<string, string>, path: string, json: unknown): void {
  if (Array.isArray(json)) {
    const isKeyed = json.length > 0 && json.every(isKeyValue);
    json.forEach((item, i) => {
      if (isKeyed) flattenAny(lines, `${path}[${writeStringLiteral(item.key)}]`, item.value ?? {});
      else if (isAnyValue(item)) flattenAny(lines, `${path}[${i}]`, item);
      else flattenInto(lines, `${path}[${i}]`, item);
    });
  } else if (typeof json === "object" && json !== null) {
    if (path !== "" && isAnyValue(json)) return flattenAny(lines, path, json);
    for (const [key, value] of Object.entries(json)) {
      flattenInto(lines, path === "" ? key : `${path}.${key}`, value);
    }
  } else if (json !== undefined) {
    lines.set(path, typeof json === "string" ? writeStringLiteral(json) : String(json));
  }
}

interface KeyValue {
  readonly key: string;
  readonly value?: AnyValue;
}

/** As OTLP/JSON has it; all absent: empty. */
interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number | string;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
}

const ANY_KINDS = ["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue"];

function isKeyValue(item: unknown): item is KeyValue {
  return typeof item === "object" && item !== null && "key" in item;
}

function isAnyValue(item: unknown): item is AnyValue {
  if (typeof item !== "object" || item === null) return false;
  const keys = Object.keys(item);
  return keys.length === 1 && ANY_KINDS.includes(keys[0]!);
}

function flattenAny(lines: Map<string, string>, path: string, value: AnyValue): void {
  const { arrayValue, kvlistValue } = value;
  const items = arrayValue?.values ?? [];
  const entries = kvlistValue?.values ?? [];
  items.forEach((item, i) => flattenAny(lines, `${path}[${i}]`, item));
  entries.forEach((entry) => flattenAny(lines, `${path}[${writeStringLiteral(entry.key)}]`, entry.value ?? {}));
  if (items.length === 0 && entries.length === 0) lines.set(path, showAny(value));
}

function showAny({ stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue }: AnyValue) {
  if (stringValue !== undefined) return writeStringLiteral(stringValue);
  if (boolValue !== undefined) return String(boolValue);
  if (intValue !== undefined) return intValue;
  if (doubleValue !== undefined) return showFloat(Number(doubleValue));
  if (bytesValue !== undefined) return `0x${Uint8Array.fromBase64(bytesValue).toHex()}`;
  if (arrayValue !== undefined) return "[]";
  return kvlistValue === undefined ? "nil" : "{}";
}

/** Lines of a diff: `+` for what is new, `-` for what is gone, `~` for what is another. */
export function diffLines(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const gone = Array.from(before).filter(([path]) => !after.has(path)).map(([path, text]) => `- ${path} = ${text}`);
  const rest = Array.from(after).flatMap(([path, text]) => {
    const old = before.get(path);
    if (old === text) return [];
    return [old === undefined ? `+ ${path} = ${text}` : `~ ${path} = ${old} -> ${text}`];
  });
  return [...gone, ...rest];
}
