/**
 * A place in the tokens of a text: what stands there, going on, and refusing.
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import type { OttlErrorCategory } from "../values/errors.ts";
import type { Span } from "./ast.ts";
import { hintFor } from "./hints.ts";
import { type Refuse, type Token, tokenize, type TokenKind } from "./lexer.ts";
import { type OttlProblem, OttlSyntaxError } from "./problem.ts";

/** What a text is, as messages call it. */
export type TextKind = "statement" | "condition" | "expression" | "rule";

/** Characters of a token that a message shows. */
const SHOWN_LENGTH = 24;

export class TokenCursor {
  readonly textKind: TextKind;
  readonly text: string;
  /** Of the next token. */
  protected at = 0;
  /** Nesting at this place, levels. */
  protected depth = 0;
  readonly #maxDepth: number;
  readonly #tokens: readonly Token[];
  /** What does not end the reading. */
  readonly #problems: OttlProblem[] = [];

  /** @throws {OttlSyntaxError} The text is too long, or not made of tokens. */
  constructor(textKind: TextKind, text: string, { maxTextLength, maxDepth }: OttlLimits) {
    this.textKind = textKind;
    this.text = text;
    this.#maxDepth = maxDepth;
    if (text.length > maxTextLength) {
      this.stop("limit", `has ${text.length} characters, wanted at most ${maxTextLength}`, { start: 0, end: 0 });
    }
    this.#tokens = tokenize(text, this.refuse);
  }

  /** @throws {OttlSyntaxError} There is more text, or there were problems. */
  finish(): void {
    if (this.kind !== "end") this.unexpected("the end");
    if (this.#problems.length === 0) return;
    throw new OttlSyntaxError(this.#problems.toSorted((a, b) => a.span.start - b.span.start));
  }

  // What stands here.

  protected get token(): Token {
    return this.#tokens[this.at]!; // the last one is "end", and nothing goes past that
  }

  protected get kind(): TokenKind {
    return this.token.kind;
  }

  /** The text of the next token. */
  protected get word(): string {
    const { start, end } = this.token;
    return this.text.slice(start, end);
  }

  protected kindAt(at: number): TokenKind {
    return this.#tokens[at]?.kind ?? "end";
  }

  protected isWordAt(at: number): boolean {
    const kind = this.kindAt(at);
    return kind === "upper" || kind === "lower";
  }

  /** Behind the words from `at` on: a name may be made of many, and spaces between them do not count. */
  protected wordsEnd(at = this.at): number {
    while (this.isWordAt(at)) at++;
    return at;
  }

  // Going on.

  /** The text of the next token, which is taken. */
  protected takeWord(): string {
    const { word } = this;
    this.at++;
    return word;
  }

  /** The name that all words here make. */
  protected takeWords(): string {
    let name = "";
    while (this.isWordAt(this.at)) name += this.takeWord();
    return name;
  }

  protected take(kind: TokenKind): boolean {
    if (this.kind !== kind) return false;
    this.at++;
    return true;
  }

  protected expect(kind: TokenKind): void {
    if (!this.take(kind)) this.unexpected(`"${kind}"`);
  }

  /** What stands between two brackets. */
  protected nested<T>(open: TokenKind, close: TokenKind, readInner: () => T): T {
    this.expect(open);
    const inner = this.deeper(readInner);
    this.expect(close);
    return inner;
  }

  /** What is one level deeper. */
  protected deeper<T>(readInner: () => T): T {
    if (++this.depth > this.#maxDepth) {
      this.stop("limit", `is nested deeper than ${this.#maxDepth} levels`, this.token);
    }
    const inner = readInner();
    this.depth--;
    return inner;
  }

  /** Things with commas between them, up to `close`, which stays. */
  protected listed<T>(close: TokenKind, readOne: () => T): T[] {
    const found: T[] = [];
    if (this.kind === close) return found;
    do found.push(readOne()); while (this.take(","));
    if (this.kind !== close) this.unexpected(`"," or "${close}"`);
    return found;
  }

  /** Up to the end of the last token that was taken. */
  protected spanFrom(start: number): Span {
    return { start, end: this.#tokens[this.at - 1]!.end };
  }

  // Problems.

  /** Ends the reading: another token is wanted here. */
  protected unexpected(wanted: string, hint = hintFor(this.text, this.#tokens, this.at)): never {
    return this.refuse(`${this.#found()}, wanted ${wanted}${hint === undefined ? "" : ` (${hint})`}`, this.token);
  }

  #found(): string {
    const { word } = this;
    if (this.kind === "end") return this.at === 0 ? "there is no text" : "the text ends";
    const shown = word.length > SHOWN_LENGTH ? `${word.slice(0, SHOWN_LENGTH)}…` : word;
    return `${this.kind === "string" ? shown : `"${shown}"`} is unexpected`;
  }

  /** Ends the reading. */
  protected readonly refuse: Refuse = (message, span) => this.stop("syntax", `has invalid syntax: ${message}`, span);

  /** Ends the reading, for a reason that may not be syntax. */
  protected stop(category: OttlErrorCategory, message: string, { start, end }: Span): never {
    const span = { start, end };
    throw new OttlSyntaxError([{ category, message: `${this.textKind} ${message}`, text: this.text, span }]);
  }

  /** Goes on; the text is refused at its end. */
  protected note(message: string, span: Span): void {
    this.#problems.push({ category: "naming", message, text: this.text, span });
  }
}
