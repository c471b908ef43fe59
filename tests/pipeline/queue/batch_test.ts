import { deepStrictEqual, strictEqual } from "node:assert";
import { Batcher, type BatchSettings, NO_BATCHING, type Part } from "../../../pipeline/queue/batch.ts";
import type { Payload } from "../../../pipeline/otlp/payload.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { payloadWith } from "./support.ts";

const BY_ITEMS: BatchSettings = {
  sizer: "items",
  minSize: 10,
  maxSize: Infinity,
  flushTimeoutMs: 200,
  turnSizer: "items",
  metadataKeys: [],
  byTenant: false,
  maxPartitions: 3,
  keepOrigin: false,
};

/** Cuts into pieces of `max` items. */
function cut(payload: Payload, max: number): readonly Payload[] {
  const pieces: Payload[] = [];
  for (let left = payload.itemCount; left > 0; left -= max) pieces.push(payloadWith(Math.min(max, left)));
  return pieces;
}

function setUp(settings: Partial<BatchSettings> = {}) {
  const clock = new FakeClock();
  let ready = 0;
  const batcher = new Batcher<string>({ ...BY_ITEMS, ...settings }, clock, cut, () => ready++);
  const add = (items: number, metadata: Readonly<Record<string, readonly string[]>> = {}, owner = "") =>
    batcher.add(owner, payloadWith(items, metadata), clock.monotonicMs());
  const take = () => batcher.take()?.parts.map(({ payload }) => payload.itemCount);
  return { clock, batcher, add, take, ready: () => ready };
}

Deno.test("Batcher makes batches by size", async (t) => {
  const cases: { name: string; settings: Partial<BatchSettings>; add: number[]; want: number[][] }[] = [
    { name: "below min_size nothing is ready", settings: {}, add: [4, 5], want: [] },
    { name: "at min_size everything that waits is", settings: {}, add: [4, 6], want: [[4, 6]] },
    {
      name: "min_size 0 is ready at once, and takes what came meanwhile",
      settings: { minSize: 0 },
      add: [1, 2],
      want: [[1, 2]],
    },
    { name: "exactly max_size", settings: { maxSize: 10 }, add: [4, 6], want: [[4, 6]] },
    { name: "one more goes into the next batch", settings: { maxSize: 10 }, add: [4, 6, 10, 1], want: [[4, 6], [10]] },
    { name: "what does not fit is not cut", settings: { maxSize: 10 }, add: [6, 6, 6], want: [[6], [6]] },
    { name: "what is larger than max_size is", settings: { maxSize: 10 }, add: [25, 5], want: [[10], [10], [5, 5]] },
    { name: "in bytes", settings: { sizer: "bytes", minSize: 100, maxSize: 100 }, add: [4, 6, 1], want: [[4, 6]] },
    {
      name: "in requests",
      settings: { sizer: "requests", minSize: 2, maxSize: 3 },
      add: [9, 9, 9, 9, 9],
      want: [[9, 9, 9], [9, 9]],
    },
    { name: "no batching", settings: NO_BATCHING, add: [9, 1], want: [[9], [1]] },
  ];
  for (const { name, settings, add, want } of cases) {
    await t.step(name, () => {
      const { add: addOne, take } = setUp(settings);
      for (const items of add) addOne(items);
      const batches: number[][] = [];
      for (let batch = take(); batch !== undefined; batch = take()) batches.push(batch);
      deepStrictEqual(batches, want);
    });
  }
});

