/**
 * IsMap: whether a value is a map.
 *
 * @module
 */

import { OttlMap } from "../../values/value.ts";
import { any, converter } from "../definition.ts";
import { typeTest } from "../type_tests.ts";

export const isMap = converter({
  name: "IsMap",
  gives: "bool",
  summary: "Whether `target` is a map. A literal of another type is refused at load.",
  parameters: { target: any },
  examples: [
    { text: "IsMap(attributes)", result: "true" },
    { text: 'IsMap(attributes["i"])', given: '{"i": 1, "s": "a"}', result: "false" },
    { text: 'IsMap(attributes["none"])', result: "false" },
    { text: "IsMap(nil)", error: "expected map but got nil" },
  ],
  compile: ({ target: value }) => typeTest(value, "map", (v) => v instanceof OttlMap),
});
