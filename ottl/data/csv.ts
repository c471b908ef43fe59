/**
 * One row of comma-separated values.
 *
 * A library's reader would do for files; the engine's answers come from Go's encoding/csv called line by line, with the
 * lines joined again, and with fields kept that stand before an error.
 *
 * Source: RFC 4180; Go encoding/csv, `Reader.Read`; ParseCSV of the reference engine.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";

export type QuoteMode = "strict" | "lazyQuotes" | "ignoreQuotes";

/**
 * The fields of `text`, which is one row whatever line breaks it has: one outside quotes belongs to the field it cuts.
 *
 * @param delimiter One character.
 * @throws {OttlError} There is no row in it, or quotes stand where they must not; of category "value".
 */
export function parseCsvRow(text: string, delimiter: string, mode: QuoteMode): string[] {
  if (mode === "ignoreQuotes") return text.split(delimiter);
  const reader = new LineReader(text);
  const row: string[] = [];
  let isFirst = true;
  for (let line = reader.nextWithText(); line !== undefined; line = reader.nextWithText()) {
    const fields = readRecord(reader, line, delimiter, mode === "lazyQuotes");
    if (!isFirst) row[row.length - 1] += `\n${fields.shift()}`;
    for (const field of fields) row.push(field); // a spread would put all of them on the stack
    isFirst = false;
  }
  if (isFirst) throw new OttlError("value", "cannot parse CSV: there is no row");
  return row;
}

class LineReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next line with its `\n`; `\r\n` becomes that, and a `\r` at the very end is dropped. */
  next(): string | undefined {
    const { length } = this.#text;
    if (this.#at >= length) return undefined;
    const end = this.#text.indexOf("\n", this.#at);
    const line = this.#text.slice(this.#at, end < 0 ? length : end);
    this.#at = end < 0 ? length : end + 1;
    const bare = line.endsWith("\r") ? line.slice(0, -1) : line;
    return end < 0 ? bare : `${bare}\n`;
  }

  /** The next line that is not blank. */
  nextWithText(): string | undefined {
    let line = this.next();
    while (line === "\n" || line === "") line = this.next();
    return line;
  }
}

/** Fields of the record that begins with `line`; a quoted field may take further lines. */
function readRecord(reader: LineReader, line: string, delimiter: string, isLazy: boolean): string[] {
  const fields: string[] = [];
  let rest: string | undefined = line;
  while (rest !== undefined) {
    const field: Field | undefined = rest.startsWith('"')
      ? readQuoted(reader, rest.slice(1), delimiter, isLazy)
      : readPlain(rest, delimiter, isLazy);
    if (field === undefined) return afterError(fields);
    fields.push(field.text);
    rest = field.rest;
  }
  return fields;
}

/** The engine looks at an error only when no field stands before it. */
function afterError(fields: string[]): string[] {
  if (fields.length > 0) return fields;
  throw new OttlError("value", "cannot parse CSV: a quote stands where none may be, or is not closed");
}

interface Field {
  readonly text: string;
  /** What follows its delimiter; undefined at the end of the record. */
  readonly rest: string | undefined;
}

function readPlain(line: string, delimiter: string, isLazy: boolean): Field | undefined {
  const end = line.indexOf(delimiter);
  const text = end < 0 ? withoutBreak(line) : line.slice(0, end);
  if (!isLazy && text.includes('"')) return undefined;
  return { text, rest: end < 0 ? undefined : line.slice(end + delimiter.length) };
}

function readQuoted(reader: LineReader, begin: string, delimiter: string, isLazy: boolean): Field | undefined {
  const parts: string[] = [];
  let rest = begin;
  for (;;) {
    const quote = rest.indexOf('"');
    if (quote < 0) {
      parts.push(rest);
      const line = reader.next();
      if (line === undefined) return isLazy ? { text: parts.join(""), rest: undefined } : undefined;
      rest = line;
      continue;
    }
    parts.push(rest.slice(0, quote));
    rest = rest.slice(quote + 1);
    if (rest.startsWith('"')) {
      parts.push('"');
      rest = rest.slice(1);
    } else if (rest.startsWith(delimiter)) return { text: parts.join(""), rest: rest.slice(delimiter.length) };
    else if (withoutBreak(rest) === "") return { text: parts.join(""), rest: undefined };
    else if (isLazy) parts.push('"');
    else return undefined;
  }
}

function withoutBreak(line: string): string {
  return line.endsWith("\n") ? line.slice(0, -1) : line;
}
