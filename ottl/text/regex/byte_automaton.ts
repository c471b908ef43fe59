/**
 * An automaton over ASCII bytes that is made while it runs: a state for each list of places in a program that a text has
 * led to, kept in the order in which RE2 prefers them.
 *
 * A byte of a text costs one look into a table, nothing is allocated, and the time is linear. What it has no answer for,
 * a byte past ASCII or more states than there is room for, it says so.
 *
 * Source: Russ Cox, "Regular Expression Matching in the Wild".
 *
 * @module
 */

import { Op, type Program } from "./byte_program.ts";
import type { Ranges } from "./ranges.ts";

/** States of one automaton: more are not made. At 4 bytes for each class of bytes, 129 at the most, 130 kB. */
const MAX_STATES = 256;

/** Entries of the table, besides those that lead to a state: the row of that, doubled, and 1 where it accepts. */
const NOT_MADE = 0;
const DEAD = -1;
const NO_ANSWER = -2;

/** What `run` gives beside a place. */
export const NOWHERE = -1;
export const UNKNOWN = -2;

const ASCII = 128;
const BYTES = 256;

export interface AutomatonOptions {
  /** Whether a match may begin behind the place where the search does. */
  readonly searches: boolean;
  /** Whether the match that RE2 prefers is wanted, or the longest one. */
  readonly prefers: boolean;
}

export class ByteAutomaton {
  /** Whether a match can begin at the text's side only. */
  readonly isTied: boolean;
  readonly #program: Program;
  readonly #searches: boolean;
  readonly #prefers: boolean;
  /** The class of each byte: those of a class are in the same sets. Bytes past ASCII have the last. */
  readonly #classes = new Uint8Array(BYTES);
  /** For each set the classes that are in it. */
  readonly #members: readonly Uint8Array[];
  /** Entries of a row: one for each class. */
  readonly #stride: number;
  #table: Int32Array;
  /** By row: the instructions that take a byte, look at the text's end or match. */
  readonly #lists: (readonly number[])[] = [];
  readonly #acceptsAtEnd: boolean[] = [];
  /** Entries of states by their lists. */
  readonly #entries = new Map<string, number>();
  /** Where a search begins at its side of the text, and elsewhere. */
  readonly #first: number;
  readonly #firstInside: number;
  /** Instructions that were added to the list that is made. */
  readonly #seen: Uint8Array;

  constructor(program: Program, { searches, prefers }: AutomatonOptions) {
    this.#program = program;
    this.#prefers = prefers;
    this.#seen = new Uint8Array(program.ops.length);
    const classCount = this.#classify(program.sets);
    this.#stride = classCount + 1;
    this.#classes.fill(classCount, ASCII);
    this.#members = program.sets.map((ranges) => this.#membersOf(ranges, classCount));
    this.#table = new Int32Array(this.#stride * 8);
    // Row 0 is never used, so that no entry is NOT_MADE.
    this.#lists.push([]);
    this.#acceptsAtEnd.push(false);
    this.isTied = this.#listFrom([program.entry], false).length === 0;
    this.#searches = searches && !this.isTied;
    this.#first = this.#stateOf(this.#begun(true));
    this.#firstInside = this.#stateOf(this.#begun(false));
  }

