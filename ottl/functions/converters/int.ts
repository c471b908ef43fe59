/**
 * Int: an int out of a value.
 *
 * @module
 */

import { converter, intLike } from "../definition.ts";

export const int = converter({
  name: "Int",
  summary: "An int: read from a decimal string, cut off from a float, 1 or 0 of a bool. nil stays nil.",
  parameters: { target: intLike },
  examples: [
    { text: 'Int("-42")', result: "-42" },
    { text: "Int(2.9)", result: "2" },
    { text: "Int(true)", result: "1" },
    { text: 'Int(attributes["none"])', result: "nil" },
    { text: 'Int("1.5")', error: "int" },
  ],
  compile: ({ target: value }) => (item) => value.evaluate(item),
});
