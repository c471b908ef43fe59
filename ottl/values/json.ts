/**
 * Values as JSON text, in the dialects that the reference engine prints.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DEFAULT_OTTL_LIMITS } from "../limits.ts";
import { OttlError } from "./errors.ts";
import { asStringFloat, floatText } from "./numbers.ts";
import { rfc3339 } from "./rfc3339.ts";
import { compareUtf8, isBroken } from "./utf8.ts";
import { Duration, Id, OttlList, OttlMap, PlainMap, Time, type Value } from "./value.ts";

/** How texts of values differ from place to place. */
interface Dialect {
  /** `<`, `>` and `&` as escapes. */
  readonly escapeHtml: boolean;
  /** @throws {OttlError} Of category "value": not finite. */
  readonly float: (value: number) => string;
  /** What is no string, number, bool, bytes or list. */
  readonly other: (value: Value, dialect: Dialect) => string;
}

/** What pdata's AsString prints for maps and slices. */
const PLAIN: Dialect = { escapeHtml: false, float: finiteText, other: mapJson };
/** What a "like" parameter prints for maps and slices. */
const ESCAPED: Dialect = { escapeHtml: true, float: finiteText, other: mapJson };
/** And for lists that are no slices: a map or slice of pdata inside them looks empty to the engine's encoder. */
const HOST: Dialect = { escapeHtml: true, float: floatText, other: hostJson };

/**
 * JSON of a map or list as AsString has it: keys sorted, bytes as base64, nothing escaped for HTML.
 *
 * @throws {OttlError} Of category "value": a float in it is not finite.
 */
export function plainJson(value: OttlMap | OttlList): string {
  return bounded(json(value, PLAIN));
}

/**
 * JSON of a value as "like" parameters have it.
 *
 * @throws {OttlError} Of category "value": a float in it is not finite.
 */
export function escapedJson(value: Value): string {
  if (value instanceof OttlList) return bounded(json(value, value.kind === "slice" ? ESCAPED : HOST));
  return bounded(value instanceof OttlMap ? json(value, ESCAPED) : json(value, HOST));
}

/** Texts that hold texts grow by their escapes, each time again. */
function bounded(text: string): string {
  if (text.length <= DEFAULT_OTTL_LIMITS.maxValueBytes) return text;
  throw new OttlError("limit", `cannot make JSON of ${text.length} characters: the most for one value is 16 MiB`);
}

function json(value: Value, dialect: Dialect): string {
  switch (typeof value) {
    case "string":
      return quote(value, dialect.escapeHtml);
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return dialect.float(value);
  }
  if (value === null) return "null";
  // The engine's empty bytes are a null slice of Go.
  if (value instanceof Uint8Array) return value.length === 0 ? "null" : `"${base64(value)}"`;
  if (value instanceof OttlList && (dialect !== HOST || value.kind !== "slice")) return listJson(value, dialect);
  return dialect.other(value, dialect);
}

function listJson(list: OttlList, dialect: Dialect): string {
  return `[${list.items.map((item) => json(item, dialect)).join(",")}]`;
}

function mapJson(value: Value, dialect: Dialect): string {
  if (!(value instanceof OttlMap)) return hostJson(value, dialect);
  const entries = value.entries().sort(([left], [right]) => compareUtf8(left, right));
  return `{${entries.map(([key, item]) => `${quote(key, dialect.escapeHtml)}:${json(item, dialect)}`).join(",")}}`;
}

/** Objects of the engine's libraries have no fields that its JSON encoder sees: `{}`. */
function hostJson(value: Value, dialect: Dialect): string {
  if (value instanceof PlainMap && value.host) return mapJson(value, dialect);
  if (value instanceof Time) return `"${rfc3339(value)}"`;
  if (value instanceof Duration) return String(value.nanos);
  return value instanceof Id ? `[${value.bytes.join(",")}]` : "{}";
}

function finiteText(value: number): string {
  if (!Number.isFinite(value)) throw new OttlError("value", "cannot make JSON of a float that is not finite");
  return asStringFloat(value);
}

/** Standard base64. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

// Line separators are escaped as JavaScript once needed it; what is no UTF-8 becomes the replacement character.
const HTML = /[<>&\u2028\u2029]/g;
const SEPARATORS = /[\u2028\u2029]/g;

function quote(text: string, escapeHtml: boolean): string {
  if (isBroken(text)) return quote(text.toWellFormed(), escapeHtml).replaceAll("\ufffd", "\\ufffd");
  return JSON.stringify(text).replace(escapeHtml ? HTML : SEPARATORS, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
