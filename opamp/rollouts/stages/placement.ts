/**
 * Which agents come first: an order that depends on a rollout's seed and the agents' uids alone, so that a larger stage
 * holds all of a smaller one, and a restart chooses the same agents again.
 *
 * @module
 */

/** What has a place in the order. */
export interface Placed {
  readonly uid: string;
  /** From `placeOf`. */
  readonly place: number;
}

/**
 * The place of an agent: 32 bits, spread evenly.
 *
 * Source: FNV-1a over the characters, and the finalizer of MurmurHash3, without which near uids get near places.
 */
export function placeOf(seed: string, uid: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at++) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  for (let at = 0; at < uid.length; at++) hash = Math.imul(hash ^ uid.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function isBefore(a: Placed, b: Placed): boolean {
  return a.place < b.place || (a.place === b.place && a.uid < b.uid);
}

/** A heap: what was put in comes out in the order of places. */
export class Line<Item extends Placed> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(item: Item): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above];
      if (other === undefined || !isBefore(item, other)) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = item;
  }

  /** Takes out the first; undefined when there is none. */
  pop(): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(item: Item): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) below++;
      const other = heap[below];
      if (other === undefined || !isBefore(other, item)) break;
      heap[at] = other;
      at = below;
    }
    heap[at] = item;
  }
}
