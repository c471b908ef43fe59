/**
 * What one OTLP request may cost.
 *
 * Source: OTLP 1.11.0 "OTLP/HTTP Request" (64 MiB, also after decompression); the other bounds are ours.
 *
 * @module
 */

/** What one request may cost. Passing any bound rejects it whole. */
export interface PayloadLimits {
  /** Body after decompression, bytes. Default 64 MiB, as OTLP recommends. Past it: 413. */
  readonly maxBodyBytes: number;
  /** AnyValue inside AnyValue, levels; an attribute's value is level 1. Default 64. Past it: 400. */
  readonly maxDepth: number;
  /** Spans, data points, log records or samples. Default 2,000,000: a body of 64 MiB with 32 bytes an item. Past it: 413. */
  readonly maxItems: number;
  /**
   * What wraps items: ResourceXxx, ScopeXxx, Metric and Profile together. Default 1,000,000. Past it: 413. Two bytes
   * make an empty one, and a component may keep an object for each.
   */
  readonly maxEnvelopes: number;
}

export const DEFAULT_PAYLOAD_LIMITS: PayloadLimits = {
  maxBodyBytes: 64 * 1024 * 1024,
  maxDepth: 64,
  maxItems: 2_000_000,
  maxEnvelopes: 1_000_000,
};
