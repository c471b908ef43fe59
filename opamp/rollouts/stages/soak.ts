/**
 * The time for which the agents of a stage are watched. It stands still while the rollout is paused, and what a former
 * process has watched is not counted.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";

export class Soak {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Monotonic; Infinity: it has not begun. */
  #untilMs = Infinity;
  /** Monotonic; undefined: it is not paused. */
  #pausedAtMs: number | undefined;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#untilMs;
  }

  /** What is left, milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#untilMs - (this.#pausedAtMs ?? this.#clock.monotonicMs()));
  }

  begin(durationMs: number): void {
    this.#untilMs = this.#clock.monotonicMs() + durationMs;
  }

  /** The next stage has not come to it. */
  reset(): void {
    this.#untilMs = Infinity;
  }

  pause(): void {
    this.#pausedAtMs = this.#clock.monotonicMs();
  }

  /** What was left is watched from now. */
  resume(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#untilMs += nowMs - (this.#pausedAtMs ?? nowMs);
    this.#pausedAtMs = undefined;
  }
}
