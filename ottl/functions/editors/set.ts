/**
 * set: stores a value.
 *
 * @module
 */

import { any, editor, path } from "../definition.ts";

export const set = editor({
  name: "set",
  summary:
    "Stores `value` in `target`. nil empties a map or list, leaves an attribute empty, and is refused by fields.",
  parameters: { target: path, value: any },
  examples: [
    { text: 'set(attributes["a"], 1)', result: '{"a": 1}' },
    { text: 'set(attributes["a"]["b"][1], "x")', result: '{"a": {"b": [nil, "x"]}}' },
    { text: 'set(attributes["a"], nil)', given: '{"a": 1}', result: '{"a": nil}' },
    { text: "set(attributes, nil)", given: '{"a": 1}', result: "{}" },
    { text: 'set(attributes["a"], Duration("1s"))', error: "duration" },
  ],
  compile: ({ target, value }) => target.setter(value),
});
