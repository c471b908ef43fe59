/**
 * Split: a string cut at a delimiter.
 *
 * @module
 */

import { checkEntries } from "../../data/bounds.ts";
import { splitBytes } from "../../text/bytes.ts";
import { OttlList } from "../../values/value.ts";
import { converter, str } from "../definition.ts";

export const split = converter({
  name: "Split",
  summary:
    "What stands between the places in `target` where `delimiter` is. An empty delimiter splits into characters.",
  parameters: { target: str, delimiter: str },
  examples: [
    { text: 'Split("a,b", ",")[1]', result: '"b"' },
    { text: 'Len(Split("né", ""))', result: "2" },
    { text: 'Split("abc", ",")[0]', result: '"abc"' },
  ],
  compile: ({ target, delimiter }, { limits }) => (item) => {
    const parts = splitBytes(target.evaluate(item), delimiter.evaluate(item), limits.maxEntries + 1);
    checkEntries(parts.length, limits);
    return new OttlList(parts, "strings");
  },
});
