/**
 * ParseCSV: a row of separated values as a map.
 *
 * @module
 */

import { checkParseSize } from "../../data/bounds.ts";
import { parseCsvRow, type QuoteMode } from "../../data/csv.ts";
import { OttlError } from "../../values/errors.ts";
import { PlainMap } from "../../values/value.ts";
import { converter, litStr, optional, prepared, str } from "../definition.ts";

const MODES: readonly string[] = ["strict", "lazyQuotes", "ignoreQuotes"] satisfies QuoteMode[];

export const parseCSV = converter({
  name: "ParseCSV",
  summary: "The fields of one row by the names in `header`. `mode` tells about quotes: `strict` (RFC 4180), " +
    "`lazyQuotes` (they may stand anywhere), `ignoreQuotes` (they mean nothing).",
  parameters: {
    target: str,
    header: str,
    delimiter: optional(litStr),
    headerDelimiter: optional(litStr),
    mode: optional(litStr),
  },
  examples: [
    { text: 'ParseCSV("1,\\"x,y\\"", "a,b")', result: '{"a": "1", "b": "x,y"}' },
    { text: 'ParseCSV("1;2", "a;b", ";")', result: '{"a": "1", "b": "2"}' },
    { text: 'ParseCSV("1|2", "a,b", "|", ",")', result: '{"a": "1", "b": "2"}' },
    { text: 'ParseCSV("a\\"b,2", "x,y", mode="lazyQuotes")', result: '{"x": "a\\"b", "y": "2"}' },
    { text: 'ParseCSV("1\\n2,3", "a,b")', result: '{"a": "1\\n2", "b": "3"}' },
    { text: 'ParseCSV("1,2", "a")', error: "expected 1 fields" },
    { text: 'ParseCSV("1", "a", "||")', error: "delimiter" },
  ],
  compile: ({ target, header, delimiter = ",", headerDelimiter = delimiter, mode = "strict" }, { limits }) => {
    checkDelimiter(delimiter);
    checkDelimiter(headerDelimiter);
    if (!isMode(mode)) {
      throw new OttlError("arg_value", `unknown mode ${JSON.stringify(mode)}, must be ${MODES.join(", ")}`);
    }
    const namesOf = prepared(header, (text) => text.split(headerDelimiter));
    return (item) => {
      const text = target.evaluate(item);
      const names = namesOf(item);
      if (names.length === 1 && names[0] === "") throw new OttlError("value", "headers must not be an empty string");
      checkParseSize(text, "CSV", limits);
      return mapOf(names, parseCsvRow(text, delimiter, mode));
    };
  },
});

function isMode(mode: string): mode is QuoteMode {
  return MODES.includes(mode);
}

function checkDelimiter(delimiter: string): void {
  if ([...delimiter].length === 1) return;
  throw new OttlError("arg_value", `invalid delimiter ${JSON.stringify(delimiter)}, must be a single character`);
}

function mapOf(names: readonly string[], fields: readonly string[]): PlainMap {
  if (fields.length !== names.length) {
    throw new OttlError("value", `cannot parse CSV: expected ${names.length} fields, found ${fields.length}`);
  }
  return new PlainMap(names.map((name, i) => [name, fields[i]!] as const));
}
