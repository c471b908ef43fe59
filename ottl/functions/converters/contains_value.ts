/**
 * ContainsValue: whether a list has an element.
 *
 * @module
 */

import { equalValues } from "../../values/compare.ts";
import { any, converter, slice } from "../definition.ts";
import { elementsOf } from "../elements.ts";

export const containsValue = converter({
  name: "ContainsValue",
  gives: "bool",
  summary: "Whether an element of `target` equals `item`.",
  parameters: { target: slice, item: any },
  examples: [
    { text: 'ContainsValue(["a", 1], 1.0)', result: "true" },
    { text: 'ContainsValue(attributes["l"], "b")', given: '{"l": ["a"]}', result: "false" },
    { text: 'ContainsValue([{"a": 1}], 1)', error: "Invalid value type" },
    { text: 'ContainsValue(attributes["none"], 1)', error: "expected slice but got nil" },
  ],
  compile: ({ target, item: wanted }) => {
    if (target.constant !== undefined) elementsOf(target.constant);
    return (item) => {
      const elements = elementsOf(target.evaluate(item));
      const value = wanted.evaluate(item);
      return elements.some((element) => equalValues(element, value));
    };
  },
});
