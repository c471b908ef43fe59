/**
 * What it costs to count usage: a request at the door, a batch of 64 requests at a destination, and a flush of 1,000 tenants
 * into the file.
 *
 * Run: deno bench -A tests/bench/usage_bench.ts
 *
 * @module
 */

import { UsageStore } from "../../gateway/tenants/usage/store.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { DoorUsage } from "../../pipeline/tenants/usage/door_usage.ts";
import { KEPT } from "../../pipeline/contract/consumer.ts";
import { ThreadUsage, UsageReader, type UsageReport } from "../../pipeline/tenants/usage/usage.ts";
import { ExportUsage } from "../../pipeline/queue/sending/export_usage.ts";
import { payloadFrom, tenantTag } from "../pipeline/queue/support.ts";

const REQUESTS = 1_000;
const tenants = Array.from({ length: 1_000 }, (_, slot) => tenantTag(slot));
const usage = new ThreadUsage({ clock: systemClock, report: () => {} });
const door = new DoorUsage(usage);
const destination = new ExportUsage(usage, "otlp_http", "traces");
const batches = Array.from(
  { length: 16 },
  (_, batch) =>
    Array.from({ length: 64 }, (_, at) => ({ payload: payloadFrom(tenants[(batch * 64 + at) % 1_000]!, 1) })),
);

Deno.bench(`${REQUESTS} requests of 1,000 tenants at the door`, () => {
  for (const tenant of tenants) {
    door.ended(tenant, "traces", { status: 200, items: 100, bytes: 42_000, rejectedItems: 0, cutItems: 0 });
  }
});

Deno.bench("16 batches of 64 requests at a destination", () => {
  for (const batch of batches) destination.landed(batch, KEPT);
});

const store = new UsageStore({
  ...{
    path: ":memory:",
    retentionMs: 31 * 24 * 3_600_000,
    maxBytes: 2 ** 30,
    clock: systemClock,
    logger: silentLogger,
  },
});
const reports: UsageReport[] = [];
const counted = new ThreadUsage({ clock: systemClock, report: (report) => void reports.push(report) });
const counter = counted.counter({ signal: "traces", destination: "", outcome: "accepted", reason: "" });
const reader = new UsageReader();

Deno.bench("a report of 1,000 tenants, from the thread to the file", () => {
  for (const tenant of tenants) counter.add(tenant, 1, 100, 42_000);
  counted.flush();
  for (const report of reports.splice(0)) store.add(report.sinceMs, reader.read(report));
  store.flush();
});
