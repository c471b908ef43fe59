import fc from "fast-check";
import { deepStrictEqual, ok } from "node:assert/strict";
import { Line, placeOf } from "../../../../opamp/rollouts/stages/placement.ts";

Deno.test("a line gives out by place, of one place by uid, whatever came and went before", () => {
  const item = fc.record({ uid: fc.constantFrom("a", "b", "c", "d"), place: fc.nat(5) }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(fc.oneof(item, fc.constant(undefined))), (steps) => {
    const line = new Line<{ uid: string; place: number }>();
    const model: { uid: string; place: number }[] = [];
    for (const step of steps) {
      if (step !== undefined) {
        line.push(step);
        model.push(step);
        model.sort((a, b) => a.place - b.place || (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0));
      } else deepStrictEqual(line.pop(), model.shift());
    }
    while (model.length > 0) deepStrictEqual(line.pop(), model.shift());
    deepStrictEqual([line.pop(), line.size], [undefined, 0]);
  }));
});

Deno.test("places are spread evenly over uids that are alike, and are others for another seed", () => {
  const uids = Array.from(
    { length: 16_000 },
    (_, index) => `01906a5c0000700080000000${index.toString(16).padStart(8, "0")}`,
  );
  const buckets = new Array<number>(16).fill(0);
  for (const uid of uids) buckets[placeOf("rollout 1", uid) >>> 28]!++;
  // 1,000 each; five standard deviations.
  ok(buckets.every((count) => Math.abs(count - 1_000) < 155), buckets.join());
  const first = (seed: string) => new Set(uids.filter((uid) => placeOf(seed, uid) < 2 ** 32 / 100));
  const [one, two] = [first("rollout 1"), first("rollout 2")];
  const both = [...one].filter((uid) => two.has(uid));
  ok(both.length < 12, `${both.length} of ${one.size} come first with both seeds`);
});
