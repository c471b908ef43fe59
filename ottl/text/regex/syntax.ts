/**
 * Reads RE2's syntax into a tree, for what must be known of a pattern before it is compiled.
 *
 * The grammar is Go's, but little is checked: re2js refuses what is no pattern. Sets that only its tables know (Unicode
 * classes, folded letters past ASCII) are left open.
 *
 * Source: Go 1.26, regexp/syntax, parse.go.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { complement, EVERYTHING, foldAscii, merge, PERL_CLASSES, POSIX_CLASSES, type Ranges } from "./ranges.ts";

export type PatternNode =
  | { readonly kind: "set"; readonly ranges: Ranges }
  /** One character of a set that is not known here. */
  | { readonly kind: "open set" }
  | { readonly kind: "assertion"; readonly type: Assertion }
  | { readonly kind: "capture"; readonly body: PatternNode }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly items: readonly PatternNode[] }
  | Repeat;

export interface Repeat {
  readonly kind: "repeat";
  readonly body: PatternNode;
  readonly min: number;
  /** Infinity for no bound. */
  readonly max: number;
  readonly isGreedy: boolean;
}

export type Assertion = "text start" | "text end" | "line start" | "line end" | "boundary" | "no boundary";

/** A group's name, and where `?P<name>` stands. */
export interface GroupName {
  readonly name: string;
  readonly group: number;
  readonly start: number;
  readonly end: number;
}

export interface PatternTree {
  readonly root: PatternNode;
  /** In their order. */
  readonly names: readonly GroupName[];
  /** Of groups that capture. */
  readonly groupCount: number;
}

/** Of groups, levels. Go allows 1,000. */
const MAX_DEPTH = 250;

/** Thrown inside this file only: this is no pattern. */
class NoPattern extends Error {}

/**
 * @returns undefined for what is no pattern; not all that is none.
 * @throws {OttlError} Of category "limit": its groups are nested too deep.
 */
export function readPattern(pattern: string): PatternTree | undefined {
  try {
    return new PatternReader(pattern).read();
  } catch (error) {
    if (error instanceof NoPattern) return undefined;
    throw error;
  }
}

interface Flags {
  readonly fold: boolean;
  readonly dotAll: boolean;
  readonly lines: boolean;
  readonly swapGreed: boolean;
}

const NO_FLAGS: Flags = { fold: false, dotAll: false, lines: false, swapGreed: false };
const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = { i: "fold", s: "dotAll", m: "lines", U: "swapGreed" };

