/**
 * Substring: some bytes of a string.
 *
 * @module
 */

import { sliceBytes } from "../../text/bytes.ts";
import { OttlError } from "../../values/errors.ts";
import { utf8Length } from "../../values/utf8.ts";
import { converter, int, litBool, optional, str } from "../definition.ts";

export const substring = converter({
  name: "Substring",
  gives: "string",
  summary: "`length` bytes of `target` from byte `start` on. With `utf8Safe` only the whole characters of them.",
  parameters: { target: str, start: int, length: int, utf8Safe: optional(litBool) },
  examples: [
    { text: 'Substring("abcdef", 1, 3)', result: '"bcd"' },
    { text: 'Substring("naïve", 1, 3, true)', result: '"aï"' },
    { text: 'Substring("naïve", 1, 2, true)', result: '"a"' },
    { text: 'Substring("abc", 1, 5)', error: "invalid range" },
    { text: 'Substring("abc", 1, 0)', error: "invalid length" },
    { text: 'Substring("abc", -1, 1)', error: "invalid start" },
  ],
  compile: ({ target, start, length, utf8Safe }) => (item) => {
    const from = start.evaluate(item);
    if (from < 0n) throw new OttlError("value", `invalid start for substring function, ${from} cannot be negative`);
    const count = length.evaluate(item);
    if (count <= 0n) {
      throw new OttlError("value", `invalid length for substring function, ${count} cannot be negative or zero`);
    }
    const text = target.evaluate(item);
    const bytes = utf8Length(text);
    const end = from + count;
    if (end > bytes) {
      throw new OttlError(
        "value",
        `invalid range for substring function, start(${from})+length(${count}) cannot be greater than ${bytes} bytes`,
      );
    }
    const isAscii = bytes === text.length;
    return isAscii ? text.slice(Number(from), Number(end)) : sliceBytes(text, Number(from), Number(end), utf8Safe);
  },
});
