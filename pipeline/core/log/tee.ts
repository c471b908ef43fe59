/**
 * Hands records of the gateway's own log to whoever else wants them, while they run.
 *
 * @module
 */

import type { LogFields, LogLevel } from "./logger.ts";

/** What a line was made of; secrets are masked, and texts cut, as in the line. */
export interface LogRecord {
  /** Since the epoch, milliseconds. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** One a thread. */
export class LogTee {
  readonly #takers = new Set<(record: LogRecord) => void>();

  /** From now on `taker` gets every record. @returns Ends that. */
  use(taker: (record: LogRecord) => void): () => void {
    this.#takers.add(taker);
    return () => void this.#takers.delete(taker);
  }

  hand(record: LogRecord): void {
    for (const taker of this.#takers) taker(record);
  }
}
