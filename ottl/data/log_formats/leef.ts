/**
 * IBM QRadar Log Event Extended Format.
 *
 * `LEEF:1.0|vendor|product|version|event id|attributes`, with a delimiter of the attributes before them in 2.0, after
 * whatever stands before the first `LEEF:`. Source: IBM QRadar DSM guide, "LEEF"; the reference engine.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { PlainMap } from "../../values/value.ts";
import { checkEntries, checkParseSize } from "../bounds.ts";

const MARK = "LEEF:";
const FIELDS = ["vendor", "product.name", "product.version", "event.id"];

/**
 * The header's fields as `leef.…`, and the attributes as the map `leef.attributes`; of two with one key the last.
 *
 * @throws {OttlError} Empty, no `LEEF:`, another version than 1.0 and 2.0, too few fields, no such delimiter, or past
 * a bound.
 */
export function parseLeef(text: string, limits: OttlLimits): PlainMap {
  checkParseSize(text, "LEEF", limits);
  if (text === "") throw new OttlError("value", "cannot parse empty LEEF message");
  const start = text.indexOf(MARK);
  if (start < 0) throw invalid("'LEEF:' not found");
  const { fields: [version], rest } = splitFields(text.slice(start + MARK.length), 1);
  if (rest === undefined) throw invalid("missing pipe delimiter in header");
  if (version !== "1.0" && version !== "2.0") throw invalid("its version is not 1.0 or 2.0");
  const header = splitFields(rest, FIELDS.length);
  if (header.fields.length < FIELDS.length) throw invalid("the header has less than 4 fields after the version");
  return new PlainMap([
    ["leef.version", version],
    ...FIELDS.map((name, i) => [`leef.${name}`, header.fields[i]!] as const),
    ["leef.attributes", parseAttributes(version, header.rest ?? "", limits)],
  ]);
}

/** So many fields, fewer if the text ends, and the text after their last pipe; undefined if there is none. */
function splitFields(text: string, count: number): { fields: string[]; rest: string | undefined } {
  const fields: string[] = [];
  let start = 0;
  while (fields.length < count) {
    const end = text.indexOf("|", start);
    if (end < 0) return { fields: [...fields, text.slice(start)], rest: undefined };
    fields.push(text.slice(start, end));
    start = end + 1;
  }
  return { fields, rest: text.slice(start) };
}

/** In 2.0 "delimiter|attributes", or attributes alone. */
function parseAttributes(version: string, text: string, limits: OttlLimits): PlainMap {
  const pipe = version === "2.0" ? text.indexOf("|") : -1;
  const delimiter = pipe < 0 ? "\t" : readDelimiter(text.slice(0, pipe));
  const pairs = text.slice(pipe + 1).split(delimiter, limits.maxEntries + 1);
  checkEntries(pairs.length, limits);
  return parsePairs(pairs);
}

/** One byte, as it is or as "0x5E"; nothing is a tab. */
function readDelimiter(text: string): string {
  if (text === "") return "\t";
  if (/^[\0-\x7f]$/.test(text)) return text;
  const hex = /^0[xX]([0-9a-fA-F]{2})$/.exec(text)?.[1];
  if (hex === undefined) throw invalid("its delimiter is not one byte, or 0x and two hexadecimal digits");
  const byte = parseInt(hex, 16);
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte); // as values/utf8.ts has a byte that is no character
}

/** Parts without `=`, or with nothing before it, are skipped. */
function parsePairs(pairs: readonly string[]): PlainMap {
  const attributes = new PlainMap();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals > 0) attributes.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return attributes;
}

function invalid(reason: string): OttlError {
  return new OttlError("type", `invalid LEEF message: ${reason}`);
}
