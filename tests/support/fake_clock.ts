/**
 * A clock that moves when a test says so.
 *
 * @module
 */

import type { Clock, Timer } from "../../pipeline/core/clock.ts";

/** Timers fire in the order of their times, inside `advance`. */
export class FakeClock implements Clock {
  #nowMs: number;
  #nextId = 1;
  readonly #timers = new Map<Timer, { readonly atMs: number; readonly callback: () => void }>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const id = this.#nextId++;
    this.#timers.set(id, { atMs: this.#nowMs + Math.max(0, delayMs), callback });
    return id;
  }

  clearTimer(timer: Timer): void {
    this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on, firing what is due; lets promise callbacks run after each timer. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) =>
        atMs <= untilMs
      ).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      const [id, { atMs, callback }] = due;
      this.#timers.delete(id);
      this.#nowMs = atMs;
      callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets every promise callback that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
