/**
 * What each subcommand of `sluice admin` asks, and how it shows the answer to people.
 *
 * @module
 */

import { readNamedFile } from "../../../pipeline/config/environment.ts";
import type { ExporterState } from "../../../routes/admin/exporter_schema.ts";
import type { Status } from "../../../routes/admin/schemas.ts";
import type { AdminClient } from "./client.ts";
import { age, figure, plain, plainLines, table, time } from "./table.ts";

/** An answer for programs, and for people. */
export interface Shown {
  readonly json: unknown;
  readonly text: string;
  /** Said beside it, on standard error; "" for nothing. */
  readonly note?: string;
  /** What was asked about is not as it should be: the exit code is 1. */
  readonly isBad?: boolean;
  /** What comes of it, when that is known. For programs there is that alone. */
  readonly next?: () => Promise<Shown>;
}

/** Asks and shows. */
export type View = (client: AdminClient) => Promise<Shown>;

export const showStatus: View = async (client) => {
  const { body: json } = await client.ask("getStatus");
  const { build, state, uptime_ms, pid, workers, config, components, memory_rss_bytes, threads } = json;
  const rows = [
    ["state", state],
    ["build", `${build.version} on Deno ${build.deno}`],
    ["up", age(uptime_ms)],
    ["pid", String(pid)],
    ["workers", `${workers.alive} of ${workers.wanted}`],
    ["threads", threads.join(", ")],
    ["configuration", `entry ${config.id}, version ${config.version}, by ${config.who}: ${config.outcome}`],
    ["components", String(components)],
    ["memory", `${figure(memory_rss_bytes)}B`],
  ];
  const text = rows.map(([name = "", value = ""]) => `${name.padEnd(14)} ${plain(value)}`).join("\n");
  return { json, text: [text, ...json.exporters.length === 0 ? [] : [exporterTable(json)]].join("\n\n") };
};

function exporterTable({ exporters, exporters_total, started_at_ms, uptime_ms }: Status): string {
  const nowMs = started_at_ms + uptime_ms; // by the gateway's clock
  const rows = exporters.map((each) => [
    ...[each.exporter, each.signal, stateText(each, nowMs), age(each.oldest_age_ms)],
    ...[each.delivered_at_ms === null ? "-" : time(each.delivered_at_ms)],
    each.last_error === null ? "-" : `${time(each.last_error.at_ms)} ${each.last_error.message}`,
  ]);
  const rest = exporters_total > exporters.length ? `\nand ${exporters_total - exporters.length} more` : "";
  return `${table(["EXPORTER", "SIGNAL", "STATE", "OLDEST", "DELIVERED", "LAST ERROR"], rows)}${rest}`;
}

const HELD_BY = { pause: "paused", full_queue: "queue full", no_answer: "no answer" } as const;

/** `failing since 10:32:05Z (3m)`. */
export function stateText({ state, held_by, failing_since_ms }: ExporterState, nowMs: number): string {
  if (failing_since_ms === null) return held_by === null ? state : `${state} (${HELD_BY[held_by]})`;
  return `${state} since ${time(failing_since_ms).slice(11)} (${age(nowMs - failing_since_ms)})`;
}

export const showGraph: View = async (client) => {
  const { body: json } = await client.ask("getGraph");
  const rows = json.edges.map(({ from, to, flow }) => [
    ...[from, to, figure(flow.items_per_second), figure(flow.bytes_per_second)],
    ...[figure(flow.errors_per_second), figure(flow.items_total)],
  ]);
  return { json, text: table(["FROM", "TO", "ITEMS/S", "BYTES/S", "ERRORS/S", "ITEMS"], rows) };
};

export function showComponents(id: string | undefined): View {
  return async (client) => {
    if (id !== undefined) {
      const { body: json } = await client.ask("getComponent", { params: { id } });
      const counters = json.counters.map(({ name, value, per_second }) => [name, value, figure(per_second)]);
      const errors = json.last_errors.map(({ at_ms, level, message }) => `${time(at_ms)} ${level} ${plain(message)}`);
      const head = `${json.id} (${json.type}), ${json.state}, ${json.place}`;
      return {
        json,
        text: [head, "", plainLines(json.config), table(["COUNTER", "VALUE", "PER SECOND"], counters), "", ...errors]
          .join("\n").trimEnd(),
      };
    }
    const json = await all((cursor) => client.ask("listComponents", { query: { limit: 500, ...cursor } }));
    const rows = json.map((each) => [
      ...[each.id, each.state, each.pipelines.join(","), each.last_errors.length, each.place],
    ]);
    return { json, text: table(["COMPONENT", "STATE", "PIPELINES", "ERRORS", "PLACE"], rows) };
  };
}

