/**
 * When: one of two values.
 *
 * @module
 */

import { asBool } from "../../data/collections.ts";
import { any, converter, lambda } from "../definition.ts";

export const when = converter({
  name: "When",
  summary: "`then` when `condition` is true, else `otherwise`. Only that one is evaluated.",
  parameters: { condition: lambda, then: any, otherwise: any },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: 'When(() => 1 > 0, "a", "b")', result: '"a"' },
    { text: 'When(() => attributes["a"] == 1, "a", "b")', given: '{"a": 2}', result: '"b"' },
    { text: "When(() => false, 1 / 0, 2)", result: "2" },
  ],
  compile: ({ condition, then, otherwise }) => (item) =>
    (asBool(condition.call(item, [])) ? then : otherwise).evaluate(item),
});
