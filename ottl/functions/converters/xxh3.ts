/**
 * XXH3: a 64-bit hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const xxh3Hash = converter({
  name: "XXH3",
  gives: "string",
  summary: "The 64-bit XXH3 of a string with seed 0, in hexadecimal, big-endian.",
  parameters: { target: str },
  examples: [
    { text: 'XXH3("Hello World")', result: '"e34615aade2e6333"' },
    { text: "XXH3(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("xxh3", value.evaluate(item)),
});
