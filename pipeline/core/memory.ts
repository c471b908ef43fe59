/**
 * Bytes that requests in flight hold, over all threads, in one shared 64-bit cell.
 *
 * @module
 */

/** Counts bytes that are held until somebody releases them. */
export interface MemoryBudget {
  /** Bytes held now by all threads. */
  heldBytes(): number;
  /** Adds to what is held. */
  hold(bytes: number): void;
  /** Takes back what `hold` added. */
  release(bytes: number): void;
  /** Resident set of the process, bytes. */
  residentBytes(): number;
}

/** A budget over `cell`, which threads share; without one the budget is this thread's own. */
export function createMemoryBudget(cell: SharedArrayBuffer = new SharedArrayBuffer(8)): MemoryBudget {
  const held = new BigInt64Array(cell);
  return {
    heldBytes: () => Number(Atomics.load(held, 0)),
    hold: (bytes) => void Atomics.add(held, 0, BigInt(bytes)),
    release: (bytes) => void Atomics.sub(held, 0, BigInt(bytes)),
    residentBytes: () => Deno.memoryUsage().rss,
  };
}
