/**
 * Patterns as programs for automata over ASCII bytes: instructions that lead to one another, read from either end.
 *
 * Source: Russ Cox, "Regular Expression Matching: the Virtual Machine Approach"; RE2's choice among matches is the order
 * in which a split names its ways.
 *
 * @module
 */

import { canBeEmpty } from "./native.ts";
import type { Ranges } from "./ranges.ts";
import { type PatternNode, type Repeat, sizeOf } from "./syntax.ts";

/** What an instruction does. */
export const Op = {
  /** Takes a byte of `sets[other]`. */
  take: 0,
  /** Goes both ways, first to `next`. */
  split: 1,
  /** Goes on where the search's side of the text begins. */
  begin: 2,
  /** Goes on where the text ends on the other side. */
  finish: 3,
  match: 4,
} as const;

/** About how many instructions a program may have. */
const MAX_INSTRUCTIONS = 512;

export interface Program {
  readonly ops: readonly number[];
  readonly next: readonly number[];
  /** Of a split the second way, of a take the number of its set. */
  readonly other: readonly number[];
  readonly sets: readonly Ranges[];
  /** Its first instruction. */
  readonly entry: number;
}

/** From the start of a match to its end, or the other way round. */
export type Direction = "forward" | "backward";

/**
 * Whether a program does what the pattern means, on ASCII: all but sets that are not known, boundaries of words and lines,
 * and loops whose body can be empty.
 */
export function canProgram(root: PatternNode): boolean {
  return sizeOf(root) <= MAX_INSTRUCTIONS && isKnown(root);
}

function isKnown(node: PatternNode): boolean {
  switch (node.kind) {
    case "set":
      return true;
    case "open set":
      return false;
    case "assertion":
      return node.type === "text start" || node.type === "text end";
    case "capture":
      return isKnown(node.body);
    case "sequence":
    case "choice":
      return node.items.every(isKnown);
    case "repeat":
      return isKnown(node.body) && !canBeEmpty(node.body);
  }
}

/** Of a pattern that `canProgram` holds of. */
export function programOf(root: PatternNode, direction: Direction): Program {
  return new Emitter(direction).emit(root);
}

/** Emits from the end on, so that each instruction knows where it leads. */
class Emitter {
  readonly #ops: number[] = [Op.match];
  readonly #next: number[] = [0];
  readonly #other: number[] = [0];
  readonly #sets: Ranges[] = [];
  readonly #isForward: boolean;

  constructor(direction: Direction) {
    this.#isForward = direction === "forward";
  }

  emit(root: PatternNode): Program {
    const entry = this.#node(root, 0);
    return { ops: this.#ops, next: this.#next, other: this.#other, sets: this.#sets, entry };
  }

  /** @returns Where the node begins that leads to `next`. */
  #node(node: PatternNode, next: number): number {
    switch (node.kind) {
      case "set":
        return this.#push(Op.take, next, this.#setOf(node.ranges));
      case "open set":
        throw new TypeError("Cannot make a program of a set that is not known");
      case "assertion":
        return this.#push((node.type === "text start") === this.#isForward ? Op.begin : Op.finish, next);
      case "capture":
        return this.#node(node.body, next);
      case "sequence":
        return this.#isForward
          ? node.items.reduceRight((after, item) => this.#node(item, after), next)
          : node.items.reduce((after, item) => this.#node(item, after), next);
      case "choice":
        return node.items.map((item) => this.#node(item, next))
          .reduceRight((rest, branch) => this.#push(Op.split, branch, rest));
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat({ body, min, max, isGreedy }: Repeat, next: number): number {
    let entry = next;
    if (max === Infinity) entry = this.#loop(body, isGreedy, next);
    else for (let i = min; i < max; i++) entry = this.#split(this.#node(body, entry), next, isGreedy);
    for (let i = 0; i < min; i++) entry = this.#node(body, entry);
    return entry;
  }

  #loop(body: PatternNode, isGreedy: boolean, next: number): number {
    const turn = this.#push(Op.split, 0);
    const first = this.#node(body, turn);
    this.#next[turn] = isGreedy ? first : next;
    this.#other[turn] = isGreedy ? next : first;
    return turn;
  }

  #split(inside: number, after: number, isGreedy: boolean): number {
    return isGreedy ? this.#push(Op.split, inside, after) : this.#push(Op.split, after, inside);
  }

  #setOf(ranges: Ranges): number {
    const known = this.#sets.indexOf(ranges);
    return known === -1 ? this.#sets.push(ranges) - 1 : known;
  }

  #push(op: number, next: number, other = 0): number {
    this.#next.push(next);
    this.#other.push(other);
    return this.#ops.push(op) - 1;
  }
}