Deno.test("Batcher flushes what has waited long enough", async (t) => {
  await t.step("with one timer for all that waits", async () => {
    const { clock, add, take, ready, batcher } = setUp();
    add(1);
    await clock.advance(150);
    add(2);
    strictEqual(clock.pending, 1);
    strictEqual(take(), undefined);
    await clock.advance(50);
    strictEqual(ready(), 1);
    strictEqual(batcher.take()?.trigger, "timeout");
    strictEqual(clock.pending, 0);
  });
  await t.step("what is left of a batch has its own time", async () => {
    const { clock, add, take, ready } = setUp({ maxSize: 10 });
    add(6);
    await clock.advance(100);
    add(7);
    deepStrictEqual(take(), [6]);
    await clock.advance(199);
    strictEqual(ready(), 0);
    await clock.advance(1);
    deepStrictEqual([ready(), take()], [1, [7]]);
  });
  await t.step("by size the trigger is size, and no timer is left", () => {
    const { clock, add, batcher } = setUp();
    add(4);
    add(6);
    strictEqual(batcher.take()?.trigger, "size");
    strictEqual(clock.pending, 0);
  });
  await t.step("flush() makes everything ready", () => {
    const { clock, add, take, batcher } = setUp({ metadataKeys: ["tenant"] });
    add(1, { tenant: ["a"] });
    add(2, { tenant: ["b"] });
    batcher.flush();
    deepStrictEqual([take(), take(), take(), clock.pending], [[1], [2], undefined, 0]);
    add(3);
    deepStrictEqual(take(), [3]);
  });
});

Deno.test("Batcher keeps partitions apart", async (t) => {
  await t.step("by every value, absent from empty, lengths from contents", () => {
    const { add, take, batcher } = setUp({ metadataKeys: ["tenant"], maxPartitions: 10 });
    const values: (readonly string[] | undefined)[] = [undefined, [], [""], ["a"], ["a", "b"], ["ab"], ["1:a"], [
      "a1:b",
    ]];
    for (const tenant of values) add(1, tenant === undefined ? {} : { tenant });
    strictEqual(batcher.partitions, values.length);
    for (const tenant of values) add(9, tenant === undefined ? {} : { tenant });
    for (const _ of values) deepStrictEqual(take(), [1, 9]);
    strictEqual(batcher.partitions, 0);
  });
  await t.step("up to their limit; one that is empty makes room", () => {
    const { add, take } = setUp({ metadataKeys: ["tenant"] });
    for (const tenant of ["a", "b", "c"]) strictEqual(add(10, { tenant: [tenant] })?.length, 1);
    strictEqual(add(10, { tenant: ["d"] }), undefined);
    strictEqual(add(10, { tenant: ["a"] })?.length, 1);
    deepStrictEqual(take(), [10, 10]);
    strictEqual(add(10, { tenant: ["d"] })?.length, 1);
  });
  await t.step("in turns", () => {
    const { add, take, batcher } = setUp({ metadataKeys: ["tenant"], maxSize: 10, minSize: 10 });
    for (let round = 0; round < 2; round++) for (const tenant of ["a", "b"]) add(10, { tenant: [tenant] }, tenant);
    const owners = [0, 1, 2, 3].map(() => batcher.take()?.parts[0]?.owner);
    deepStrictEqual(owners, ["a", "b", "a", "b"]);
    strictEqual(take(), undefined);
  });
  await t.step("a batch knows what its senders have in common and no more, even when there is one", () => {
    const { add, batcher } = setUp({ metadataKeys: ["tenant"] });
    const metadata = { tenant: ["a"], host: ["x"] };
    add(10, metadata);
    deepStrictEqual(batcher.take()?.payload.origin.metadata, new Map([["tenant", ["a"]]]));
    add(4, metadata);
    add(6, metadata);
    deepStrictEqual(batcher.take()?.payload.origin.metadata, new Map([["tenant", ["a"]]]));
    const { add: addWhole, batcher: whole } = setUp(NO_BATCHING);
    addWhole(1, metadata);
    deepStrictEqual(whole.take()?.payload.origin.metadata, new Map(Object.entries(metadata)));
  });
});

Deno.test("Batcher lets go of what is removed", () => {
  const { clock, add, take, batcher } = setUp({ metadataKeys: ["tenant"] });
  const [first] = add(4, { tenant: ["a"] }) as readonly Part<string>[];
  const [second] = add(5, { tenant: ["a"] }) as readonly Part<string>[];
  if (first === undefined || second === undefined) throw new Error("parts are missing");
  batcher.remove(first);
  batcher.remove(first);
  add(5, { tenant: ["a"] });
  deepStrictEqual(take(), [5, 5]);
  batcher.remove(second);
  const [last] = add(1, { tenant: ["a"] }) as readonly Part<string>[];
  if (last !== undefined) batcher.remove(last);
  deepStrictEqual([batcher.partitions, clock.pending], [0, 0]);
});
