/**
 * TrimSuffix: a string without what it ends with.
 *
 * @module
 */

import { endsWithBytes, sliceBytes } from "../../text/bytes.ts";
import { utf8Length } from "../../values/utf8.ts";
import { alias, converter, str } from "../definition.ts";

export const trimSuffix = converter({
  name: "TrimSuffix",
  gives: "string",
  summary: "`target` without `suffix` at its end, taken away once; itself when it ends otherwise.",
  parameters: { target: str, suffix: alias(str, "prefix") },
  examples: [
    { text: 'TrimSuffix("baa", "a")', result: '"ba"' },
    { text: 'TrimSuffix("ab", suffix="a")', result: '"ab"' },
  ],
  compile: ({ target, suffix }) => (item) => {
    const text = target.evaluate(item);
    const end = suffix.evaluate(item);
    if (!endsWithBytes(text, end)) return text;
    if (text.endsWith(end)) return text.slice(0, text.length - end.length);
    return sliceBytes(text, 0, utf8Length(text) - utf8Length(end));
  },
});
