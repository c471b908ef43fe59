/**
 * Regular expressions as Go has them (RE2): the same syntax, the leftmost match that a Perl-like search finds first, and
 * never more than linear time, since patterns and texts may both come from a stranger.
 *
 * re2js is the engine of record: it accepts or refuses a pattern, all but the plainest, and it runs on any text. The
 * runtime's own engine, several times faster on short texts, runs where native.ts proves its cost bounded.
 * tests/ottl/text/regex/regex_test.ts holds the two against each other, and both against Go.
 *
 * Texts are strings of values/utf8.ts: a byte that is no UTF-8 is read as U+FFFD, as Go does, and comes out as it was.
 *
 * @module
 */

import { RE2JS, RE2JSException } from "re2js";
import type { Budget, OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { mendUtf8 } from "../../values/utf8.ts";
import { type ByteRegex, byteRegexOf } from "./byte_regex.ts";
import { type SeparateNames, separateNames } from "./group_names.ts";
import { isPlainPattern } from "./plain_pattern.ts";
import { type NativePlan, planNative } from "./native.ts";
import { type PatternTree, readPattern, sizeOf } from "./syntax.ts";

export type RegexLimits = Pick<OttlLimits, "maxPatternLength" | "maxValueBytes" | "budget">;

/** Where a pattern was found, and what its groups took. */
export class RegexMatch {
  /** Of its first unit, UTF-16. */
  readonly index: number;
  /** Behind its last unit. */
  readonly end: number;
  /** The whole match, then each group's part; undefined for a group that took no part. */
  readonly groups: readonly (string | undefined)[];
  readonly #regex: Regex;

  constructor(regex: Regex, index: number, groups: readonly (string | undefined)[]) {
    this.#regex = regex;
    this.index = index;
    this.end = index + groups[0]!.length;
    this.groups = groups;
  }

  /** What the first group of that name that took part took; undefined when there is none. */
  named(name: string): string | undefined {
    const first = this.#regex.groupNumbers.get(name);
    if (first === undefined) return undefined;
    return this.groups[first] ?? this.#regex.otherGroups(name).map((group) => this.groups[group]).find(tookPart);
  }
}

/** What a pattern was found to be, and what runs it. */
interface RegexParts {
  /** With the pattern for `linear`, in which no name repeats. */
  readonly groups: SeparateNames;
  /** Undefined for a pattern that surely is one: it is compiled for the first text that needs it. */
  readonly linear: RE2JS | undefined;
  readonly plan: NativePlan | undefined;
  /** Of a pattern without `linear`. */
  readonly tree: PatternTree | undefined;
}

/** A compiled pattern. It keeps nothing of the texts that it was run on. */
export class Regex {
  readonly pattern: string;
  /** Names of groups with their numbers, in their order; the first number of a name that repeats. */
  readonly groupNumbers: ReadonlyMap<string, number>;
  /** Groups, the whole match not counted. */
  readonly groupCount: number;
  #linear: RE2JS | undefined;
  readonly #groups: SeparateNames;
  readonly #units: RegExp | undefined;
  #characters: RegExp | undefined;
  readonly #plan: NativePlan | undefined;
  readonly #maxBytes: number;
  readonly #budget: Budget | undefined;
  /** Null for a pattern that is not for it. */
  #bytes: ByteRegex | null | undefined;

  constructor(pattern: string, { groups, linear, plan, tree }: RegexParts, limits: RegexLimits) {
    this.pattern = pattern;
    this.#linear = linear;
    this.#plan = plan;
    this.#units = plan && new RegExp(plan.source, "g");
    this.#maxBytes = limits.maxValueBytes;
    this.#budget = limits.budget;
    this.groupCount = linear?.groupCount() ?? tree?.groupCount ?? 0;
    const named = tree?.names.map(({ name, group }) => [name, group] as const);
    const numbers = Object.entries(linear?.namedGroups() ?? {}).sort(([, a], [, b]) => a - b);
    this.groupNumbers = new Map(named ?? numbers);
    this.#groups = groups;
  }

  /** Numbers of the groups of that name but the first. */
  otherGroups(name: string): readonly number[] {
    return this.#groups.others.get(name) ?? [];
  }

  /** The same for texts that lie in bytes, as far as that goes; undefined where it has no answers. */
  get bytes(): ByteRegex | undefined {
    if (this.#bytes === undefined) this.#bytes = byteRegexOf(this.pattern) ?? null;
    return this.#bytes ?? undefined;
  }

  /** Whether it matches anywhere in `text`. */
  test(text: string): boolean {
    const native = this.#nativeFor(text);
    if (native === undefined) return this.#engine().test(this.#forLinear(text, MAX_TEST_STEPS));
    native.lastIndex = 0;
    return native.test(text);
  }

  /** Its first match at or behind `from`, a place between two characters. */
  exec(text: string, from = 0): RegexMatch | null {
    const native = this.#nativeFor(text);
    return native === undefined
      ? this.#execLinear(text, this.#forLinear(text, MAX_SEARCH_STEPS), from)
      : this.#execNative(native, text, from);
  }

  /**
   * All matches that do not overlap; an empty one right behind another is none (Go's rule).
   *
   * @param visit Called with each.
   */
  forEachMatch(text: string, visit: (match: RegexMatch) => void): void {
    const native = this.#nativeFor(text);
    const wellFormed = native === undefined ? this.#forLinear(text, MAX_SEARCH_STEPS) : text;
    let lastEnd = -1;
    for (let from = 0; from <= text.length;) {
      // What re2js looks at before a match is not known, so the clock is asked each time: a fiftieth of what it takes.
      if (native === undefined) this.#budget?.look();
      else this.#budget?.work(MATCH_UNITS);
      const match = native === undefined
        ? this.#execLinear(text, wellFormed, from)
        : this.#execNative(native, text, from);
      if (match === null) return;
      const isEmpty = match.end === match.index;
      if (!isEmpty || match.index !== lastEnd) visit(match);
      if (match.end === text.length) return; // what is found there is empty, and right behind this one
      lastEnd = match.end;
      from = isEmpty ? match.end + characterLength(text, match.end) : match.end;
    }
  }

  /**
   * @param replacement What comes in the place of a match; a string is cheaper, for only its place is looked at.
   * @returns `text` itself when nothing matches.
   * @throws {OttlError} Of category "limit": the result is longer than `maxValueBytes`.
   */
  replaceAll(text: string, replacement: string | ((match: RegexMatch) => string)): string {
    const native = typeof replacement === "string" ? this.#nativeFor(text) : undefined;
    if (native !== undefined) return this.#replaceNative(native, text, replacement as string);
    const expand = typeof replacement === "string" ? () => replacement : replacement;
    let replaced = "";
    let end = 0;
    let hasMatch = false;
    this.forEachMatch(text, (match) => {
      replaced += text.slice(end, match.index) + expand(match);
      if (replaced.length > this.#maxBytes) throw tooLong(this.#maxBytes);
      end = match.end;
      hasMatch = true;
    });
    return hasMatch ? this.#joined(replaced, text, end) : text;
  }

  /** By the rules of `forEachMatch`. */
  #replaceNative(native: RegExp, text: string, replacement: string): string {
    let replaced = "";
    let copied = 0;
    let lastEnd = -1;
    for (let from = 0; from <= text.length;) {
      this.#budget?.work(MATCH_UNITS);
      native.lastIndex = from;
      const match = native.exec(text);
      if (match === null) break;
      const { index } = match;
      const end = index + match[0].length;
      if (end > index || index !== lastEnd) {
        replaced += text.slice(copied, index) + replacement;
        if (replaced.length > this.#maxBytes) throw tooLong(this.#maxBytes);
        copied = end;
      }
      lastEnd = end;
      if (end === text.length) break;
      from = end > index ? end : end + characterLength(text, end);
    }
    return lastEnd === -1 ? text : this.#joined(replaced, text, copied);
  }

  /** What was replaced and the rest of the text. */
  #joined(replaced: string, text: string, end: number): string {
    this.#budget?.make(replaced.length + text.length - end);
    return mendUtf8(replaced + text.slice(end));
  }

  /** The runtime's engine, if it is for this text. */
  #nativeFor(text: string): RegExp | undefined {
    const plan = this.#plan;
    if (plan === undefined || text.length > plan.maxLength) return undefined;
    if (!plan.isUnitSensitive || !SURROGATE.test(text)) return this.#units;
    if (plan.characterSource === undefined || !text.isWellFormed()) return undefined;
    return this.#characters ??= new RegExp(plan.characterSource, "gu");
  }

  #engine(): RE2JS {
    return this.#linear ??= compileLinear(this.#groups.pattern);
  }

  /** The text as re2js takes it. @throws {OttlError} It would take too long; of category "limit". */
  #forLinear(text: string, maxSteps: number): string {
    const size = this.#engine().programSize();
    if (text.length * size > maxSteps) throw tooManySteps(text.length, Math.floor(maxSteps / size));
    if (text.length > LOOKED_AT_UNITS) this.#budget?.look();
    return text.toWellFormed();
  }

  #execNative(native: RegExp, text: string, from: number): RegexMatch | null {
    native.lastIndex = from;
    const found = native.exec(text);
    return found && new RegexMatch(this, found.index, found);
  }

  /** @param wellFormed The text with U+FFFD for each byte that is no UTF-8, so of the same length. */
  #execLinear(text: string, wellFormed: string, from: number): RegexMatch | null {
    // The yes or no comes from an automaton that is ten times faster than the search for groups.
    const linear = this.#engine();
    if (from === 0 && !linear.test(wellFormed)) return null;
    const matcher = linear.matcher(wellFormed);
    if (!matcher.find(from)) return null;
    const groups: (string | undefined)[] = [];
    for (let group = 0; group <= this.groupCount; group++) {
      const start = matcher.start(group);
      groups.push(start < 0 ? undefined : text.slice(start, matcher.end(group)));
    }
    return new RegexMatch(this, matcher.start(), groups);
  }
}

