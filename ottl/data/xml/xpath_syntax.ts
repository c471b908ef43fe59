/**
 * The grammar of XPath 1.0: texts to trees.
 *
 * Source: XPath 1.0 (W3C, 1999), sections 2, 3 and 3.7.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";

export type XPathSyntax =
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "negate"; readonly operand: XPathSyntax }
  | { readonly kind: "binary"; readonly operator: string; readonly left: XPathSyntax; readonly right: XPathSyntax }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly XPathSyntax[] }
  | { readonly kind: "filter"; readonly primary: XPathSyntax; readonly predicates: readonly XPathSyntax[] }
  | {
    readonly kind: "path";
    /** What it begins at; undefined for the context node, or the root when it is absolute. */
    readonly from: XPathSyntax | undefined;
    readonly isAbsolute: boolean;
    readonly steps: readonly Step[];
  };

export interface Step {
  readonly axis: string;
  readonly test: NodeTest;
  readonly predicates: readonly XPathSyntax[];
}

export type NodeTest =
  | { readonly kind: "node" | "text" | "comment" }
  | { readonly kind: "instruction"; readonly target: string | undefined }
  /** `undefined` is any. */
  | { readonly kind: "name"; readonly prefix: string | undefined; readonly name: string | undefined };

/** Nesting of parentheses, predicates and calls, levels. */
const MAX_DEPTH = 64;

const AXES: ReadonlySet<string> = new Set([
  "ancestor",
  "ancestor-or-self",
  "attribute",
  "child",
  "descendant",
  "descendant-or-self",
  "following",
  "following-sibling",
  "namespace",
  "parent",
  "preceding",
  "preceding-sibling",
  "self",
]);

/** From the loosest to the tightest. */
const OPERATORS: readonly (readonly string[])[] = [
  ["or"],
  ["and"],
  ["=", "!="],
  ["<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "div", "mod"],
];

const NAME = "[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Nd}\\p{M}_.\\-]*";
/** Behind a prefix it need not begin with a letter. */
const LOCAL_NAME = "[\\p{L}\\p{Nl}\\p{Nd}\\p{M}_.\\-]+";
const TOKEN = new RegExp(
  `(?<space>[ \\t\\r\\n]+)|(?<number>\\d+(?:\\.\\d*)?|\\.\\d+)|(?<string>"[^"]*"|'[^']*')|` +
    `(?<name>${NAME}(?::(?:${LOCAL_NAME}|\\*))?(?!:(?!:)))|(?<mark>\\.\\.|::|//|<=|>=|!=|[()[\\].@,/|+\\-=<>*$])`,
  "uy",
);

interface Token {
  readonly kind: "number" | "string" | "name" | "operator" | "mark" | "bad" | "end";
  readonly text: string;
}

/**
 * What follows a whole expression is not looked at, as the reference engine does not: `//a, //b` is `//a`.
 *
 * @throws {OttlError} It is no XPath 1.0; of category "arg_value".
 */
export function parseXPath(text: string): XPathSyntax {
  const parser = new Parser(tokens(text));
  const syntax = parser.expression();
  parser.expectToken();
  return syntax;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) return [...found, { kind: "bad", text: text.slice(at, at + 1) }];
    at += match[0].length;
    const token = tokenOf(match, found.at(-1));
    if (token !== undefined) found.push(token);
  }
  return found;
}

function tokenOf({ groups = {} }: RegExpExecArray, before: Token | undefined): Token | undefined {
  const { number, string, name, mark } = groups;
  if (number !== undefined) return { kind: "number", text: number };
  if (string !== undefined) return { kind: "string", text: string.slice(1, -1) };
  if (name !== undefined) return { kind: isOperatorName(name, before) ? "operator" : "name", text: name };
  if (mark === undefined) return undefined;
  const isOperator = mark === "*" ? endsOperand(before) : /^(?:[|+\-=<>]|[<>!]=)$/.test(mark);
  return { kind: isOperator ? "operator" : "mark", text: mark };
}

function isOperatorName(name: string, before: Token | undefined): boolean {
  return (name === "and" || name === "or" || name === "div" || name === "mod") && endsOperand(before);
}

