/**
 * delete_key: takes one entry out of a map.
 *
 * @module
 */

import { editor, mapPath, str } from "../definition.ts";

export const deleteKey = editor({
  name: "delete_key",
  summary: "Takes the entry `key` out of a map. The order of the others stays.",
  parameters: { target: mapPath, key: str },
  examples: [
    { text: 'delete_key(attributes, "a")', given: '{"a": 1, "b": 2}', result: '{"b": 2}' },
    { text: 'delete_key(attributes, "zz")', given: '{"a": 1}', result: '{"a": 1}' },
    { text: 'delete_key(attributes["a"], "b")', given: '{"a": 1}', error: "expected" },
  ],
  compile: ({ target, key }) => {
    const deleteKnown = key.constant === undefined ? undefined : target.keyDeleter(key.constant);
    return deleteKnown ?? ((item) => {
      const map = target.evaluate(item);
      if (map.delete(key.evaluate(item))) target.set(item, map);
    });
  },
});
