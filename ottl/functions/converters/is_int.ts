/**
 * IsInt: whether a value is an int.
 *
 * @module
 */

import { any, converter } from "../definition.ts";
import { typeTest } from "../type_tests.ts";

export const isInt = converter({
  name: "IsInt",
  gives: "bool",
  summary: "Whether `target` is an int. A literal of another type is refused at load.",
  parameters: { target: any },
  examples: [
    { text: "IsInt(1)", result: "true" },
    { text: 'IsInt(attributes["s"])', given: '{"i": 1, "s": "a"}', result: "false" },
    { text: 'IsInt(attributes["none"])', result: "false" },
    { text: "IsInt(nil)", error: "expected int but got nil" },
  ],
  compile: ({ target: value }) => typeTest(value, "int", (v) => typeof v === "bigint"),
});
