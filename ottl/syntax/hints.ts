/**
 * What somebody probably meant who wrote a token where the grammar has none.
 *
 * @module
 */

import type { Token } from "./lexer.ts";

const LOWER_CASE = new Set(["nil", "not", "or", "and", "true", "false", "where"]);

/** The word of the language that somebody wrote with upper-case letters. */
export function reservedWord(word: string): string | undefined {
  const lower = word.toLowerCase();
  return lower !== word && LOWER_CASE.has(lower) ? lower : undefined;
}

/** For the unexpected token at `at`; undefined when nothing is near. */
export function hintFor(text: string, tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  const word = text.slice(token.start, token.end);
  const before = at > 0 ? tokens[at - 1] : undefined;
  return caseHint(word, text.slice(before?.start ?? token.start, token.end)) ??
    (before?.end === token.start ? gluedHint(text, before, token, word) : undefined) ??
    signHint(token, before);
}

/** `AND` is one token, `True` two. */
function caseHint(word: string, withBefore: string): string | undefined {
  const meant = reservedWord(word) ?? reservedWord(withBefore);
  return meant === undefined ? undefined : `write ${meant}`;
}

/** Two tokens without a space between them. */
function gluedHint(text: string, before: Token, token: Token, word: string): string | undefined {
  const number = text.slice(before.start, before.end);
  if (before.kind === "int" && number === "0" && word.startsWith("X")) return "a bytes literal begins with 0x";
  if (before.kind === "int" && /^[eE]\d*$/.test(word)) return `a float has a point: ${number}.0${word}`;
  if (before.kind === "int" && /^(?:ns|us|ms|s|m|h)\d*$/.test(word)) {
    return `a duration is Duration("${number}${word}")`;
  }
  if (before.kind === "lower" && token.kind === "upper") return "names in paths are written in lower_case";
  return undefined;
}

function signHint({ kind }: Token, before: Token | undefined): string | undefined {
  if (kind === "=") {
    return before?.kind === "comparison" ? "compare with ==" : "compare with ==, name arguments like name=value";
  }
  if (kind === "comparison") return "a condition compares once, and is no value";
  if (before?.kind === "," && (kind === ")" || kind === "]")) return "a comma stands between two";
  if (kind === "not" && before?.kind === "not") return "write not (not …)";
  return undefined;
}
