import { deepStrictEqual, strictEqual } from "node:assert";
import { atOnce, eventLoopPause, inSlices, SLICE_MS, type Sliced } from "../../../pipeline/core/slices.ts";

/** Work that goes on for so long without a turn for others never has one. */
const PATIENCE_MS = 10_000;

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
  let isServed = false;
  setTimeout(() => isServed = true, 0);
  const work = function* (): Sliced<boolean> {
    for (const startedMs = performance.now(); !isServed && performance.now() - startedMs < PATIENCE_MS;) yield;
    return isServed;
  };
  strictEqual(await inSlices(work(), eventLoopPause()), true, "it did not have to end for it");
});
