/**
 * What an operator may see of a sending queue, and do with it.
 *
 * @module
 */

/** A queue at one moment; sizes are in its own unit. */
export interface QueueSnapshot {
  readonly unit: "requests" | "items" | "bytes";
  /** What is queued and in flight. */
  readonly depth: number;
  readonly capacity: number;
  readonly inFlightRequests: number;
  /** Senders that wait for room. */
  readonly waitingRequests: number;
  /** How long the data that has been held longest is held, milliseconds; undefined when nothing is. */
  readonly oldestAgeMs: number | undefined;
  readonly isPaused: boolean;
  /** The `MAX_TENANT_DEPTHS` tenants that hold the most of it, first; empty when nothing is known to be a tenant's. */
  readonly tenants: readonly TenantDepth[];
}

/** Tenants of one queue that a snapshot names. */
export const MAX_TENANT_DEPTHS = 20;

/** What one tenant has of a queue, in the queue's unit. */
export interface TenantDepth {
  readonly id: string;
  /** What is queued and in flight. */
  readonly depth: number;
  /** Its senders that wait for room. */
  readonly waitingRequests: number;
}

export interface QueueControl {
  /** How full it is, 0 to 1. Asked often. */
  readonly fill: number;
  snapshot(): QueueSnapshot;
  /** A paused queue takes data until it is full and sends none; what is in flight goes on. A shutdown ends the pause. */
  setPaused(paused: boolean): void;
  /** Sends what is queued without waiting for batches to fill. */
  hurry(): void;
}
