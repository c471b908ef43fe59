/**
 * What tenants used, by the minute, in SQLite: written every few seconds in one transaction, asked by tenant and time.
 *
 * What cannot be written (the disk is full) is kept in memory, within bounds, and written when it can be; a crash loses
 * the last seconds of the sums and never the file. What is too old is deleted in small steps; when the file nears its
 * bound, what is too old becomes younger.
 * Source: sqlite.org, "Write-Ahead Logging", "PRAGMA max_page_count"; error codes of "Result and Error Codes".
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { UsageSeries } from "../../../pipeline/contract/usage.ts";
import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../../pipeline/core/log/logger.ts";
import { Repeated } from "../../../pipeline/core/log/repeated.ts";
import { MINUTE_MS, OTHER_TENANTS, type UsageSum } from "../../../pipeline/tenants/usage/usage.ts";
import { pragma, UsagePruner } from "./pruner.ts";

/** Between two transactions, milliseconds. */
const FLUSH_EVERY_MS = 5_000;
/** Sums that wait to be written: an hour of 800 tenants with two destinations. */
const MAX_PENDING = 200_000;
/** Names of tenants that are remembered with their numbers. */
const MAX_KNOWN_TENANTS = 200_000;

const SCHEMA = `
  CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE series (id INTEGER PRIMARY KEY, signal TEXT NOT NULL, destination TEXT NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, UNIQUE (signal, destination, outcome, reason));
  CREATE TABLE usage (tenant INTEGER NOT NULL, minute INTEGER NOT NULL, series INTEGER NOT NULL,
    requests INTEGER NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant, minute, series)) WITHOUT ROWID;
  PRAGMA user_version = 1;`;

const ADD = `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  requests = requests + excluded.requests, items = items + excluded.items, bytes = bytes + excluded.bytes`;

export interface UsageStoreOptions {
  /** A file, or ":memory:". */
  readonly path: string;
  /** How long a minute is kept, milliseconds. */
  readonly retentionMs: number;
  /** Of the file, bytes; without the log of the last transactions. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default 200,000. */
  readonly maxPending?: number;
}

/** A sum that is not written yet. */
interface Pending {
  readonly minute: number;
  readonly tenant: string;
  readonly series: UsageSeries;
  requests: number;
  items: number;
  bytes: number;
}

/** Who sends how much is nobody else's concern. */
const OWNER_ALONE = 0o600;

export class UsageStore {
  readonly database: DatabaseSync;
  readonly #options: UsageStoreOptions;
  readonly #maxPending: number;
  readonly #pruner: UsagePruner;
  readonly #failures = new Repeated();
  readonly #tenantIds = new Map<string, number>();
  readonly #seriesIds = new Map<string, number>();
  readonly #add: StatementSync;
  #pending = new Map<string, Pending>();
  #isFailing = false;
  #lostSums = 0;
  #timer: Timer | undefined;

  /** @throws {Error} The file cannot be opened, or is something else. */
  constructor(options: UsageStoreOptions) {
    this.#options = options;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.database = open(options);
    this.#add = this.database.prepare(ADD);
    this.#pruner = new UsagePruner(this.database, options, (tenant) => this.#tenantIds.delete(tenant));
  }

