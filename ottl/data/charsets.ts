/**
 * Bytes of a character set, as a string, and base64 in its four forms.
 *
 * The platform's decoder has the encodings of the web, and where it calls one by another's name (`iso-8859-1` is
 * windows-1252 there) or has none (IBM code pages), iconv-lite has it.
 *
 * Source: IANA character sets; WHATWG Encoding; RFC 4648; Decode and Base64Encode of the reference engine.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import iconv from "iconv-lite";
import { OttlError } from "../values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../values/utf8.ts";

type Decoder = (bytes: Uint8Array) => string;

/** Names that the engine gives a meaning of its own. */
const OWN: Readonly<Record<string, Decoder>> = {
  "": webDecoder("utf-8"),
  "utf8": webDecoder("utf-8"),
  "utf-8": webDecoder("utf-8"),
  "ascii": webDecoder("utf-8"),
  "us-ascii": webDecoder("utf-8"),
  "utf16": webDecoder("utf-16le"),
  "utf-16": webDecoder("utf-16le"),
  "utf-8-raw": (bytes) => decodeUtf8(bytes),
  "nop": (bytes) => decodeUtf8(bytes),
};

/** Names of IANA that the web takes for another set, or does not know; iconv-lite has these. */
const NOT_OF_THE_WEB =
  /^(?:iso[-_]?8859-?[19](?:[:-].*)?|iso_8859-[19]:\d+|latin[15]|l[15]|iso-ir-1(?:00|48)|(?:ibm|cp)-?0*(?:437|8\d\d|819)|cs(?:pc|ibm).*|csisolatin[15])$/;

/** Names that only the web has, or of sets that the reference engine has no table of. */
const ONLY_OF_THE_WEB: ReadonlySet<string> = new Set((
  "big5-hkscs chinese cn-big5 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 csgb2312 " +
  "csiso58gb231280 csisolatin9 csksc56011987 csunicode dos-874 gb2312 gb_2312 gb_2312-80 ibm858 " +
  "iso-10646-ucs-2 iso-8859-11 iso-ir-149 iso-ir-58 iso8859-1 iso8859-10 iso8859-11 iso8859-13 " +
  "iso8859-14 iso8859-15 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso88592 " +
  "iso88593 koi koi8 koi8-ru koi8_r korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 l9 logical " +
  "ms932 shift-jis sjis sun_eu_greek tis-620 ucs-2 unicode unicode-1-1-utf-8 unicode11utf8 unicodefeff " +
  "unicodefffe visual windows-31j windows-949 x-cp1250 x-cp1252 x-euc-jp x-gbk x-mac-cyrillic " +
  "x-mac-roman x-mac-ukrainian x-sjis x-user-defined x-x-big5"
).split(" "));

/**
 * A decoder of a character set by its IANA name, in any case. What is no character becomes U+FFFD, save for `utf-8-raw`,
 * which keeps all bytes.
 *
 * @throws {OttlError} There is no such set; of category "value".
 */
export function charsetDecoder(name: string): Decoder {
  const key = name.toLowerCase();
  const own = Object.hasOwn(OWN, key) ? OWN[key] : undefined;
  if (own !== undefined) return own;
  if (ONLY_OF_THE_WEB.has(key)) throw unsupported(name);
  if (NOT_OF_THE_WEB.test(key)) {
    if (iconv.encodingExists(key)) return (bytes) => iconv.decode(bytes, key, { stripBOM: false });
    throw unsupported(name);
  }
  try {
    return webDecoder(key);
  } catch {
    throw unsupported(name);
  }
}

/** @throws {RangeError} The platform has no such encoding. */
function webDecoder(label: string): Decoder {
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  if (!/^(?:iso-8859|windows)-/.test(decoder.encoding)) return (bytes) => decoder.decode(bytes);
  // Where a set of single bytes has no character the web has a control character.
  return (bytes) => decoder.decode(bytes).replace(/[\u0080-\u009f]/g, "\ufffd");
}

function unsupported(name: string): OttlError {
  return new OttlError("value", `unsupported encoding '${name}'`);
}

export type Base64Variant = "base64" | "base64-raw" | "base64-url" | "base64-raw-url";

const VARIANTS: ReadonlySet<string> = new Set<Base64Variant>(["base64", "base64-raw", "base64-url", "base64-raw-url"]);

export function isBase64Variant(name: string): name is Base64Variant {
  return VARIANTS.has(name);
}

export function encodeBase64(text: string, variant: Base64Variant): string {
  const bytes = Buffer.from(encodeUtf8(text));
  const encoded = bytes.toString(variant.endsWith("url") ? "base64url" : "base64");
  if (variant === "base64-url") return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, "=");
  return variant === "base64-raw" ? encoded.replace(/=+$/, "") : encoded;
}

/** @throws {OttlError} It is no base64 of that form: alphabet, padding, length; of category "value". */
export function decodeBase64(bytes: Uint8Array, variant: Base64Variant): string {
  // Line breaks may stand anywhere, as in Go.
  const text = Buffer.from(bytes).toString("latin1").replace(/[\r\n]/g, "");
  const isUrl = variant.endsWith("url");
  const padding = /=*$/.exec(text)?.[0].length ?? 0;
  const digits = text.slice(0, text.length - padding);
  const wantedPadding = variant.startsWith("base64-raw") ? 0 : (4 - digits.length % 4) % 4;
  const isAlphabet = (isUrl ? /^[A-Za-z0-9_-]*$/ : /^[A-Za-z0-9+/]*$/).test(digits);
  if (!isAlphabet || padding !== wantedPadding || digits.length % 4 === 1) {
    throw new OttlError("value", `cannot decode: it is no valid ${variant}`);
  }
  return decodeUtf8(Buffer.from(digits, isUrl ? "base64url" : "base64"));
}
