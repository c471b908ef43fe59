/**
 * ToKeyValueString: a map as pairs of key and value.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { textOf } from "../../values/text.ts";
import { compareUtf8 } from "../../values/utf8.ts";
import { converter, litBool, litStr, map, optional } from "../definition.ts";
import { joined } from "../joined.ts";

export const toKeyValueString = converter({
  name: "ToKeyValueString",
  gives: "string",
  summary:
    "A map as `key=value` pairs, with other delimiters if asked. What has a delimiter inside is put in quotes. " +
    "`sortOutput` sorts by key.",
  parameters: {
    target: map,
    delimiter: optional(litStr),
    pairDelimiter: optional(litStr),
    sortOutput: optional(litBool),
  },
  examples: [
    { text: "ToKeyValueString(attributes)", given: '{"b": 1, "a": "x y"}', result: '"b=1 a=\\"x y\\""' },
    { text: 'ToKeyValueString(attributes, ":", ",", true)', given: '{"b": 1, "a": "x"}', result: '"a:x,b:1"' },
    { text: "ToKeyValueString(attributes)", given: '{"a": "say \\"hi\\""}', result: '"a=\\"say \\\\\\"hi\\\\\\"\\""' },
    { text: 'ToKeyValueString(attributes, "=", "=")', error: "cannot be equal" },
  ],
  compile: ({ target, delimiter = "=", pairDelimiter = " ", sortOutput = false }, { limits }) => {
    if (delimiter === "") throw new OttlError("arg_value", "delimiter cannot be set to an empty string");
    if (pairDelimiter === "") throw new OttlError("arg_value", "pair delimiter cannot be set to an empty string");
    if (delimiter === pairDelimiter) {
      throw new OttlError("arg_value", `pair delimiter "${pairDelimiter}" cannot be equal to delimiter "${delimiter}"`);
    }
    const quoted = (text: string) => {
      const escaped = text.replaceAll('"', '\\"');
      return escaped.includes(pairDelimiter) || escaped.includes(delimiter) ? `"${escaped}"` : escaped;
    };
    return (item) => {
      const entries = target.evaluate(item).entries();
      if (sortOutput) entries.sort(([a], [b]) => compareUtf8(a, b));
      const pairs = entries.map(([key, value]) => quoted(key) + delimiter + quoted(textOf(value)));
      return joined(pairs, pairDelimiter, limits);
    };
  },
});
