/**
 * Which patterns the runtime's own regular expressions may run, and for texts of what length.
 *
 * The runtime's engine backtracks: fast, and for some patterns exponential in the length of the text or a high power of
 * it. So a pattern is translated only if an upper bound of the engine's steps is a polynomial, and runs only on texts so
 * short that this bound is below `STEP_BUDGET`. What is left runs on re2js, which is linear whatever the pattern.
 * No V8 flag is needed for that, and all platforms answer alike.
 *
 * The bound: a node can match in at most `ways · n^degree` ways from one place of a text of n units. A sequence
 * multiplies, a choice adds (its branches are alternatives for one place; when they begin differently, only one of them
 * can match), a repeat of a single character can end at n places. Each way costs at most `weight` steps, and a search
 * that is not tied to the start of the text begins at n places. A repeat at the very end is never come back to.
 *
 * @module
 */

import { areDisjoint, type Assertion, type PatternNode, type Ranges, type Repeat } from "./regex_syntax.ts";

/** How a pattern runs on the runtime's engine. */
export interface NativePlan {
  /** For `new RegExp(source)`, without flags. */
  readonly source: string;
  /** Longest text that it may be given, UTF-16 units. */
  readonly maxLength: number;
  /** It could tell half a character from a whole one, so texts with surrogates are not for it. */
  readonly isUnitSensitive: boolean;
}

/** Steps of the runtime's engine for one search, about 1 ns each. */
const STEP_BUDGET = 131_072;
/** Steps for one unit of text up to which the text's length does not matter. */
const STEPS_PER_UNIT = 64;
/** The engine remembers places of a loop on a stack of 64 MB. */
const MAX_LENGTH = 1_048_576;

/** @returns undefined for a pattern that it must not, or could not run with Go's answers. */
export function planNative(node: PatternNode): NativePlan | undefined {
  const cost = costOf(node, true);
  if (cost === undefined) return undefined;
  const translation = { isUnitSensitive: false };
  const source = print(node, translation);
  if (source === undefined) return undefined;
  const maxLength = lengthFor(cost, startsAtTextStart(node) ? 0 : 1);
  if (maxLength === 0) return undefined;
  return { source, maxLength, isUnitSensitive: translation.isUnitSensitive };
}

interface Cost {
  readonly ways: number;
  readonly degree: number;
  readonly weight: number;
}

function lengthFor({ ways, degree, weight }: Cost, searchDegree: number): number {
  const power = degree + searchDegree;
  const steps = ways * weight;
  if (power <= 1 && steps <= STEPS_PER_UNIT) return MAX_LENGTH;
  if (power === 0) return steps <= STEP_BUDGET ? MAX_LENGTH : 0;
  return Math.min(MAX_LENGTH, Math.floor((STEP_BUDGET / steps) ** (1 / power)));
}

/** @param isLast Nothing comes after it that could fail. */
function costOf(node: PatternNode, isLast: boolean): Cost | undefined {
  switch (node.kind) {
    case "set":
    case "assertion":
      return { ways: 1, degree: 0, weight: 1 };
    case "capture":
      return costOf(node.body, isLast);
    case "sequence":
      return costOfSequence(node.items, isLast);
    case "choice":
      return costOfChoice(node.items, isLast);
    case "repeat":
      return costOfRepeat(node, isLast);
  }
}

function costOfSequence(items: readonly PatternNode[], isLast: boolean): Cost | undefined {
  let all: Cost = { ways: 1, degree: 0, weight: 0 };
  for (const [i, item] of items.entries()) {
    const cost = costOf(item, isLast && i === items.length - 1);
    if (cost === undefined) return undefined;
    all = { ways: all.ways * cost.ways, degree: all.degree + cost.degree, weight: all.weight + cost.weight };
  }
  return { ...all, weight: Math.max(all.weight, 1) };
}

function costOfChoice(branches: readonly PatternNode[], isLast: boolean): Cost | undefined {
  const all = { ways: 0, degree: 0, weight: 0 };
  const excludeEachOther = beginDifferently(branches);
  for (const branch of branches) {
    const cost = costOf(branch, isLast);
    if (cost === undefined) return undefined;
    all.ways = excludeEachOther ? Math.max(all.ways, cost.ways) : all.ways + cost.ways;
    all.degree = Math.max(all.degree, cost.degree);
    all.weight += cost.weight;
  }
  return all;
}

function costOfRepeat({ body, min, max }: Repeat, isLast: boolean): Cost | undefined {
  const once = costOf(body, false);
  // Go and JavaScript differ in what an empty turn of a loop does, and in the groups that a new turn forgets.
  if (once === undefined || canBeEmpty(body) || (max > 1 && hasForgetfulCapture(body))) return undefined;
  const isDeterministic = once.ways === 1 && once.degree === 0;
  if (max === Infinity) {
    if (!isDeterministic) return undefined;
    return { ways: 1, degree: isLast ? 0 : 1, weight: once.weight * Math.max(min, 1) };
  }
  const endings = isLast && isDeterministic ? 1 : max - min + 1;
  return { ways: endings * once.ways ** max, degree: once.degree * max, weight: once.weight * Math.max(max, 1) };
}

