/**
 * How long requests spend in each stage of a component: `sluice_stage_duration`.
 *
 * Reading a clock costs 0.15 us and a request passes eight stages, so one request in `TIMED_ONE_IN` is timed.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Histogram, Meter } from "./meter.ts";

export type Stage = "read" | "decompress" | "validate" | "queue_wait" | "encode" | "compress" | "send";

/** Of so many requests or batches one is timed, by component; the first one is. */
export const TIMED_ONE_IN = 8;

/** Upper bounds, seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  ...[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005],
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** The stages of one component. */
export class StageTimes {
  readonly #meter: Meter;
  readonly #clock: Clock;
  readonly #component: string;
  readonly #histograms = new Map<Stage, Histogram>();
  #passed = 0;

  constructor({ meter, clock }: { readonly meter: Meter; readonly clock: Clock }, component: string) {
    this.#meter = meter;
    this.#clock = clock;
    this.#component = component;
  }

  /** Whether the request that comes now is one of those that are timed. Asked once for each. */
  isTimed(): boolean {
    return this.#passed++ % TIMED_ONE_IN === 0;
  }

  /** A stopwatch for one request that is timed, started. */
  start(): Stopwatch {
    return new Stopwatch(this, this.#clock);
  }

  record(stage: Stage, ms: number): void {
    let histogram = this.#histograms.get(stage);
    if (histogram === undefined) {
      const attributes = { component: this.#component, stage };
      histogram = this.#meter.histogram("sluice_stage_duration", attributes, DURATION_BOUNDS);
      this.#histograms.set(stage, histogram);
    }
    histogram.record(ms / 1_000);
  }
}

/** Times the stages of one request, one after the other. */
export class Stopwatch {
  readonly #times: StageTimes;
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(times: StageTimes, clock: Clock) {
    this.#times = times;
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** `stage` has just ended; the next one begins. */
  ended(stage: Stage): void {
    const nowMs = this.#clock.monotonicMs();
    this.#times.record(stage, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}
