/**
 * Bytes to compare with others, four at a time.
 *
 * @module
 */

import { Member, VALUE_TAG } from "../any_value.ts";

const WORD_BYTES = 4;

/** Of a longer string: nothing begins with a tag of 0. */
const NO_HEAD = 0;

export class ByteWords {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** How a short string of them begins as the value of an attribute: both tags and lengths, little-endian. */
  readonly valueHead: number;
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    const { length } = bytes;
    this.valueHead = length < 0x7e ? VALUE_TAG | length + 2 << 8 | Member.string << 16 | length << 24 : NO_HEAD;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const words: number[] = [];
    const last = bytes.length - WORD_BYTES;
    for (let at = 0; at < last; at += WORD_BYTES) words.push(view.getInt32(at, true));
    if (last >= 0) words.push(view.getInt32(last, true)); // over others that were already
    this.#words = Int32Array.from(words);
  }

  /** Whether they lie at `start`. */
  isAt(view: DataView, start: number): boolean {
    const { length } = this;
    if (length < WORD_BYTES) {
      for (let i = 0; i < length; i++) if (view.getUint8(start + i) !== this.bytes[i]) return false;
      return true;
    }
    const words = this.#words;
    const last = words.length - 1;
    // Values of one kind begin alike: the end tells most.
    if (view.getInt32(start + length - WORD_BYTES, true) !== words[last]) return false;
    for (let i = 0; i < last; i++) if (view.getInt32(start + i * WORD_BYTES, true) !== words[i]) return false;
    return true;
  }
}
