/**
 * replace_pattern: replaces what a regular expression matches in a string.
 *
 * @module
 */

import { editor, fn, optional, path, str } from "../definition.ts";
import { patternChange, patternReplacer } from "../replacement.ts";

export const replacePattern = editor({
  name: "replace_pattern",
  summary:
    "Puts `replacement` in the place of each match of `regexPattern` in a string; `$1` and `${name}` in it are groups of the " +
    "match. With `function` it is what that converter makes of it, put into `replacementFormat`. What is no string stays.",
  parameters: {
    target: path,
    regexPattern: str,
    replacement: str,
    function: optional(fn),
    replacementFormat: optional(str),
  },
  examples: [
    {
      text: 'replace_pattern(attributes["a"], "(\\\\w+)@(\\\\w+)", "$2 at ${1}")',
      given: '{"a": "x@y"}',
      result: '{"a": "y at x"}',
    },
    { text: 'replace_pattern(attributes["a"], "(x)", "$1y")', given: '{"a": "x"}', result: '{"a": ""}' },
    {
      text: 'replace_pattern(attributes["a"], "b+", "$0", ToUpperCase, "<%s>")',
      given: '{"a": "abba"}',
      result: '{"a": "a<BB>a"}',
    },
    { text: 'replace_pattern(attributes["a"], "1", "2")', given: '{"a": 1}', result: '{"a": 1}' },
    { text: 'replace_pattern(attributes["a"], "(", "")', error: "not a valid pattern" },
  ],
  compile: (args, { limits }) => {
    const { target } = args;
    const change = patternChange(args, limits);
    const changer = change && target.changer(change);
    if (changer !== undefined) return changer;
    const replacerOf = patternReplacer(args, limits);
    return (item) => {
      const value = target.evaluate(item);
      if (typeof value !== "string") return;
      const replaced = replacerOf(item)(value);
      if (replaced !== value) target.set(item, replaced);
    };
  },
});
