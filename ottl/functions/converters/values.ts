/**
 * Values: the values of a map.
 *
 * @module
 */

import { copyValue, OttlList } from "../../values/value.ts";
import { converter, map } from "../definition.ts";

export const values = converter({
  name: "Values",
  summary: "Copies of the values of a map, in its order.",
  parameters: { target: map },
  examples: [
    { text: "Values(attributes)", given: '{"b": 1, "a": ["x"]}', result: '[1, ["x"]]' },
    { text: 'Values(attributes["none"])', error: "expected map but got nil" },
  ],
  compile: ({ target }) => (item) => new OttlList(target.evaluate(item).entries().map(([, value]) => copyValue(value))),
});
