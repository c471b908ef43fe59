/**
 * MapEach: a list or map with other values.
 *
 * @module
 */

import { collectionLike, entriesOf } from "../../data/collections.ts";
import { any, converter, lambda } from "../definition.ts";

export const mapEach = converter({
  name: "MapEach",
  summary: "A new list or map with what `mapper` makes of each value.",
  parameters: { source: any, mapper: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: "MapEach([1, 2], (i, v) => v * 2)", result: "[2, 4]" },
    { text: 'MapEach({"a": 1}, (k, v) => Concat([k, v], "="))', result: '{"a": "a=1"}' },
  ],
  compile: ({ source, mapper }) => (item) => {
    const collection = source.evaluate(item);
    const mapped = entriesOf(collection).map((entry) => [entry[0], mapper.call(item, entry)] as const);
    return collectionLike(collection, mapped);
  },
});
