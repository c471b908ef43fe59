/**
 * HasPrefix: whether a string begins with another.
 *
 * @module
 */

import { startsWithBytes } from "../../text/bytes.ts";
import { converter, str } from "../definition.ts";

export const hasPrefix = converter({
  name: "HasPrefix",
  gives: "bool",
  summary: "Whether `target` begins with `prefix`.",
  parameters: { target: str, prefix: str },
  examples: [
    { text: 'HasPrefix("sluice", "sl")', result: "true" },
    { text: 'HasPrefix("sluice", "ice")', result: "false" },
    { text: 'HasPrefix("a", "")', result: "true" },
    { text: 'HasPrefix(attributes["none"], "")', error: "expected string but got nil" },
  ],
  compile: ({ target, prefix }) => (item) => startsWithBytes(target.evaluate(item), prefix.evaluate(item)),
});
