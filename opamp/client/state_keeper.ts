/**
 * The state in memory, and its way into the store: one save at a time, the newest alone.
 *
 * @module
 */

import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import type { ClientState, StateStore } from "./client_state.ts";

export class StateKeeper {
  readonly #store: StateStore;
  readonly #logger: Logger;
  #state: ClientState;
  #isDirty = false;
  #saving: Promise<boolean> | undefined;

  constructor(store: StateStore, initial: ClientState, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.#state = initial;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** @returns Settles when it is kept; false when it is not, which is logged. */
  change(part: Partial<ClientState>): Promise<boolean> {
    this.#state = { ...this.#state, ...part };
    this.#isDirty = true;
    this.#saving ??= this.#save();
    return this.#saving;
  }

  /** Settles when nothing is being saved. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #save(): Promise<boolean> {
    let isKept = true;
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        await this.#store.save(this.#state);
        isKept = true;
      } catch (error) {
        this.#logger.error("the state of the OpAMP client cannot be kept", { reason: describeError(error) });
        isKept = false;
      }
    }
    this.#saving = undefined; // with the check above in one step, so that no change falls between
    return isKept;
  }
}
