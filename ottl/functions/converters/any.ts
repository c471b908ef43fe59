/**
 * Any: whether a lambda is true of one entry.
 *
 * @module
 */

import { asBool, entriesOf } from "../../data/collections.ts";
import { any, converter, lambda } from "../definition.ts";

export const anyOf = converter({
  name: "Any",
  summary: "Whether `predicate` is true of one entry or more of a list or map; false of an empty one.",
  parameters: { source: any, predicate: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "Any([0, 1], (i, v) => v > 0)", result: "true" },
    { text: 'Any({"a": 1}, (k, _) => k == "b")', result: "false" },
    { text: "Any([], (i, v) => true)", result: "false" },
  ],
  compile: ({ source, predicate }) => (item) =>
    entriesOf(source.evaluate(item)).some((entry) => asBool(predicate.call(item, entry))),
});
