/**
 * Watches a gateway's health: what it was like lately, and for a while after a change whether it became worse.
 *
 * @module
 */

import { type Clock, sleep, type Timer } from "../../pipeline/core/clock.ts";
import {
  figuresBetween,
  type HealthFigures,
  type HealthLimits,
  type HealthSample,
  judge,
  whyNotJudged,
} from "./health.ts";

/** How often the health is looked at in a window. */
const LOOKS_PER_WINDOW = 6;

export interface HealthWatchOptions {
  /** 0: nothing is watched, every change is good. */
  readonly windowMs: number;
  readonly limits: HealthLimits;
  readonly sample: () => HealthSample;
  readonly clock: Clock;
}

/** What a window came to. */
export interface Verdict {
  /** Why it is worse, at two looks in a row or at the last one; empty when it is not. */
  readonly worse: readonly string[];
  /** Why that says nothing: too little came. undefined: it says something, or there was nothing to compare with. */
  readonly notJudged: string | undefined;
}

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  /** The oldest first: the last window. */
  readonly #samples: HealthSample[] = [];
  #timer: Timer | undefined;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
  }

  get windowMs(): number {
    return this.#options.windowMs;
  }

  /** Samples from now on, so that there is something to compare with. */
  start(): void {
    if (this.windowMs === 0) return;
    this.#samples.push(this.#options.sample());
    if (this.#samples.length > LOOKS_PER_WINDOW + 1) this.#samples.shift();
    this.#timer = this.#options.clock.setTimer(() => this.start(), this.windowMs / LOOKS_PER_WINDOW);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
  }

  /** What it was like in the last window, or since the start where that is shorter. */
  lately(): HealthFigures {
    const now = this.#options.sample();
    return figuresBetween(this.#samples[0] ?? now, now);
  }

  /**
   * Watches for a window from now.
   *
   * @param before What to compare with. Absent: nothing can be worse, only time passes.
   * @returns undefined when `abort` fired.
   */
  async watch(before: HealthFigures | undefined, abort: AbortSignal): Promise<Verdict | undefined> {
    const { windowMs, limits, sample, clock } = this.#options;
    const first = sample();
    let worse: readonly string[] = [];
    let notJudged: string | undefined;
    for (let look = 1; look <= LOOKS_PER_WINDOW && windowMs > 0; look++) {
      if (!await sleep(clock, windowMs / LOOKS_PER_WINDOW, abort)) return undefined;
      if (before === undefined) continue;
      const wasWorse = worse.length > 0;
      const after = figuresBetween(first, sample());
      worse = judge(before, after, limits);
      notJudged = whyNotJudged(after, limits);
      if (wasWorse && worse.length > 0) break;
    }
    return { worse, notJudged };
  }
}
