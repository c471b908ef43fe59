/**
 * Byte strings that many agents hold, kept once.
 *
 * A fleet under one configuration reports the same effective configuration thousands of times; each agent holds a
 * reference to the one copy.
 *
 * @module
 */

import { Buffer } from "node:buffer";

interface Entry {
  readonly bytes: Uint8Array;
  holders: number;
}

/** Counts who holds what; the last to let go frees it. */
export class SharedBytes {
  /** By a cheap hash; several byte strings may have the same. */
  readonly #byHash = new Map<number, Entry[]>();

  /** Whether the same bytes are kept. */
  has(bytes: Uint8Array): boolean {
    return this.#find(sampleHash(bytes), bytes) !== undefined;
  }

  /** The kept copy of `bytes`; a copy is made when there is none. Give it back with {@link release}. */
  acquire(bytes: Uint8Array): Uint8Array {
    const hash = sampleHash(bytes);
    const known = this.#find(hash, bytes);
    if (known !== undefined) {
      known.holders++;
      return known.bytes;
    }
    const entry = { bytes: new Uint8Array(bytes), holders: 1 };
    const entries = this.#byHash.get(hash);
    if (entries === undefined) this.#byHash.set(hash, [entry]);
    else entries.push(entry);
    return entry.bytes;
  }

  /** Gives back what {@link acquire} returned. */
  release(bytes: Uint8Array): void {
    const hash = sampleHash(bytes);
    const entries = this.#byHash.get(hash);
    const index = entries?.findIndex((entry) => entry.bytes === bytes) ?? -1;
    const entry = entries?.[index];
    if (entries === undefined || entry === undefined || --entry.holders > 0) return;
    entries.splice(index, 1);
    if (entries.length === 0) this.#byHash.delete(hash);
  }

  #find(hash: number, bytes: Uint8Array): Entry | undefined {
    return this.#byHash.get(hash)?.find((entry) => Buffer.compare(entry.bytes, bytes) === 0);
  }

  /** How many different byte strings are kept. */
  get size(): number {
    let count = 0;
    for (const entries of this.#byHash.values()) count += entries.length;
    return count;
  }
}

/** FNV-1a over the length and up to 64 bytes spread over the whole: it only has to tell most contents apart. */
function sampleHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  const step = Math.max(1, Math.floor(bytes.length / 64));
  for (let at = 0; at < bytes.length; at += step) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