/** Whether a capture in a loop's body could be left out in one turn after it was met in another. */
function hasForgetfulCapture(body: PatternNode): boolean {
  switch (body.kind) {
    case "capture":
      return hasCapture(body.body);
    case "sequence":
      return body.items.some(hasForgetfulCapture);
    default:
      return hasCapture(body);
  }
}

function hasCapture(node: PatternNode): boolean {
  switch (node.kind) {
    case "capture":
      return true;
    case "sequence":
    case "choice":
      return node.items.some(hasCapture);
    case "repeat":
      return hasCapture(node.body);
    default:
      return false;
  }
}

function canBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "assertion":
      return true;
    case "capture":
      return canBeEmpty(node.body);
    case "sequence":
      return node.items.every(canBeEmpty);
    case "choice":
      return node.items.some(canBeEmpty);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.body);
  }
}

function startsAtTextStart(node: PatternNode): boolean {
  switch (node.kind) {
    case "assertion":
      return node.type === "text start";
    case "capture":
      return startsAtTextStart(node.body);
    case "sequence":
      return node.items[0] !== undefined && startsAtTextStart(node.items[0]);
    case "choice":
      return node.items.every(startsAtTextStart);
    default:
      return false;
  }
}

function beginDifferently(branches: readonly PatternNode[]): boolean {
  const firsts = branches.map(firstOf);
  return firsts.every((first, i) =>
    first !== undefined && firsts.slice(0, i).every((other) => areDisjoint(first, other!))
  );
}

/** What a match begins with; undefined when that is not said by one set. */
function firstOf(node: PatternNode): Ranges | undefined {
  switch (node.kind) {
    case "set":
      return node.ranges;
    case "capture":
      return firstOf(node.body);
    case "sequence":
      return node.items[0] && firstOf(node.items[0]);
    case "repeat":
      return node.min > 0 ? firstOf(node.body) : undefined;
    default:
      return undefined;
  }
}

// ---------------------------------------------------------------------------------------------------- the translation

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  "text start": "^",
  "text end": "$",
  "line start": "(?<![^\\n])",
  "line end": "(?![^\\n])",
  "boundary": "\\b",
  "no boundary": "\\B",
};

function print(node: PatternNode, found: { isUnitSensitive: boolean }): string | undefined {
  switch (node.kind) {
    case "set":
      return printSet(node.ranges, found);
    case "assertion":
      if (node.type === "no boundary") found.isUnitSensitive = true;
      return ASSERTIONS[node.type];
    case "capture":
      return around("(", print(node.body, found), ")");
    case "sequence":
      return around("", printAll(node.items, found)?.join(""), "");
    case "choice":
      return around("(?:", printAll(node.items, found)?.join("|"), ")");
    case "repeat":
      return around("(?:", print(node.body, found), `)${printBounds(node)}`);
  }
}

function around(before: string, inner: string | undefined, after: string): string | undefined {
  return inner === undefined ? undefined : before + inner + after;
}

function printAll(nodes: readonly PatternNode[], found: { isUnitSensitive: boolean }): string[] | undefined {
  const printed = nodes.map((node) => print(node, found));
  return printed.every((text) => text !== undefined) ? printed : undefined;
}

function printBounds({ min, max, isGreedy }: Repeat): string {
  return `{${min},${max === Infinity ? "" : max}}${isGreedy ? "" : "?"}`;
}

/** What Go reads where bytes are no UTF-8. */
const REPLACEMENT = 0xfffd;

function printSet(ranges: Ranges, found: { isUnitSensitive: boolean }): string | undefined {
  const units = withinOneUnit(ranges);
  if (units.length === 0 && ranges.length > 0) return undefined;
  if (ranges.some((end) => end > 0xffff) || !areDisjoint(ranges, [REPLACEMENT, REPLACEMENT])) {
    found.isUnitSensitive = true;
  }
  if (units.length === 2 && units[0] === units[1]) return printUnit(units[0]!);
  let text = "";
  for (let i = 0; i < units.length; i += 2) {
    text += units[i] === units[i + 1] ? printUnit(units[i]!) : `${printUnit(units[i]!)}-${printUnit(units[i + 1]!)}`;
  }
  return `[${text}]`;
}

/** The characters that are one UTF-16 unit. */
function withinOneUnit(ranges: Ranges): Ranges {
  const units: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    for (const [first, last] of [[0, 0xd7ff], [0xe000, 0xffff]] as const) {
      const from = Math.max(ranges[i]!, first);
      const to = Math.min(ranges[i + 1]!, last);
      if (from <= to) units.push(from, to);
    }
  }
  return units;
}

function printUnit(code: number): string {
  const character = String.fromCharCode(code);
  return /[A-Za-z0-9 ]/.test(character) ? character : `\\u${code.toString(16).padStart(4, "0")}`;
}
