/**
 * replace_all_matches: replaces the strings of a map that a glob matches.
 *
 * @module
 */

import { editor, fn, mapPath, optional, str } from "../definition.ts";
import { globArgument } from "../patterns.ts";
import { plainReplacement } from "../replacement.ts";

export const replaceAllMatches = editor({
  name: "replace_all_matches",
  summary: "As `replace_match` on every string of a map, top level only.",
  parameters: {
    target: mapPath,
    pattern: str,
    replacement: str,
    function: optional(fn),
    replacementFormat: optional(str),
  },
  examples: [
    {
      text: 'replace_all_matches(attributes, "a*", "z")',
      given: '{"k": "ab", "l": "b", "m": 1}',
      result: '{"k": "z", "l": "b", "m": 1}',
    },
    { text: 'replace_all_matches(attributes["k"], "*", "z")', given: '{"k": "ab"}', error: "expected" },
  ],
  compile: (args, { limits }) => {
    const { target, pattern } = args;
    const globOf = globArgument(pattern, limits);
    const replacementOf = plainReplacement(args, limits);
    return (item) => {
      const matches = globOf(item);
      const map = target.evaluate(item);
      const replacement = replacementOf(item);
      map.replaceStrings((text) => matches(text) ? replacement : text);
      target.set(item, map);
    };
  },
});
