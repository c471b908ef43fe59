/**
 * The attribute keys that a group of statements reads: each has a slot, found by a hash of its length and two bytes.
 *
 * @module
 */

import { rangeEquals } from "../../../wire/protobuf.ts";

const BUCKETS = 256;

/** Of a number as a key is compared. */
export const WORD_BYTES = 4;

/** Where the entry of a key has its parts: the next one of its bucket, 0 for none; its slot; its length; its last
 * four bytes as a number; those before them. */
const SLOT = 1;
const LENGTH = 2;
const LAST_WORD = 3;
const WORDS = 4;

/** Of a view whose keys nobody wants: most are. */
const NO_KEYS = new Int32Array(BUCKETS);

export class WantedKeys {
  readonly #keys: Uint8Array[] = [];
  /**
   * Where the first entry of each bucket begins in here, 0 for none, and behind them the entries: one array, for what
   * costs is to begin with another. A key's bytes are numbers of four, the last over others that were already.
   */
  #table = NO_KEYS;
  /** Bits of the lengths that there are, modulo 32: a first, cheap question. */
  lengths = 0;

  get size(): number {
    return this.#keys.length;
  }

  /** The slot of `key`; it gets one when it has none. Only while statements are compiled. */
  slotOf(key: Uint8Array): number {
    const found = this.find(key, 0, key.length);
    if (found !== -1) return found;
    const slot = this.#keys.push(key) - 1;
    const lastWord = lastWordOf(key, 0, key.length);
    const bucket = bucketOfWord(lastWord, key.length);
    const entry = [this.#table[bucket]!, slot, key.length, lastWord, ...wordsOf(key)];
    const table = Int32Array.of(...this.#table, ...entry);
    table[bucket] = this.#table.length;
    this.#table = table;
    this.lengths |= 1 << (key.length & 31);
    return slot;
  }

  keyAt(slot: number): Uint8Array {
    return this.#keys[slot]!;
  }

  /** The slot of the key from `start` to `end`; -1 when nobody wants it. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const table = this.#table;
    const bucket = bucketOfWord(lastWordOf(bytes, start, end), end - start);
    for (let entry = table[bucket]!; entry !== 0; entry = table[entry]!) {
      const slot = table[entry + SLOT]!;
      if (rangeEquals(bytes, start, end, this.#keys[slot]!)) return slot;
    }
    return -1;
  }

  /** As `find`. @param view Of all of `bytes`. */
  findShort(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    return end - start < WORD_BYTES ? this.find(bytes, start, end) : this.findIn(view, start, end - start);
  }

  /** As `find`, faster, for keys of WORD_BYTES or more. */
  findIn(view: DataView, start: number, length: number): number {
    const end = start + length | 0;
    const table = this.#table;
    const last = end - WORD_BYTES | 0;
    const lastWord = view.getInt32(last, true);
    for (let entry = table[bucketOfWord(lastWord, length)]! | 0; entry !== 0; entry = table[entry]! | 0) {
      if (table[entry + LENGTH | 0] !== length || table[entry + LAST_WORD | 0] !== lastWord) continue;
      let word = entry + WORDS | 0;
      let at = start;
      while (at < last && view.getInt32(at, true) === table[word]) {
        at = at + WORD_BYTES | 0;
        word = word + 1 | 0;
      }
      if (at >= last) return table[entry + SLOT | 0]!;
    }
    return -1;
  }
}

/** The numbers of four bytes each that a key begins with, before its last four. */
function wordsOf(key: Uint8Array): number[] {
  const words: number[] = [];
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  for (let at = 0; at < key.length - WORD_BYTES; at += WORD_BYTES) words.push(view.getInt32(at, true));
  return words;
}

/** The last four bytes of a key, or all that it has. */
function lastWordOf(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = Math.max(start, end - WORD_BYTES), shift = 0; at < end; at++, shift += 8) word |= bytes[at]! << shift;
  return word;
}

/** Keys of one sender begin alike ("http.request."), so the end and the length tell most. */
function bucketOfWord(lastWord: number, length: number): number {
  return (Math.imul(lastWord, 0x9e3779b1) >>> 24) ^ length & BUCKETS - 1;
}