/** Whether an operator may follow. Source: 3.7, "If there is a preceding token …". */
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined || token.kind === "operator") return false;
  return token.kind !== "mark" || !["@", "::", "(", "[", ",", "/", "//", "$"].includes(token.text);
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(): XPathSyntax {
    if (++this.#depth > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH} levels`);
    const syntax = this.#binary(0);
    this.#depth--;
    return syntax;
  }

  /** The next thing may be anything that can be part of an expression, and the end. */
  expectToken(): void {
    if (this.#peek().kind === "bad") throw invalid(`unexpected ${this.#peek().text}`);
  }

  #binary(level: number): XPathSyntax {
    const operators = OPERATORS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (this.#peek().kind === "operator" && operators.includes(this.#peek().text)) {
      const operator = this.#next().text;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #unary(): XPathSyntax {
    let signs = 0;
    while (this.#takes("-")) signs++;
    const operand = this.#union();
    return signs % 2 === 0 ? operand : { kind: "negate", operand };
  }

  #union(): XPathSyntax {
    let left = this.#path();
    while (this.#takes("|")) left = { kind: "binary", operator: "|", left, right: this.#path() };
    return left;
  }

  #path(): XPathSyntax {
    if (this.#startsPrimary()) return this.#pathFrom(this.#filter());
    if (this.#takes("//")) return this.#steps(undefined, true, [ANY_BELOW]);
    if (!this.#takes("/")) return this.#steps(undefined, false, []);
    if (this.#startsStep()) return this.#steps(undefined, true, []);
    return { kind: "path", from: undefined, isAbsolute: true, steps: [] };
  }

  #pathFrom(from: XPathSyntax): XPathSyntax {
    if (this.#takes("//")) return this.#steps(from, false, [ANY_BELOW]);
    return this.#takes("/") ? this.#steps(from, false, []) : from;
  }

  #steps(from: XPathSyntax | undefined, isAbsolute: boolean, steps: Step[]): XPathSyntax {
    steps.push(this.#step());
    for (;;) {
      if (this.#takes("//")) steps.push(ANY_BELOW);
      else if (!this.#takes("/")) return { kind: "path", from, isAbsolute, steps };
      steps.push(this.#step());
    }
  }

  #startsStep(): boolean {
    const { kind, text } = this.#peek();
    return kind === "name" || (kind === "mark" && [".", "..", "@", "*"].includes(text));
  }

  #startsPrimary(): boolean {
    const { kind, text } = this.#peek();
    if (kind === "number" || kind === "string") return true;
    if (kind === "mark") return text === "(" || text === "$";
    return kind === "name" && this.#isMark(1, "(") && !isNodeType(text);
  }

  #step(): Step {
    if (this.#takes(".")) return { axis: "self", test: { kind: "node" }, predicates: this.#predicates() };
    if (this.#takes("..")) return { axis: "parent", test: { kind: "node" }, predicates: this.#predicates() };
    const axis = this.#axis();
    return { axis, test: this.#test(), predicates: this.#predicates() };
  }

  #axis(): string {
    if (this.#takes("@")) return "attribute";
    if (!this.#isMark(1, "::")) return "child";
    const { text } = this.#next();
    if (!AXES.has(text)) throw invalid(`there is no axis ${text}`);
    this.#next();
    return text;
  }

  #test(): NodeTest {
    if (this.#takes("*")) return { kind: "name", prefix: undefined, name: undefined };
    const { kind, text } = this.#next();
    if (kind !== "name") throw invalid(text === "" ? "unexpected end" : `unexpected ${text}`);
    if (this.#isMark(0, "(") && isNodeType(text)) return this.#typeTest(text);
    const [first = "", second] = text.split(":");
    if (second === undefined) return { kind: "name", prefix: undefined, name: first };
    return { kind: "name", prefix: first, name: second === "*" ? undefined : second };
  }

  #typeTest(type: string): NodeTest {
    this.#expect("(");
    if (type !== "processing-instruction") {
      this.#expect(")");
      return { kind: type as "node" | "text" | "comment" };
    }
    const target = this.#peek().kind === "string" ? this.#next().text : undefined;
    this.#expect(")");
    return { kind: "instruction", target };
  }

  #predicates(): XPathSyntax[] {
    const predicates: XPathSyntax[] = [];
    while (this.#takes("[")) {
      predicates.push(this.expression());
      this.#expect("]");
    }
    return predicates;
  }

  #filter(): XPathSyntax {
    const primary = this.#primary();
    const predicates = this.#predicates();
    return predicates.length === 0 ? primary : { kind: "filter", primary, predicates };
  }

  #primary(): XPathSyntax {
    const { kind, text } = this.#next();
    if (kind === "number") return { kind: "literal", value: Number(text) };
    if (kind === "string") return { kind: "literal", value: text };
    if (text === "$") throw invalid("there are no variables");
    if (kind === "name") return { kind: "call", name: text, args: this.#arguments() };
    const inner = this.expression();
    this.#expect(")");
    return inner;
  }

  #arguments(): XPathSyntax[] {
    this.#expect("(");
    const args: XPathSyntax[] = [];
    if (this.#takes(")")) return args;
    do args.push(this.expression()); while (this.#takes(","));
    this.#expect(")");
    return args;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: "end", text: "" };
  }

  #isMark(ahead: number, text: string): boolean {
    const token = this.#peek(ahead);
    return token.kind === "mark" && token.text === text;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #takes(text: string): boolean {
    const token = this.#peek();
    if ((token.kind !== "mark" && token.kind !== "operator") || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw invalid(`${text} is missing`);
  }
}

const ANY_BELOW: Step = { axis: "descendant-or-self", test: { kind: "node" }, predicates: [] };

function isNodeType(name: string): boolean {
  return name === "node" || name === "text" || name === "comment" || name === "processing-instruction";
}

function invalid(why: string): OttlError {
  return new OttlError("arg_value", `invalid xpath: ${why}`);
}
