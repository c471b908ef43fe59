/**
 * Tests with a gap or two, so that mutants survive.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import { isLarge, larger, steps, told } from "./counter.ts";

Deno.test("steps()", async (t) => {
  for (const [end, want] of [[0, 0], [1, 1], [4, 2], [5, 3]] as const) {
    await t.step(`to ${end}`, () => strictEqual(steps(end), want));
  }
});

Deno.test("told()", async () => strictEqual(await told(true), true));

Deno.test({ name: "isLarge()", fn: () => strictEqual(isLarge(20) && !isLarge(1), true) });

Deno.test("larger()", () => {
  strictEqual(larger(1, 2), 2);
  strictEqual(larger(2, 1), 2);
});
