/**
 * SHA1: a hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const sha1 = converter({
  name: "SHA1",
  gives: "string",
  summary: "The SHA-1 hash of a string, in lower-case hexadecimal.",
  parameters: { target: str },
  examples: [
    { text: 'SHA1("hello world")', result: '"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"' },
    { text: "SHA1(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("sha1", value.evaluate(item)),
});
