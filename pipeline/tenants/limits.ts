/**
 * What a tenant may send, as plain numbers; and how much of everything there may be.
 *
 * @module
 */

import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";

/** Of one signal, or of all together. 0 is no limit, but for `burstMs`. */
export interface SignalLimits {
  readonly requestsPerSecond: number;
  /** Spans, data points, log records or samples. */
  readonly itemsPerSecond: number;
  /** Of bodies as they come, before decompression. */
  readonly bytesPerSecond: number;
  /** How much of a rate may come at once, in the time that it takes to refill. */
  readonly burstMs: number;
  /** Requests that are being answered at one time. */
  readonly concurrentRequests: number;
  /** Bytes of the bodies of those. */
  readonly bytesInFlight: number;
  /** One body as it comes, bytes. */
  readonly maxRequestBodySize: number;
}

/** What limits are of: `all` signals together, or one of them. A request must have room in both. */
export type LimitGroup = "all" | Signal;

export type TenantLimits = Readonly<Record<LimitGroup, SignalLimits>>;

export const LIMIT_GROUPS: readonly LimitGroup[] = ["all", ...SIGNAL_NAMES];

export const DEFAULT_BURST_MS = 2_000;

export const NO_SIGNAL_LIMITS: SignalLimits = {
  requestsPerSecond: 0,
  itemsPerSecond: 0,
  bytesPerSecond: 0,
  burstMs: DEFAULT_BURST_MS,
  concurrentRequests: 0,
  bytesInFlight: 0,
  maxRequestBodySize: 0,
};

export const NO_LIMITS: TenantLimits = {
  all: NO_SIGNAL_LIMITS,
  traces: NO_SIGNAL_LIMITS,
  metrics: NO_SIGNAL_LIMITS,
  logs: NO_SIGNAL_LIMITS,
  profiles: NO_SIGNAL_LIMITS,
};

export const LIMIT_FIELDS = Object.keys(NO_SIGNAL_LIMITS) as readonly (keyof SignalLimits)[];

/** Tenants of one gateway; as many slots are reserved in the memory that all threads share. */
export const MAX_TENANTS = 1_000_000;

/** API keys of one tenant; as many users, and as many certificates. */
export const MAX_KEYS_PER_TENANT = 16;

/** What under pressure goes last. */
export const MAX_PRIORITY = 9;
export const DEFAULT_PRIORITY = 5;

export const MAX_WEIGHT = 1_000;
export const DEFAULT_WEIGHT = 1;
