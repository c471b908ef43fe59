/**
 * Character sets and base64.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { type Base64Variant, charsetDecoder, decodeBase64, encodeBase64 } from "../../../ottl/data/charsets.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../../ottl/values/utf8.ts";

Deno.test("charsetDecoder()", async (t) => {
  const cases: { name: string; bytes: number[]; want: string }[] = [
    { name: "", bytes: [0x61], want: "a" },
    { name: "utf-8", bytes: [0xe2, 0x28, 0x21], want: "\ufffd(!" },
    { name: "UTF8", bytes: [0xef, 0xbb, 0xbf, 0x61], want: "\ufeffa" },
    { name: "us-ascii", bytes: [0xc3, 0xa9], want: "é" },
    { name: "utf-8-raw", bytes: [0xff], want: "\udcff" },
    { name: "utf-16", bytes: [0x61, 0, 0x62, 0], want: "ab" },
    { name: "UTF-16BE", bytes: [0, 0x61], want: "a" },
    { name: "iso-8859-1", bytes: [0xe9, 0x80], want: "é\x80" },
    { name: "latin1", bytes: [0x80], want: "\x80" },
    { name: "ISO_8859-1:1987", bytes: [0x80], want: "\x80" },
    { name: "iso-8859-2", bytes: [0xb1], want: "ą" },
    { name: "iso-8859-9", bytes: [0x80, 0xfd], want: "\x80ı" },
    { name: "iso-8859-15", bytes: [0xa4], want: "€" },
    { name: "windows-1252", bytes: [0x80, 0x81], want: "€\ufffd" },
    { name: "ibm437", bytes: [0x82], want: "é" },
    { name: "IBM850", bytes: [0x82], want: "é" },
    { name: "ibm866", bytes: [0x80], want: "А" },
    { name: "koi8-r", bytes: [0xc1], want: "а" },
    { name: "euc-jp", bytes: [0xa4, 0xa2], want: "あ" },
    { name: "shift_jis", bytes: [0x82, 0xa0], want: "あ" },
    { name: "iso-2022-jp", bytes: [0x1b, 0x24, 0x42, 0x24, 0x22], want: "あ" },
    { name: "euc-kr", bytes: [0xb0, 0xa1], want: "가" },
    { name: "gb18030", bytes: [0xc4, 0xe3], want: "你" },
    { name: "big5", bytes: [0xa7, 0x41], want: "你" },
  ];
  for (const { name, bytes, want } of cases) {
    await t.step(name || "no name", () => strictEqual(charsetDecoder(name)(new Uint8Array(bytes)), want));
  }
  for (const name of ["nope", "GET /cart/42", "constructor", "cp8zz"]) {
    await t.step(`refuses ${name}`, () => throws(() => charsetDecoder(name), OttlError));
  }
});

Deno.test("base64", async (t) => {
  const cases: { variant: Base64Variant; encoded: string }[] = [
    { variant: "base64", encoded: "YT8+fg==" },
    { variant: "base64-raw", encoded: "YT8+fg" },
    { variant: "base64-url", encoded: "YT8-fg==" },
    { variant: "base64-raw-url", encoded: "YT8-fg" },
  ];
  const decode = (text: string, variant: Base64Variant) => decodeBase64(encodeUtf8(text), variant);
  for (const { variant, encoded } of cases) {
    await t.step(`${variant} encodes`, () => strictEqual(encodeBase64("a?>~", variant), encoded));
    await t.step(`${variant} decodes`, () => strictEqual(decode(encoded, variant), "a?>~"));
    await t.step(`${variant} refuses the others`, () => {
      for (const other of cases) if (other.variant !== variant) throws(() => decode(other.encoded, variant), OttlError);
    });
  }
  await t.step("takes line breaks", () => strictEqual(decode("aGVs\r\nbG8=", "base64"), "hello"));
  for (const text of ["a", "aGVsbG8", "aGVsbG8==", "aG=s", "aGVs bG8="]) {
    await t.step(`refuses ${text}`, () => throws(() => decode(text, "base64"), OttlError));
  }
  await t.step("gives any bytes back", () => {
    fc.assert(fc.property(fc.uint8Array(), fc.constantFrom(...cases), (bytes, { variant }) => {
      const text = decodeUtf8(bytes);
      deepStrictEqual(encodeUtf8(decode(encodeBase64(text, variant), variant)), bytes);
    }));
  });
});
