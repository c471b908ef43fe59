/**
 * All: whether a lambda is true of every entry.
 *
 * @module
 */

import { asBool, entriesOf } from "../../data/collections.ts";
import { any, converter, lambda } from "../definition.ts";

export const all = converter({
  name: "All",
  summary: "Whether `predicate` is true of every entry of a list or map; true of an empty one.",
  parameters: { source: any, predicate: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "All([1, 2], (i, v) => v > 0)", result: "true" },
    { text: "All([1, 0], (i, v) => v > 0)", result: "false" },
    { text: "All([], (i, v) => false)", result: "true" },
    { text: "All([1], (i, v) => v)", error: "bool" },
    { text: 'All("x", (i, v) => true)', error: "expected" },
  ],
  compile: ({ source, predicate }) => (item) =>
    entriesOf(source.evaluate(item)).every((entry) => asBool(predicate.call(item, entry))),
});
