import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import {
  queryUsage,
  usageCsv,
  type UsageEntry,
  usageJson,
  type UsageQuery,
} from "../../../../gateway/tenants/usage/query.ts";
import { pragma } from "../../../../gateway/tenants/usage/pruner.ts";
import { UsageStore, type UsageStoreOptions } from "../../../../gateway/tenants/usage/store.ts";
import type { UsageSeries } from "../../../../pipeline/contract/usage.ts";
import { OTHER_TENANTS, type UsageSum } from "../../../../pipeline/tenants/usage/usage.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { testDeps } from "../../../support/component_deps.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = Date.parse("2026-01-10T12:00:00Z");

const SENT: UsageSeries = { signal: "traces", destination: "otlp_http/eu", outcome: "sent", reason: "" };
const FAILED: UsageSeries = { signal: "logs", destination: "kafka", outcome: "failed", reason: "unavailable" };

function sum(tenant: string, items: number, series = SENT): UsageSum {
  return { tenant, series, requests: 1, items, bytes: 10 * items };
}

function setUp(options: Partial<UsageStoreOptions> = {}) {
  const { logger, lines } = testDeps();
  const clock = new FakeClock(NOON_MS);
  const store = new UsageStore({
    ...{ path: ":memory:", retentionMs: 31 * DAY_MS, maxBytes: 2 ** 30, clock, logger },
    ...options,
  });
  const query = (asked: Partial<UsageQuery> = {}) => {
    store.flush();
    return [...queryUsage(store.database, { fromMs: 0, untilMs: NOON_MS + 365 * DAY_MS, step: "minute", ...asked })];
  };
  const brief = (asked: Partial<UsageQuery> = {}) =>
    query(asked).map(({ time, tenant, requests, items }) => `${time} ${tenant}: ${requests} ${items}`);
  return { clock, store, query, brief, lines };
}

Deno.test("usage is kept by the minute and asked by tenant, signal and time", async (t) => {
  const { store, query, brief } = setUp();
  store.add(NOON_MS, [sum("b", 3), sum("a", 1), sum("a", 9, FAILED)]);
  store.add(NOON_MS + 59_999, [sum("a", 1)]);
  store.flush();
  store.add(NOON_MS + 30_000, [sum("a", 2)]);
  store.add(NOON_MS + MINUTE_MS, [sum("a", 10)]);
  store.add(NOON_MS + HOUR_MS, [sum("a", 100)]);
  store.add(NOON_MS + 12 * HOUR_MS, [sum("a", 1_000)]);
  const a = { tenant: "a", signal: "traces" as const };
  await t.step("an entry has all that is known", () => {
    const common = { time: "2026-01-10T12:00:00Z", tenant: "a" };
    deepStrictEqual(query({ tenant: "a", untilMs: NOON_MS + MINUTE_MS }), [
      { ...common, ...FAILED, requests: 1, items: 9, bytes: 90 },
      { ...common, ...SENT, requests: 3, items: 4, bytes: 40 },
    ]);
  });
  await t.step("by hours", () =>
    deepStrictEqual(brief({ ...a, step: "hour" }), [
      "2026-01-10T12:00:00Z a: 4 14",
      "2026-01-10T13:00:00Z a: 1 100",
      "2026-01-11T00:00:00Z a: 1 1000",
    ]));
  await t.step("by days", () =>
    deepStrictEqual(brief({ ...a, step: "day" }), [
      "2026-01-10T00:00:00Z a: 5 114",
      "2026-01-11T00:00:00Z a: 1 1000",
    ]));
  await t.step("from its first minute to before its last", () => {
    const range = { fromMs: NOON_MS + MINUTE_MS, untilMs: NOON_MS + HOUR_MS };
    deepStrictEqual(brief({ ...a, ...range }), ["2026-01-10T12:01:00Z a: 1 10"]);
    deepStrictEqual(brief({ ...a, fromMs: range.fromMs, untilMs: range.untilMs + MINUTE_MS }).length, 2);
  });
  await t.step(
    "of all tenants, one after the other",
    () =>
      deepStrictEqual(brief({ step: "day", signal: "traces" }).map((line) => line.split(" ")[1]), ["a:", "a:", "b:"]),
  );
  await t.step("of one that is not known", () => deepStrictEqual(brief({ tenant: "c" }), []));
  store.close();
});

