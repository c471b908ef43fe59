/**
 * What a queue tells those whose data it does not take, or does not keep.
 *
 * @module
 */

import type { Random } from "../core/clock.ts";
import { CancelledError, LimitExceededError, ThrottledError, UnavailableError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import type { Sizer } from "./settings.ts";

/** A refused sender is asked to come back after 1 to 3 s, spread so that all do not come at once. */
const RETRY_AFTER_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;

function spread(random: Random): number {
  return RETRY_AFTER_MS + RETRY_SPREAD_MS * random();
}

export function queueFull(random: Random): UnavailableError {
  return new UnavailableError("Cannot queue: the sending queue is full, wanted room", {
    retryAfterMs: spread(random),
  });
}

/** Others have room: it is this tenant that must slow down. @param share What it may hold now, in the sizer's unit. */
export function tenantShareUsed(share: number, sizer: Sizer, random: Random): ThrottledError {
  return new ThrottledError(
    `Cannot queue: the tenant holds its share of the sending queue, wanted at most ${counted(share, sizer)}`,
    { retryAfterMs: spread(random) },
  );
}

export function tooLargeToQueue(size: number, sizer: Sizer, capacity: number): LimitExceededError {
  return new LimitExceededError(
    `Cannot queue: it has ${counted(size, sizer)}, wanted at most the whole queue of ${capacity}`,
  );
}

export function tooLargeForShare(size: number, sizer: Sizer, share: number): LimitExceededError {
  return new LimitExceededError(
    `Cannot queue: it has ${counted(size, sizer)}, wanted at most the tenant's share of the queue of ${share}`,
  );
}

export function tooManyPartitions(keys: readonly string[], maxPartitions: number): UnavailableError {
  const by = keys.length === 0 ? "tenant" : keys.join(", ");
  return new UnavailableError(
    `Cannot batch by ${by}: ${maxPartitions} combinations of values hold data, wanted no more`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

/**
 * What a sender is told that waits no longer: an attempt may be under way, so the data may have arrived. It comes back
 * soon, while it has the data; those that were held came at different times already.
 */
export function heldTooLong(holdMs: number): UnavailableError {
  return new UnavailableError(`Cannot export: not delivered after ${holdMs} ms, wanted it to be by then`, {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

export function shuttingDown(): UnavailableError {
  return new UnavailableError("Cannot export: the exporter shuts down", { retryAfterMs: RETRY_AFTER_MS });
}

export function senderLeft(): CancelledError {
  return new CancelledError("Cannot export: the sender no longer waits for the result");
}
