/**
 * SHA512: a hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const sha512 = converter({
  name: "SHA512",
  gives: "string",
  summary: "The SHA-512 hash of a string, in lower-case hexadecimal.",
  parameters: { target: str },
  examples: [
    {
      text: 'Substring(SHA512("a"), 0, 32)',
      result: '"1f40fc92da241694750979ee6cf582f2"',
    },
    { text: "SHA512(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("sha512", value.evaluate(item)),
});
