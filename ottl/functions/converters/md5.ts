/**
 * MD5: a hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const md5 = converter({
  name: "MD5",
  gives: "string",
  summary: "The MD5 hash of a string, in lower-case hexadecimal.",
  parameters: { target: str },
  examples: [
    { text: 'MD5("hello world")', result: '"5eb63bbbe01eeed093cb22bb8f5acdc3"' },
    { text: "MD5(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("md5", value.evaluate(item)),
});
