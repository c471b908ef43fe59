/**
 * The W3C Extended Log File Format: directives (`#Fields: a b`) and the entries that they describe.
 *
 * Source: W3C working draft WD-logfile-960323.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { OttlList, PlainMap, type Value } from "../../values/value.ts";
import { checkEntries, checkParseSize } from "../bounds.ts";

/** Directives that tell one thing, and how they are called in the result. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  version: "elf.version",
  software: "elf.software",
  date: "elf.date",
  "start-date": "elf.start_date",
  "end-date": "elf.end_date",
  remark: "elf.remark",
};

/** A value that stands for none. */
const MISSING = "-";

/**
 * The directives as `elf.…`, the fields of the last `#Fields` as `elf.fields`, and `elf.entries`: a map for each line, by
 * the fields that were told before it.
 *
 * @throws {OttlError} Empty, without `#Version`, with entries before any `#Fields`, or past a bound.
 */
export function parseElf(text: string, limits: OttlLimits): PlainMap {
  checkParseSize(text, "ELF", limits);
  if (text.trim() === "") throw new OttlError("value", "cannot parse empty ELF message");
  const told = new PlainMap();
  const entries: Value[] = [];
  let fields: readonly string[] = [];
  let values = 0;
  for (const line of text.split(/\r?\n/)) {
    const directive = /^#([\w-]+):[ \t]*(.*)$/.exec(line);
    const name = directive?.[1]?.toLowerCase();
    if (name === "fields") fields = splitValues(directive![2]!, limits.maxEntries);
    else if (name !== undefined) tell(told, name, directive![2]!.trimEnd());
    else if (line.trim() !== "" && !line.startsWith("#")) {
      checkEntries(values += fields.length, limits); // of all lines: a short line has every field too
      entries.push(entryOf(line, fields));
    }
  }
  if (told.get("elf.version") === undefined) throw invalid("missing #Version directive");
  return new PlainMap([
    ["elf.entries", new OttlList(entries)],
    ...told.entries(),
    ["elf.fields", new OttlList([...fields])],
  ]);
}

function tell(told: PlainMap, directive: string, value: string): void {
  const name = Object.hasOwn(DIRECTIVES, directive) ? DIRECTIVES[directive] : undefined;
  if (name !== undefined) told.set(name, value);
}

function entryOf(line: string, fields: readonly string[]): PlainMap {
  if (fields.length === 0) throw invalid("an entry before any #Fields directive");
  const values = splitValues(line, fields.length);
  return new PlainMap(fields.map((field, i) => [field, values[i] ?? MISSING]));
}

/** The first words, and texts in quotes, in which two quotes stand for one. */
function splitValues(text: string, most: number): string[] {
  const values: string[] = [];
  for (let at = nextIndex(text, /\S/g, 0); at < text.length && values.length < most;) {
    const quote = text[at] === '"' ? closingQuote(text, at + 1) : -1;
    const end = quote < 0 ? nextIndex(text, /\s/g, at) : quote + 1;
    values.push(quote < 0 ? text.slice(at, end) : text.slice(at + 1, quote).replaceAll('""', '"'));
    at = nextIndex(text, /\S/g, end);
  }
  return values;
}

/** Where the first such character is from `start`, or the length. */
function nextIndex(text: string, character: RegExp, start: number): number {
  character.lastIndex = start;
  return character.exec(text)?.index ?? text.length;
}

/** The first quote that does not stand before another; -1 when there is none. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function invalid(reason: string): OttlError {
  return new OttlError("type", `invalid ELF message: ${reason}`);
}
