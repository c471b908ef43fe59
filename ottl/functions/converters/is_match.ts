/**
 * IsMatch: whether a regular expression matches.
 *
 * @module
 */

import { converter, str, strLike } from "../definition.ts";
import { regexArgument } from "../patterns.ts";

export const isMatch = converter({
  name: "IsMatch",
  gives: "bool",
  summary: "Whether the regular expression `pattern` matches anywhere in the text form of `target`. false for nil.",
  parameters: { target: strLike, pattern: str },
  examples: [
    { text: 'IsMatch("GET /cart", "^(GET|HEAD) ")', result: "true" },
    { text: 'IsMatch(attributes["n"], "^5$")', given: '{"n": 5}', result: "true" },
    { text: 'IsMatch(attributes["none"], ".*")', result: "false" },
    { text: 'IsMatch("a", "(?=a)")', error: "not a valid pattern" },
  ],
  compile: ({ target, pattern }, { limits }) => {
    const regexOf = regexArgument(pattern, limits);
    return (item) => {
      const regex = regexOf(item);
      const text = target.evaluate(item);
      return text !== null && regex.test(text);
    };
  },
});
