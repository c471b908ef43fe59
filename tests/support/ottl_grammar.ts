/**
 * The grammar as it is written, for tests of the parser: tries each choice in order, keeps the first that fits, and
 * says only whether a text is one.
 *
 * Source: the reference engine's grammar (pkg/ottl 1.3), where a choice that has fitted is never taken back.
 *
 * @module
 */

import { type Token, tokenize, type TokenKind } from "../../ottl/syntax/lexer.ts";

/** Where what was read ends; undefined when it is not there. */
type Rule = (at: number) => number | undefined;

type RuleName =
  | "statement"
  | "editor"
  | "converter"
  | "argument"
  | "value"
  | "operand"
  | "lambda"
  | "list"
  | "map"
  | "path"
  | "field"
  | "key"
  | "math"
  | "product"
  | "signed"
  | "condition"
  | "and"
  | "factor"
  | "comparison";

export class Grammar {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #rules: Readonly<Record<RuleName, Rule>>;
  /** What was read already, by rule and place: a text of many parentheses would else take for ever. */
  readonly #known = new Map<string, number | undefined>();

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text, (message) => {
      throw new SyntaxError(message);
    });
    const { token, word, all, any, maybe, many, not, rule } = this;
    const name = (first: TokenKind) => all(token(first), many(any(token("upper"), token("lower"))));
    const listOf = (one: Rule) => maybe(all(one, many(all(token(","), one))));
    const call = (first: TokenKind) =>
      all(name(first), token("("), listOf(rule("argument")), token(")"), many(rule("key")));
    const operator = any(token("sum"), token("product"));
    this.#rules = {
      statement: all(any(rule("editor"), rule("converter")), maybe(all(word("where"), rule("condition")))),
      editor: call("lower"),
      converter: call("upper"),
      argument: all(maybe(all(name("lower"), token("="))), any(rule("value"), name("upper"))),
      value: any(
        token("nil"),
        all(rule("operand"), not(operator)),
        rule("lambda"),
        rule("math"),
        token("bytes"),
        token("string"),
        token("bool"),
        all(token("upper"), not(token("lower"))),
        rule("map"),
        rule("list"),
      ),
      operand: any(rule("editor"), rule("converter"), token("float"), token("int"), rule("path")),
      lambda: all(
        token("("),
        listOf(any(token("lower"), token("_"))),
        token(")"),
        token("=>"),
        not(rule("lambda")), // refused by a check of its own
        any(all(rule("value"), not(any(token("or"), token("and"), token("comparison")))), rule("condition")),
      ),
      list: all(token("["), listOf(rule("value")), token("]")),
      map: all(token("{"), many(all(token("string"), token(":"), rule("value"), maybe(token(",")))), token("}")),
      path: all(maybe(all(token("lower"), token("."))), rule("field"), many(all(token("."), rule("field")))),
      field: all(token("lower"), many(rule("key"))),
      key: all(token("["), any(token("string"), token("int"), rule("math")), token("]")),
      math: all(rule("product"), many(all(token("sum"), rule("product")))),
      product: all(rule("signed"), many(all(token("product"), rule("signed")))),
      signed: all(maybe(token("sum")), any(rule("operand"), all(token("("), rule("math"), token(")")))),
      condition: all(rule("and"), many(all(token("or"), rule("and")))),
      and: all(rule("factor"), many(all(token("and"), rule("factor")))),
      factor: all(
        maybe(token("not")),
        any(rule("comparison"), token("bool"), rule("converter"), all(token("("), rule("condition"), token(")"))),
      ),
      comparison: all(rule("value"), token("comparison"), rule("value")),
    };
  }

  /** Whether the whole text is a `name`. */
  is(name: RuleName): boolean {
    return this.#read(name, 0) === this.#tokens.length - 1;
  }

  #read(name: RuleName, at: number): number | undefined {
    const place = `${name} ${at}`;
    if (!this.#known.has(place)) this.#known.set(place, this.#rules[name](at));
    return this.#known.get(place);
  }

  readonly rule = (name: RuleName): Rule => (at) => this.#read(name, at);

  readonly token = (kind: TokenKind): Rule => (at) => this.#tokens[at]?.kind === kind ? at + 1 : undefined;

  readonly word = (text: string): Rule => (at) => {
    const { start, end } = this.#tokens[at]!;
    return this.#text.slice(start, end) === text ? at + 1 : undefined;
  };

  readonly all = (...parts: readonly Rule[]): Rule => (at) => {
    let next: number | undefined = at;
    for (const part of parts) {
      next = part(next);
      if (next === undefined) return undefined;
    }
    return next;
  };

  readonly any = (...choices: readonly Rule[]): Rule => (at) => {
    for (const choice of choices) {
      const next = choice(at);
      if (next !== undefined) return next;
    }
    return undefined;
  };

  readonly maybe = (part: Rule): Rule => (at) => part(at) ?? at;

  readonly many = (part: Rule): Rule => (at) => {
    for (let next = part(at); next !== undefined; next = part(at)) at = next;
    return at;
  };

  readonly not = (part: Rule): Rule => (at) => part(at) === undefined ? at : undefined;
}
