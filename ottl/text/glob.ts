/**
 * Globs of the `replace_match` editors. A glob becomes a regular expression, so it is linear in the text, too.
 *
 * | Glob | Matches |
 * | --- | --- |
 * | `*`, `**` | any run of characters, none and `/` included |
 * | `?` | one character |
 * | `[abc]`, `[!abc]` | one of, or none of, these characters |
 * | `[a-z]`, `[!a-z]` | one of, or none of, this range; a range stands alone |
 * | `{a,b*}` | one of these globs |
 * | `\x` | `x` |
 *
 * It matches the whole text. Source: the collector's glob library (gobwas/glob 0.2.3) without separators.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { compileRegex, type RegexLimits } from "./regex/regex.ts";

/** Whether a text matches. */
export type Glob = (text: string) => boolean;

/** @throws {OttlError} Of category "arg_value": it is no glob; "limit": it is too long. */
export function compileGlob(glob: string, limits: RegexLimits): Glob {
  if (/[*?[{\\\u{fffd}\ud800-\udfff]/u.test(glob)) {
    const regex = compileRegex(`(?s)\\A(?:${new GlobReader(glob).read()})\\z`, limits);
    // A quirk of the source: these need a character everywhere else, but alone they match the empty text, too.
    const matchesEmpty = /^(?:\?|\[![^\]]+\])$/.test(glob);
    return (text) => regex.test(text) || (matchesEmpty && text === "");
  }
  return (text) => text === glob;
}

class GlobReader {
  readonly #glob: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(glob: string) {
    this.#glob = glob;
    this.#characters = Array.from(glob);
    if (!glob.isWellFormed() || glob.includes("\ufffd")) throw this.#invalid("could not read rune");
  }

  /** As the source of a regular expression. */
  read(): string {
    let source = "";
    let depth = 0;
    while (this.#at < this.#characters.length) {
      const character = this.#characters[this.#at++]!;
      if (character === "*") source += ".*";
      else if (character === "?") source += ".";
      else if (character === "[") source += this.#set();
      else if (character === "{") (depth++, source += "(?:");
      else if (character === "," && depth > 0) source += "|";
      else if (character === "}" && depth > 0) (depth--, source += ")");
      else source += quote(character === "\\" ? this.#characters[this.#at++] ?? "" : character);
    }
    return source + ")".repeat(depth);
  }

  /** What follows "[". */
  #set(): string {
    const not = this.#take("!") ? "^" : "";
    if (this.#characters[this.#at + 1] === "-") return `[${not}${this.#range()}]`;
    let members = "";
    while (this.#at < this.#characters.length && !this.#sees("]")) {
      this.#take("\\");
      members += quote(this.#characters[this.#at++] ?? "");
    }
    this.#close();
    if (members === "") throw this.#invalid("could not parse range");
    return `[${not}${members}]`;
  }

  #range(): string {
    const [from = "", , to = ""] = this.#characters.slice(this.#at, this.#at + 3);
    this.#at += 3;
    this.#close();
    if (to.codePointAt(0)! < from.codePointAt(0)!) throw this.#invalid(`'${to}' should be greater than '${from}'`);
    return `${quote(from)}-${quote(to)}`;
  }

  #close(): void {
    if (!this.#take("]")) throw this.#invalid("expected close range character");
  }

  #sees(character: string): boolean {
    return this.#characters[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at++;
    return true;
  }

  #invalid(why: string): OttlError {
    return new OttlError("arg_value", `the glob pattern '${this.#glob.toWellFormed()}' is not valid: ${why}`);
  }
}

function quote(character: string): string {
  return character === "" || /[\w\u{80}-\u{10ffff}]/u.test(character)
    ? character
    : `\\x{${character.codePointAt(0)?.toString(16)}}`;
}
