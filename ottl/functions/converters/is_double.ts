/**
 * IsDouble: whether a value is a float.
 *
 * @module
 */

import { any, converter } from "../definition.ts";
import { typeTest } from "../type_tests.ts";

export const isDouble = converter({
  name: "IsDouble",
  gives: "bool",
  summary: "Whether `target` is a float. A literal of another type is refused at load.",
  parameters: { target: any },
  examples: [
    { text: "IsDouble(1.0)", result: "true" },
    { text: 'IsDouble(attributes["i"])', given: '{"i": 1, "s": "a"}', result: "false" },
    { text: 'IsDouble(attributes["none"])', result: "false" },
    { text: "IsDouble(nil)", error: "expected float but got nil" },
  ],
  compile: ({ target: value }) => typeTest(value, "float", (v) => typeof v === "number"),
});
