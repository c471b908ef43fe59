/**
 * What the parts of a sender chain hand a payload on with.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import type { Payload } from "../otlp/payload.ts";

/**
 * How long a sender that waits for its answer is held while retries go on, milliseconds from its arrival. Then it is
 * told to come back, and nothing is retried behind its back, which would double the data.
 *
 * 8 s: less than the 10 s after which SDKs give up by default (OTEL_EXPORTER_OTLP_TIMEOUT), so that the answer finds
 * somebody, and more than the longest first wait of the default backoff (5 s, half again by jitter). The collector
 * holds a sender until max_elapsed_time, five minutes (collector reference 1.9).
 */
export const HOLD_SENDER_MS = 8_000;

/** Delivers a payload, trying again until a time that its caller names. */
export interface Sender {
  /**
   * @param abort Fires when nobody waits for the result any more.
   * @param giveUpAtMs Monotonic time past which no further attempt is begun; Infinity when nobody waits.
   * @throws {GatewayError} Not kept.
   */
  send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome>;
}
