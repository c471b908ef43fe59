/**
 * Changes of one string in two forms that give the same: of text, and of bytes that hold it, which is cheaper by the
 * making of two strings.
 *
 * @module
 */

/** What `ofBytes` gives instead of a length: nothing changes, or it is for `ofText` to say. */
export const UNCHANGED = -1;
export const AS_TEXT = -2;

export interface TextChange {
  /** @throws {OttlError} It cannot be done. */
  ofText(text: string): string;
  /**
   * The same for the string in `bytes` from `start` to `end`.
   *
   * @returns How many bytes of `output` it becomes; UNCHANGED or AS_TEXT.
   */
  ofBytes(bytes: Uint8Array, start: number, end: number): number;
  /** Overwritten by the next call of `ofBytes`. */
  readonly output: Uint8Array;
}

/** Longest output, bytes: what is longer is for `ofText`, which counts it. */
const MAX_OUTPUT_BYTES = 65_536;

const FIRST_BYTES = 256;

/** Where a change puts bytes one after the other. */
export class ChangeOutput {
  #bytes = new Uint8Array(FIRST_BYTES);
  length = 0;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Makes room for so many more bytes. @returns Whether there can be. */
  reserve(more: number): boolean {
    const wanted = this.length + more;
    if (wanted <= this.#bytes.length) return true;
    if (wanted > MAX_OUTPUT_BYTES) return false;
    const grown = new Uint8Array(Math.min(wanted * 2, MAX_OUTPUT_BYTES));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    return true;
  }

  /** @returns Whether there was room. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.reserve(end - start)) return false;
    const to = this.#bytes;
    let at = this.length;
    while (start < end) to[at++] = bytes[start++]!;
    this.length = at;
    return true;
  }
}
