/**
 * TrimPrefix: a string without what it begins with.
 *
 * @module
 */

import { sliceBytes, startsWithBytes } from "../../text/bytes.ts";
import { utf8Length } from "../../values/utf8.ts";
import { converter, str } from "../definition.ts";

export const trimPrefix = converter({
  name: "TrimPrefix",
  gives: "string",
  summary: "`target` without `prefix` at its start, taken away once; itself when it begins otherwise.",
  parameters: { target: str, prefix: str },
  examples: [
    { text: 'TrimPrefix("aab", "a")', result: '"ab"' },
    { text: 'TrimPrefix("ab", "b")', result: '"ab"' },
  ],
  compile: ({ target, prefix }) => (item) => {
    const text = target.evaluate(item);
    const start = prefix.evaluate(item);
    if (!startsWithBytes(text, start)) return text;
    if (text.startsWith(start)) return text.slice(start.length);
    return sliceBytes(text, utf8Length(start), utf8Length(text));
  },
});
