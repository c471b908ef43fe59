/**
 * The attribute keys that a group of statements reads: each has a slot, found by a hash of its length and two bytes.
 *
 * @module
 */

import { rangeEquals } from "../../wire/protobuf.ts";

const BUCKETS = 256;

export class WantedKeys {
  readonly #keys: Uint8Array[] = [];
  /** The last slot of each bucket, and for each slot the one before it in its bucket; -1 for none. */
  readonly #last = new Int16Array(BUCKETS).fill(-1);
  readonly #previous: number[] = [];
  /** Bits of the lengths that there are, modulo 32. */
  #lengths = 0;

  get size(): number {
    return this.#keys.length;
  }

  /** The slot of `key`; it gets one when it has none. Only while statements are compiled. */
  slotOf(key: Uint8Array): number {
    const found = this.find(key, 0, key.length);
    if (found !== -1) return found;
    const slot = this.#keys.length;
    const bucket = bucketOf(key, 0, key.length);
    this.#keys.push(key);
    this.#lengths |= 1 << (key.length & 31);
    this.#previous.push(this.#last[bucket]!);
    this.#last[bucket] = slot;
    return slot;
  }

  keyAt(slot: number): Uint8Array {
    return this.#keys[slot]!;
  }

  /** Whether there may be a wanted key of this length: a first, cheap question. */
  hasLength(length: number): boolean {
    return (this.#lengths >>> (length & 31) & 1) === 1;
  }

  /** The slot of the key from `start` to `end`; -1 when nobody wants it. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#last[bucketOf(bytes, start, end)]!;
    while (slot !== -1 && !rangeEquals(bytes, start, end, this.#keys[slot]!)) slot = this.#previous[slot]!;
    return slot;
  }
}

/** Keys of one sender begin alike ("http.request."), so the middle and the last byte tell most. */
function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  return (length ^ bytes[end - 1]! << 3 ^ bytes[start + (length >>> 1)]! << 1) & BUCKETS - 1;
}
