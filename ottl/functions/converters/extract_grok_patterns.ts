/**
 * ExtractGrokPatterns: the captures of a grok pattern.
 *
 * @module
 */

import { compileGrok } from "../../data/log_formats/grok.ts";
import { PatternCache } from "../../text/regex/pattern_cache.ts";
import { converter, listOf, litBool, litStr, optional, prepared, str } from "../definition.ts";

export const extractGrokPatterns = converter({
  name: "ExtractGrokPatterns",
  gives: "map",
  summary: "A map of what a grok pattern captures: `%{SYNTAX}`, `%{SYNTAX:name}`, `%{SYNTAX:name:type}`. With " +
    "`namedCapturesOnly` only what has a name of its own. `patternDefinitions` are `NAME=regular expression`.",
  parameters: {
    target: str,
    pattern: str,
    namedCapturesOnly: optional(litBool),
    patternDefinitions: optional(listOf(litStr)),
  },
  examples: [
    {
      text: 'ExtractGrokPatterns("GET 42", "%{WORD:method} %{INT:code:int}", true)',
      result: '{"method": "GET", "code": 42}',
    },
    { text: 'ExtractGrokPatterns("a b", "%{WORD:x} %{WORD}")', result: '{"x": "a", "WORD": "b"}' },
    {
      text: 'ExtractGrokPatterns("id-7", "%{ID:id}", true, ["ID=id-[0-9]+"])',
      result: '{"id": "id-7"}',
    },
    { text: 'ExtractGrokPatterns("x", "%{INT:n}")', result: "{}" },
    { text: 'ExtractGrokPatterns("5.5", "%{NUMBER:n:int}")', error: "int" },
    { text: 'ExtractGrokPatterns("x", "%{NOPE}")', error: "not defined" },
    { text: 'ExtractGrokPatterns("x", "%{WORD}", true)', error: "named capture" },
  ],
  compile: ({ target, pattern, namedCapturesOnly = false, patternDefinitions = [] }, { limits }) => {
    const options = { namedCapturesOnly, definitions: patternDefinitions };
    const cache = new PatternCache((text) => compileGrok(text, options, limits), limits.maxCachedPatterns);
    const grokOf = prepared(pattern, (text) => cache.get(text));
    return (item) => {
      const text = target.evaluate(item);
      return grokOf(item)(text);
    };
  },
});
