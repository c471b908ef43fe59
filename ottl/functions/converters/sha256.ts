/**
 * SHA256: a hash in hexadecimal.
 *
 * @module
 */

import { digest } from "../../data/hash_digest.ts";
import { converter, str } from "../definition.ts";

export const sha256 = converter({
  name: "SHA256",
  gives: "string",
  summary: "The SHA-256 hash of a string, in lower-case hexadecimal.",
  parameters: { target: str },
  examples: [
    { text: 'SHA256("a")', result: '"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"' },
    { text: "SHA256(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => digest("sha256", value.evaluate(item)),
});
