/**
 * stringify_all: makes every value of a map a string.
 *
 * @module
 */

import { textOf } from "../../values/text.ts";
import { editor, mapPath } from "../definition.ts";

export const stringifyAll = editor({
  name: "stringify_all",
  summary: "Puts its text in the place of every value of a map that is no string, top level only. " +
    "Maps and lists become JSON, bytes base64.",
  parameters: { target: mapPath },
  examples: [
    {
      text: "stringify_all(attributes)",
      given: '{"i": 1, "f": 2.5, "b": true, "s": "x", "l": [1, "a"], "m": {"k": nil}, "n": nil}',
      result: '{"i": "1", "f": "2.5", "b": "true", "s": "x", "l": "[1,\\"a\\"]", "m": "{\\"k\\":null}", "n": ""}',
    },
    { text: 'stringify_all(attributes["a"])', given: '{"a": 1}', error: "expected" },
  ],
  compile: ({ target }) => (item) => {
    const map = target.evaluate(item);
    for (const [key, value] of map.entries()) if (typeof value !== "string") map.set(key, textOf(value));
    target.set(item, map);
  },
});
