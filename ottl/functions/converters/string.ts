/**
 * String: a string out of a value.
 *
 * @module
 */

import { converter, strLike } from "../definition.ts";

export const string = converter({
  name: "String",
  summary: "A string: numbers and bools as they are written, bytes as hex, lists and maps as JSON. nil stays nil.",
  parameters: { target: strLike },
  examples: [
    { text: "String(1.50)", result: '"1.5"' },
    { text: "String(0x0aff)", result: '"0aff"' },
    { text: 'String(attributes["l"])', given: '{"l": [1, "a", nil]}', result: '"[1,\\"a\\",null]"' },
    { text: 'String(attributes["none"])', result: "nil" },
  ],
  compile: ({ target: value }) => (item) => value.evaluate(item),
});
