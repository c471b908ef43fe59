/**
 * Deletes usage that is too old, a few tenants and a day at a time, and gives the room back to the file system.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import { MINUTE_MS } from "../../../pipeline/tenants/usage/usage.ts";

const MINUTES_A_DAY = 1_440;
/** Tenants that one step looks at. */
const TENANTS_A_STEP = 64;
/** Pages that one step gives back. */
const PAGES_A_STEP = 256;
/** Of its bound: from here on the file is too full, and what is too old becomes younger by a tenth. */
const FULL = 0.9;
const YOUNGER = 0.9;
/** However full the file is, so much is kept, minutes. */
const MIN_KEPT = 60;

export interface UsagePrunerOptions {
  /** How long a minute is kept, milliseconds. */
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class UsagePruner {
  readonly #database: DatabaseSync;
  readonly #options: UsagePrunerOptions;
  readonly #onGone: (tenant: string) => void;
  readonly #next: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  readonly #forget: StatementSync;
  #keptMinutes: number;
  /** Where the last step ended. */
  #after = 0;
  /** In this round of all tenants. */
  #deletedRows = 0;

  /** @param onGone Told of tenants of which nothing is left. */
  constructor(database: DatabaseSync, options: UsagePrunerOptions, onGone: (tenant: string) => void) {
    this.#database = database;
    this.#options = options;
    this.#onGone = onGone;
    this.#keptMinutes = options.retentionMs / MINUTE_MS;
    this.#next = database.prepare("SELECT id, name FROM tenants WHERE id > ? ORDER BY id LIMIT ?");
    this.#oldest = database.prepare("SELECT min(minute) AS minute FROM usage WHERE tenant = ?");
    this.#delete = database.prepare("DELETE FROM usage WHERE tenant = ? AND minute < ?");
    this.#forget = database.prepare("DELETE FROM tenants WHERE id = ?");
  }

  /** The next few tenants, of each a day at the most. */
  step(): void {
    const beforeMinute = Math.floor(this.#options.clock.nowMs() / MINUTE_MS - this.#keptMinutes);
    const tenants = this.#next.all(this.#after, TENANTS_A_STEP);
    for (const tenant of tenants) this.#prune(Number(tenant["id"]), String(tenant["name"]), beforeMinute);
    const last = tenants.at(-1);
    this.#after = last === undefined || tenants.length < TENANTS_A_STEP ? 0 : Number(last["id"]);
    if (this.#after === 0) this.#afterRound();
  }

  /** Gives back pages that hold nothing. Not in a transaction: it is one. */
  shrink(): void {
    if (pragma(this.#database, "freelist_count") > PAGES_A_STEP) {
      this.#database.exec(`PRAGMA incremental_vacuum(${PAGES_A_STEP})`);
    }
  }

  #prune(id: number, name: string, beforeMinute: number): void {
    const oldest = this.#oldest.get(id)?.["minute"];
    if (oldest !== null && oldest !== undefined) {
      const first = Number(oldest);
      if (first >= beforeMinute) return;
      this.#deletedRows += Number(this.#delete.run(id, Math.min(beforeMinute, first + MINUTES_A_DAY)).changes);
      return;
    }
    this.#forget.run(id);
    this.#onGone(name);
  }

  /** All tenants were looked at: is there still too much, and nothing of it too old? */
  #afterRound(): void {
    const isThinned = this.#deletedRows > 0;
    this.#deletedRows = 0;
    const usedPages = pragma(this.#database, "page_count") - pragma(this.#database, "freelist_count");
    const isFull = usedPages > FULL * pragma(this.#database, "max_page_count");
    const kept = Math.max(MIN_KEPT, Math.floor(this.#keptMinutes * YOUNGER));
    if (isThinned || !isFull || kept === this.#keptMinutes) return;
    this.#keptMinutes = kept;
    this.#options.logger.warn("usage of tenants nears its max_size, so less of it is kept", {
      kept_hours: Math.round(kept / 60),
    });
  }
}

/** A number that SQLite tells of itself. */
export function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
