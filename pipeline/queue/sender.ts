/**
 * What the parts of a sender chain hand a payload on with.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import type { Payload } from "../otlp/payload.ts";

/**
 * How long a sender that waits for its answer is held, milliseconds from its arrival, whatever `timeout` and retries
 * say. Then it is told to come back, what is queued of its data is thrown away, and an attempt that nobody else waits
 * for is cut. What was cut may have arrived all the same: the sender's retry then doubles it, as after any timeout.
 *
 * 8 s: less than the 10 s after which SDKs give up by default (OTEL_EXPORTER_OTLP_TIMEOUT), so that the answer finds
 * somebody who can still come back. The collector
 * holds a sender until max_elapsed_time, five minutes (collector reference 1.9).
 */
export const HOLD_SENDER_MS = 8_000;

/**
 * By when a sender that is told to come back should be there, milliseconds from its arrival: within the 10 s in which
 * SDKs deliver or drop, attempts and waits together, with half a second left for the attempt itself.
 */
const BACK_BY_MS = 9_500;
const SECOND_MS = 1_000;

/**
 * When a sender that was held is told to come back, milliseconds from now: after `waitMs`, but while it still has the
 * data. Retry-After has whole seconds, and one is the least.
 *
 * @param leftMs Until the end of its hold; Infinity when nobody is held.
 */
export function comeBackAfterMs(waitMs: number, leftMs: number): number {
  const untilGoneMs = BACK_BY_MS - HOLD_SENDER_MS + leftMs;
  return Math.min(Math.ceil(waitMs), Math.max(SECOND_MS, Math.floor(untilGoneMs / SECOND_MS) * SECOND_MS));
}

/**
 * An attempt for a sender that waits is begun with at least this much of its time left, milliseconds: one that is cut
 * at once would deliver nothing, or deliver what the sender is then told to send again.
 */
export const MIN_ATTEMPT_MS = 1_000;

/** Kept by another: a payload was handed to the chain that replaces this one, which counts what becomes of it. */
export const MOVED: Outcome = { rejectedItems: 0, message: "", isHeld: true };

/** Delivers a payload, trying again until a time that its caller names. */
export interface Sender {
  /**
   * @param abort Fires when nobody waits for the result any more.
   * @param giveUpAtMs Monotonic time at which the caller is answered whatever happens: no attempt is begun in the last
   *   `MIN_ATTEMPT_MS` before it. Infinity when nobody waits.
   * @throws {GatewayError} Not kept.
   */
  send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome>;
}
