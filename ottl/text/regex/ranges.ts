/**
 * Sets of characters as ranges of code points: the classes that RE2 has by name, and what a pattern makes of them.
 *
 * Source: Go 1.26, regexp/syntax, perl_groups.go and parse.go.
 *
 * @module
 */

/** Code points as pairs `from, to`, sorted, apart from each other. */
export type Ranges = readonly number[];

const MAX_CODE_POINT = 0x10ffff;
/** All characters. */
export const EVERYTHING: Ranges = [0, MAX_CODE_POINT];

/** By the letter behind the backslash. */
export const PERL_CLASSES: Readonly<Record<string, Ranges>> = {
  d: spans("09"),
  s: [9, 10, 12, 13, 32, 32],
  w: spans("09AZ__az"),
};

/** By the name in `[:name:]`. */
export const POSIX_CLASSES: Readonly<Record<string, Ranges>> = {
  alnum: spans("09AZaz"),
  alpha: spans("AZaz"),
  ascii: [0, 0x7f],
  blank: [9, 9, 32, 32],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: spans("09"),
  graph: spans("!~"),
  lower: spans("az"),
  print: spans(" ~"),
  punct: spans("!/:@[`{~"),
  space: [9, 13, 32, 32],
  upper: spans("AZ"),
  word: spans("09AZ__az"),
  xdigit: spans("09AFaf"),
};

function spans(ends: string): Ranges {
  return Array.from(ends, (character) => character.charCodeAt(0));
}

/** Sorted, and joined where they touch. */
export function merge(ranges: Ranges): Ranges {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [from, to] of pairs) {
    const last = merged.length - 1;
    if (last > 0 && from <= merged[last]! + 1) merged[last] = Math.max(merged[last]!, to);
    else merged.push(from, to);
  }
  return merged;
}

/** All code points that are not in `ranges`. */
export function complement(ranges: Ranges): Ranges {
  const rest: number[] = [];
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! > next) rest.push(next, ranges[i]! - 1);
    next = ranges[i + 1]! + 1;
  }
  if (next <= MAX_CODE_POINT) rest.push(next, MAX_CODE_POINT);
  return rest;
}

/** With the letters that differ by case alone, if these are ASCII; of two ASCII letters one more is past ASCII: Kelvin's K and the long s. */
export function foldAscii(ranges: Ranges): Ranges | "open" {
  const folded: number[] = [...ranges];
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i + 1]! > 0x7f) return "open";
    for (let code = ranges[i]!; code <= ranges[i + 1]!; code++) folded.push(...otherCases(code));
  }
  return merge(folded);
}

function otherCases(code: number): number[] {
  const lower = code | 0x20;
  if (code < 0x41 || lower < 0x61 || lower > 0x7a) return [];
  const other = code ^ 0x20;
  const far = lower === 0x6b ? 0x212a : lower === 0x73 ? 0x017f : other;
  return [other, other, far, far];
}

/** Whether no code point is in both. */
export function areDisjoint(a: Ranges, b: Ranges): boolean {
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) if (a[i]! <= b[j + 1]! && b[j]! <= a[i + 1]!) return false;
  }
  return true;
}
