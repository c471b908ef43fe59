/**
 * IsString: whether a value is a string.
 *
 * @module
 */

import { any, converter } from "../definition.ts";
import { typeTest } from "../type_tests.ts";

export const isString = converter({
  name: "IsString",
  gives: "bool",
  summary: "Whether `target` is a string. A literal of another type is refused at load.",
  parameters: { target: any },
  examples: [
    { text: 'IsString("a")', result: "true" },
    { text: 'IsString(attributes["i"])', given: '{"i": 1, "s": "a"}', result: "false" },
    { text: 'IsString(attributes["none"])', result: "false" },
    { text: "IsString(nil)", error: "expected string but got nil" },
  ],
  compile: ({ target: value }) => typeTest(value, "string", (v) => typeof v === "string"),
});
