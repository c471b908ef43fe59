/**
 * Regular expressions on strings where they lie in bytes: no string is made of what need not be looked at as one.
 *
 * It answers for ASCII as Regex does, in linear time whatever the pattern, and says where it cannot: for other texts, and
 * for patterns with more states than there is room for. tests/ottl/text/regex/byte_regex_test.ts holds it against Regex.
 *
 * @module
 */

import { ByteAutomaton, NOWHERE, UNKNOWN } from "./byte_automaton.ts";
import { canProgram, programOf } from "./byte_program.ts";
import { type PatternNode, readPattern } from "./syntax.ts";

/** What a search gives. */
export const Found = { no: 0, yes: 1, unknown: 2 } as const;

/** Longest text that it is for, bytes: what is longer is counted by the batch's budget, which Regex does. */
export const MAX_SEARCHED_BYTES = 65_536;

/** @returns undefined for a pattern that is not for automata. */
export function byteRegexOf(pattern: string): ByteRegex | undefined {
  const root = readPattern(pattern)?.root;
  return root !== undefined && canProgram(root) ? new ByteRegex(root) : undefined;
}

/** A compiled pattern. It keeps where its last match lies alone. */
export class ByteRegex {
  /** Where the last match lies. */
  start = 0;
  end = 0;
  /** Where the search goes on; -1 for inside of a character. */
  #from = 0;
  readonly #forward: ByteAutomaton;
  readonly #backward: ByteAutomaton;

  /** @param root Of which `canProgram` holds. */
  constructor(root: PatternNode) {
    this.#forward = new ByteAutomaton(programOf(root, "forward"), { searches: true, prefers: true });
    this.#backward = new ByteAutomaton(programOf(root, "backward"), { searches: false, prefers: false });
  }

  /** Whether it matches anywhere in the text from `start` to `end`. */
  test(bytes: Uint8Array, start: number, end: number): number {
    const place = this.#placeOf(bytes, start, end, start);
    return place === UNKNOWN ? Found.unknown : place === NOWHERE ? Found.no : Found.yes;
  }

  /** Finds its first match in the text from `start` to `end`. */
  first(bytes: Uint8Array, start: number, end: number): number {
    this.#from = start;
    this.end = -1;
    return this.next(bytes, start, end);
  }

  /** Finds the match behind the last one; an empty one right behind another is none (Go's rule). */
  next(bytes: Uint8Array, start: number, end: number): number {
    while (this.#from <= end) {
      const before = this.end;
      const found = this.#from === -1 ? Found.unknown : this.#find(bytes, start, end);
      if (found !== Found.yes) return found;
      if (this.end > this.start || this.start !== before) return found;
    }
    return Found.no;
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    const from = this.#from;
    const place = this.#placeOf(bytes, start, end, from);
    if (place === NOWHERE) return Found.no;
    if (place === UNKNOWN) return Found.unknown;
    const matchEnd = this.#backward.isTied ? end : place;
    const matchStart = this.#startOf(bytes, start, end, place);
    if (matchStart === UNKNOWN) return Found.unknown;
    this.start = matchStart;
    this.end = matchEnd;
    this.#from = matchEnd > matchStart && matchEnd < end ? matchEnd : behindCharacter(bytes, matchEnd, end);
    return Found.yes;
  }

  /** Where the first match ends, or where it begins if it can only end where the text does. */
  #placeOf(bytes: Uint8Array, start: number, end: number, from: number): number {
    if (start === end || end - start > MAX_SEARCHED_BYTES) return UNKNOWN;
    if (this.#backward.isTied) return this.#backward.run(bytes, end, from, true, from === start);
    return this.#forward.run(bytes, from, end, from === start, true);
  }

  /** The leftmost place from which the match that ends at `place` can be had: it is the first one, so that is its. */
  #startOf(bytes: Uint8Array, start: number, end: number, place: number): number {
    if (this.#backward.isTied) return place;
    if (this.#forward.isTied) return start;
    return this.#backward.run(bytes, place, this.#from, place === end, this.#from === start);
  }
}

/** @returns -1 where the character is more than a byte. */
function behindCharacter(bytes: Uint8Array, at: number, end: number): number {
  return at < end && bytes[at]! > 0x7f ? -1 : at + 1;
}
