/**
 * IsBool: whether a value is a bool.
 *
 * @module
 */

import { any, converter } from "../definition.ts";
import { typeTest } from "../type_tests.ts";

export const isBool = converter({
  name: "IsBool",
  gives: "bool",
  summary: "Whether `target` is a bool. A literal of another type is refused at load.",
  parameters: { target: any },
  examples: [
    { text: "IsBool(false)", result: "true" },
    { text: 'IsBool(attributes["i"])', given: '{"i": 1, "s": "a"}', result: "false" },
    { text: 'IsBool(attributes["none"])', result: "false" },
    { text: "IsBool(nil)", error: "expected bool but got nil" },
  ],
  compile: ({ target: value }) => typeTest(value, "bool", (v) => typeof v === "boolean"),
});
