/**
 * keep_matching_keys: takes all entries out of a map but those whose key matches.
 *
 * @module
 */

import { editor, mapPath, str } from "../definition.ts";
import { regexArgument } from "../patterns.ts";

export const keepMatchingKeys = editor({
  name: "keep_matching_keys",
  summary: "Keeps only the entries of a map whose key the regular expression `pattern` matches anywhere.",
  parameters: { target: mapPath, pattern: str },
  examples: [
    { text: 'keep_matching_keys(attributes, "^http")', given: '{"http.a": 1, "b": 2}', result: '{"http.a": 1}' },
    { text: 'keep_matching_keys(attributes["a"], "a")', given: '{"a": 1}', error: "expected" },
    { text: 'keep_matching_keys(attributes, "(")', error: "not a valid pattern" },
  ],
  compile: ({ target, pattern }, { limits }) => {
    const regexOf = regexArgument(pattern, limits);
    return (item) => {
      const regex = regexOf(item);
      const map = target.evaluate(item);
      map.deleteKeys((key) => !regex.test(key));
      target.set(item, map);
    };
  },
});