function tookPart(part: string | undefined): boolean {
  return part !== undefined;
}

const SURROGATE = /[\ud800-\udfff]/;

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/**
 * Instructions of a pattern times units of a text, for a yes or no from re2js. A pattern that defeats its automaton takes
 * 19 ns for each, 5 s in all; most take a thousandth of that.
 */
const MAX_TEST_STEPS = 268_435_456;

/** The same where a match and its groups are wanted: up to 80 ns for each. */
const MAX_SEARCH_STEPS = 67_108_864;

/** From this length on a search is worth a look at the clock before it. */
const LOOKED_AT_UNITS = 4_096;

/** What a match of the runtime's engine counts as. */
const MATCH_UNITS = 32;

function tooManySteps(length: number, most: number): OttlError {
  return new OttlError(
    "limit",
    `Cannot search a text of ${length} units: the most for a regular expression of this size is ${most}`,
  );
}

function tooLong(maxBytes: number): OttlError {
  return new OttlError("limit", `Cannot replace: the result is longer than ${maxBytes} bytes, the most for one value`);
}

/**
 * @param pattern Go's syntax.
 * @throws {OttlError} Of category "arg_value": it is none; "limit": it is longer than `maxPatternLength`, or would be
 * too large when it is compiled.
 */
export function compileRegex(pattern: string, limits: RegexLimits): Regex {
  if (pattern.length > limits.maxPatternLength) {
    throw new OttlError(
      "limit",
      `Cannot compile a regular expression of ${pattern.length} units: the most is ${limits.maxPatternLength}`,
    );
  }
  if (!pattern.isWellFormed()) throw invalidPattern(pattern, "invalid UTF-8");
  const tree = readPattern(pattern);
  const size = tree === undefined ? 0 : sizeOf(tree.root);
  if (size > MAX_SIZE) {
    throw new OttlError("limit", `Cannot compile a regular expression of ${size} steps: the most is ${MAX_SIZE}`);
  }
  const groups = separateNames(pattern, tree?.names ?? []);
  const plan = tree && planNative(tree.root);
  const isLater = plan !== undefined && isPlainPattern(pattern);
  const linear = isLater ? undefined : compileLinear(groups.pattern);
  return new Regex(pattern, { groups, linear, plan, tree: isLater ? tree : undefined }, limits);
}

/** Instructions of one pattern: each may have to be looked at for each character of a text. */
const MAX_SIZE = 20_000;

function compileLinear(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw invalidPattern(pattern, error.message);
    throw error;
  }
}

function invalidPattern(pattern: string, why: string): OttlError {
  return new OttlError("arg_value", `the regex pattern '${pattern.toWellFormed()}' is not a valid pattern: ${why}`);
}
