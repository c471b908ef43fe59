/**
 * Reads how hard it is for a thread to keep up: not more often than makes sense, and only when somebody asks.
 *
 * @module
 */

import { fullestQueue, type Pressure, type PressureGauge } from "../contract/pressure.ts";
import type { QueueControl } from "../contract/queue_control.ts";
import type { Clock } from "../core/clock.ts";
import type { MemoryBudget } from "../core/memory.ts";

/** Between two readings, milliseconds. To ask for the resident set costs as much as a small request. */
export const READING_INTERVAL_MS = 250;

export interface PressureSources {
  readonly clock: Clock;
  readonly memory: MemoryBudget;
  /** Of this thread. Absent: it has none. */
  readonly queues?: () => Iterable<QueueControl>;
}

export class ThreadPressure implements PressureGauge {
  readonly #sources: PressureSources;
  #last: Pressure = { memoryBytes: 0, queueFill: 0, lagMs: 0 };
  #nextMs = -Infinity;
  #lagMs = 0;

  constructor(sources: PressureSources) {
    this.#sources = sources;
  }

  read(): Pressure {
    const { clock, memory, queues } = this.#sources;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#nextMs) return this.#last;
    this.#nextMs = nowMs + READING_INTERVAL_MS;
    this.#timeLag(nowMs);
    const queueFill = queues === undefined ? 0 : fullestQueue(queues());
    return this.#last = { memoryBytes: memory.residentBytes(), queueFill, lagMs: this.#lagMs };
  }

  /** How long the thread takes to come to what is due at once; known at the next reading. */
  #timeLag(nowMs: number): void {
    const { clock } = this.#sources;
    clock.setTimer(() => this.#lagMs = clock.monotonicMs() - nowMs, 0);
  }
}
