/**
 * ParseJSON: a JSON text as a map or list.
 *
 * @module
 */

import { parseJson } from "../../data/json.ts";
import { converter, str } from "../definition.ts";

export const parseJSON = converter({
  name: "ParseJSON",
  summary: "The map or list that a JSON text is. Every number becomes a float.",
  parameters: { target: str },
  examples: [
    { text: 'ParseJSON("{\\"a\\": [1, \\"x\\", true, null]}")', result: '{"a": [1.0, "x", true, nil]}' },
    { text: 'ParseJSON("[]")', result: "[]" },
    { text: 'ParseJSON("[01, -1.e2, \\"a\\tb\\"]")', result: '[1.0, -100.0, "a\\tb"]' },
    { text: 'ParseJSON("[1-2]")', error: "no valid JSON" },
    { text: 'ParseJSON("1")', error: "neither an object nor an array" },
    { text: 'ParseJSON("{a: 1}")', error: "no valid JSON" },
  ],
  compile: ({ target }, { limits }) => (item) => parseJson(target.evaluate(item), limits),
});
