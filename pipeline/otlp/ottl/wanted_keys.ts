/**
 * The attribute keys that a group of statements reads: each has a slot, found by a hash of its length and two bytes.
 *
 * @module
 */

import { rangeEquals } from "../../wire/protobuf.ts";

const BUCKETS = 256;

/** Of a number as a key is compared. */
const WORD_BYTES = 4;

/** Where the entry of a key has its parts: the next one of its bucket, 0 for none; its slot; its length; its words. */
const SLOT = 1;
const LENGTH = 2;
const WORDS = 3;

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
    const bucket = bucketOf(key, 0, key.length);
    const entry = [this.#table[bucket]!, slot, key.length, ...wordsOf(key)];
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
    for (let entry = table[bucketOf(bytes, start, end)]!; entry !== 0; entry = table[entry]!) {
      const slot = table[entry + SLOT]!;
      if (rangeEquals(bytes, start, end, this.#keys[slot]!)) return slot;
    }
    return -1;
  }

  /** As `find`, faster, for one that is not empty. @param view Of all of `bytes`. */
  findIn(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start;
    if (length < WORD_BYTES) return this.find(bytes, start, end);
    const table = this.#table;
    const last = end - WORD_BYTES;
    for (let entry = table[bucketOf(bytes, start, end)]!; entry !== 0; entry = table[entry]!) {
      if (table[entry + LENGTH] !== length) continue;
      let word = entry + WORDS;
      let at = start;
      while (at < last && view.getInt32(at, true) === table[word]) {
        at += WORD_BYTES;
        word++;
      }
      if (at >= last && view.getInt32(last, true) === table[word]) return table[entry + SLOT]!;
    }
    return -1;
  }
}

function wordsOf(key: Uint8Array): number[] {
  const words: number[] = [];
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const last = key.length - WORD_BYTES;
  for (let at = 0; at < last; at += WORD_BYTES) words.push(view.getInt32(at, true));
  if (last >= 0) words.push(view.getInt32(last, true));
  return words;
}

/** Keys of one sender begin alike ("http.request."), so the middle and the last byte tell most. */
function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  return (length ^ bytes[end - 1]! << 3 ^ bytes[start + (length >>> 1)]! << 1) & BUCKETS - 1;
}
