/**
 * Asks for usage, and gives it out as CSV and JSON: a day of a tenant at a time, so that a long answer holds neither the
 * thread nor much memory.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { MINUTE_MS } from "../../../pipeline/tenants/usage/usage.ts";

const MINUTES_A_DAY = 1_440;
/** Text that one turn of a stream makes, characters. */
const CHUNK_CHARS = 65_536;

/** Minutes of one entry. */
const USAGE_STEPS = { minute: 1, hour: 60, day: MINUTES_A_DAY } as const;
export type UsageStep = keyof typeof USAGE_STEPS;

export interface UsageQuery {
  /** Absent: all. */
  readonly tenant?: string;
  /** Absent: all. */
  readonly signal?: Signal;
  /** Milliseconds since 1970; the minute that it is in is the first one. */
  readonly fromMs: number;
  /** The minute that it is in is the first one that is not asked for. */
  readonly untilMs: number;
  readonly step: UsageStep;
}

/** A sum of one step, as the admin API and the exports give it. */
export interface UsageEntry {
  /** When the step begins: `2026-01-31T12:05:00Z`. Days are those of UTC. */
  readonly time: string;
  readonly tenant: string;
  readonly signal: string;
  readonly destination: string;
  readonly outcome: string;
  readonly reason: string;
  readonly requests: number;
  readonly items: number;
  readonly bytes: number;
}

const SUMS = `SELECT minute - minute % CAST(:step AS INTEGER) AS minute, signal, destination, outcome, reason,
    sum(requests) AS requests, sum(items) AS items, sum(bytes) AS bytes
  FROM usage JOIN series ON series.id = usage.series
  WHERE tenant = :tenant AND minute >= :from AND minute < :until AND (:signal IS NULL OR signal = :signal)
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`;

const NEXT = "SELECT min(minute) AS minute FROM usage WHERE tenant = ? AND minute >= ? AND minute < ?";

/** Tenants by name, of each the entries by time. */
export function* queryUsage(database: DatabaseSync, query: UsageQuery): Generator<UsageEntry> {
  const select = "SELECT id, name FROM tenants WHERE name > ? AND (?2 IS NULL OR name = ?2) ORDER BY name LIMIT 1";
  const nextTenant = database.prepare(select);
  for (let name = "";;) {
    const tenant = nextTenant.get(name, query.tenant ?? null);
    if (tenant === undefined) return;
    name = String(tenant["name"]);
    yield* entriesOf(database, Number(tenant["id"]), name, query);
  }
}

function* entriesOf(database: DatabaseSync, id: number, tenant: string, query: UsageQuery): Generator<UsageEntry> {
  const untilMinute = Math.floor(query.untilMs / MINUTE_MS);
  const sums = database.prepare(SUMS);
  const next = database.prepare(NEXT);
  for (let minute = Math.floor(query.fromMs / MINUTE_MS);;) {
    const found = next.get(id, minute, untilMinute)?.["minute"];
    if (found === null || found === undefined) return;
    const from = Number(found);
    minute = Math.min(untilMinute, from - from % MINUTES_A_DAY + MINUTES_A_DAY);
    const range = { tenant: id, from, until: minute, step: USAGE_STEPS[query.step], signal: query.signal ?? null };
    for (const row of sums.all(range)) yield entryOf(tenant, row);
  }
}

function entryOf(tenant: string, row: Record<string, unknown>): UsageEntry {
  return {
    time: new Date(Number(row["minute"]) * MINUTE_MS).toISOString().replace(".000Z", "Z"),
    tenant,
    signal: String(row["signal"]),
    destination: String(row["destination"]),
    outcome: String(row["outcome"]),
    reason: String(row["reason"]),
    requests: Number(row["requests"]),
    items: Number(row["items"]),
    bytes: Number(row["bytes"]),
  };
}

const COLUMNS = [
  ...["time", "tenant", "signal", "destination", "outcome", "reason"],
  ...["requests", "items", "bytes"],
] as const satisfies readonly (keyof UsageEntry)[];

/** RFC 4180, with a line of names. */
export function usageCsv(entries: Iterable<UsageEntry>): ReadableStream<Uint8Array> {
  return streamOf(csvLines(entries));
}

/** One array. */
export function usageJson(entries: Iterable<UsageEntry>): ReadableStream<Uint8Array> {
  return streamOf(jsonLines(entries));
}

function* csvLines(entries: Iterable<UsageEntry>): Generator<string> {
  yield `${COLUMNS.join(",")}\r\n`;
  for (const entry of entries) yield `${COLUMNS.map((column) => csvField(String(entry[column]))).join(",")}\r\n`;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* jsonLines(entries: Iterable<UsageEntry>): Generator<string> {
  let before = "[\n";
  for (const entry of entries) {
    yield before + JSON.stringify(entry);
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** Made as it is read, with a turn of the event loop between two chunks. */
function streamOf(lines: Generator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      let chunk = "";
      while (chunk.length < CHUNK_CHARS) {
        const { done, value } = lines.next();
        if (done === true) break;
        chunk += value;
      }
      if (chunk === "") controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
    cancel: () => void lines.return(undefined),
  }, { highWaterMark: 0 });
}
