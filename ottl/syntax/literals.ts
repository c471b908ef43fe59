/**
 * What literals mean, and how they are written.
 *
 * @module
 */

import type { Refuse, Token } from "./lexer.ts";

const MAX_INT = 0x7fff_ffff_ffff_ffffn;

/** Escapes of one letter. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
]);

const WRITTEN: ReadonlyMap<string, string> = new Map(Array.from(ESCAPES, ([letter, meant]) => [meant, `\\${letter}`]));

/** Escapes by a code point: so many digits of that base behind the letter; octal ones have no letter. */
const NUMERIC = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})/y;

/**
 * What a string token says. `\x` and octal escapes give code points, not bytes.
 *
 * Source: Go's rules for characters in double quotes.
 */
export function readStringLiteral(text: string, { start, end }: Token, refuse: Refuse): string {
  const inner = text.slice(start + 1, end - 1);
  if (!inner.includes("\\")) return inner;
  let value = "";
  let run = 0;
  for (let at = inner.indexOf("\\"); at >= 0; at = inner.indexOf("\\", run)) {
    value += inner.slice(run, at);
    const [meant, length] = readEscape(inner, at + 1) ?? refuseEscape(inner, at, start + 1, refuse);
    value += meant;
    run = at + 1 + length;
  }
  return value + inner.slice(run);
}

/** What stands behind the backslash, and how long it is. */
function readEscape(inner: string, at: number): readonly [string, number] | undefined {
  const simple = ESCAPES.get(inner.charAt(at));
  if (simple !== undefined) return [simple, 1];
  NUMERIC.lastIndex = at;
  const match = NUMERIC.exec(inner);
  if (match === null) return undefined;
  const [whole, hex2, hex4, hex8, octal] = match;
  const code = octal === undefined ? parseInt(hex2 ?? hex4 ?? hex8 ?? "", 16) : parseInt(octal, 8);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  if (isSurrogate || code > 0x10ffff || (octal !== undefined && code > 0xff)) return undefined;
  return [String.fromCodePoint(code), whole.length];
}

function refuseEscape(inner: string, at: number, offset: number, refuse: Refuse): never {
  const escaped = String.fromCodePoint(inner.codePointAt(at + 1) ?? 0);
  const span = { start: offset + at, end: offset + at + 1 + escaped.length };
  const wanted = /[xuU0-9]/.test(escaped)
    ? "wanted \\xHH, \\uHHHH, \\UHHHHHHHH or \\OOO of a character"
    : `wanted \\\\${escaped} for a backslash in the string`;
  refuse(`\\${escaped} is no escape, ${wanted}`, span);
}

/** The literal for `value`; all on one line. */
export function writeStringLiteral(value: string): string {
  // deno-lint-ignore no-control-regex
  return `"${value.replace(/[\x00-\x1f"\\\x7f]/g, (sign) => WRITTEN.get(sign) ?? hexEscape(sign))}"`;
}

function hexEscape(sign: string): string {
  return `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** A leading 0 makes it octal, as in Go. */
export function readIntLiteral(text: string, token: Token, refuse: Refuse): bigint {
  const digits = text.slice(token.start, token.end);
  const isOctal = digits.length > 1 && digits.startsWith("0");
  if (isOctal && /[89]/.test(digits)) refuse("an int with a leading 0 is octal, wanted digits from 0 to 7", token);
  const value = BigInt(isOctal ? `0o${digits}` : digits);
  if (value > MAX_INT) refuse(`an int is larger than 64 bits hold, wanted at most ${MAX_INT}`, token);
  return value;
}

export function readFloatLiteral(text: string, token: Token, refuse: Refuse): number {
  const value = Number(text.slice(token.start, token.end));
  if (value === Infinity) refuse("a float is larger than 64 bits hold, wanted at most 1.7976931348623157e308", token);
  return value;
}

/** The literal for a finite `value` from 0 up: it always has a point. */
export function writeFloatLiteral(value: number): string {
  const text = String(value);
  return text.includes(".") ? text : text.replace(/^\d+/, "$&.0");
}

export function readBytesLiteral(text: string, token: Token, refuse: Refuse): Uint8Array {
  const digits = text.slice(token.start + 2, token.end);
  if (digits.length % 2 === 1) {
    refuse(`a bytes literal has ${digits.length} hex digits, wanted two for each byte`, token);
  }
  return Uint8Array.fromHex(digits);
}
