/**
 * Whose turn it is among batches, what a batch leaves behind, and how many partitions there may be.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import type { SpanContext } from "../../../pipeline/core/telemetry/trace_context.ts";
import { TENANT_METADATA, type TenantTag } from "../../../pipeline/core/tenant.ts";
import type { Origin, Payload } from "../../../pipeline/otlp/payload.ts";
import { Batcher, type BatchSettings, NO_BATCHING } from "../../../pipeline/queue/batch.ts";
import { partitionKey, partitionOrigin } from "../../../pipeline/queue/partition.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { payloadFrom, payloadWith, tenantTag } from "./support.ts";

const TENS: BatchSettings = {
  ...NO_BATCHING,
  sizer: "items",
  turnSizer: "items",
  minSize: 10,
  maxSize: 10,
  flushTimeoutMs: 200,
  maxPartitions: 2,
  keepOrigin: false,
};
const [a, b] = [tenantTag(1), tenantTag(2)];

/** Nothing can be cut. */
const whole = (payload: Payload) => [payload];

function setUp(settings: Partial<BatchSettings> = {}) {
  const clock = new FakeClock();
  let ready = 0;
  const batcher = new Batcher<string>({ ...TENS, ...settings }, clock, whole, () => ready++);
  const add = (payload: Payload) => batcher.add("", payload, clock.monotonicMs());
  const addMany = (tenant: TenantTag, times: number, items: number) => {
    for (let i = 0; i < times; i++) add(payloadFrom(tenant, items));
  };
  /** The tenant of each part, batch by batch. */
  const takeAll = () => {
    const batches: string[] = [];
    for (let batch = batcher.take(); batch !== undefined; batch = batcher.take()) {
      batches.push(batch.parts.map(({ tenant }) => tenant?.id.at(-1) ?? "-").join(""));
    }
    return batches;
  };
  const takeItems = () => batcher.take()?.parts.map(({ payload }) => payload.itemCount);
  return { clock, batcher, add, addMany, takeAll, takeItems, ready: () => ready };
}

Deno.test("tenants' batches take turns", async (t) => {
  const cases: {
    name: string;
    settings: Partial<BatchSettings>;
    add: [TenantTag, number, number][];
    want: string[];
  }[] = [
    {
      name: "one each, however much one has waiting",
      settings: { byTenant: true },
      add: [[a, 10, 10], [b, 3, 10]],
      want: ["1", "2", "1", "2", "1", "2", "1", "1", "1", "1", "1", "1", "1"],
    },
    {
      name: "as many as its weight says",
      settings: { byTenant: true },
      add: [[tenantTag(1, { weight: 3 }), 6, 10], [b, 2, 10]],
      want: ["1", "1", "1", "2", "1", "1", "1", "2"],
    },
    {
      name: "one each where a batch is larger than a turn",
      settings: { byTenant: true, minSize: 20, maxSize: 20 },
      add: [[a, 4, 20], [b, 2, 20]],
      want: ["1", "2", "1", "2", "1", "1"],
    },
    {
      name: "in requests that are sent one by one, by their items",
      settings: { ...NO_BATCHING, turnSizer: "items" },
      add: [[a, 3, 30], [b, 6, 10]],
      want: ["2", "2", "1", "2", "2", "2", "1", "2", "1"],
    },
    {
      name: "a small request counts as a whole turn where each is sent by itself",
      settings: { ...NO_BATCHING, turnSizer: "items" },
      add: [[a, 4, 1], [b, 2, 10]],
      want: ["1", "2", "1", "2", "1", "1"],
    },
    {
      name: "and as its items where they are joined, one at the least",
      settings: { minSize: 0, maxSize: Infinity },
      add: [[a, 14, 0], [a, 3, 2], [b, 3, 10]],
      want: ["1111111111" + "2" + "1111111" + "22"],
    },
  ];
  for (const { name, settings, add, want } of cases) {
    await t.step(name, () => {
      const { addMany, takeAll } = setUp(settings);
      for (const each of add) addMany(...each);
      deepStrictEqual(takeAll(), want);
    });
  }
  await t.step("also when all is flushed before it is a batch", () => {
    const { batcher, addMany, takeAll } = setUp({ byTenant: true, minSize: 1_000 });
    addMany(tenantTag(1, { weight: 3 }), 6, 10);
    addMany(b, 2, 10);
    deepStrictEqual(takeAll(), []);
    batcher.flush();
    deepStrictEqual(takeAll(), ["1", "1", "1", "2", "1", "1", "1", "2"]);
  });
});

