/**
 * Processor `memory_limiter`: refuses data with a retryable error while the process uses too much memory.
 *
 * It measures resident memory once an interval, where the collector measures Go's heap, and adds what requests have
 * taken since, so that a burst between two looks is seen. It refuses before a body is read where it can (`admit`).
 * Source: collector reference 6.2.
 *
 * @module
 */

import type { z } from "zod";
import { durationMs, int, section } from "../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import type { Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { Timer } from "../core/clock.ts";
import { UnavailableError } from "../core/errors.ts";
import type { Counter } from "../core/telemetry.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { totalMemoryBytes } from "./total_memory.ts";

const MIB = 1_048_576;
/** Refused senders come back no sooner: memory is not free again in less. */
const MIN_RETRY_AFTER_MS = 1_000;

const percentage = () => int({ min: 0, max: 100 }).default(0);

export const memoryLimiterSchema = section({
  check_interval: durationMs().default(0),
  limit_mib: int({ min: 0 }).default(0),
  spike_limit_mib: int({ min: 0 }).default(0),
  limit_percentage: percentage(),
  spike_limit_percentage: percentage(),
  min_gc_interval_when_soft_limited: durationMs().default(10_000),
  min_gc_interval_when_hard_limited: durationMs().default(0),
  max_gc_interval_when_soft_limited: durationMs().default(30_000),
  max_gc_interval_when_hard_limited: durationMs().default(30_000),
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
  create: (config, deps, next) => new MemoryLimiter(config, memoryLimits(config, totalMemoryBytes), deps, next),
};

/** Bytes. */
export interface MemoryLimits {
  /** Above it a garbage collection is asked for. */
  readonly hard: number;
  /** Above it data is refused. */
  readonly soft: number;
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
  readonly #config: MemoryLimiterConfig;
  readonly #limits: MemoryLimits;
  readonly #deps: ComponentDeps;
  readonly #next: Consumer;
  readonly #collectGarbage: (() => void) | undefined;
  readonly #accepted: Counter;
  readonly #refused: Counter;
  #timer: Timer | undefined;
  /** At the last look. */
  #residentBytes = 0;
  #heldBytes = 0;
  #limited = false;
  #lastGcMs = -Infinity;

  /** @param collectGarbage V8's, when the process was started with `--expose-gc`. */
  constructor(
    config: MemoryLimiterConfig,
    limits: MemoryLimits,
    deps: ComponentDeps & { readonly signal: Signal },
    next: Consumer,
    collectGarbage: (() => void) | undefined = (globalThis as { gc?: () => void }).gc,
  ) {
    this.#config = config;
    this.#limits = limits;
    this.#deps = deps;
    this.#next = next;
    this.#collectGarbage = collectGarbage;
    const suffix = SIGNALS[deps.signal].metricSuffix;
    this.#accepted = deps.meter.counter(`otelcol_processor_memory_limiter_accepted_${suffix}`, { processor: deps.id });
    this.#refused = deps.meter.counter(`otelcol_processor_memory_limiter_refused_${suffix}`, { processor: deps.id });
  }

  start(): Promise<void> {
    this.#look();
    return Promise.resolve();
  }

  /** @throws {UnavailableError} Too much memory is in use. */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    if (this.#usedBytes() > this.#limits.soft) {
      this.#refused.add(payload.itemCount);
      return Promise.reject(this.#refusal());
    }
    this.#accepted.add(payload.itemCount);
    return this.#next.consume(payload, abort);
  }

  /** @throws {UnavailableError} Too much memory is in use, or would be with the body. */
  admit(bodyBytes: number): void {
    if (this.#usedBytes() + bodyBytes > this.#limits.soft) throw this.#refusal();
    this.#next.admit?.(bodyBytes);
  }

  shutdown(): Promise<void> {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    return Promise.resolve();
  }

  /** What was resident at the last look, and what requests hold more since. */
  #usedBytes(): number {
    return this.#residentBytes + Math.max(0, this.#deps.memory.heldBytes() - this.#heldBytes);
  }

  #look(): void {
    this.#measure();
    if (this.#residentBytes > this.#limits.soft && this.#mayCollect()) {
      this.#collectGarbage?.();
      this.#measure();
    }
    this.#report(this.#residentBytes > this.#limits.soft);
    this.#timer = this.#deps.clock.setTimer(() => this.#look(), this.#config.check_interval);
  }

  #measure(): void {
    const { memory } = this.#deps;
    this.#residentBytes = memory.residentBytes();
    this.#heldBytes = memory.heldBytes();
  }

  /** A collection stops the thread, so it is not asked for again within the configured interval. */
  #mayCollect(): boolean {
    const hard = this.#residentBytes > this.#limits.hard;
    const { min_gc_interval_when_hard_limited, min_gc_interval_when_soft_limited } = this.#config;
    const intervalMs = hard ? min_gc_interval_when_hard_limited : min_gc_interval_when_soft_limited;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#lastGcMs < intervalMs) return false;
    this.#lastGcMs = nowMs;
    return true;
  }

  #report(limited: boolean): void {
    if (limited === this.#limited) return;
    this.#limited = limited;
    const fields = {
      resident_mib: Math.round(this.#residentBytes / MIB),
      soft_limit_mib: Math.round(this.#limits.soft / MIB),
    };
    if (limited) this.#deps.logger.warn("memory is above the soft limit, data is refused", fields);
    else this.#deps.logger.info("memory is below the soft limit again, data is taken", fields);
  }

  #refusal(): UnavailableError {
    return new UnavailableError("Cannot take data: the memory limit is reached, wanted less in use", {
      retryAfterMs: Math.max(MIN_RETRY_AFTER_MS, this.#config.check_interval),
    });
  }
}
