/**
 * How a destination does: noted once a batch, and told when somebody asks.
 *
 * An attempt that ends because its sender left says nothing of the destination; a destination that never answers is
 * known by the attempts that are under way.
 *
 * @module
 */

import { type Destination, type DestinationSnapshot, MAX_DESTINATION_ERROR_CHARS } from "../../contract/destination.ts";
import type { Clock } from "../../core/clock.ts";
import { toGatewayError } from "../../core/errors.ts";
import { describeError } from "../../core/log/logger.ts";
import { shortened } from "../../core/text.ts";

export class DestinationState implements Destination {
  readonly #clock: Clock;
  #inFlight = 0;
  #deliveredAtMs: number | undefined;
  #failingSinceMs: number | undefined;
  #unansweredSinceMs: number | undefined;
  /** Put into words when somebody asks: under a storm of failures nobody does. */
  #lastError: { readonly atMs: number; readonly error: unknown } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A batch is on its way. */
  begun(): void {
    this.#inFlight++;
    this.#unansweredSinceMs ??= this.#clock.nowMs();
  }

  /** It no longer is, whatever became of it. */
  ended(): void {
    this.#inFlight--;
  }

  /** The destination took a batch. */
  delivered(): void {
    this.#deliveredAtMs = this.#clock.nowMs();
    this.#failingSinceMs = undefined;
    this.#unansweredSinceMs = undefined;
  }

  /** An attempt failed, or data waited for one in vain. */
  failed(error: unknown): void {
    if (toGatewayError(error).code === "cancelled") return; // its sender left
    const atMs = this.#clock.nowMs();
    this.#lastError = { atMs, error };
    this.#failingSinceMs ??= atMs;
    this.#unansweredSinceMs = undefined;
  }

  snapshot(): DestinationSnapshot {
    const last = this.#lastError;
    return {
      deliveredAtMs: this.#deliveredAtMs,
      failingSinceMs: this.#failingSinceMs,
      unansweredSinceMs: this.#inFlight > 0 ? this.#unansweredSinceMs : undefined,
      lastError: last === undefined
        ? undefined
        : { atMs: last.atMs, message: shortened(describeError(last.error), MAX_DESTINATION_ERROR_CHARS) },
    };
  }
}