Deno.test("what a batch leaves behind", async (t) => {
  await t.step("is ready at once when it has waited for flush_timeout, to the millisecond", async () => {
    for (const [takenAtMs, isReady] of [[199, false], [200, true], [201, true]] as const) {
      const { clock, add, takeItems, ready } = setUp();
      add(payloadWith(6));
      add(payloadWith(7));
      await clock.advance(takenAtMs);
      deepStrictEqual(takeItems(), [6]);
      deepStrictEqual(takeItems(), isReady ? [7] : undefined);
      await clock.advance(200 - takenAtMs);
      strictEqual(ready(), isReady ? 0 : 1);
      if (!isReady) deepStrictEqual(takeItems(), [7]);
      strictEqual(clock.pending, 0);
    }
  });
  await t.step("waits from its own arrival", async () => {
    const { clock, add, takeItems } = setUp();
    add(payloadWith(6));
    await clock.advance(150);
    add(payloadWith(7));
    await clock.advance(100);
    deepStrictEqual([takeItems(), takeItems(), clock.pending], [[6], undefined, 1]);
    await clock.advance(99);
    strictEqual(takeItems(), undefined);
    await clock.advance(1);
    deepStrictEqual(takeItems(), [7]);
  });
  await t.step("a partition that was emptied by time has a timer again", async () => {
    const { clock, add, takeItems, ready } = setUp();
    for (const times of [1, 2, 3]) {
      add(payloadWith(1));
      await clock.advance(200);
      deepStrictEqual([ready(), takeItems(), clock.pending], [times, [1], 0]);
    }
  });
  await t.step("a part that was taken is no longer there to be removed", () => {
    const { batcher, add, takeItems } = setUp();
    const [taken] = add(payloadWith(10))!;
    deepStrictEqual(takeItems(), [10]);
    add(payloadWith(4));
    batcher.remove(taken!);
    add(payloadWith(6));
    deepStrictEqual(takeItems(), [4, 6]);
  });
  await t.step("a part that is removed counts no longer", () => {
    const { batcher, add, takeItems } = setUp();
    const [first, second] = [add(payloadWith(3))!, add(payloadWith(6))!];
    batcher.remove(second[0]!);
    add(payloadWith(6));
    strictEqual(takeItems(), undefined);
    batcher.remove(first[0]!);
    add(payloadWith(4));
    deepStrictEqual(takeItems(), [6, 4]);
  });
  await t.step("what is larger than a batch and cannot be cut goes by itself", () => {
    const { add, takeItems } = setUp();
    add(payloadWith(25));
    add(payloadWith(10));
    deepStrictEqual([takeItems(), takeItems()], [[25], [10]]);
  });
});

Deno.test("each tenant has so many partitions and no more", () => {
  const { batcher, add, takeItems } = setUp({ metadataKeys: ["k"], minSize: 1 });
  const partition = (tenant: TenantTag, key: string) => add(payloadFrom(tenant, 1, { k: [key] })) !== undefined;
  deepStrictEqual([partition(a, "1"), partition(a, "2"), partition(a, "3")], [true, true, false]);
  deepStrictEqual([partition(b, "1"), partition(a, "1"), batcher.partitions], [true, true, 3]);
  takeItems(); // a's first is done
  deepStrictEqual([partition(a, "3"), partition(a, "4")], [true, false]);
  while (takeItems() !== undefined);
  strictEqual(batcher.partitions, 0);
  deepStrictEqual([partition(a, "5"), partition(a, "6"), partition(a, "7")], [true, true, false]);
  deepStrictEqual([partition(b, "5"), partition(b, "6"), partition(b, "7")], [true, true, false]);
});

