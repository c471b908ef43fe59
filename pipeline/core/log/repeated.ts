/**
 * A log line that stands for many events: said at once, then at most once an interval, with how many there were.
 *
 * @module
 */

/** Between two lines that say the same, milliseconds. */
const REPEAT_INTERVAL_MS = 10_000;

export class Repeated {
  readonly #intervalMs: number;
  #nextMs = -Infinity;
  #events = 0;

  /** @param intervalMs Between two lines. */
  constructor(intervalMs = REPEAT_INTERVAL_MS) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Counts one event.
   *
   * @param nowMs Monotonic.
   * @returns How many events a line written now stands for; undefined when it is too soon for one.
   */
  note(nowMs: number): number | undefined {
    this.#events++;
    if (nowMs < this.#nextMs) return undefined;
    const events = this.#events;
    this.#events = 0;
    this.#nextMs = nowMs + this.#intervalMs;
    return events;
  }
}