class PatternReader {
  readonly #text: string;
  readonly #names: GroupName[] = [];
  #at = 0;
  #flags = NO_FLAGS;
  #groups = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): PatternTree {
    const root = this.#choice();
    if (this.#at < this.#text.length) throw new NoPattern();
    return { root, names: this.#names, groupCount: this.#groups };
  }

  /** Branches up to the end of the group. */
  #choice(): PatternNode {
    const branches = [this.#sequence()];
    while (this.#take("|")) branches.push(this.#sequence());
    return branches.length === 1 ? branches[0]! : { kind: "choice", items: branches };
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#at < this.#text.length && !this.#sees("|") && !this.#sees(")")) {
      if (this.#take("\\Q")) items.push(...this.#quoted());
      else {
        const atom = this.#atom();
        if (atom !== undefined) items.push(atom);
      }
      if (items.length > 0) items.push(this.#repeated(items.pop()!));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  #atom(): PatternNode | undefined {
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return set(this.#class());
    if (this.#take("\\")) return this.#escape();
    if (this.#take(".")) return set(this.#flags.dotAll ? EVERYTHING : complement([10, 10]));
    if (this.#take("^")) return { kind: "assertion", type: this.#flags.lines ? "line start" : "text start" };
    if (this.#take("$")) return { kind: "assertion", type: this.#flags.lines ? "line end" : "text end" };
    return set(this.#folded([this.#codePoint()]));
  }

  /** What follows "(". Only flags, as in "(?i)", are no node. */
  #group(): PatternNode | undefined {
    if (++this.#depth > MAX_DEPTH) {
      throw new OttlError(
        "limit",
        `Cannot compile a regular expression: groups are nested deeper than ${MAX_DEPTH} levels`,
      );
    }
    const outer = this.#flags;
    const isCapture = this.#takeName() || !this.#take("?");
    if (isCapture) this.#groups++;
    else if (this.#setFlags() === ")") {
      this.#depth--;
      return undefined;
    }
    const body = this.#choice();
    this.#expect(")");
    this.#depth--;
    this.#flags = outer;
    return isCapture ? { kind: "capture", body } : body;
  }

  #takeName(): boolean {
    const [all = "", name = ""] = this.#match(/\?P?<([^>]*)>/y) ?? [];
    if (all === "") return false;
    this.#names.push({ name, group: this.#groups + 1, start: this.#at, end: this.#at + all.length });
    this.#at += all.length;
    return true;
  }

  /** Takes flags and the ":" or ")" behind them, and gives it. */
  #setFlags(): string {
    let on = true;
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === ":" || letter === ")") return letter;
      if (letter === "-") on = false;
      else this.#flags = { ...this.#flags, [FLAG_NAMES[letter ?? ""] ?? noPattern()]: on };
    }
  }

  #quoted(): PatternNode[] {
    const end = this.#text.indexOf("\\E", this.#at);
    const literal = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return Array.from(literal, (character) => set(this.#folded([character.codePointAt(0)!])));
  }

  #repeated(body: PatternNode): PatternNode {
    const bounds = this.#bounds();
    if (bounds === undefined) return body;
    const isLazy = this.#take("?");
    return { kind: "repeat", body, ...bounds, isGreedy: isLazy === this.#flags.swapGreed };
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Infinity };
    if (this.#take("+")) return { min: 1, max: Infinity };
    if (this.#take("?")) return { min: 0, max: 1 };
    const [all = "", min, comma, max] = this.#match(/\{(\d+)(,?)(\d*)\}/y) ?? [];
    if (all === "" || (comma === "" && max !== "")) return undefined;
    this.#at += all.length;
    return { min: Number(min), max: comma === "" ? Number(min) : max === "" ? Infinity : Number(max) };
  }

  /** What follows "\" outside of a class. */
  #escape(): PatternNode {
    if (this.#take("A")) return { kind: "assertion", type: "text start" };
    if (this.#take("z")) return { kind: "assertion", type: "text end" };
    if (this.#take("b")) return { kind: "assertion", type: "boundary" };
    if (this.#take("B")) return { kind: "assertion", type: "no boundary" };
    if (this.#takeUnicodeClass()) return { kind: "open set" };
    return set(this.#perlClass() ?? this.#folded([this.#escapedCodePoint()]));
  }

  /** Whether \pL or \p{Greek}, or the same with \P, follows "\". */
  #takeUnicodeClass(): boolean {
    const [all = ""] = this.#match(/[pP](?:\{[^}]*\}|[^])/y) ?? [];
    this.#at += all.length;
    return all !== "";
  }

  /** Of \d \D \s \S \w \W, when one follows "\". */
  #perlClass(): Ranges | "open" | undefined {
    const letter = this.#text[this.#at] ?? "";
    const ranges = PERL_CLASSES[letter.toLowerCase()];
    if (ranges === undefined) return undefined;
    this.#at++;
    return this.#signed(ranges, letter !== letter.toLowerCase());
  }

  #signed(ranges: Ranges, isNegated: boolean): Ranges | "open" {
    const folded = this.#flags.fold ? foldAscii(ranges) : ranges;
    return isNegated && folded !== "open" ? complement(folded) : folded;
  }

  #folded(codePoints: readonly number[]): Ranges | "open" {
    return this.#signed(codePoints.flatMap((code) => [code, code]), false);
  }

  #escapedCodePoint(): number {
    const octal = this.#match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)?.[0];
    if (octal !== undefined) {
      this.#at += octal.length;
      return Number.parseInt(octal, 8);
    }
    const [all = "", braced, two] = this.#match(/x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/y) ?? [];
    if (all !== "") {
      this.#at += all.length;
      return Number.parseInt(braced ?? two ?? "", 16);
    }
    const control = CONTROLS[this.#text[this.#at] ?? ""];
    if (control !== undefined) {
      this.#at++;
      return control;
    }
    if (this.#match(/[!-/:-@[-`{-~ ]/y) === null) throw new NoPattern();
    return this.#codePoint();
  }

  /** What follows "[". */
  #class(): Ranges | "open" {
    const isNegated = this.#take("^");
    const ranges: number[] = [];
    let isOpen = false;
    for (let isFirst = true; isFirst || !this.#take("]"); isFirst = false) {
      if (this.#at >= this.#text.length) throw new NoPattern();
      const item = this.#classItem();
      if (item === "open") isOpen = true;
      else ranges.push(...item);
    }
    if (isOpen) return "open";
    const sorted = merge(ranges);
    return isNegated ? complement(sorted) : sorted;
  }

  #classItem(): Ranges | "open" {
    const [all = "", sign, name = ""] = this.#match(/\[:(\^?)([a-z]+):\]/y) ?? [];
    if (all !== "") {
      this.#at += all.length;
      return this.#signed(POSIX_CLASSES[name] ?? noPattern(), sign === "^");
    }
    if (this.#sees("\\")) {
      this.#at++;
      if (this.#takeUnicodeClass()) return "open";
      const perl = this.#perlClass();
      if (perl !== undefined) return perl;
      this.#at--;
    }
    const from = this.#classCodePoint();
    const isRange = this.#sees("-") && this.#text[this.#at + 1] !== "]" && this.#at + 1 < this.#text.length;
    if (!isRange) return this.#folded([from]);
    this.#at++;
    return this.#signed([from, this.#classCodePoint()], false);
  }

  #classCodePoint(): number {
    return this.#take("\\") ? this.#escapedCodePoint() : this.#codePoint();
  }

  #codePoint(): number {
    const code = this.#text.codePointAt(this.#at) ?? noPattern();
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    return sticky.exec(this.#text);
  }

  #sees(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new NoPattern();
  }
}

function noPattern(): never {
  throw new NoPattern();
}

function set(ranges: Ranges | "open"): PatternNode {
  return ranges === "open" ? { kind: "open set" } : { kind: "set", ranges };
}

const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** About how many instructions it compiles to: a counted repeat is that many copies. */
export function sizeOf(node: PatternNode): number {
  switch (node.kind) {
    case "set":
    case "open set":
    case "assertion":
      return 1;
    case "capture":
      return 2 + sizeOf(node.body);
    case "sequence":
    case "choice":
      return node.items.reduce((size, item) => size + sizeOf(item), node.items.length);
    case "repeat":
      return 1 + sizeOf(node.body) * Math.max(node.max === Infinity ? node.min : node.max, 1);
  }
}
