/**
 * HasSuffix: whether a string ends with another.
 *
 * @module
 */

import { endsWithBytes } from "../../text/bytes.ts";
import { converter, str } from "../definition.ts";

export const hasSuffix = converter({
  name: "HasSuffix",
  gives: "bool",
  summary: "Whether `target` ends with `suffix`.",
  parameters: { target: str, suffix: str },
  examples: [
    { text: 'HasSuffix("sluice", "ice")', result: "true" },
    { text: 'HasSuffix("sluice", "sl")', result: "false" },
    { text: 'HasSuffix("a", "")', result: "true" },
    { text: 'HasSuffix(attributes["none"], "")', error: "expected string but got nil" },
  ],
  compile: ({ target, suffix }) => (item) => endsWithBytes(target.evaluate(item), suffix.evaluate(item)),
});
