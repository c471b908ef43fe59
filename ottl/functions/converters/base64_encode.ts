/**
 * Base64Encode: a string in base64.
 *
 * @module
 */

import { encodeBase64, isBase64Variant } from "../../data/charsets.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, optional, str } from "../definition.ts";

export const base64Encode = converter({
  name: "Base64Encode",
  gives: "string",
  summary: "The bytes of a string in base64: `base64` (default), `base64-raw`, `base64-url` or `base64-raw-url`.",
  parameters: { target: str, variant: optional(str) },
  examples: [
    { text: 'Base64Encode("fo")', result: '"Zm8="' },
    { text: 'Base64Encode("a?>~", "base64-url")', result: '"YT8-fg=="' },
    { text: 'Base64Encode("a?>~", "base64-raw-url")', result: '"YT8-fg"' },
    { text: 'Base64Encode("a", "nope")', error: "variant" },
  ],
  compile: ({ target: value, variant }) => (item) => {
    const text = value.evaluate(item);
    const form = variant?.evaluate(item) ?? "base64";
    if (!isBase64Variant(form)) throw new OttlError("value", `unsupported base64 variant: ${form}`);
    return encodeBase64(text, form);
  },
});
