/**
 * `sluice top`: what flows through a gateway now, busiest first, with its queues.
 *
 * @module
 */

import type { AdminClient } from "./client.ts";
import { age, figure, plain, table } from "./table.ts";
import { type Shown, stateText } from "./views.ts";

/** Lines of each table. */
const MAX_ROWS = 20;
/** Characters of a bar. */
const BAR = 20;

export async function showTop(client: AdminClient): Promise<Shown> {
  const [status, graph, queues] = await Promise.all([
    client.ask("getStatus"),
    client.ask("getGraph"),
    client.ask("listQueues", { query: { limit: 500 } }),
  ]);
  const { state, workers, started_at_ms, uptime_ms, memory_rss_bytes, config, exporters } = status.body;
  const bad = exporters.filter((each) => each.state !== "ok").slice(0, MAX_ROWS).map((each) =>
    `${each.id}: ${stateText(each, started_at_ms + uptime_ms)}${
      each.last_error === null ? "" : `: ${each.last_error.message}`
    }`
  );
  const flows = graph.body.edges.toSorted((a, b) => (b.flow.items_per_second ?? -1) - (a.flow.items_per_second ?? -1))
    .slice(0, MAX_ROWS).map(({ from, to, flow }) => [
      ...[from, to, figure(flow.items_per_second), figure(flow.errors_per_second), figure(flow.items_total)],
    ]);
  const held = queues.body.items.toSorted((a, b) => b.depth / b.capacity - a.depth / a.capacity).slice(0, MAX_ROWS)
    .map(({ id, state, depth, capacity, in_flight_requests, oldest_age_ms }) => [
      ...[id, state, bar(depth / capacity), depth, in_flight_requests, age(oldest_age_ms)],
    ]);
  const text = [
    `${state}, ${workers.alive} of ${workers.wanted} workers, up ${age(uptime_ms)}, ${figure(memory_rss_bytes)}B, ` +
    `configuration ${config.id} ${config.outcome}`,
    ...bad.map(plain),
    "",
    table(["FROM", "TO", "ITEMS/S", "ERRORS/S", "ITEMS"], flows),
    "",
    table(["QUEUE", "STATE", "FILLED", "DEPTH", "IN FLIGHT", "OLDEST"], held),
  ];
  return { json: { status: status.body, graph: graph.body, queues: queues.body.items }, text: text.join("\n") };
}

function bar(part: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * BAR);
  return `${"#".repeat(filled)}${".".repeat(BAR - filled)}`;
}