Deno.test("apart() gives each tenant what is its own, in order", () => {
  const { batcher, addMany } = setUp({ minSize: 18, maxSize: Infinity });
  addMany(a, 1, 2);
  addMany(b, 2, 6);
  addMany(a, 1, 4);
  const batch = batcher.take()!;
  strictEqual(batch.payload.origin.tenant, undefined, "a batch of several is nobody's");
  const items = batcher.apart(batch).map(({ parts, payload }) => [
    payload.itemCount,
    ...parts.map(({ payload }) => payload.itemCount),
  ]);
  deepStrictEqual(items, [[6, 2, 4], [12, 6, 6]]);
});

Deno.test("the oldest of all that waits", async () => {
  const { clock, batcher, add, takeItems } = setUp({ metadataKeys: ["k"], minSize: 100, maxSize: Infinity });
  strictEqual(batcher.oldestMs, undefined);
  await clock.advance(10);
  add(payloadFrom(a, 1, { k: ["1"] }));
  await clock.advance(10);
  add(payloadFrom(b, 1, { k: ["1"] }));
  add(payloadFrom(a, 1, { k: ["2"] }));
  strictEqual(batcher.oldestMs, 10);
  await clock.advance(190);
  deepStrictEqual(takeItems(), [1]);
  strictEqual(batcher.oldestMs, 20);

  const joined = setUp({ minSize: 100 });
  joined.addMany(a, 1, 1);
  await joined.clock.advance(5);
  joined.addMany(b, 1, 1);
  strictEqual(joined.batcher.oldestMs, 0);
});

Deno.test("data is kept apart by what it is told to, and says no more of its sender", async (t) => {
  const metadata = (entries: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(entries));
  const all = metadata({ k: ["v"], other: ["x"], [TENANT_METADATA]: ["a"] });
  const cases: { name: string; origin: Origin; want: Origin }[] = [
    { name: "of nobody", origin: { metadata: all }, want: { metadata: metadata({ k: ["v"] }) } },
    {
      name: "of a tenant",
      origin: { metadata: all, tenant: a },
      want: { metadata: metadata({ k: ["v"], [TENANT_METADATA]: ["a"] }), tenant: a },
    },
    {
      name: "of one that is not told",
      origin: { metadata: metadata({}), tenant: a },
      want: { metadata: metadata({}), tenant: a },
    },
  ];
  for (const { name, origin, want } of cases) {
    await t.step(name, () => deepStrictEqual(partitionOrigin(origin, ["k", "absent"]), want));
  }
  await t.step("values that look alike", () => {
    const origins: Origin[] = [{}, { k: [] }, { k: [""] }, { k: ["a", "b"] }, { k: ["ab"] }, { k: ["a"], l: ["b"] }, {
      l: ["a", "b"],
    }]
      .flatMap((entries) => [{ metadata: metadata(entries as Record<string, string[]>) }])
      .flatMap(({ metadata }) => [{ metadata }, { metadata, tenant: a }, { metadata, tenant: b }]);
    strictEqual(new Set(origins.map((origin) => partitionKey(origin, ["k", "l"]))).size, origins.length);
  });
});

Deno.test("a batch is a part of its requests' traces", async (t) => {
  const traced = (items: number, spanId: string): Payload => {
    const context: SpanContext = { traceId: "1".repeat(32), spanId, isSampled: true, traceState: "" };
    const payload = payloadWith(items);
    return { ...payload, origin: { ...payload.origin, trace: { context, links: [] } } };
  };
  await t.step("of the first, with links to the others", () => {
    const { batcher, add } = setUp();
    add(traced(4, "a"));
    add(traced(6, "b"));
    const trace = batcher.take()?.payload.origin.trace;
    deepStrictEqual([trace?.context.spanId, trace?.links.map(({ spanId }) => spanId)], ["a", ["b"]]);
  });
  await t.step("none: of none", () => {
    const { batcher, add } = setUp();
    add(payloadWith(10));
    strictEqual("trace" in (batcher.take()?.payload.origin ?? {}), false);
  });
});
