/**
 * ParseInt: an int out of a string in some base.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { parseGoInt } from "../../values/numbers.ts";
import { converter, int, str } from "../definition.ts";

export const parseInt = converter({
  name: "ParseInt",
  gives: "int",
  summary:
    "The int that `target` is in `base`, 2 to 36. Base 0 reads the prefixes `0b`, `0o`, `0` and `0x`, and allows `_`.",
  parameters: { target: str, base: int },
  examples: [
    { text: 'ParseInt("ff", 16)', result: "255" },
    { text: 'ParseInt("-0b1_01", 0)', result: "-5" },
    { text: 'ParseInt("9", 8)', error: "base 8" },
    { text: 'ParseInt("", 10)', error: "empty" },
    { text: 'ParseInt("10", -1)', error: "base" },
  ],
  compile: ({ target, base }) => (item) => {
    const text = target.evaluate(item);
    if (text === "") throw new OttlError("arg_value", "invalid target value for ParseInt: it cannot be empty");
    const radix = base.evaluate(item);
    if (radix < 0n || radix === 1n || radix > 36n) {
      throw new OttlError("arg_value", `invalid base value: ${radix} for ParseInt, it must be 0 or 2 to 36`);
    }
    return parseGoInt(text, Number(radix));
  },
});
