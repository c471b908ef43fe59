/**
 * The memory budget of one thread: it counts into the cell that all threads share and into one of its own, so that what
 * a worker held when it died can be given back.
 *
 * @module
 */

import { createMemoryBudget, type MemoryBudget } from "../../pipeline/core/memory.ts";

/** Shared memory of 8 bytes each. */
export interface MemoryCells {
  /** Bytes held by all threads. */
  readonly total: SharedArrayBuffer;
  /** Bytes held by this one. */
  readonly own: SharedArrayBuffer;
}

/** Cells for one thread below `total`. */
export function createMemoryCells(total: SharedArrayBuffer): MemoryCells {
  return { total, own: new SharedArrayBuffer(8) };
}

export function createThreadMemory(cells: MemoryCells): MemoryBudget {
  const total = createMemoryBudget(cells.total);
  const own = createMemoryBudget(cells.own);
  return {
    ...total,
    hold(bytes) {
      own.hold(bytes);
      total.hold(bytes);
    },
    release(bytes) {
      own.release(bytes);
      total.release(bytes);
    },
  };
}

/** Gives back what a thread held that is gone. */
export function releaseThreadMemory(cells: MemoryCells): void {
  const own = createMemoryBudget(cells.own);
  const held = own.heldBytes();
  own.release(held);
  createMemoryBudget(cells.total).release(held);
}
