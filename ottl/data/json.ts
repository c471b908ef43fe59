/**
 * JSON texts as values.
 *
 * The platform's parser reads the text: it is fast, and has no depth that could overflow. It lists keys that are
 * whole numbers first; all others stay in their order.
 *
 * Source: RFC 8259; ParseJSON of the reference engine.
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import { OttlError } from "../values/errors.ts";
import { isBroken } from "../values/utf8.ts";
import { OttlList, OttlMap, PlainMap, type Value } from "../values/value.ts";
import { checkEntries, checkParseDepth, checkParseSize } from "./bounds.ts";

type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * The object or array that `text` is. Every number is a float; null is an empty value.
 *
 * @throws {OttlError} No JSON, or neither an object nor an array; a number past the range of a double; past a bound.
 */
export function parseJson(text: string, limits: OttlLimits): OttlMap | OttlList {
  checkParseSize(text, "JSON", limits);
  const value = new Converter(limits).convert(parseText(text), 1);
  if (value instanceof OttlMap || value instanceof OttlList) return value;
  throw new OttlError("value", "cannot parse JSON: it is neither an object nor an array");
}

function parseText(text: string): Json {
  return parseStrictly(text) ?? parseStrictly(relaxed(text)) ?? refuse();
}

/** Undefined for no JSON, and for `null`, which is neither an object nor an array. */
function parseStrictly(text: string): Json | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The platform's message would quote the text, which is data. */
function refuse(): never {
  throw new OttlError("value", "cannot parse JSON: the text is no valid JSON");
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+\-]*/gs;
const GO_NUMBER = /^(-?)0*(\d+)(?:\.(\d*))?([eE][+\-]?\d+)?$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x01-\x1f]/g;

/** The engine's parser lets control characters stand in strings, and reads numbers as Go does: `01`, `1.`. */
function relaxed(text: string): string {
  return text.replace(STRING_OR_NUMBER, (token) => token.startsWith('"') ? withEscapes(token) : plainNumber(token));
}

function withEscapes(text: string): string {
  return text.replace(CONTROL, (character) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function plainNumber(text: string): string {
  const [, sign = "", whole, fraction = "", exponent = ""] = GO_NUMBER.exec(text) ?? [];
  return whole === undefined ? text : `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}${exponent}`;
}

/** Makes values of what the platform's parser made; counts the entries of all lists and maps together. */
class Converter {
  readonly #limits: OttlLimits;
  #parts = 0;

  constructor(limits: OttlLimits) {
    this.#limits = limits;
  }

  convert(json: Json, depth: number): Value {
    if (json === null || typeof json === "boolean") return json;
    if (typeof json === "string") return wellFormed(json);
    if (typeof json === "number") return inRange(json);
    checkParseDepth(depth, "JSON", this.#limits);
    if (Array.isArray(json)) return this.#list(json, depth);
    const entries = Object.entries(json);
    this.#add(entries.length);
    const map = new PlainMap();
    for (const [key, value] of entries) map.set(wellFormed(key), this.convert(value, depth + 1));
    return map;
  }

  #list(json: readonly Json[], depth: number): OttlList {
    this.#add(json.length);
    return new OttlList(json.map((element) => this.convert(element, depth + 1)));
  }

  #add(count: number): void {
    this.#parts += count;
    checkEntries(this.#parts, this.#limits);
  }
}

function inRange(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new OttlError("arg_value", "cannot parse JSON: a number is past the range of a double");
}

/** An escape may name half a character alone, which here would stand for a byte. */
function wellFormed(text: string): string {
  return isBroken(text) ? text.toWellFormed() : text;
}
