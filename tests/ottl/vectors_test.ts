/**
 * The engine and its components against every recorded answer of the reference engine, through the driver's own code.
 *
 * `deno run -A tests/tools/ottl_report.ts FILE` tells the differences.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert";
import { inspect } from "node:util";
import { runVector, summaryOf } from "../support/ottl_driver/run_vectors.ts";
import { readVectors, vectorFiles } from "../support/ottl_vectors.ts";

/** Cases that are answered in another way, and why; docs/ottl.md tells them to users. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  "statements-0167": "a map that is put into itself is copied as it was, without the place that is being made for it",
};

/** Of how many cases the category of the error, which is not compared, must be the engine's as well. */
const MIN_SAME_CATEGORY = 0.998;

Deno.test("recorded answers of the reference engine", async (t) => {
  let cases = 0;
  let sameCategory = 0;
  for (const file of vectorFiles()) {
    const outcomes = await Array.fromAsync(readVectors(file), runVector);
    cases += outcomes.length;
    sameCategory += outcomes.filter((outcome) => outcome.sameCategory).length;
    const agreeing = outcomes.filter(({ agrees }) => agrees).length;
    await t.step(`${file}: ${agreeing} of ${outcomes.length} (${summaryOf(outcomes)})`, () => {
      const wrong = outcomes.filter(({ agrees, vector }) => agrees === vector.id in DEVIATIONS);
      deepStrictEqual(wrong.map(({ vector, got, want }) => `${vector.id}: got ${show(got)}, want ${show(want)}`), []);
    });
  }
  await t.step(`${sameCategory} of ${cases} errors, or none, of the same category`, () => {
    ok(cases >= 2_850);
    ok(sameCategory / cases >= MIN_SAME_CATEGORY);
  });
});

function show(value: unknown): string {
  return inspect(value, { depth: 12, breakLength: Infinity }).slice(0, 400);
}
