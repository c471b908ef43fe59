/**
 * One monotonic time for all threads. Each thread has a clock of its own that begins with it (`performance.now()`), and
 * `timeOrigin` between them is the wall clock, which may step: so they agree by one cell. Whoever is furthest ahead
 * writes it, whoever is behind follows. All run at one speed, so after that they stay together to a millisecond, and
 * none ever goes back.
 *
 * A thread begins at the latest time that any other has told: a time in which nobody asked is lost to it, unless the one
 * that starts it asks just before (the control thread does).
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { CLOCK_WORD, type TenantCells } from "./cells.ts";

/** How far a thread may be ahead of what it has told the others, nanoseconds. */
const PUBLISHED_NS = 1_000_000;

const NS_PER_MS = 1_000_000;

export class SharedClock {
  readonly #words: BigInt64Array;
  readonly #clock: Clock;
  /** From the thread's own time to the shared one. */
  #offsetNs: number;

  constructor({ times }: Pick<TenantCells, "times">, clock: Clock) {
    this.#words = times;
    this.#clock = clock;
    this.#offsetNs = this.#latestNs() - this.#ownNs();
  }

  /** Nanoseconds, a whole number; exact for 104 days, then to two of them. */
  nowNs(): number {
    const nowNs = this.#ownNs() + this.#offsetNs;
    const latestNs = this.#latestNs();
    if (latestNs > nowNs) {
      this.#offsetNs += latestNs - nowNs;
      return latestNs;
    }
    if (nowNs - latestNs > PUBLISHED_NS) this.#publish(nowNs, latestNs);
    return nowNs;
  }

  /** One try is enough: who was faster has told nearly the same, and the next request tries again. */
  #publish(nowNs: number, latestNs: number): void {
    Atomics.compareExchange(this.#words, CLOCK_WORD, BigInt(latestNs), BigInt(nowNs));
  }

  #latestNs(): number {
    return Number(Atomics.load(this.#words, CLOCK_WORD));
  }

  #ownNs(): number {
    return Math.round(this.#clock.monotonicMs() * NS_PER_MS);
  }
}
