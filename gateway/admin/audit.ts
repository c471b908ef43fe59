/**
 * What operators changed: a line of the log each, the last ones in memory, and with a state directory all of them in a
 * file, a JSON object a line, whose last ones are in memory after a restart too.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { Repeated } from "../../pipeline/core/log/repeated.ts";
import type { Counter } from "../../pipeline/core/telemetry/meter.ts";
import type { AuditLog } from "../../routes/admin/control.ts";
import type { AuditRecord } from "../../routes/api/app.ts";
import { type AuditEntry, auditEntrySchema } from "../../routes/api/schemas.ts";

/** Entries in memory. */
export const MAX_AUDIT_ENTRIES = 1_000;
/** A larger file becomes `audit.1.jsonl`, and a new one begins, bytes. */
export const MAX_AUDIT_BYTES = 10 * 1024 * 1024;

/** What is read of the end of each of the two files at the start, bytes: more than so many usual entries take. */
export const MAX_AUDIT_READ_BYTES = 1024 * 1024;

export interface GatewayAuditOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Where the file is. Absent: nowhere. */
  readonly stateDir: string | undefined;
  /** Of requests without a valid token. */
  readonly refused: Counter;
}

export class GatewayAudit implements AuditLog {
  readonly #options: GatewayAuditOptions;
  readonly #denied = new Repeated();
  /** The newest first. */
  readonly #entries: AuditEntry[];
  #lastId: number;
  /** What a crash left of a line is ended before the next one. */
  #before = "";

  constructor(options: GatewayAuditOptions) {
    this.#options = options;
    this.#entries = this.#read();
    this.#lastId = this.#entries.reduce((last, { id }) => Math.max(last, id), 0);
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

  denied(address: string): void {
    this.#options.refused.add(1);
    const times = this.#denied.note(this.#options.clock.monotonicMs());
    if (times !== undefined) {
      this.#options.logger.warn("admin: requests without a valid credential", { times, address });
    }
  }

  /** What the files have from before. Where they cannot be read, it begins with nothing. */
  #read(): AuditEntry[] {
    const { stateDir, logger } = this.#options;
    if (stateDir === undefined) return [];
    try {
      const [old, present] = [tailOf(oldPath(stateDir)), tailOf(pathOf(stateDir))];
      if (present !== "" && !present.endsWith("\n")) this.#before = "\n";
      const entries = [...entriesIn(old), ...entriesIn(present)];
      return entries.slice(-MAX_AUDIT_ENTRIES).toReversed();
    } catch (thrown) {
      logger.error("admin: the audit file cannot be read", { error: describeError(thrown) });
      return [];
    }
  }

  /** A change goes on when it cannot be written down: the log has it. */
  #append(entry: AuditEntry): void {
    const { stateDir, logger } = this.#options;
    if (stateDir === undefined) return;
    const path = pathOf(stateDir);
    try {
      rotate(path, oldPath(stateDir));
      Deno.writeTextFileSync(path, `${this.#before}${JSON.stringify(entry)}\n`, { append: true, mode: 0o600 });
      this.#before = "";
    } catch (thrown) {
      logger.error("admin: the audit file cannot be written", { error: describeError(thrown) });
    }
  }
}

const pathOf = (stateDir: string) => `${stateDir}/audit.jsonl`;
const oldPath = (stateDir: string) => `${stateDir}/audit.1.jsonl`;

/** In the order of the file. A line that is none, cut off at the beginning of what is read or by a crash, is left out. */
function entriesIn(text: string): AuditEntry[] {
  return text.split("\n").flatMap((line) => {
    try {
      return auditEntrySchema.parse(JSON.parse(line));
    } catch {
      return [];
    }
  });
}

/** "" of a file that is not there. */
function tailOf(path: string): string {
  try {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    const bytes = new Uint8Array(Math.min(size, MAX_AUDIT_READ_BYTES));
    file.seekSync(size - bytes.length, Deno.SeekMode.Start);
    let length = 0;
    for (let read = file.readSync(bytes); read; read = file.readSync(bytes.subarray(length))) length += read;
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return "";
    throw thrown;
  }
}

function rotate(path: string, old: string): void {
  try {
    if (Deno.statSync(path).size >= MAX_AUDIT_BYTES) Deno.renameSync(path, old);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
