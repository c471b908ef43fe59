/**
 * Waits between attempts to connect: growing, jittered, bounded.
 *
 * Source: opamp-spec "Retry", "Throttling".
 *
 * @module
 */

import type { Random } from "../../pipeline/core/clock.ts";

export interface BackoffSettings {
  /** Before jitter, milliseconds. Default 1 s. */
  readonly initialMs: number;
  /** Default 2. */
  readonly multiplier: number;
  /** Before jitter, milliseconds. Default 60 s. */
  readonly maxMs: number;
  /** Share of the interval that it may be shorter or longer. Default 0.25: a wait is always longer than the one before. */
  readonly jitter: number;
}

export const DEFAULT_BACKOFF: BackoffSettings = { initialMs: 1_000, multiplier: 2, maxMs: 60_000, jitter: 0.25 };

export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #random: Random;
  #intervalMs: number;

  constructor(settings: BackoffSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.#intervalMs = settings.initialMs;
  }

  /** The next wait, milliseconds. */
  next(): number {
    const { multiplier, maxMs, jitter } = this.#settings;
    const waitMs = this.#intervalMs * (1 + jitter * (2 * this.#random() - 1));
    this.#intervalMs = Math.min(this.#intervalMs * multiplier, maxMs);
    return waitMs;
  }

  reset(): void {
    this.#intervalMs = this.#settings.initialMs;
  }
}
