/**
 * Reduce: one value made of all.
 *
 * @module
 */

import { entriesOf } from "../../data/collections.ts";
import type { Value } from "../../values/value.ts";
import { any, converter, lambda } from "../definition.ts";

export const reduce = converter({
  name: "Reduce",
  summary: "What `reducer` makes of `seed` and each entry of a list or map in turn; `seed` for an empty one.",
  parameters: { source: any, seed: any, reducer: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "Reduce([1, 2, 3], 0, (sum, i, v) => sum + v)", result: "6" },
    { text: 'Reduce({}, "none", (acc, k, v) => k)', result: '"none"' },
  ],
  compile: ({ source, seed, reducer }) => (item) => {
    let accumulated: Value = seed.evaluate(item);
    for (const [key, value] of entriesOf(source.evaluate(item))) {
      accumulated = reducer.call(item, [accumulated, key, value]);
    }
    return accumulated;
  },
});
