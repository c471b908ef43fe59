/**
 * Upper and lower case as changes of strings.
 *
 * @module
 */

import { toLower, toUpper } from "./case.ts";
import { AS_TEXT, ChangeOutput, type TextChange, UNCHANGED } from "./text_change.ts";

const CASE_BIT = 0x20;

class CaseChange implements TextChange {
  readonly ofText: (text: string) => string;
  readonly #firstLetter: number;
  readonly #lastLetter: number;
  readonly #output = new ChangeOutput();

  /** @param letters The first and the last of those that change: ASCII. */
  constructor(ofText: (text: string) => string, [first, last]: readonly [string, string]) {
    this.ofText = ofText;
    this.#firstLetter = first.charCodeAt(0);
    this.#lastLetter = last.charCodeAt(0);
  }

  get output(): Uint8Array {
    return this.#output.bytes;
  }

  ofBytes(bytes: Uint8Array, start: number, end: number): number {
    let changes = false;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return AS_TEXT;
      if (byte >= this.#firstLetter && byte <= this.#lastLetter) changes = true;
    }
    return changes ? this.#change(bytes, start, end) : UNCHANGED;
  }

  /** Of ASCII. */
  #change(bytes: Uint8Array, start: number, end: number): number {
    const output = this.#output;
    output.length = 0;
    if (!output.append(bytes, start, end)) return AS_TEXT;
    const changed = output.bytes;
    for (let i = 0; i < output.length; i++) {
      const byte = changed[i]!;
      if (byte >= this.#firstLetter && byte <= this.#lastLetter) changed[i] = byte ^ CASE_BIT;
    }
    return output.length;
  }
}

/** As `toLower`. */
export function lowerChange(): TextChange {
  return new CaseChange(toLower, ["A", "Z"]);
}

/** As `toUpper`. */
export function upperChange(): TextChange {
  return new CaseChange(toUpper, ["a", "z"]);
}
