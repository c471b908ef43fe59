/**
 * Bool: a bool out of a value.
 *
 * @module
 */

import { boolLike, converter } from "../definition.ts";

export const bool = converter({
  name: "Bool",
  summary: "A bool: read from a string (`true`, `T`, `1`, ...), whether a number is not 0. nil stays nil.",
  parameters: { target: boolLike },
  examples: [
    { text: 'Bool("T")', result: "true" },
    { text: "Bool(0.0)", result: "false" },
    { text: 'Bool(attributes["none"])', result: "nil" },
    { text: 'Bool("yes")', error: "bool" },
  ],
  compile: ({ target: value }) => (item) => value.evaluate(item),
});
