/**
 * How many agents may come in a second, and when the others should come back.
 *
 * After a restart a whole fleet reconnects at once. Each one past the burst is given a place of its own in the time to
 * come, so that they return evenly and not all together.
 *
 * @module
 */

/** Bounds of an {@link AcceptBudget}. */
export interface AcceptBudgetSettings {
  readonly acceptsPerSecond: number;
  readonly acceptBurst: number;
  readonly maxRetryAfterMs: number;
}

export class AcceptBudget {
  readonly #settings: AcceptBudgetSettings;
  /** Accepts left now; a fraction while it refills. */
  #left: number;
  #refilledAtMs: number;
  /** Places given to those that were sent away, counted from now. */
  #booked = 0;

  constructor(settings: AcceptBudgetSettings, nowMs: number) {
    this.#settings = settings;
    this.#left = settings.acceptBurst;
    this.#refilledAtMs = nowMs;
  }

  /**
   * Takes one accept.
   *
   * @param nowMs On a clock that never goes back.
   * @returns 0 when it may come in, else how long it should stay away, milliseconds.
   */
  take(nowMs: number): number {
    const { acceptsPerSecond, acceptBurst, maxRetryAfterMs } = this.#settings;
    const gained = Math.max(0, nowMs - this.#refilledAtMs) * acceptsPerSecond / 1_000;
    this.#refilledAtMs = nowMs;
    this.#left = Math.min(acceptBurst, this.#left + gained);
    this.#booked = Math.max(0, this.#booked - gained);
    if (this.#left >= 1) {
      this.#left--;
      return 0;
    }
    this.#booked++;
    return Math.min(maxRetryAfterMs, Math.ceil(this.#booked * 1_000 / acceptsPerSecond) + 1_000);
  }
}
