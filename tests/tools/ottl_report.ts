/**
 * Tells where the engine differs from the recorded answers:
 * `deno run -A tests/tools/ottl_report.ts [file or id …]`.
 *
 * @module
 */

import { inspect } from "node:util";
import { readVectors, vectorFiles } from "../support/ottl_vectors.ts";
import { runVector, summaryOf } from "../support/ottl_driver/run_vectors.ts";

const SHOWN_LENGTH = 1_500;

// deno-lint-ignore no-console
const print = console.log;
const asked = Deno.args;
for (const file of vectorFiles()) {
  const isAsked = asked.length === 0 || asked.includes(file);
  const vectors = readVectors(file).filter(({ id }) => isAsked || asked.includes(id));
  if (vectors.length === 0) continue;
  const outcomes = await Array.fromAsync(vectors, runVector);
  const wrong = outcomes.filter(({ agrees }) => !agrees);
  const category = outcomes.filter(({ sameCategory }) => !sameCategory).length;
  print(`${file}: ${outcomes.length - wrong.length} of ${outcomes.length} agree, ${category} other categories`);
  if (asked.length === 0) continue;
  print(`  ${summaryOf(outcomes)}`);
  for (const { vector, got, want } of wrong) {
    const show = (value: unknown) => inspect(value, { depth: 20, breakLength: 160 }).slice(0, SHOWN_LENGTH);
    const { want: _, ...request } = vector;
    print(`- ${JSON.stringify(request)}\n  got  ${show(got)}\n  want ${show(want)}`);
  }
}
