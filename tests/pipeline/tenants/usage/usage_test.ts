import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import type { UsageSeries } from "../../../../pipeline/contract/usage.ts";
import { ROW_NUMBERS, ThreadUsage, UsageReader, type UsageReport } from "../../../../pipeline/tenants/usage/usage.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { tenantTag } from "../../queue/support.ts";

const SENT: UsageSeries = { signal: "traces", destination: "up", outcome: "sent", reason: "" };
const FAILED: UsageSeries = { signal: "logs", destination: "up", outcome: "failed", reason: "unavailable" };

function setUp({ startMs = 0, maxRows }: { startMs?: number; maxRows?: number } = {}) {
  const clock = new FakeClock(startMs);
  const reports: UsageReport[] = [];
  const report = (each: UsageReport) => void reports.push(structuredClone(each));
  const usage = new ThreadUsage(maxRows === undefined ? { clock, report } : { clock, report, maxRows });
  const reader = new UsageReader();
  const read = () =>
    reports.splice(0).flatMap((each) =>
      [...reader.read(each)].map(({ tenant, series, requests, items, bytes }) =>
        `${tenant} ${series.signal} ${series.outcome}: ${requests} ${items} ${bytes}`
      )
    );
  return { clock, usage, reports, read };
}

Deno.test("a thread's usage", async (t) => {
  await t.step("is a row a tenant and series, named again by the reader", () => {
    const { usage, read } = setUp();
    const [sent, failed] = [usage.counter(SENT), usage.counter(FAILED)];
    sent.add(tenantTag(3), 1, 10, 100);
    sent.add(tenantTag(3), 1, 5, 50);
    sent.add(tenantTag(4), 1, 1, 1);
    failed.add(tenantTag(3), 1, 7, 0);
    usage.flush();
    deepStrictEqual(read(), [
      "tenant-3 traces sent: 2 15 150",
      "tenant-4 traces sent: 1 1 1",
      "tenant-3 logs failed: 1 7 0",
    ]);
  });
  await t.step("tells names once", () => {
    const { usage, reports, read } = setUp();
    const sent = usage.counter({ ...SENT });
    for (let each = 0; each < 2; each++) {
      usage.counter(SENT).add(tenantTag(3), 1, 1, 1);
      usage.flush();
    }
    deepStrictEqual(reports.map(({ tenants, series }) => [tenants.length, series.length]), [[1, 1], [0, 0]]);
    strictEqual(read().length, 2);
    sent.add(tenantTag(3, { id: "another" }), 1, 2, 3);
    usage.flush();
    deepStrictEqual(read(), ["another traces sent: 1 2 3"]);
  });
  await t.step("is handed on every 5 s and at the end of a minute", async () => {
    const { clock, usage, reports } = setUp({ startMs: 53_000 });
    const sent = usage.counter(SENT);
    for (let second = 0; second < 10; second++) {
      sent.add(tenantTag(0), 1, 1, 1);
      await clock.advance(1_000);
    }
    deepStrictEqual(reports.map(({ sinceMs, rows }) => [sinceMs, rows[2]]), [[53_000, 5], [58_000, 2]]);
    usage.flush();
    deepStrictEqual(reports.map(({ sinceMs, rows }) => [sinceMs, rows[2]]).slice(2), [[60_000, 3]]);
    strictEqual(clock.pending, 0);
  });
  await t.step("says nothing when there is nothing, and keeps no timer", () => {
    const { clock, usage, reports } = setUp();
    usage.counter(SENT);
    usage.flush();
    deepStrictEqual([reports, clock.pending], [[], 0]);
  });
  await t.step("is handed on at once when there is no room for another row", () => {
    const { usage, reports, read } = setUp({ maxRows: 3 });
    const sent = usage.counter(SENT);
    for (let slot = 0; slot < 3; slot++) sent.add(tenantTag(slot), 1, 1, 1);
    sent.add(tenantTag(1), 1, 1, 1);
    strictEqual(reports.length, 0);
    sent.add(tenantTag(3), 1, 1, 1);
    strictEqual(reports[0]?.rows.length, 3 * ROW_NUMBERS);
    usage.flush();
    strictEqual(read().length, 4);
  });
  await t.step("has a bounded number of series", () => {
    const { usage } = setUp();
    for (let each = 0; each < 8_192; each++) usage.counter({ ...SENT, destination: String(each) });
    usage.counter({ ...SENT, destination: "8191" });
    throws(() => usage.counter({ ...SENT, destination: "8192" }), RangeError);
  });
});

Deno.test("whatever is added, in whatever intervals, the sums come out of the reports", () => {
  const adds = fc.array(
    fc.record({ slot: fc.nat(100_000), series: fc.nat(3), items: fc.nat(1_000_000), flush: fc.boolean() }),
    { maxLength: 200 },
  );
  fc.assert(fc.property(adds, fc.integer({ min: 1, max: 20 }), (drawn, maxRows) => {
    const { usage, reports } = setUp({ maxRows });
    const counters = ["a", "b", "c", "d"].map((destination) => usage.counter({ ...SENT, destination }));
    const want = new Map<string, number>();
    for (const { slot, series, items, flush } of drawn) {
      counters[series]!.add(tenantTag(slot), 1, items, 0);
      const key = `tenant-${slot} ${"abcd"[series]}`;
      want.set(key, (want.get(key) ?? 0) + items);
      if (flush) usage.flush();
    }
    usage.flush();
    const reader = new UsageReader();
    const got = new Map<string, number>();
    for (const report of reports) {
      ok(report.rows.length <= maxRows * ROW_NUMBERS);
      for (const { tenant, series, items } of reader.read(report)) {
        const key = `${tenant} ${series.destination}`;
        got.set(key, (got.get(key) ?? 0) + items);
      }
    }
    deepStrictEqual(new Map([...got].sort()), new Map([...want].sort()));
  }));
});
