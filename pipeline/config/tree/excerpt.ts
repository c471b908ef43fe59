/**
 * The line of a text at which it cannot be read, with a mark below the place: for whoever has the text and looks for
 * the mistake.
 *
 * A text that cannot be read has no schema that tells its secrets, so behind a name that secrets are called by, and below
 * one, letters and digits are stars: what the syntax is made of stays.
 *
 * @module
 */

import { SECRET_NAME } from "../../core/log/mask.ts";

/** Characters of a line that are shown, about the place. */
export const MAX_EXCERPT_CHARS = 100;
/** Of these, before the place. */
const BEFORE = 70;

/** Values below these are secrets by their schemas. */
const SECRET_BLOCK = /^(?:headers|auth|pwd|sig)$/i;
const USER_INFO = /(?<=:\/\/)[^\s/?#"']*(?=@)/g;

/**
 * @param lines Of the text.
 * @param line Counts from 1. Where there is nothing in it, the last one before it that has something is shown, with the mark
 *   at its end: a text ends too early there.
 * @param column Counts from 1.
 */
export function excerptAt(lines: readonly string[], line: number, column: number): string {
  const wanted = Math.min(line, lines.length) - 1;
  const at = isBlank(lines[wanted]) ? lines.findLastIndex((each, i) => i < wanted && !isBlank(each)) : wanted;
  const text = hidden(lines, at).trimEnd();
  const place = at === wanted ? Math.min(column - 1, text.length) : text.length;
  const start = Math.max(0, place - BEFORE);
  const number = `${at + 1}`;
  const padding = text.slice(start, place).replace(/[^\t]/g, " ");
  return `  ${number} | ${text.slice(start, start + MAX_EXCERPT_CHARS)}\n  ${" ".repeat(number.length)} | ${padding}^`;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}

/** The line without what may be a secret, as long as it is. */
function hidden(lines: readonly string[], at: number): string {
  // deno-lint-ignore no-control-regex -- these are the characters that must not reach a terminal; a tab may
  const text = (lines[at] ?? "").replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, " ");
  const from = isBelowSecret(lines, at) ? Math.max(0, text.search(/:(?:\s|$)/)) : endOfSecretName(text);
  const isBare = from === undefined;
  return (isBare ? text : `${text.slice(0, from)}${stars(text.slice(from))}`).replace(USER_INFO, stars);
}

function stars(text: string): string {
  return text.replace(/[\p{L}\p{N}]/gu, "*");
}

/** Whether a line above, further to the left, begins what this one is in, and is called like a secret. */
function isBelowSecret(lines: readonly string[], at: number): boolean {
  let indent = indentOf(lines[at] ?? "");
  for (let above = at - 1; above >= 0 && indent > 0; above--) {
    const text = lines[above] ?? "";
    if (isBlank(text) || indentOf(text) >= indent) continue;
    indent = indentOf(text);
    if (endOfSecretName(text) !== undefined) return true;
  }
  return false;
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

/** Where the first name that secrets are called by ends. */
function endOfSecretName(text: string): number | undefined {
  const found = text.matchAll(/[\w.-]+/g).find(([name]) => SECRET_NAME.test(name) || SECRET_BLOCK.test(name));
  return found === undefined ? undefined : found.index + found[0].length;
}
