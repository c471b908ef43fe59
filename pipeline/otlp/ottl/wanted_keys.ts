/**
 * The attribute keys that a group of statements reads: each has a slot, found by a hash of its length and two bytes.
 *
 * @module
 */

import { rangeEquals } from "../../wire/protobuf.ts";

const BUCKETS = 256;

/** Of a number as a key is compared. */
const WORD_BYTES = 4;

/** Of a view whose keys nobody wants: most are. */
const NO_KEYS = new Int16Array(BUCKETS).fill(-1);

export class WantedKeys {
  readonly #keys: Uint8Array[] = [];
  /** The same as numbers of four bytes, for each its length first: they are compared as fast as one. */
  #words = new Int32Array(0);
  /** Where those of each slot begin. */
  readonly #wordStarts: number[] = [];
  /** The last slot of each bucket, and for each slot the one before it in its bucket; -1 for none. */
  #last = NO_KEYS;
  readonly #previous: number[] = [];
  /** Bits of the lengths that there are, modulo 32: a first, cheap question. */
  lengths = 0;

  get size(): number {
    return this.#keys.length;
  }

  /** The slot of `key`; it gets one when it has none. Only while statements are compiled. */
  slotOf(key: Uint8Array): number {
    const found = this.find(key, 0, key.length);
    if (found !== -1) return found;
    if (this.#last === NO_KEYS) this.#last = NO_KEYS.slice();
    const slot = this.#keys.length;
    const bucket = bucketOf(key, 0, key.length);
    this.#keys.push(key);
    this.#addWords(key);
    this.lengths |= 1 << (key.length & 31);
    this.#previous.push(this.#last[bucket]!);
    this.#last[bucket] = slot;
    return slot;
  }

  keyAt(slot: number): Uint8Array {
    return this.#keys[slot]!;
  }

  /** The slot of the key from `start` to `end`; -1 when nobody wants it. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#last[bucketOf(bytes, start, end)]!;
    while (slot !== -1 && !rangeEquals(bytes, start, end, this.#keys[slot]!)) slot = this.#previous[slot]!;
    return slot;
  }

  /** As `find`, faster. @param view Of all of `bytes`. */
  findIn(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let slot = this.#last[bucketOf(bytes, start, end)]!;
    while (slot !== -1 && !this.#isAt(slot, bytes, view, start, end)) slot = this.#previous[slot]!;
    return slot;
  }

  #isAt(slot: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const words = this.#words;
    let i = this.#wordStarts[slot]!;
    const length = end - start;
    if (words[i++] !== length) return false;
    if (length < WORD_BYTES) return rangeEquals(bytes, start, end, this.#keys[slot]!);
    const last = end - WORD_BYTES;
    for (let at = start; at < last; at += WORD_BYTES) if (view.getInt32(at, true) !== words[i++]) return false;
    return view.getInt32(last, true) === words[i];
  }

  #addWords(key: Uint8Array): void {
    const words = [key.length];
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const last = key.length - WORD_BYTES;
    for (let at = 0; at < last; at += WORD_BYTES) words.push(view.getInt32(at, true));
    if (last >= 0) words.push(view.getInt32(last, true)); // over others that were already
    this.#wordStarts.push(this.#words.length);
    this.#words = Int32Array.of(...this.#words, ...words);
  }
}

/** Keys of one sender begin alike ("http.request."), so the middle and the last byte tell most. */
function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  return (length ^ bytes[end - 1]! << 3 ^ bytes[start + (length >>> 1)]! << 1) & BUCKETS - 1;
}
