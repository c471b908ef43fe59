/**
 * replace_match: replaces a string that a glob matches.
 *
 * @module
 */

import { editor, fn, optional, path, str } from "../definition.ts";
import { globArgument } from "../patterns.ts";
import { plainReplacement } from "../replacement.ts";

export const replaceMatch = editor({
  name: "replace_match",
  summary:
    "Puts `replacement` in the place of a string that the glob `pattern` matches as a whole. With `function` it is what that " +
    "converter makes of the replacement, put into `replacementFormat`. What is no string stays.",
  parameters: {
    target: path,
    pattern: str,
    replacement: str,
    function: optional(fn),
    replacementFormat: optional(str),
  },
  examples: [
    {
      text: 'replace_match(attributes["a"], "/user/*/list", "/user/{id}/list")',
      given: '{"a": "/user/7/list"}',
      result: '{"a": "/user/{id}/list"}',
    },
    { text: 'replace_match(attributes["a"], "x*", "y")', given: '{"a": "ax"}', result: '{"a": "ax"}' },
    {
      text: 'replace_match(attributes["a"], "*", "x", ToUpperCase, "<%s>")',
      given: '{"a": "b"}',
      result: '{"a": "<X>"}',
    },
    { text: 'replace_match(attributes["a"], "*", "x", Len)', given: '{"a": "b"}', error: "exactly one string" },
  ],
  compile: (args, { limits }) => {
    const { target, pattern } = args;
    const globOf = globArgument(pattern, limits);
    const replacementOf = plainReplacement(args, limits);
    return (item) => {
      const matches = globOf(item);
      const value = target.evaluate(item);
      const replacement = replacementOf(item);
      if (typeof value === "string" && matches(value)) target.set(item, replacement);
    };
  },
});
