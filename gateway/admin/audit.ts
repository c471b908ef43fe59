/**
 * What operators changed: a line of the log each, the last ones in memory, and with a state directory all of them in a
 * file, a JSON object a line.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log.ts";
import { Repeated } from "../../pipeline/core/repeated.ts";
import type { AuditLog } from "../../routes/admin/control.ts";
import type { AuditRecord } from "../../routes/api/app.ts";
import type { AuditEntry } from "../../routes/api/schemas.ts";

/** Entries in memory. */
export const MAX_AUDIT_ENTRIES = 1_000;
/** A larger file becomes `audit.1.jsonl`, and a new one begins, bytes. */
export const MAX_AUDIT_BYTES = 10 * 1024 * 1024;

export interface GatewayAuditOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Where the file is. Absent: nowhere. */
  readonly stateDir: string | undefined;
}

export class GatewayAudit implements AuditLog {
  readonly #options: GatewayAuditOptions;
  readonly #denied = new Repeated();
  readonly #entries: AuditEntry[] = [];
  #lastId = 0;

  constructor(options: GatewayAuditOptions) {
    this.#options = options;
  }

  record(record: AuditRecord): void {
    const entry = { id: ++this.#lastId, at_ms: this.#options.clock.nowMs(), ...record };
    this.#entries.unshift(entry);
    if (this.#entries.length > MAX_AUDIT_ENTRIES) this.#entries.pop();
    const { who, operation, target, status, detail } = record;
    this.#options.logger.info("admin: a change was asked for", { who, operation, target, status, detail });
    this.#append(entry);
  }

  list(): readonly AuditEntry[] {
    return this.#entries;
  }

  denied(): void {
    const times = this.#denied.note(this.#options.clock.monotonicMs());
    if (times !== undefined) this.#options.logger.warn("admin: requests without a valid credential", { times });
  }

  /** A change goes on when it cannot be written down: the log has it. */
  #append(entry: AuditEntry): void {
    const { stateDir, logger } = this.#options;
    if (stateDir === undefined) return;
    const path = `${stateDir}/audit.jsonl`;
    try {
      rotate(path, `${stateDir}/audit.1.jsonl`);
      Deno.writeTextFileSync(path, `${JSON.stringify(entry)}\n`, { append: true, mode: 0o600 });
    } catch (thrown) {
      logger.error("admin: the audit file cannot be written", { error: describeError(thrown) });
    }
  }
}

function rotate(path: string, old: string): void {
  try {
    if (Deno.statSync(path).size >= MAX_AUDIT_BYTES) Deno.renameSync(path, old);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
