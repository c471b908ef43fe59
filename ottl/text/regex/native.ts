/**
 * Which patterns the runtime's own regular expressions may run, and for texts of what length.
 *
 * The runtime's engine backtracks: fast, and for some patterns exponential in the length of the text or a high power of
 * it. So a pattern is translated only if an upper bound of the engine's steps is a polynomial, and runs only on texts so
 * short that this bound is below `STEP_BUDGET`. What is left runs on re2js, which is linear whatever the pattern.
 * No V8 flag is needed for that, and all platforms answer alike.
 *
 * The bound: from one place of a text of n units a node matches in so many ways, and finding all of them takes so much
 * work; both are polynomials of n. In a sequence each way of an item leads to the work of the next. Branches of a choice
 * add up, but not their ways when they begin differently. A repeat ends at n places, or at one when what follows cannot
 * begin with what it repeats (`\w+=`), or when nothing follows that could fail. A loop over more than one character is
 * only for bodies of a single way; its turns share the text, so together they take no more work than n.
 * What ends a match is run to its end but once, for the match; before, it can only fail, in its least number of turns.
 * A search that is not tied to the start of the text begins at n places.
 *
 * @module
 */

import { CHARACTERS, print, UnitPrinter } from "./print.ts";
import { areDisjoint, type Ranges } from "./ranges.ts";
import type { PatternNode, Repeat } from "./syntax.ts";

/** How a pattern runs on the runtime's engine. */
export interface NativePlan {
  /** For `new RegExp(source)`, which knows UTF-16 units only. */
  readonly source: string;
  /** For `new RegExp(source, "u")`, which knows characters; undefined where it knows them not well enough. */
  readonly characterSource: string | undefined;
  /** Whether the first could tell half a character from a whole one, so texts with surrogates are not for it. */
  readonly isUnitSensitive: boolean;
  /** Longest text that it may be given, UTF-16 units. */
  readonly maxLength: number;
}

/** Steps of the runtime's engine for one search, about 1 ns each. */
const STEP_BUDGET = 131_072;
/** Steps for one unit of text up to which the text's length does not matter. */
const STEPS_PER_UNIT = 128;
/** The engine remembers places of a loop on a stack of 64 MB. */
const MAX_LENGTH = 262_144;

/** @returns undefined for a pattern that it must not, or could not run with Go's answers. */
export function planNative(node: PatternNode): NativePlan | undefined {
  if (hasLateStart(node, true)) return undefined;
  const cost = costOf(node, "end");
  if (cost === undefined) return undefined;
  const work = startsAtTextStart(node) ? cost.work : times(cost.work, LENGTH);
  const maxLength = lengthFor(plus(work, LENGTH));
  if (maxLength === 0) return undefined;
  const units = new UnitPrinter();
  const source = print(node, units);
  const findsHalves = hasNoBoundary(node);
  const characterSource = findsHalves ? undefined : print(node, CHARACTERS);
  return { source, characterSource, isUnitSensitive: units.isSensitive || findsHalves, maxLength };
}

function lengthFor({ factor, degree }: Polynomial): number {
  if (degree <= 1 && factor <= STEPS_PER_UNIT) return MAX_LENGTH;
  if (degree === 0) return factor <= STEP_BUDGET ? MAX_LENGTH : 0;
  return Math.min(MAX_LENGTH, Math.floor((STEP_BUDGET / factor) ** (1 / degree)));
}

/** At most factor · n^degree, for texts of n units. */
interface Polynomial {
  readonly factor: number;
  readonly degree: number;
}

const ONE: Polynomial = { factor: 1, degree: 0 };
const LENGTH: Polynomial = { factor: 1, degree: 1 };

function plus(a: Polynomial, b: Polynomial): Polynomial {
  return { factor: a.factor + b.factor, degree: Math.max(a.degree, b.degree) };
}

function times(a: Polynomial, b: Polynomial): Polynomial {
  return { factor: a.factor * b.factor, degree: a.degree + b.degree };
}

function power(base: Polynomial, exponent: number): Polynomial {
  return { factor: base.factor ** exponent, degree: base.degree * exponent };
}

function constant(factor: number): Polynomial {
  return { factor, degree: 0 };
}

/** For one place of the text. */
interface Cost {
  readonly ways: Polynomial;
  readonly work: Polynomial;
}

const UNIT: Cost = { ways: ONE, work: ONE };

/** What must come behind a node: one of these characters, nothing that could fail, or who knows what (undefined). */
type Follow = Ranges | "end" | undefined;

function costOf(node: PatternNode, follow: Follow): Cost | undefined {
  switch (node.kind) {
    case "set":
    case "assertion":
      return UNIT;
    case "open set":
      return undefined;
    case "capture":
      return costOf(node.body, follow);
    case "sequence":
      return costOfSequence(node.items, follow);
    case "choice":
      return costOfChoice(node.items, follow);
    case "repeat":
      return isSingle(node.body) ? costOfRun(node, follow) : costOfLoop(node, follow);
  }
}