  start(): void {
    this.#timer = this.#options.clock.setTimer(() => {
      this.flush();
      this.start();
    }, FLUSH_EVERY_MS);
  }

  /** Takes sums of the minute in which `atMs` is, milliseconds since 1970. */
  add(atMs: number, sums: Iterable<UsageSum>): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    for (const sum of sums) {
      const pending = this.#pendingOf(minute, sum.tenant, sum.series);
      if (pending === undefined) this.#lostSums++;
      else {
        pending.requests += sum.requests;
        pending.items += sum.items;
        pending.bytes += sum.bytes;
      }
    }
  }

  /** Writes what there is, and deletes a little of what is too old. */
  flush(): void {
    const isWritten = this.#attempt(() => {
      if (this.#pending.size > 0) this.#transaction(() => this.#write());
      this.#pending = new Map();
    });
    // Also of a file that is full: what is deleted makes room.
    const isPruned = this.#attempt(() => {
      this.#transaction(() => this.#pruner.step());
      this.#pruner.shrink();
    });
    if (isWritten && isPruned) this.#sayRecovered();
  }

  /** Writes what there is and closes the file; what cannot be written is lost, and told. */
  close(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.flush();
    if (this.#pending.size > 0) {
      this.#options.logger.error("usage of tenants could not be written, it is lost", { sums: this.#pending.size });
    }
    this.database.close();
  }

  /** @returns Whether it was done; if not, the log says why. */
  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (thrown) {
      this.#sayFailed(thrown);
      return false;
    }
  }

  /** The sum to add to: its own, or when there are too many that of all other tenants; undefined past that too. */
  #pendingOf(minute: number, tenant: string, series: UsageSeries): Pending | undefined {
    const key = `${minute} ${JSON.stringify(tenant)} ${seriesKey(series)}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const room = tenant === OTHER_TENANTS ? 2 * this.#maxPending : this.#maxPending;
    if (this.#pending.size < room) {
      const made = { minute, tenant, series, requests: 0, items: 0, bytes: 0 };
      this.#pending.set(key, made);
      return made;
    }
    return tenant === OTHER_TENANTS ? undefined : this.#pendingOf(minute, OTHER_TENANTS, series);
  }

  #write(): void {
    for (const { minute, tenant, series, requests, items, bytes } of this.#pending.values()) {
      this.#add.run(this.#tenantId(tenant), minute, this.#seriesId(series), requests, items, bytes);
    }
  }

  /** What it did is undone when it fails, and the numbers that it gave are forgotten. */
  #transaction(work: () => void): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.database.exec("COMMIT");
    } catch (thrown) {
      this.#tenantIds.clear();
      this.#seriesIds.clear();
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw thrown;
    }
  }

  #tenantId(name: string): number {
    return remembered(this.#tenantIds, name, () => {
      if (this.#tenantIds.size >= MAX_KNOWN_TENANTS) this.#tenantIds.clear();
      this.database.prepare("INSERT INTO tenants (name) VALUES (?) ON CONFLICT DO NOTHING").run(name);
      return this.database.prepare("SELECT id FROM tenants WHERE name = ?").get(name);
    });
  }

  #seriesId(series: UsageSeries): number {
    const { signal, destination, outcome, reason } = series;
    return remembered(this.#seriesIds, seriesKey(series), () => {
      const values = [signal, destination, outcome, reason];
      const insert = "INSERT INTO series (signal, destination, outcome, reason) VALUES (?, ?, ?, ?)";
      this.database.prepare(`${insert} ON CONFLICT DO NOTHING`).run(...values);
      const select = "SELECT id FROM series WHERE signal = ? AND destination = ? AND outcome = ? AND reason = ?";
      return this.database.prepare(select).get(...values);
    });
  }

  #sayFailed(thrown: unknown): void {
    this.#isFailing = true;
    const failures = this.#failures.note(this.#options.clock.monotonicMs());
    if (failures === undefined) return;
    const fields = { failures, sums: this.#pending.size, lost: this.#lostSums, error: describeError(thrown) };
    this.#options.logger.warn("usage of tenants cannot be written, it is kept in memory", fields);
  }

  #sayRecovered(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#options.logger.info("usage of tenants is written again", { lost: this.#lostSums });
    this.#lostSums = 0;
  }
}

function seriesKey({ signal, destination, outcome, reason }: UsageSeries): string {
  return JSON.stringify([signal, destination, outcome, reason]);
}

/** The number of a name, as remembered or as found. */
function remembered(
  known: Map<string, number>,
  name: string,
  find: () => Record<string, unknown> | undefined,
): number {
  const before = known.get(name);
  if (before !== undefined) return before;
  const id = Number(find()?.["id"]);
  known.set(name, id);
  return id;
}

function open({ path, maxBytes }: UsageStoreOptions): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    if (path !== ":memory:") Deno.chmodSync(path, OWNER_ALONE); // SQLite gives what it makes beside it the same
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4000; PRAGMA busy_timeout = 1000");
    const version = pragma(database, "user_version");
    if (version > 1) throw new RangeError(`Cannot read usage: the file is of version ${version}, wanted 1`);
    if (version === 0) database.exec(SCHEMA);
    const pages = Math.max(64, Math.floor(maxBytes / pragma(database, "page_size")));
    database.exec(`PRAGMA max_page_count = ${pages}`);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
