/**
 * What a start and changes of the configuration leave on a thread's heap. A configuration is many small objects that
 * outlive scavenges, and V8, which lets a heap of 20 MB grow to three times that, would keep what hundreds of changes left.
 *
 * A collection holds the thread for 20 to 200 ms, all threads at once: it is made only when enough has come together.
 *
 * @module
 */

import { type Clock, systemClock, type Timer } from "../../pipeline/core/clock.ts";
import { collectGarbage } from "../../routes/collect_garbage.ts";

/** What changes may leave uncollected, bytes: a thread's heap is 20 MB and more. A start leaves as much. */
export const COLLECT_ABOVE_BYTES = 8 * 1024 * 1024;
/** How long after a change it is looked at, milliseconds; many changes are one. */
export const COLLECT_AFTER_MS = 2_000;

export interface LeavingsOptions {
  readonly clock: Clock;
  /** Bytes that the heap holds, garbage included. */
  readonly heapUsed: () => number;
  readonly collect: () => void;
}

export class Leavings {
  readonly #options: LeavingsOptions;
  #timer: Timer | undefined;
  /** What the heap held when it was collected last; undefined: what the start left is still there. */
  #base: number | undefined;

  constructor(options: LeavingsOptions = ON_THIS_THREAD) {
    this.#options = options;
  }

  /**
   * A configuration runs, and what only the one before needed is gone. After the start it is looked at straight away: a
   * collection also drops machine code, which under load took the first seconds a third of their throughput.
   */
  changed(): void {
    const afterMs = this.#base === undefined ? 0 : COLLECT_AFTER_MS;
    this.#timer ??= this.#options.clock.setTimer(() => this.#look(), afterMs);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { heapUsed, collect } = this.#options;
    this.#timer = undefined;
    const now = heapUsed();
    if (this.#base !== undefined && now - this.#base < COLLECT_ABOVE_BYTES) {
      this.#base = Math.min(this.#base, now); // V8 may have collected by itself
      return;
    }
    collect();
    this.#base = heapUsed();
  }
}

const ON_THIS_THREAD: LeavingsOptions = {
  clock: systemClock,
  heapUsed: () => Deno.memoryUsage().heapUsed,
  collect: collectGarbage,
};
