/**
 * Decode: a string out of bytes of some character set, or base64.
 *
 * @module
 */

import { charsetDecoder, decodeBase64, isBase64Variant } from "../../data/charsets.ts";
import { OttlError } from "../../values/errors.ts";
import { encodeUtf8 } from "../../values/utf8.ts";
import { typeName, type Value } from "../../values/value.ts";
import { any, converter, prepared, str } from "../definition.ts";

export const decode = converter({
  name: "Decode",
  gives: "string",
  summary: "The string that bytes are in an encoding: `base64`, `base64-raw`, `base64-url`, `base64-raw-url`, " +
    "or a character set by its IANA name. `utf-8` repairs what is not valid, `utf-8-raw` keeps it.",
  parameters: { target: any, encoding: str },
  examples: [
    { text: 'Decode("aGVsbG8=", "base64")', result: '"hello"' },
    { text: 'Decode(0xe9, "iso-8859-1")', result: '"é"' },
    { text: 'Decode(0x61006200, "utf-16")', result: '"ab"' },
    { text: 'Decode("a", "nope")', error: "unsupported encoding" },
    { text: 'Decode(1, "base64")', error: "unsupported type" },
  ],
  compile: ({ target: value, encoding }) => {
    const decoderOf = prepared(encoding, decoder);
    return (item) => {
      const bytes = bytesOf(value.evaluate(item));
      return decoderOf(item)(bytes);
    };
  },
});

function decoder(encoding: string): (bytes: Uint8Array) => string {
  return isBase64Variant(encoding) ? (bytes) => decodeBase64(bytes, encoding) : charsetDecoder(encoding);
}

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return encodeUtf8(value);
  throw new OttlError("type", `unsupported type provided to Decode function: ${typeName(value)}`);
}
