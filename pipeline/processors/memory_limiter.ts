/**
 * Processor `memory_limiter`: refuses data with a retryable error while the process uses too much memory.
 *
 * What counts as used is in memory_watch.ts. It refuses before a body is read where it can (`admit`); how many items
 * that were nobody knows, so its counters have only what was refused after, and the receiver counts every refused
 * request (`sluice_receiver_refused_requests`).
 * Source: collector reference 6.2.
 *
 * @module
 */

import type { z } from "zod";
import { durationMs, int, section } from "../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import type { Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { exposedGc, type MemoryLimits, MemoryWatch, type MemoryWatchDeps, MIB } from "./memory_watch.ts";
import { totalMemoryBytes } from "./total_memory.ts";

/** Milliseconds. */
const GC_INTERVALS = {
  min_gc_interval_when_soft_limited: 10_000,
  min_gc_interval_when_hard_limited: 0,
  max_gc_interval_when_soft_limited: 30_000,
  max_gc_interval_when_hard_limited: 30_000,
} as const;
const GC_KEYS = Object.keys(GC_INTERVALS) as readonly (keyof typeof GC_INTERVALS)[];

const percentage = () => int({ min: 0, max: 100 }).default(0);

export const memoryLimiterSchema = section({
  check_interval: durationMs().default(0),
  limit_mib: int({ min: 0 }).default(0),
  spike_limit_mib: int({ min: 0 }).default(0),
  limit_percentage: percentage(),
  spike_limit_percentage: percentage(),
  min_gc_interval_when_soft_limited: durationMs().default(GC_INTERVALS.min_gc_interval_when_soft_limited),
  min_gc_interval_when_hard_limited: durationMs().default(GC_INTERVALS.min_gc_interval_when_hard_limited),
  max_gc_interval_when_soft_limited: durationMs().default(GC_INTERVALS.max_gc_interval_when_soft_limited),
  max_gc_interval_when_hard_limited: durationMs().default(GC_INTERVALS.max_gc_interval_when_hard_limited),
}).superRefine((config, context) => {
  const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const { check_interval, limit_mib, spike_limit_mib, limit_percentage, spike_limit_percentage } = config;
  if (check_interval <= 0) issue("check_interval", "is 0s, wanted more than 0, like 1s");
  if (limit_mib === 0 && limit_percentage === 0) {
    issue("limit_mib", "is 0, wanted more, or limit_percentage");
  }
  if (limit_mib > 0 && spike_limit_mib >= limit_mib) {
    issue("spike_limit_mib", `is ${spike_limit_mib}, wanted less than limit_mib (${limit_mib})`);
  }
  if (limit_mib === 0 && limit_percentage > 0 && spike_limit_percentage >= limit_percentage) {
    issue(
      "spike_limit_percentage",
      `is ${spike_limit_percentage}, wanted less than limit_percentage (${limit_percentage})`,
    );
  }
});

export type MemoryLimiterConfig = z.output<typeof memoryLimiterSchema>;

export const memoryLimiterFactory: ProcessorFactory<MemoryLimiterConfig> = {
  type: "memory_limiter",
  summary: "Refuses data with a retryable error while the process uses too much memory.",
  signals: SIGNAL_NAMES,
  schema: memoryLimiterSchema,
  warnings: (config) => gcWarnings(config, exposedGc() !== undefined),
  create: (config, deps, next) => new MemoryLimiter(watchOf(config, deps), deps, next),
};

/** What is asked of garbage collection and is not done. @param canCollect Whether V8 lets us collect at all. */
export function gcWarnings(config: MemoryLimiterConfig, canCollect: boolean): { path: string; message: string }[] {
  const asked = GC_KEYS.filter((key) => config[key] !== GC_INTERVALS[key]);
  return asked.flatMap((path) => {
    if (path.startsWith("max_")) return [{ path, message: "does nothing: V8 itself decides when it must collect" }];
    return canCollect
      ? []
      : [{ path, message: "does nothing without V8's --expose-gc: nobody may ask for a collection" }];
  });
}

/** Of this thread: the limiters of one configured id, one a pipeline, look at the memory together. */
const watches = new WeakMap<MemoryLimiterConfig, MemoryWatch>();

function watchOf(config: MemoryLimiterConfig, deps: MemoryWatchDeps): MemoryWatch {
  const known = watches.get(config);
  if (known !== undefined) return known;
  const watch = createMemoryWatch(config, memoryLimits(config, totalMemoryBytes), deps);
  watches.set(config, watch);
  return watch;
}

export function createMemoryWatch(
  config: MemoryLimiterConfig,
  limits: MemoryLimits,
  deps: MemoryWatchDeps,
  collectGarbage = exposedGc(),
): MemoryWatch {
  const minGcIntervalMs = {
    soft: config.min_gc_interval_when_soft_limited,
    hard: config.min_gc_interval_when_hard_limited,
  };
  return new MemoryWatch({ limits, checkIntervalMs: config.check_interval, minGcIntervalMs }, deps, collectGarbage);
}

/**
 * `limit_mib` wins over `limit_percentage`. A spike limit of 0 is a fifth of the hard limit.
 *
 * @param totalBytes Asked only when a percentage is configured.
 */
export function memoryLimits(config: MemoryLimiterConfig, totalBytes: () => number): MemoryLimits {
  const unit = config.limit_mib > 0 ? MIB : totalBytes() / 100;
  const hard = Math.floor((config.limit_mib > 0 ? config.limit_mib : config.limit_percentage) * unit);
  const spike = Math.floor((config.limit_mib > 0 ? config.spike_limit_mib : config.spike_limit_percentage) * unit);
  return { hard, soft: hard - (spike > 0 ? spike : Math.floor(hard / 5)) };
}

export class MemoryLimiter implements Consumer, Lifecycle {
  readonly #watch: MemoryWatch;
  readonly #next: Consumer;
  readonly #accepted: Counter;
  readonly #refused: Counter;

  /** @param watch Started and stopped with the limiter. */
  constructor(watch: MemoryWatch, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer) {
    this.#watch = watch;
    this.#next = next;
    const suffix = SIGNALS[deps.signal].metricSuffix;
    this.#accepted = deps.meter.counter(`otelcol_processor_memory_limiter_accepted_${suffix}`, { processor: deps.id });
    this.#refused = deps.meter.counter(`otelcol_processor_memory_limiter_refused_${suffix}`, { processor: deps.id });
  }

  start(): Promise<void> {
    this.#watch.start();
    return Promise.resolve();
  }

  /** @throws {UnavailableError} Too much memory is in use. */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const refusal = this.#watch.refusal(0);
    if (refusal !== undefined) {
      this.#refused.add(payload.itemCount);
      return Promise.reject(refusal);
    }
    this.#accepted.add(payload.itemCount);
    return this.#next.consume(payload, abort);
  }

  /**
   * Counts nothing here: the items of a body that is not read are not known.
   *
   * @throws {UnavailableError} Too much memory is in use, or would be with the body.
   */
  admit(bodyBytes: number): void {
    const refusal = this.#watch.refusal(bodyBytes);
    if (refusal !== undefined) throw refusal;
    this.#next.admit?.(bodyBytes);
  }

  shutdown(): Promise<void> {
    this.#watch.stop();
    return Promise.resolve();
  }
}
