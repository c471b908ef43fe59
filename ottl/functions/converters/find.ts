/**
 * Find: the first value that a lambda is true of.
 *
 * @module
 */

import { asBool, entriesOf } from "../../data/collections.ts";
import { any, converter, lambda, optional } from "../definition.ts";

export const find = converter({
  name: "Find",
  summary:
    "The first value of a list or map that `predicate` is true of, or what `mapper` makes of it; nil without one.",
  parameters: { source: any, predicate: lambda, mapper: optional(lambda) },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "Find([1, 2, 3], (i, v) => v > 1)", result: "2" },
    { text: "Find([1, 2, 3], (i, v) => v > 1, (i, v) => i)", result: "1" },
    { text: "Find([1], (i, v) => v > 1)", result: "nil" },
  ],
  compile: ({ source, predicate, mapper }) => (item) => {
    const found = entriesOf(source.evaluate(item)).find((entry) => asBool(predicate.call(item, entry)));
    if (found === undefined) return null;
    return mapper === undefined ? found[1] : mapper.call(item, found);
  },
});