Deno.test("usage lives in a file", async (t) => {
  const path = await Deno.makeTempFile({ suffix: ".db" });
  await t.step("and is there again", () => {
    const first = setUp({ path });
    first.store.add(NOON_MS, [sum("a", 1)]);
    first.store.close();
    const second = setUp({ path });
    second.store.add(NOON_MS, [sum("a", 2)]);
    deepStrictEqual(second.brief(), ["2026-01-10T12:00:00Z a: 2 3"]);
    second.store.close();
  });
  await t.step("which is refused when it is something else, and left as it is", () => {
    Deno.writeTextFileSync(path, "not a database, but long enough to be looked at as one".repeat(100));
    throws(() => setUp({ path }), /not a database/);
    ok(Deno.readTextFileSync(path).startsWith("not a database"));
  });
  await Deno.remove(path);
});

Deno.test("usage is written every five seconds in one transaction", async () => {
  const { clock, store, lines } = setUp();
  store.start();
  store.add(NOON_MS, [sum("a", 1)]);
  const count = () =>
    pragma(store.database, "data_version") >= 0 &&
    store.database.prepare("SELECT count(*) AS n FROM usage").get()?.["n"];
  await clock.advance(4_999);
  strictEqual(count(), 0);
  await clock.advance(1);
  strictEqual(count(), 1);
  store.close();
  deepStrictEqual([clock.pending, lines], [0, []]);
});

Deno.test("usage for which there is no room", async (t) => {
  await t.step("on the disk: is kept, told once, and written when there is", () => {
    const { store, brief, lines, clock } = setUp();
    store.database.exec(`PRAGMA max_page_count = ${pragma(store.database, "page_count")}`);
    const many = Array.from({ length: 500 }, (_, each) => sum(`tenant-${each}`, 1));
    store.add(NOON_MS, many);
    store.flush();
    store.add(NOON_MS, many);
    store.flush();
    const told = lines.filter(({ fields }) => "sums" in fields);
    deepStrictEqual(told.map(({ level, fields }) => [level, fields["sums"], fields["error"]]), [
      ["warn", 500, "database or disk is full"],
    ]);
    strictEqual(store.database.prepare("SELECT count(*) AS n FROM usage").get()?.["n"], 0);
    store.database.exec("PRAGMA max_page_count = 100000");
    strictEqual(brief().length, 500);
    deepStrictEqual(brief({ tenant: "tenant-7" }), ["2026-01-10T12:00:00Z tenant-7: 2 2"]);
    strictEqual(lines.at(-1)?.level, "info");
    strictEqual(clock.pending, 0);
    store.close();
  });
  await t.step("on the disk at the end: is told to be lost", () => {
    const { store, lines } = setUp();
    store.database.exec(`PRAGMA max_page_count = ${pragma(store.database, "page_count")}`);
    store.add(NOON_MS, Array.from({ length: 500 }, (_, each) => sum(`tenant-${each}`, 1)));
    store.close();
    const told = lines.filter(({ fields }) => "sums" in fields);
    deepStrictEqual(told.map(({ level, fields }) => [level, fields["sums"]]), [["warn", 500], ["error", 500]]);
  });
  await t.step("in memory: is that of other tenants together, and no item is missing", () => {
    const { store, brief } = setUp({ maxPending: 3 });
    store.add(NOON_MS, ["a", "b", "c", "d", "e", "a"].map((tenant) => sum(tenant, 1)));
    deepStrictEqual(brief().map((line) => line.slice(21)), [`${OTHER_TENANTS}: 2 2`, "a: 2 2", "b: 1 1", "c: 1 1"]);
    store.close();
  });
});

