/**
 * limit: bounds the number of entries of a map.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { editor, listOf, litInt, litStr, mapPath } from "../definition.ts";

export const limit = editor({
  name: "limit",
  summary: "Keeps at most `limit` entries of a map: those of `priorityKeys`, then the others in their order.",
  parameters: { target: mapPath, limit: litInt, priorityKeys: listOf(litStr) },
  examples: [
    { text: "limit(attributes, 2, [])", given: '{"a": 1, "b": 2, "c": 3}', result: '{"a": 1, "b": 2}' },
    { text: 'limit(attributes, 2, ["c"])', given: '{"a": 1, "b": 2, "c": 3}', result: '{"a": 1, "c": 3}' },
    { text: "limit(attributes, 3, [])", given: '{"a": 1}', result: '{"a": 1}' },
    { text: 'limit(attributes, 1, ["a", "b"])', error: "priority" },
  ],
  compile: ({ target, limit, priorityKeys }) => {
    if (limit < priorityKeys.length) {
      throw new OttlError("arg_value", `invalid limit ${limit}, it cannot be less than the number of priority keys`);
    }
    const prior = new Set(priorityKeys);
    return (item) => {
      const map = target.evaluate(item);
      if (map.size <= limit) return;
      let room = Number(limit) - map.keys().filter((key) => prior.has(key)).length;
      map.deleteKeys((key) => !prior.has(key) && --room < 0);
      target.set(item, map);
    };
  },
});
