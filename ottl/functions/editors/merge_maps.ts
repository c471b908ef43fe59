/**
 * merge_maps: puts the entries of one map into another.
 *
 * @module
 */

import { checkEntries } from "../../data/bounds.ts";
import { OttlError } from "../../values/errors.ts";
import { editor, litStr, map, mapPath } from "../definition.ts";

/** Whether an entry is taken, by whether the target has its key. */
const STRATEGIES: ReadonlyMap<string, (isThere: boolean) => boolean> = new Map([
  ["insert", (isThere: boolean) => !isThere],
  ["update", (isThere: boolean) => isThere],
  ["upsert", () => true],
]);

export const mergeMaps = editor({
  name: "merge_maps",
  summary: "Puts entries of `source` into a map, top level only: those it lacks (`insert`), those it has (`update`), " +
    "or all (`upsert`).",
  parameters: { target: mapPath, source: map, strategy: litStr },
  examples: [
    {
      text: 'merge_maps(attributes, {"a": "y", "z": 1}, "insert")',
      given: '{"a": "x"}',
      result: '{"a": "x", "z": 1}',
    },
    { text: 'merge_maps(attributes, {"a": "y", "z": 1}, "update")', given: '{"a": "x"}', result: '{"a": "y"}' },
    {
      text: 'merge_maps(attributes, {"a": "y", "z": 1}, "upsert")',
      given: '{"a": "x"}',
      result: '{"a": "y", "z": 1}',
    },
    { text: 'merge_maps(attributes, {}, "replace")', error: "strategy" },
    { text: 'merge_maps(attributes, attributes["zz"], "insert")', error: "expected" },
  ],
  compile: ({ target, source, strategy }, { limits }) => {
    const takes = STRATEGIES.get(strategy);
    if (takes === undefined) {
      throw new OttlError(
        "arg_value",
        `invalid strategy ${JSON.stringify(strategy)}, must be insert, update or upsert`,
      );
    }
    return (item) => {
      const map = target.evaluate(item);
      const added = source.evaluate(item);
      checkEntries(map.size + added.size, limits);
      const isSame = map.isSame(added);
      for (const [key, value] of added.entries()) {
        // To upsert the engine makes the entry anew, before it fills it from itself.
        if (takes(map.get(key) !== undefined)) map.set(key, isSame && strategy === "upsert" ? null : value);
      }
      target.set(item, map);
    };
  },
});
