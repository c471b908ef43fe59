/**
 * Cases that were answered in another way once, and a sample of random ones, against the reference engine's answers.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert";
import { inspect } from "node:util";
import { runVector } from "../support/ottl_driver/run_vectors.ts";
import type { Vector } from "../support/ottl_vectors.ts";

const CASES = new URL("../golden/ottl_differential/cases.jsonl", import.meta.url);

Deno.test("further answers of the reference engine", async (t) => {
  const vectors = Deno.readTextFileSync(CASES).trimEnd().split("\n").map((line) => JSON.parse(line) as Vector);
  ok(vectors.length >= 700);
  for (const [op, cases] of Map.groupBy(vectors, (vector) => vector.op)) {
    await t.step(`${op}: ${cases.length} cases`, async () => {
      const wrong = (await Array.fromAsync(cases, runVector)).filter(({ agrees }) => !agrees);
      deepStrictEqual(wrong.map(({ vector, got, want }) => `${vector.id}: got ${show(got)}, want ${show(want)}`), []);
    });
  }
});

function show(value: unknown): string {
  return inspect(value, { depth: 12, breakLength: Infinity }).slice(0, 400);
}
