/**
 * Cuts a text of OTTL into tokens.
 *
 * At each place the first rule of the grammar's list that matches wins, not the longest; whitespace only separates. So
 * `1e5` is the int 1 and the word e5, and `fooBar` is three words: foo, B, ar.
 *
 * @module
 */

import type { Span } from "./ast.ts";

export type TokenKind =
  | "bytes"
  | "float"
  | "int"
  | "string"
  | "nil"
  | "not"
  | "or"
  | "and"
  | "comparison"
  | "=>"
  | "sum"
  | "product"
  | "bool"
  | "="
  | "("
  | ")"
  | "{"
  | "}"
  | ":"
  | ","
  | "."
  | "["
  | "]"
  | "upper"
  | "lower"
  | "_"
  | "end";

/** `sum` is + or -, `product` is * or /. */
export interface Token extends Span {
  readonly kind: TokenKind;
}

/** Ends the reading of a text: says why, and where. */
export type Refuse = (message: string, span: Span) => never;

const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map([
  ["nil", "nil"],
  ["not", "not"],
  ["or", "or"],
  ["and", "and"],
  ["true", "bool"],
  ["false", "bool"],
]);

/** The kind of each character that is a token by itself. */
const SINGLE: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...["(", ")", "{", "}", ":", ",", ".", "[", "]", "=", "_"].map((sign) => [sign, sign as TokenKind] as const),
  ["+", "sum"],
  ["-", "sum"],
  ["*", "product"],
  ["/", "product"],
  ["<", "comparison"],
  [">", "comparison"],
]);

const DOUBLE: ReadonlyMap<string, TokenKind> = new Map([
  ["==", "comparison"],
  ["!=", "comparison"],
  [">=", "comparison"],
  ["<=", "comparison"],
  ["=>", "=>"],
]);

/** What to write in place of characters that other languages have. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["'", 'a string stands in double quotes: "…"'],
  ["`", 'a string stands in double quotes: "…"'],
  ["&", "wanted and"],
  ["|", "wanted or"],
  ["!", "wanted not, or !="],
  ["#", "there are no comments"],
]);

const NUMBER = /0x[0-9a-fA-F]+|(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+/y;

/** The tokens of `text`, and behind them one of kind "end". */
export function tokenize(text: string, refuse: Refuse): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      at++;
      continue;
    }
    const token = readToken(text, at, code, refuse);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: "end", start: text.length, end: text.length });
  return tokens;
}

function readToken(text: string, start: number, code: number, refuse: Refuse): Token {
  if (isLower(code)) return readLower(text, start);
  if (isUpper(code)) return { kind: "upper", start, end: skip(text, start, isUpperPart) };
  if (isDigit(code) || (code === 0x2e && isDigit(text.charCodeAt(start + 1)))) return readNumber(text, start);
  if (code === 0x22) return readString(text, start, refuse);
  return readSign(text, start, refuse);
}

/** A word, or a keyword when no letter follows it. */
function readLower(text: string, start: number): Token {
  const end = skip(text, start, isLowerPart);
  const keyword = isUpper(text.charCodeAt(end)) ? undefined : KEYWORDS.get(text.slice(start, end));
  return { kind: keyword ?? "lower", start, end };
}

function readNumber(text: string, start: number): Token {
  NUMBER.lastIndex = start;
  const number = NUMBER.exec(text)?.[0] ?? "";
  const kind = number.startsWith("0x") ? "bytes" : number.includes(".") ? "float" : "int";
  return { kind, start, end: start + number.length };
}

/** A line break may stand in a string, but not behind a backslash. */
function readString(text: string, start: number, refuse: Refuse): Token {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { kind: "string", start, end: at + 1 };
    if (code !== 0x5c) continue;
    at++;
    if (text.charCodeAt(at) === 0x0a) {
      refuse("a line break follows a backslash, wanted \\n", { start: at - 1, end: at });
    }
  }
  return refuse('a string is not closed, wanted "', { start, end: text.length });
}

function readSign(text: string, start: number, refuse: Refuse): Token {
  const double = DOUBLE.get(text.slice(start, start + 2));
  if (double !== undefined) return { kind: double, start, end: start + 2 };
  const sign = String.fromCodePoint(text.codePointAt(start) ?? 0);
  const kind = SINGLE.get(sign);
  if (kind !== undefined) return { kind, start, end: start + 1 };
  const end = start + sign.length;
  const instead = INSTEAD.get(sign);
  const hint = instead === undefined ? "it stands in strings only" : instead;
  return refuse(`${JSON.stringify(sign)} is no character of the language, ${hint}`, { start, end });
}

function skip(text: string, start: number, isPart: (code: number) => boolean): number {
  let end = start + 1;
  while (isPart(text.charCodeAt(end))) end++;
  return end;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLower(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isLowerPart(code: number): boolean {
  return isLower(code) || isDigit(code) || code === 0x5f;
}

function isUpperPart(code: number): boolean {
  return isUpper(code) || isDigit(code) || code === 0x5f;
}
