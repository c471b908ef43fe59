/**
 * Murmur3Hash: a 32-bit hash in hexadecimal.
 *
 * @module
 */

import { murmur3 } from "../../data/hash.ts";
import { converter, str } from "../definition.ts";

export const murmur3Hash = converter({
  name: "Murmur3Hash",
  gives: "string",
  summary: "The 32-bit MurmurHash3 of a string with seed 0, in hexadecimal, little-endian.",
  parameters: { target: str },
  examples: [
    { text: 'Murmur3Hash("Hello World")', result: '"ce837619"' },
    { text: 'Murmur3Hash("")', result: '"00000000"' },
    { text: "Murmur3Hash(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => murmur3(value.evaluate(item)),
});
