/**
 * What somebody probably meant who wrote a token where the grammar has none.
 *
 * @module
 */

import type { Token } from "./lexer.ts";

/** Words of the language, as people write them in upper case. */
const LOWER_CASE = new Set(["nil", "not", "or", "and", "true", "false", "where"]);

/** For the unexpected token at `at`; undefined when nothing is near. */
export function hintFor(text: string, tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  const word = text.slice(token.start, token.end);
  const before = at > 0 ? tokens[at - 1] : undefined;
  return lowerCaseHint(word, text.slice(before?.start, token.end), token) ??
    (before?.end === token.start ? gluedHint(text, before, token, word) : undefined) ??
    signHint(token, before);
}

/** `AND` is one token, `True` two. */
function lowerCaseHint(word: string, withBefore: string, { kind }: Token): string | undefined {
  if (kind !== "upper" && kind !== "lower") return undefined;
  const meant = [word, withBefore].find((each) => LOWER_CASE.has(each.toLowerCase()) && each !== each.toLowerCase());
  return meant === undefined ? undefined : `write ${meant.toLowerCase()}`;
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
  if (kind === "comparison") return "conditions compare once, and only behind where or as a condition of their own";
  if (before?.kind === "," && (kind === ")" || kind === "]")) return "nothing follows the last comma";
  if (kind === "not" && before?.kind === "not") return "write not (not …)";
  return undefined;
}
