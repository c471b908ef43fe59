/**
 * XXH128: a 128-bit hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const xxh128Hash = converter({
  name: "XXH128",
  gives: "string",
  summary: "The 128-bit XXH3 of a string with seed 0, in hexadecimal, big-endian.",
  parameters: { target: str },
  examples: [
    { text: 'XXH128("Hello World")', result: '"403383a15c99beee9ac3af2126a00292"' },
    { text: "XXH128(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("xxh128", value.evaluate(item)),
});
