/**
 * What one thread's tenants used since it was last told: a few numbers a tenant and series, handed on every few seconds as
 * one array.
 *
 * Nothing is lost to a bound: when there is no room for another row, what there is is handed on at once. An interval never
 * reaches over the end of a minute.
 *
 * @module
 */

import type { UsageCounter, UsageMeter, UsageSeries } from "../../contract/usage.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { TenantTag } from "../../core/tenant.ts";

/** Between two reports, milliseconds: what a crash loses of the sums. */
const REPORT_EVERY_MS = 5_000;
/** Whose the sums are that there was no room to keep apart. No tenant is called so: an id has no parenthesis. */
export const OTHER_TENANTS = "(other)";
/** What sums are kept by. */
export const MINUTE_MS = 60_000;
/** Rows of one report: 2.6 MB. */
const MAX_ROWS = 65_536;
const FIRST_ROWS = 64;
/** Series of one thread: a tenant's keys leave room for so many. */
const MAX_SERIES = 8_192;

/** Numbers of one row of a report: slot, series, requests, items, bytes. */
export const ROW_NUMBERS = 5;

/** What a thread counted in one interval; structured clone takes it. */
export interface UsageReport {
  /** When the first of it was counted, milliseconds since 1970; the last was in the same minute. */
  readonly sinceMs: number;
  /** Tenants by their slots, those that are new or have another slot's past. */
  readonly tenants: readonly (readonly [slot: number, id: string])[];
  /** Series that are new; they are numbered as they come, from the first report on. */
  readonly series: readonly UsageSeries[];
  /** `ROW_NUMBERS` a row; no two rows are of the same tenant and series. */
  readonly rows: Float64Array<ArrayBuffer>;
}

export interface ThreadUsageOptions {
  readonly clock: Clock;
  /** Takes a report; its rows are its own. */
  readonly report: (report: UsageReport) => void;
  /** Default 65,536. */
  readonly maxRows?: number;
}

export class ThreadUsage implements UsageMeter {
  readonly #clock: Clock;
  readonly #report: (report: UsageReport) => void;
  readonly #maxRows: number;
  readonly #series = new Map<string, number>();
  /** Where the row of a tenant and series is, by slot and series in one number. */
  readonly #places = new Map<number, number>();
  /** Which tenant a slot was last said to be. */
  readonly #told = new Map<number, string>();
  #newTenants: [slot: number, id: string][] = [];
  #newSeries: UsageSeries[] = [];
  #rows = new Float64Array(FIRST_ROWS * ROW_NUMBERS);
  /** When the first of the rows was made, milliseconds since 1970. */
  #sinceMs = 0;
  #timer: Timer | undefined;

  constructor({ clock, report, maxRows = MAX_ROWS }: ThreadUsageOptions) {
    this.#clock = clock;
    this.#report = report;
    this.#maxRows = maxRows;
  }

  /** @throws {RangeError} There are too many series: they are of a configuration, and not of what comes. */
  counter(series: UsageSeries): UsageCounter {
    const { signal, destination, outcome, reason } = series;
    const name = JSON.stringify([signal, destination, outcome, reason]);
    let number = this.#series.get(name);
    if (number === undefined) {
      number = this.#series.size;
      if (number >= MAX_SERIES) throw new RangeError(`Cannot count usage: there are ${MAX_SERIES} series already`);
      this.#series.set(name, number);
      this.#newSeries.push({ signal, destination, outcome, reason });
    }
    return new Counter(this, number);
  }

  add(tenant: TenantTag, series: number, requests: number, items: number, bytes: number): void {
    const key = tenant.slot * MAX_SERIES + series;
    const at = this.#places.get(key) ?? this.#newRow(key, tenant, series);
    const rows = this.#rows;
    rows[at + 2]! += requests;
    rows[at + 3]! += items;
    rows[at + 4]! += bytes;
  }

  /** Hands on what there is; the next report is made when something is added. */
  flush(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (this.#places.size === 0) return;
    const rows = this.#rows.slice(0, this.#places.size * ROW_NUMBERS);
    const [tenants, series] = [this.#newTenants, this.#newSeries];
    this.#newTenants = [];
    this.#newSeries = [];
    this.#places.clear();
    this.#report({ sinceMs: this.#sinceMs, tenants, series, rows });
  }

  #newRow(key: number, { slot, id }: TenantTag, series: number): number {
    if (this.#places.size >= this.#maxRows) this.flush();
    if (this.#places.size === 0) this.#begin();
    if (this.#told.get(slot) !== id) {
      this.#told.set(slot, id);
      this.#newTenants.push([slot, id]);
    }
    const at = this.#places.size * ROW_NUMBERS;
    this.#places.set(key, at);
    if (at === this.#rows.length) this.#grow();
    this.#rows.set([slot, series, 0, 0, 0], at);
    return at;
  }

  #grow(): void {
    const grown = new Float64Array(this.#rows.length * 2);
    grown.set(this.#rows);
    this.#rows = grown;
  }

  /** Nothing runs while there is nothing to report. */
  #begin(): void {
    this.#sinceMs = this.#clock.nowMs();
    const leftMs = MINUTE_MS - this.#sinceMs % MINUTE_MS;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.flush();
    }, Math.min(REPORT_EVERY_MS, leftMs));
  }
}

class Counter implements UsageCounter {
  readonly #usage: ThreadUsage;
  readonly #series: number;

  constructor(usage: ThreadUsage, series: number) {
    this.#usage = usage;
    this.#series = series;
  }

  add(tenant: TenantTag, requests: number, items: number, bytes: number): void {
    this.#usage.add(tenant, this.#series, requests, items, bytes);
  }
}

/** One row of a report, named. */
export interface UsageSum {
  readonly tenant: string;
  readonly series: UsageSeries;
  readonly requests: number;
  readonly items: number;
  readonly bytes: number;
}

/** Names the rows of one thread's reports, in the order in which they were made. One a thread. */
export class UsageReader {
  readonly #tenants = new Map<number, string>();
  readonly #series: UsageSeries[] = [];

  *read({ tenants, series, rows }: UsageReport): Generator<UsageSum> {
    for (const [slot, id] of tenants) this.#tenants.set(slot, id);
    this.#series.push(...series);
    for (let at = 0; at < rows.length; at += ROW_NUMBERS) {
      const tenant = this.#tenants.get(rows[at]!);
      const ofRow = this.#series[rows[at + 1]!];
      if (tenant === undefined || ofRow === undefined) continue; // a thread that counts on after its reader was replaced
      yield { tenant, series: ofRow, requests: rows[at + 2]!, items: rows[at + 3]!, bytes: rows[at + 4]! };
    }
  }
}
