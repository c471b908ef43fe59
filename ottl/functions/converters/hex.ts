/**
 * Hex: the bytes of a value in hexadecimal.
 *
 * @module
 */

import { toHex } from "../../values/hex.ts";
import { bytesLike, converter } from "../definition.ts";

export const hex = converter({
  name: "Hex",
  gives: "string",
  summary:
    "Hexadecimal, lower-case, of bytes, of a string's UTF-8, of the 8 bytes of a number. Of nil an empty string.",
  parameters: { target: bytesLike },
  examples: [
    { text: 'Hex("hi")', result: '"6869"' },
    { text: "Hex(-1)", result: '"ffffffffffffffff"' },
    { text: "Hex(1.0)", result: '"3ff0000000000000"' },
    { text: 'Hex(attributes["none"])', result: '""' },
  ],
  compile: ({ target: value }) => (item) => {
    const bytes = value.evaluate(item);
    return bytes === null ? "" : toHex(bytes);
  },
});
