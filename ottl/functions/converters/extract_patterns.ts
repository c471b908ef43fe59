/**
 * ExtractPatterns: the named groups of a regular expression.
 *
 * @module
 */

import { PatternCache } from "../../text/regex/pattern_cache.ts";
import { compileRegex, type Regex } from "../../text/regex/regex.ts";
import { OttlError } from "../../values/errors.ts";
import { PlainMap } from "../../values/value.ts";
import { converter, prepared, str } from "../definition.ts";

export const extractPatterns = converter({
  name: "ExtractPatterns",
  gives: "map",
  summary: "A map of what the named groups of a regular expression took in its first match; empty without one.",
  parameters: { target: str, pattern: str },
  examples: [
    {
      text: 'ExtractPatterns("k=v", "(?P<k>\\\\w)=(?<v>\\\\w)(?P<o>x)?")',
      result: '{"k": "k", "v": "v", "o": ""}',
    },
    { text: 'ExtractPatterns("none", "(?P<k>\\\\d)")', result: "{}" },
    { text: 'ExtractPatterns("a", "a")', error: "named" },
    { text: 'ExtractPatterns("a", "(?P<k>")', error: "pattern" },
  ],
  compile: ({ target, pattern }, { limits }) => {
    const cache = new PatternCache((text) => compileRegex(text, limits), limits.maxCachedPatterns);
    const regexOf = prepared(pattern, (text) => cache.get(text));
    return (item) => {
      const text = target.evaluate(item);
      return namedGroups(regexOf(item), text);
    };
  },
});

function namedGroups(regex: Regex, text: string): PlainMap {
  if (regex.groupNumbers.size === 0) {
    throw new OttlError("arg_value", "at least 1 named capture group must be supplied in the given regex");
  }
  const groups = regex.exec(text)?.groups;
  if (groups === undefined) return new PlainMap();
  return new PlainMap([...regex.groupNumbers].map(([name, number]) => [name, groups[number] ?? ""] as const));
}
