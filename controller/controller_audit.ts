/**
 * What operators asked the controller for: a line of the log each, and a row of the store.
 *
 * @module
 */

import type { OpampStore } from "../opamp/server/store/store.ts";
import type { Clock } from "../pipeline/core/clock.ts";
import { describeError, type Logger } from "../pipeline/core/log/logger.ts";
import { Repeated } from "../pipeline/core/log/repeated.ts";
import type { Audit, AuditRecord } from "../routes/api/app.ts";

export class ControllerAudit implements Audit {
  readonly #store: OpampStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #denied = new Repeated();

  constructor(store: OpampStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A change that was made stands when it cannot be written down: the log has it. */
  record({ who, operation, target, status, detail }: AuditRecord): void {
    this.#logger.info("controller: a change was asked for", { who, operation, target, status, detail });
    const outcome = status === 200 ? detail : `${status} ${detail}`;
    try {
      this.#store.addAudit({
        atMs: this.#clock.nowMs(),
        actor: who,
        action: operation,
        subject: target,
        detail: outcome,
      });
    } catch (thrown) {
      this.#logger.error("controller: the audit entry cannot be kept", { error: describeError(thrown) });
    }
  }

  denied(address: string): void {
    const times = this.#denied.note(this.#clock.monotonicMs());
    if (times !== undefined) this.#logger.warn("controller: requests without a valid credential", { times, address });
  }
}
