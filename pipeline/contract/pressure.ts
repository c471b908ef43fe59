/**
 * How hard it is for a thread to keep up, in three readings: what shedding looks at.
 *
 * @module
 */

import type { QueueControl } from "./queue_control.ts";

export interface Pressure {
  /** Resident set of the process, bytes. */
  readonly memoryBytes: number;
  /** Of the fullest sending queue of this thread, 0 to 1. */
  readonly queueFill: number;
  /** How late the thread comes to what is due, milliseconds. */
  readonly lagMs: number;
}

export interface PressureGauge {
  /** The latest readings: the same object until there are newer ones. */
  read(): Pressure;
}

/** How full the fullest of `queues` is, 0 to 1; 0 when there are none. */
export function fullestQueue(queues: Iterable<QueueControl>): number {
  let fullest = 0;
  for (const { fill } of queues) fullest = Math.max(fullest, fill);
  return fullest;
}
