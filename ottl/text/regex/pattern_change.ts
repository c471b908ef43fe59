/**
 * The replacement of all matches of a pattern by one text, as a change of strings.
 *
 * @module
 */

import type { Budget } from "../../limits.ts";
import { encodeUtf8 } from "../../values/utf8.ts";
import { type ByteRegex, Found } from "./byte_regex.ts";
import type { Regex } from "./regex.ts";
import { AS_TEXT, ChangeOutput, type TextChange, UNCHANGED } from "../text_change.ts";

/** What a match counts as. */
const MATCH_UNITS = 32;

export class PatternChange implements TextChange {
  readonly #regex: Regex;
  readonly #replacement: string;
  readonly #replacementBytes: Uint8Array;
  readonly #budget: Budget | undefined;
  readonly #output = new ChangeOutput();

  constructor(regex: Regex, replacement: string, budget: Budget | undefined) {
    this.#regex = regex;
    this.#replacement = replacement;
    this.#replacementBytes = encodeUtf8(replacement);
    this.#budget = budget;
  }

  get output(): Uint8Array {
    return this.#output.bytes;
  }

  ofText(text: string): string {
    return this.#regex.replaceAll(text, this.#replacement);
  }

  ofBytes(bytes: Uint8Array, start: number, end: number): number {
    const regex = this.#regex.bytes;
    if (regex === undefined) return AS_TEXT;
    const found = regex.first(bytes, start, end);
    if (found !== Found.yes) return found === Found.no ? UNCHANGED : AS_TEXT;
    return this.#replace(regex, bytes, start, end);
  }

  /** From the first match on. */
  #replace(regex: ByteRegex, bytes: Uint8Array, start: number, end: number): number {
    const output = this.#output;
    const replacement = this.#replacementBytes;
    output.length = 0;
    let copied = start;
    let found: number = Found.yes;
    for (; found === Found.yes; found = regex.next(bytes, start, end)) {
      this.#budget?.work(MATCH_UNITS);
      const hasRoom = output.append(bytes, copied, regex.start) && output.append(replacement, 0, replacement.length);
      if (!hasRoom) return AS_TEXT;
      copied = regex.end;
    }
    if (found === Found.unknown || !output.append(bytes, copied, end)) return AS_TEXT;
    return this.#isSame(bytes, start, end) ? UNCHANGED : output.length;
  }

  #isSame(bytes: Uint8Array, start: number, end: number): boolean {
    const { length, bytes: output } = this.#output;
    if (length !== end - start) return false;
    for (let i = 0; i < length; i++) if (output[i] !== bytes[start + i]) return false;
    return true;
  }
}
