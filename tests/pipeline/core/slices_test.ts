import { deepStrictEqual, strictEqual } from "node:assert";
import { atOnce, eventLoopPause, inSlices, SLICE_MS, type Sliced } from "../../../pipeline/core/slices.ts";

function* steps(done: number[], count: number): Sliced<string> {
  for (let step = 0; step < count; step++) {
    done.push(step);
    yield;
  }
  return "result";
}

Deno.test("sliced work", async (t) => {
  await t.step("at once: all of it", () => {
    const done: number[] = [];
    strictEqual(atOnce(steps(done, 3)), "result");
    deepStrictEqual(done, [0, 1, 2]);
  });

  await t.step("in slices: it waits where it is told to", async () => {
    const done: number[] = [];
    const gate = Promise.withResolvers<void>();
    const work = inSlices(steps(done, 3), () => done.length === 2 ? gate.promise : undefined);
    await Promise.resolve();
    deepStrictEqual(done, [0, 1]);
    gate.resolve();
    strictEqual(await work, "result");
    deepStrictEqual(done, [0, 1, 2]);
  });

  await t.step("what it throws is thrown", async () => {
    const failing = function* (): Sliced<never> {
      yield;
      throw new RangeError("no");
    };
    strictEqual(await inSlices(failing(), () => undefined).catch((thrown) => thrown instanceof RangeError), true);
  });
});

Deno.test("eventLoopPause() lets others on after each slice", async () => {
  let nowMs = 100;
  let turns = 0;
  const pause = eventLoopPause(() => nowMs, () => {
    turns++;
    nowMs += 1_000; // others take long
    return Promise.resolve();
  });
  strictEqual(pause(), undefined);
  nowMs += SLICE_MS - 1;
  strictEqual(pause(), undefined);
  nowMs += 1;
  await pause();
  strictEqual(turns, 1);
  strictEqual(pause(), undefined, "the time of others is none of its own");
  nowMs += SLICE_MS;
  await pause();
  strictEqual(turns, 2);
});

Deno.test("eventLoopPause() has requests of meanwhile served", async () => {
  const order: string[] = [];
  setTimeout(() => order.push("a request"), 0);
  const work = function* (): Sliced<void> {
    for (const startedMs = performance.now(); performance.now() - startedMs < 2 * SLICE_MS;) yield;
    order.push("the work");
  };
  await inSlices(work(), eventLoopPause());
  deepStrictEqual(order, ["a request", "the work"]);
});
