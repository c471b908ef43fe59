/**
 * ParseKeyValue: a text of pairs as a map.
 *
 * @module
 */

import { checkParseSize } from "../../data/bounds.ts";
import { mapOfPairs, splitQuoted } from "../../data/key_value.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, litStr, optional, str } from "../definition.ts";

export const parseKeyValue = converter({
  name: "ParseKeyValue",
  gives: "map",
  summary: "The pairs of a text by their keys, all strings. Quotes keep delimiters in a value, and are taken off.",
  parameters: { target: str, delimiter: optional(litStr), pairDelimiter: optional(litStr) },
  examples: [
    { text: 'ParseKeyValue("a=1 b=\\"x y\\"")', result: '{"a": "1", "b": "x y"}' },
    { text: 'ParseKeyValue("a:1;b:2", ":", ";")', result: '{"a": "1", "b": "2"}' },
    { text: 'ParseKeyValue("=1")', result: '{"": "1"}' },
    { text: 'ParseKeyValue("a")', error: "delimiter" },
    { text: 'ParseKeyValue("a=\\"x")', error: "not closed" },
    { text: 'ParseKeyValue("a=1", " ")', error: "delimiter" },
  ],
  compile: ({ target, delimiter = "=", pairDelimiter = " " }, { limits }) => {
    if (delimiter === "" || pairDelimiter === "") throw new OttlError("arg_value", "a delimiter cannot be empty");
    if (delimiter === pairDelimiter) throw new OttlError("arg_value", "the delimiter cannot be the pair delimiter too");
    return (item) => {
      const text = target.evaluate(item);
      if (text === "") throw new OttlError("value", "cannot parse from empty target");
      checkParseSize(text, "key value pairs", limits);
      return mapOfPairs(splitQuoted(text, pairDelimiter), delimiter);
    };
  },
});
