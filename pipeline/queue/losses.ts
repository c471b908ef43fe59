/**
 * Where a queue tells what it did not take, or does not deliver.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import type { GatewayError } from "../core/errors.ts";
import type { Payload } from "../otlp/payload.ts";

/** Some of the data of a queue. */
export interface Piece {
  readonly payload: Payload;
}

/** Where what a queue does not deliver is counted. */
export interface Losses {
  /** There was no room for it. @param isTenants There was, but not for its tenant, who has its share. */
  refused(payload: Payload, isTenants: boolean): void;
  /** It had to wait for room, or came too late: its sender left. Absent: as refused. */
  abandoned?(payload: Payload): void;
  /** Leaves the queue without an attempt. @param told Whether the sender knows; if not it is lost. */
  dropped(pieces: readonly Piece[], error: GatewayError, told: boolean): void;
  /** A batch is on its way. */
  begun?(): void;
  /**
   * A batch that was on its way: what became of its pieces, none where they go again by themselves.
   *
   * @param told Whether their senders wait for it.
   */
  landed?(pieces: readonly Piece[], result: Outcome | GatewayError, told: boolean): void;
}