function costOfSequence(items: readonly PatternNode[], follow: Follow): Cost | undefined {
  let ways = ONE;
  let work = ONE;
  for (const [i, item] of items.entries()) {
    const next = items[i + 1];
    const cost = costOf(item, next === undefined ? follow : firstOf(next));
    if (cost === undefined) return undefined;
    work = plus(work, times(ways, cost.work));
    ways = times(ways, cost.ways);
  }
  return { ways, work };
}

function costOfChoice(branches: readonly PatternNode[], follow: Follow): Cost | undefined {
  let ways = constant(0);
  let work = ONE;
  const excludeEachOther = beginDifferently(branches);
  for (const branch of branches) {
    const cost = costOf(branch, follow);
    if (cost === undefined) return undefined;
    ways = excludeEachOther ? greater(ways, cost.ways) : plus(ways, cost.ways);
    work = plus(work, cost.work);
  }
  return { ways, work };
}

function greater(a: Polynomial, b: Polynomial): Polynomial {
  return { factor: Math.max(a.factor, b.factor), degree: Math.max(a.degree, b.degree) };
}

function isSingle(node: PatternNode): boolean {
  return node.kind === "set" || (node.kind === "capture" && isSingle(node.body));
}

/** Of a repeat of one character. */
function costOfRun({ body, min, max }: Repeat, follow: Follow): Cost {
  if (follow === "end") return { ways: ONE, work: constant(min + 1) };
  const work = max === Infinity ? { factor: Math.max(min, 1), degree: 1 } : constant(max + 1);
  return { ways: hasOneEnd(body, follow) ? ONE : max === Infinity ? LENGTH : constant(max - min + 1), work };
}

/** Whether a repeat can end at one place only: anywhere else it would go on, or what follows would fail. */
function hasOneEnd(body: PatternNode, follow: Follow): boolean {
  const first = firstOf(body);
  return follow === "end" || (first !== undefined && follow !== undefined && areDisjoint(first, follow));
}

function costOfLoop({ body, min, max }: Repeat, follow: Follow): Cost | undefined {
  const once = costOf(body, max > 1 ? followOfTurn(body, follow) : follow);
  // Go and JavaScript differ in what an empty turn of a loop does, and in the groups that a new turn forgets.
  if (once === undefined || canBeEmpty(body) || (max > 1 && hasForgetfulCapture(body))) return undefined;
  const isSure = hasOneEnd(body, follow);
  if (max === Infinity) {
    if (once.ways.factor > 1 || once.ways.degree > 0 || once.work.degree > 1) return undefined;
    const leastWork = times(constant(Math.max(min, 1)), once.work);
    if (follow === "end") return { ways: ONE, work: leastWork };
    return { ways: isSure ? ONE : LENGTH, work: { factor: leastWork.factor, degree: 1 } };
  }
  const turns = power(greater(once.ways, ONE), max);
  return {
    ways: times(constant(isSure ? 1 : max - min + 1), turns),
    work: times(times(constant(max + 1), turns), once.work),
  };
}

/** Behind a turn comes another turn, or what follows the loop. */
function followOfTurn(body: PatternNode, follow: Follow): Follow {
  const first = firstOf(body);
  if (follow === "end" || first === undefined) return first;
  return follow && [...first, ...follow];
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

/** Whether it matches no character. */
export function canBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case "set":
    case "open set":
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

/**
 * Whether the start of the text is asked for behind something else: V8 finds nothing with `(?:[^]+?a^|)`, which matches
 * everywhere.
 */
function hasLateStart(node: PatternNode, isFirst: boolean): boolean {
  switch (node.kind) {
    case "set":
    case "open set":
      return false;
    case "assertion":
      return node.type === "text start" && !isFirst;
    case "capture":
      return hasLateStart(node.body, isFirst);
    case "sequence":
      return node.items.some((item, i) => hasLateStart(item, isFirst && i === 0));
    case "choice":
      return node.items.some((item) => hasLateStart(item, isFirst));
    case "repeat":
      return hasLateStart(node.body, false);
  }
}

function beginDifferently(branches: readonly PatternNode[]): boolean {
  const firsts = branches.map(firstOf);
  return firsts.every((first, i) =>
    first !== undefined && firsts.slice(0, i).every((other) => areDisjoint(first, other!))
  );
}

/**
 * What a match begins with; undefined when it can be empty, or that is not said by sets. At the end of the text nothing
 * begins.
 */
function firstOf(node: PatternNode): Ranges | undefined {
  switch (node.kind) {
    case "set":
      return node.ranges;
    case "open set":
      return undefined;
    case "assertion":
      return node.type === "text end" ? [] : undefined;
    case "capture":
      return firstOf(node.body);
    case "sequence":
      return node.items[0] && firstOf(node.items[0]);
    case "choice": {
      const firsts = node.items.map(firstOf);
      return firsts.every((first) => first !== undefined) ? firsts.flat() : undefined;
    }
    case "repeat":
      return node.min > 0 ? firstOf(node.body) : undefined;
  }
}

/** Between the halves of a character there is no boundary of a word, but no place either; V8 looks there all the same. */
function hasNoBoundary(node: PatternNode): boolean {
  switch (node.kind) {
    case "set":
    case "open set":
      return false;
    case "assertion":
      return node.type === "no boundary";
    case "capture":
    case "repeat":
      return hasNoBoundary(node.body);
    default:
      return node.items.some(hasNoBoundary);
  }
}
