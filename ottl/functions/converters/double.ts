/**
 * Double: a float out of a value.
 *
 * @module
 */

import { converter, floatLike } from "../definition.ts";

export const double = converter({
  name: "Double",
  summary: "A float: read from a string, widened from an int, 1 or 0 of a bool. nil stays nil.",
  parameters: { target: floatLike },
  examples: [
    { text: 'Double("1e3")', result: "1000.0" },
    { text: "Double(2)", result: "2.0" },
    { text: 'Double(attributes["none"])', result: "nil" },
    { text: 'Double("x")', error: "float" },
  ],
  compile: ({ target: value }) => (item) => value.evaluate(item),
});