Deno.test("usage that is too old goes, a day of a tenant at a time", async (t) => {
  await t.step("past its retention", () => {
    const { store, brief } = setUp({ retentionMs: 10 * DAY_MS });
    for (let day = 0; day < 20; day++) store.add(NOON_MS - day * DAY_MS, [sum("a", day)]);
    store.add(NOON_MS - 15 * DAY_MS, [sum("gone", 1)]);
    for (let round = 0; round < 15; round++) store.flush();
    const left = brief();
    deepStrictEqual([left.length, left[0]], [11, "2025-12-31T12:00:00Z a: 1 10"]);
    const tenants = store.database.prepare("SELECT name FROM tenants").all();
    deepStrictEqual(tenants.map(({ name }) => name), ["a"]);
    store.add(NOON_MS, [sum("gone", 7)]);
    deepStrictEqual(brief({ tenant: "gone" }), ["2026-01-10T12:00:00Z gone: 1 7"]);
    store.close();
  });
  await t.step("sooner when the file nears its bound, which it never passes", async () => {
    const path = await Deno.makeTempFile({ suffix: ".db" });
    const { store, lines, brief } = setUp({ path, maxBytes: 300_000 });
    for (let minute = 0; minute < 40; minute++) {
      const atMs = NOON_MS - DAY_MS * (40 - minute) / 2;
      store.add(atMs, Array.from({ length: 400 }, (_, each) => sum(`tenant-${each}`, 1)));
      for (let round = 0; round < 10; round++) store.flush();
      ok(pragma(store.database, "page_count") * pragma(store.database, "page_size") <= 300_000);
    }
    for (let round = 0; round < 400; round++) store.flush();
    ok(lines.some(({ message }) => message === "usage of tenants nears its max_size, so less of it is kept"));
    ok(brief({ tenant: "tenant-1" }).length >= 1);
    store.close();
    await Deno.remove(path);
  });
});

Deno.test("usage as CSV and as JSON", async (t) => {
  const entry: UsageEntry = {
    time: "2026-01-10T12:00:00Z",
    ...{ tenant: "a", signal: "traces", destination: 'otlp_http/"eu", 1', outcome: "sent", reason: "" },
    ...{ requests: 1, items: 2, bytes: 3 },
  };
  const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();
  const head = "time,tenant,signal,destination,outcome,reason,requests,items,bytes\r\n";
  await t.step("quoted where it must be", async () =>
    strictEqual(
      await read(usageCsv([entry])),
      `${head}2026-01-10T12:00:00Z,a,traces,"otlp_http/""eu"", 1",sent,,1,2,3\r\n`,
    ));
  await t.step("of nothing", async () => {
    strictEqual(await read(usageCsv([])), head);
    deepStrictEqual(JSON.parse(await read(usageJson([]))), []);
  });
  await t.step("of much, made as it is read", async () => {
    let made = 0;
    let isClosed = false;
    function* many() {
      try {
        for (; made < 100_000; made++) yield entry;
      } finally {
        isClosed = true;
      }
    }
    const reader = usageJson(many()).getReader();
    await reader.read();
    ok(made < 1_000, `${made}`);
    await reader.cancel();
    strictEqual(isClosed, true);
    deepStrictEqual(JSON.parse(await read(usageJson([entry, entry, entry]))), [entry, entry, entry]);
  });
});

Deno.test("whatever is added and in whatever order, the sums by minute, hour and day are the same whole", () => {
  const adds = fc.array(
    fc.record({
      tenant: fc.constantFrom("a", "b", "c"),
      minute: fc.nat(5_000),
      items: fc.nat(1_000),
      flush: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(adds, (drawn) => {
      const { store, query } = setUp();
      for (const { tenant, minute, items, flush } of drawn) {
        store.add(NOON_MS - minute * MINUTE_MS, [sum(tenant, items)]);
        if (flush) store.flush();
      }
      const want = drawn.reduce((all, { items }) => all + items, 0);
      for (const step of ["minute", "hour", "day"] as const) {
        const entries = query({ step });
        strictEqual(entries.reduce((all, { items }) => all + items, 0), want);
        strictEqual(new Set(entries.map(({ time, tenant }) => time + tenant)).size, entries.length);
      }
      store.close();
    }),
    { numRuns: 30 },
  );
});

Deno.test("the file and what stands beside it are for their owner alone, also one that was there", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/usage.db`;
  const modes = () => ["", "-wal", "-shm"].map((end) => ((Deno.statSync(path + end).mode ?? 0) & 0o777).toString(8));
  for (const _ of ["made", "found"]) {
    const { store } = setUp({ path });
    store.add(NOON_MS, [sum("a", 1)]);
    store.flush();
    deepStrictEqual(modes(), ["600", "600", "600"]);
    store.close();
    Deno.chmodSync(path, 0o644);
  }
  await Deno.remove(dir, { recursive: true });
});
