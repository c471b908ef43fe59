/**
 * Murmur3Hash128: a 128-bit hash in hexadecimal.
 *
 * @module
 */

import { murmur3x128 } from "../../data/hash.ts";
import { converter, str } from "../definition.ts";

export const murmur3Hash128 = converter({
  name: "Murmur3Hash128",
  gives: "string",
  summary: "The 128-bit MurmurHash3 (x64) of a string with seed 0, in hexadecimal, halves little-endian.",
  parameters: { target: str },
  examples: [
    { text: 'Murmur3Hash128("Hello World")', result: '"dbc2a0c1ab26631a27b4c09fcf1fe683"' },
    { text: "Murmur3Hash128(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => murmur3x128(value.evaluate(item)),
});
