import { deepStrictEqual } from "node:assert/strict";
import { createMemoryCells, createThreadMemory, releaseThreadMemory } from "../../../gateway/threads/thread_memory.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";

Deno.test("createThreadMemory()", async (t) => {
  const total = new SharedArrayBuffer(8);
  const [first, second] = [createMemoryCells(total), createMemoryCells(total)];
  const [a, b] = [createThreadMemory(first), createThreadMemory(second)];

  await t.step("threads count into one total, and see it", () => {
    a.hold(100);
    b.hold(20);
    a.release(30);
    deepStrictEqual([a.heldBytes(), b.heldBytes()], [90, 90]);
  });

  await t.step("what a thread held that is gone is given back, once", () => {
    releaseThreadMemory(first);
    releaseThreadMemory(first);
    deepStrictEqual(createMemoryBudget(total).heldBytes(), 20);
  });
});
