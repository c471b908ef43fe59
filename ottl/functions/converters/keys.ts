/**
 * Keys: the keys of a map.
 *
 * @module
 */

import { OttlList } from "../../values/value.ts";
import { converter, map } from "../definition.ts";

export const keys = converter({
  name: "Keys",
  summary: "The keys of a map, in its order.",
  parameters: { target: map },
  examples: [
    { text: "Keys(attributes)", given: '{"b": 1, "a": 2}', result: '["b", "a"]' },
    { text: 'Keys(attributes["none"])', error: "expected map but got nil" },
  ],
  compile: ({ target }) => (item) => new OttlList(target.evaluate(item).keys()),
});
