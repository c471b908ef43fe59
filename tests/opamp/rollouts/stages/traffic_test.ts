import { deepStrictEqual } from "node:assert/strict";
import { TrafficMeter, WINDOW_MS } from "../../../../opamp/rollouts/stages/traffic.ts";

Deno.test("traffic of an agent", async (t) => {
  let nowMs = 0;
  const meter = new TrafficMeter({ monotonicMs: () => nowMs });

  await t.step("the first counts are of before", () => {
    deepStrictEqual(meter.add("a", { items: 1_000, errors: 10 }), undefined);
    deepStrictEqual(meter.recent("a"), { items: 0, errors: 0 });
  });

  await t.step("then what has come since", () => {
    deepStrictEqual(meter.add("a", { items: 1_100, errors: 11 }), { items: 100, errors: 1 });
    deepStrictEqual(meter.recent("a"), { items: 100, errors: 1 });
  });

  await t.step("counts that shrink are of a new process", () => {
    deepStrictEqual(meter.add("a", { items: 50, errors: 5 }), { items: 50, errors: 5 });
    deepStrictEqual(meter.recent("a"), { items: 150, errors: 6 });
  });

  await t.step("the last window counts for one more", () => {
    nowMs += WINDOW_MS;
    meter.add("a", { items: 60, errors: 5 });
    deepStrictEqual(meter.recent("a"), { items: 160, errors: 6 });
    nowMs += WINDOW_MS;
    deepStrictEqual(meter.recent("a"), { items: 10, errors: 0 });
  });

  await t.step("after silence nothing is left", () => {
    nowMs += 2 * WINDOW_MS;
    deepStrictEqual(meter.recent("a"), { items: 0, errors: 0 });
  });

  await t.step("agents are apart, and forgotten", () => {
    meter.add("b", { items: 1, errors: 0 });
    meter.forget("a");
    deepStrictEqual(meter.add("a", { items: 70, errors: 5 }), undefined);
    deepStrictEqual(meter.add("b", { items: 3, errors: 1 }), { items: 2, errors: 1 });
  });
});
