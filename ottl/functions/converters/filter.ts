/**
 * Filter: the entries that a lambda is true of.
 *
 * @module
 */

import { asBool, collectionLike, entriesOf } from "../../data/collections.ts";
import { any, converter, lambda } from "../definition.ts";

export const filter = converter({
  name: "Filter",
  summary: "A new list or map of the entries that `predicate` is true of.",
  parameters: { source: any, predicate: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "Filter([1, 2, 3], (i, v) => v > 1)", result: "[2, 3]" },
    { text: 'Filter({"a": 1, "b": 2}, (k, v) => k == "b")', result: '{"b": 2}' },
  ],
  compile: ({ source, predicate }) => (item) => {
    const collection = source.evaluate(item);
    const kept = entriesOf(collection).filter((entry) => asBool(predicate.call(item, entry)));
    return collectionLike(collection, kept);
  },
});
