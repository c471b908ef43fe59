/**
 * Changes one after the other: one is made, so many wait, further ones are refused.
 *
 * @module
 */

import { ConfigBusyError } from "./config_manager.ts";

/** Changes that wait for the one that runs. */
const MAX_WAITING_CHANGES = 1;
/** Who is told to come back later comes back after this, milliseconds. */
const BUSY_RETRY_AFTER_MS = 1_000;

export class Turns {
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws {ConfigBusyError} So many wait already, or none is taken any more. */
  async take<T>(make: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new ConfigBusyError("Cannot change the configuration: the gateway is stopping");
    if (this.#pending > MAX_WAITING_CHANGES) {
      const message = "Cannot change the configuration: one change is under way and another waits, wanted no more";
      throw new ConfigBusyError(message, { retryAfterMs: BUSY_RETRY_AFTER_MS });
    }
    return await this.append(make);
  }

  /** As `take`, whoever waits: for what the gateway does by itself. */
  append<T>(make: () => Promise<T>): Promise<T> {
    this.#pending++;
    const made = this.#last.then(make).finally(() => this.#pending--);
    this.#last = made.catch(() => {});
    return made;
  }

  /** Refuses from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Settles when all that was taken is over. */
  async over(): Promise<void> {
    await this.#last;
  }
}