export const showQueues: View = async (client) => {
  const json = await all((cursor) => client.ask("listQueues", { query: { limit: 500, ...cursor } }));
  const rows = json.map((queue) => [
    ...[queue.id, queue.state, queue.depth, queue.capacity, queue.unit],
    ...[queue.in_flight_requests, queue.waiting_requests, age(queue.oldest_age_ms)],
  ]);
  const heads = ["QUEUE", "STATE", "DEPTH", "CAPACITY", "UNIT", "IN FLIGHT", "WAITING", "OLDEST"];
  return { json, text: table(heads, rows) };
};

export function setQueueState(id: string, state: "running" | "paused"): View {
  return async (client) => {
    const { etag } = await client.ask("getQueue", { params: { id } });
    const { body: json } = await client.ask("setQueueState", { params: { id }, body: { state }, ifMatch: etag });
    return { json, text: `${json.id} is ${json.state}` };
  };
}

export function drainQueue(id: string, timeoutMs: number): View {
  return async (client) => {
    const { body: json } = await client.ask("drainQueue", { params: { id }, body: { timeout_ms: timeoutMs } });
    return { json, text: json.drained ? `${id} has sent what it held` : `${id} still holds ${json.queue.depth}` };
  };
}

/** The level, or after setting it. */
export function logLevel(level: string | undefined): View {
  return async (client) => {
    const now = await client.ask("getLogLevel");
    const { body: json } = level === undefined
      ? now
      : await client.ask("setLogLevel", { body: { level }, ifMatch: now.etag });
    return {
      json,
      text: json.level === json.configured ? json.level : `${json.level} (configured: ${json.configured})`,
    };
  };
}

export const showAudit: View = async (client) => {
  const json = await all((cursor) => client.ask("listAudit", { query: { limit: 500, ...cursor } }));
  const rows = json.map((each) => [time(each.at_ms), each.who, each.operation, each.target, each.status, each.detail]);
  return { json, text: table(["TIME", "WHO", "OPERATION", "TARGET", "STATUS", "DETAIL"], rows) };
};

/** Writes the profile to a file. */
export function cpuProfile(thread: string, durationMs: number, path: string): View {
  return async (client) => {
    const { body: json } = await client.ask("makeCpuProfile", { body: { thread, duration_ms: durationMs } });
    await Deno.writeTextFile(path, JSON.stringify(json));
    return { json: { path }, text: `${path}: open it in Chrome DevTools, Performance` };
  };
}

export function heapSnapshot(thread: string): View {
  return async (client) => {
    const { body: json } = await client.ask("makeHeapSnapshot", { body: { thread } });
    return { json, text: `${json.path} on the gateway's machine, ${figure(json.bytes)}B` };
  };
}

export interface TrialFlags {
  readonly statement: readonly string[];
  readonly condition: readonly string[];
  /** A file of OTLP/JSON. */
  readonly input: string;
}

export function tryOttl({ statement: statements, condition: conditions, input }: TrialFlags): View {
  return async (client) => {
    const body = { statements, conditions, payload: await readNamedFile(`--input ${input}`, input, Deno.readTextFile) };
    const { body: json } = await client.ask("tryOttl", { body });
    return { json, text: plainLines([...json.explanation, "", ...json.changes, ...json.failures].join("\n").trim()) };
  };
}

/** Every page of a list. */
export async function all<Item>(
  ask: (cursor: { cursor?: string }) => Promise<{
    readonly body: { readonly items: readonly Item[]; readonly next_cursor: string | null };
  }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = "0";
  while (cursor !== null) {
    const { body }: Awaited<ReturnType<typeof ask>> = await ask({ cursor });
    items.push(...body.items);
    cursor = body.next_cursor;
  }
  return items;
}