  /** @returns How many classes there are. */
  #classify(sets: readonly Ranges[]): number {
    const known = new Map<string, number>();
    for (let byte = 0; byte < ASCII; byte++) {
      const signature = sets.map((ranges) => isIn(byte, ranges) ? 1 : 0).join("");
      const found = known.get(signature) ?? known.size;
      known.set(signature, found);
      this.#classes[byte] = found;
    }
    return known.size;
  }

  #membersOf(ranges: Ranges, classCount: number): Uint8Array {
    const members = new Uint8Array(classCount);
    for (let byte = 0; byte < ASCII; byte++) if (isIn(byte, ranges)) members[this.#classes[byte]!] = 1;
    return members;
  }

  /**
   * Looks at bytes from `from` towards `to`, in steps of 1 or, where `to` lies before it, -1.
   *
   * @param isBegun Whether the text begins at `from`, as seen in the direction of the search.
   * @param isWhole Whether the text ends at `to`.
   * @returns The place, between two bytes, where a match ends; NOWHERE or UNKNOWN.
   */
  run(bytes: Uint8Array, from: number, to: number, isBegun: boolean, isWhole: boolean): number {
    const classes = this.#classes;
    let table = this.#table;
    let entry = isBegun ? this.#first : this.#firstInside;
    if (entry < 0) return entry === DEAD ? NOWHERE : UNKNOWN;
    const step = to < from ? -1 : 1;
    const skew = to < from ? 1 : 0; // the byte before a place, where the way is back
    let found = (entry & 1) === 0 ? NOWHERE : from;
    let at = from;
    while (at !== to) {
      const column = classes[bytes[at - skew]!]!;
      let next = table[(entry >> 1) + column]!;
      if (next <= 0) {
        if (next === NOT_MADE) {
          next = this.#advance(entry >> 1, column);
          table = this.#table;
        }
        if (next === NO_ANSWER) return UNKNOWN;
        if (next === DEAD) return found;
      }
      at += step;
      entry = next;
      if ((entry & 1) !== 0) found = at;
    }
    return isWhole && this.#acceptsAtEnd[(entry >> 1) / this.#stride] ? at : found;
  }

  /** The entry of `row` for a class of bytes. */
  #advance(row: number, column: number): number {
    const list = this.#lists[row / this.#stride]!;
    const isAscii = column < this.#stride - 1;
    const next = isAscii ? this.#stateOf(this.#after(list, column)) : this.#goesOn(list) ? NO_ANSWER : DEAD;
    return this.#table[row + column] = next;
  }

  /** Whether it takes any byte. */
  #goesOn(list: readonly number[]): boolean {
    return list.some((place) => place === SEARCH || this.#program.ops[place] === Op.take);
  }

  /** What a search begins with. */
  #begun(isBegun: boolean): readonly number[] {
    return this.#listFrom(this.#searches ? [this.#program.entry, SEARCH] : [this.#program.entry], isBegun);
  }

  #after(list: readonly number[], column: number): readonly number[] {
    const { ops, next, other, entry } = this.#program;
    const seeds: number[] = [];
    for (const place of list) {
      if (place === SEARCH) seeds.push(entry, SEARCH);
      else if (ops[place] === Op.take && this.#members[other[place]!]![column] === 1) seeds.push(next[place]!);
    }
    return this.#listFrom(seeds, false);
  }

  /** The instructions that `seeds` lead to without a byte, the preferred first, to the one that ends all others. */
  #listFrom(seeds: readonly number[], isBegun: boolean): readonly number[] {
    const list: number[] = [];
    this.#seen.fill(0);
    for (const seed of seeds) {
      if (this.#isDecided(list)) break;
      if (seed === SEARCH) list.push(SEARCH);
      else this.#add(seed, list, isBegun);
    }
    return list;
  }

  /** Whether what is less preferred than the list does not count. */
  #isDecided(list: readonly number[]): boolean {
    return this.#prefers && this.#program.ops[list.at(-1) ?? SEARCH] === Op.match;
  }

  #add(place: number, list: number[], isBegun: boolean): void {
    if (this.#seen[place] === 1 || this.#isDecided(list)) return;
    this.#seen[place] = 1;
    const { ops, next, other } = this.#program;
    switch (ops[place]) {
      case Op.split:
        this.#add(next[place]!, list, isBegun);
        return this.#add(other[place]!, list, isBegun);
      case Op.begin:
        if (isBegun) this.#add(next[place]!, list, isBegun);
        return;
      default:
        list.push(place);
    }
  }

  /** The entry of the state of a list. */
  #stateOf(list: readonly number[]): number {
    if (list.length === 0) return DEAD;
    const key = list.join();
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#lists.length > MAX_STATES) return NO_ANSWER;
    const row = this.#lists.length * this.#stride;
    const accepts = list.some((place) => this.#program.ops[place] === Op.match);
    this.#lists.push(list);
    this.#acceptsAtEnd.push(accepts || this.#canFinish(list));
    if (row + this.#stride > this.#table.length) this.#grow();
    const entry = row << 1 | (accepts ? 1 : 0);
    this.#entries.set(key, entry);
    return entry;
  }

  #grow(): void {
    const larger = new Int32Array(this.#table.length * 2);
    larger.set(this.#table);
    this.#table = larger;
  }

  /** Whether it matches where the text ends. */
  #canFinish(list: readonly number[]): boolean {
    const { ops, next } = this.#program;
    const seeds = list.filter((place) => ops[place] === Op.finish).map((place) => next[place]!);
    if (seeds.length === 0) return false;
    return this.#listFrom(seeds, false).some((place) =>
      ops[place] === Op.match || ops[place] === Op.finish && this.#canFinish([place])
    );
  }
}

/** In a list: the search begins anew with the next byte. */
const SEARCH = -1;

function isIn(byte: number, ranges: Ranges): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (ranges[i]! <= byte && byte <= ranges[i + 1]!) return true;
  return false;
}
