/**
 * What an operator may see of where an exporter sends to.
 *
 * @module
 */

/** A destination at one moment, as one thread has met it. Times are milliseconds since 1970. */
export interface DestinationSnapshot {
  /** When it last took a batch; undefined: it has not yet. */
  readonly deliveredAtMs: number | undefined;
  /** Since when attempts fail, and nothing is delivered; undefined: the last one that ended was taken, or none has ended. */
  readonly failingSinceMs: number | undefined;
  /** Since when attempts are under way of which none has ended; undefined: none is under way. */
  readonly unansweredSinceMs: number | undefined;
  /** The last failure, however long ago. */
  readonly lastError: DestinationError | undefined;
}

export interface DestinationError {
  readonly atMs: number;
  /** As the log has it, without secrets, `MAX_DESTINATION_ERROR_CHARS` at the most. */
  readonly message: string;
}

/** Characters of a destination's last error. */
export const MAX_DESTINATION_ERROR_CHARS = 500;

export interface Destination {
  snapshot(): DestinationSnapshot;
}
