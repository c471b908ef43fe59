/**
 * delete_matching_keys: takes entries out of a map whose key matches.
 *
 * @module
 */

import { editor, mapPath, str } from "../definition.ts";
import { regexArgument } from "../patterns.ts";

export const deleteMatchingKeys = editor({
  name: "delete_matching_keys",
  summary: "Takes out the entries of a map whose key the regular expression `pattern` matches anywhere.",
  parameters: { target: mapPath, pattern: str },
  examples: [
    { text: 'delete_matching_keys(attributes, "^http")', given: '{"http.a": 1, "b": 2}', result: '{"b": 2}' },
    { text: 'delete_matching_keys(attributes["a"], "a")', given: '{"a": 1}', error: "expected" },
    { text: 'delete_matching_keys(attributes, "(")', error: "not a valid pattern" },
  ],
  compile: ({ target, pattern }, { limits }) => {
    const regexOf = regexArgument(pattern, limits);
    return (item) => {
      const regex = regexOf(item);
      const map = target.evaluate(item);
      map.deleteKeys((key) => regex.test(key));
      target.set(item, map);
    };
  },
});
