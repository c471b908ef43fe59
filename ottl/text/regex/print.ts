/**
 * Patterns written for the runtime's own regular expressions, which mean the same there.
 *
 * @module
 */

import { areDisjoint, type Ranges } from "./ranges.ts";
import type { Assertion, PatternNode, Repeat } from "./syntax.ts";

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  "text start": "^",
  "text end": "$",
  "line start": "(?<![^\\n])",
  "line end": "(?![^\\n])",
  "boundary": "\\b",
  "no boundary": "\\B",
};

/** How sets are written. */
interface SetPrinter {
  set(ranges: Ranges): string;
}

/** Of a tree without open sets. */
export function print(node: PatternNode, printer: SetPrinter): string {
  switch (node.kind) {
    case "set":
      return printer.set(node.ranges);
    case "open set":
      return "";
    case "assertion":
      return ASSERTIONS[node.type];
    case "capture":
      return `(${print(node.body, printer)})`;
    case "sequence":
      return node.items.map((item) => print(item, printer)).join("");
    case "choice":
      return `(?:${node.items.map((item) => print(item, printer)).join("|")})`;
    case "repeat":
      return `(?:${print(node.body, printer)})${printBounds(node)}`;
  }
}

function printBounds({ min, max, isGreedy }: Repeat): string {
  return `{${min},${max === Infinity ? "" : max}}${isGreedy ? "" : "?"}`;
}

/** What Go reads where bytes are no UTF-8; here they are lone surrogates. */
const REPLACEMENT: Ranges = [0xfffd, 0xfffd];
const ONE_UNIT: Ranges = [0, 0xd7ff, 0xe000, 0xffff];
const ALL_CHARACTERS: Ranges = [0, 0xd7ff, 0xe000, 0x10ffff];

export class UnitPrinter implements SetPrinter {
  isSensitive = false;

  set(ranges: Ranges): string {
    if (ranges.some((end) => end > 0xffff) || !areDisjoint(ranges, REPLACEMENT)) this.isSensitive = true;
    return printRanges(intersection(ranges, ONE_UNIT));
  }
}

export const CHARACTERS: SetPrinter = {
  set: (ranges) => printRanges(intersection(ranges, ALL_CHARACTERS)),
};

function intersection(a: Ranges, b: Ranges): Ranges {
  const both: number[] = [];
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) {
      const from = Math.max(a[i]!, b[j]!);
      const to = Math.min(a[i + 1]!, b[j + 1]!);
      if (from <= to) both.push(from, to);
    }
  }
  return both;
}

function printRanges(ranges: Ranges): string {
  if (ranges.length === 2 && ranges[0] === ranges[1]) return printCode(ranges[0]!);
  let text = "";
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i]!, ranges[i + 1]!];
    text += from === to ? printCode(from) : `${printCode(from)}-${printCode(to)}`;
  }
  return `[${text}]`;
}

function printCode(code: number): string {
  const character = String.fromCodePoint(code);
  if (/^[A-Za-z0-9 ]$/.test(character)) return character;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
