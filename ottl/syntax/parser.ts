/**
 * Reads statements, conditions and values of OTTL, and rules of our own form, into trees.
 *
 * One pass without backtracking: the grammar's choices are told apart by the tokens ahead (docs/ottl.md has the grammar).
 * Only a parenthesis may turn out to hold a condition or math; it is read as either, and what it holds decides.
 *
 * Source: OTTL grammar of the reference engine (pkg/ottl 1.3).
 *
 * @module
 */

import { DEFAULT_OTTL_LIMITS, type OttlLimits } from "../limits.ts";
import type {
  AndNode,
  ArgumentNode,
  BooleanNode,
  CallNode,
  ComparisonNode,
  EnumNode,
  LambdaNode,
  ListNode,
  MapNode,
  MathNode,
  NotNode,
  OrNode,
  PathField,
  PathNode,
  SignNode,
  Span,
  Statement,
  ValueNode,
} from "./ast.ts";
import type { ComparisonOperator, MathOperator } from "../values/operators.ts";
import { type TextKind, TokenCursor } from "./cursor.ts";
import { reservedWord } from "./hints.ts";
import type { TokenKind } from "./lexer.ts";
import { readBytesLiteral, readFloatLiteral, readIntLiteral, readStringLiteral } from "./literals.ts";

/** Operators of math in one text: a chain of them is as deep as it is long. */
export const MAX_MATH_OPERATORS = 1_000;

/** Before it is known which of the two is wanted. */
type AnyNode = BooleanNode | ValueNode;

/**
 * Reads `editor(…)` or `editor(…) where condition`.
 *
 * @throws {OttlSyntaxError} It is not a statement, or is past a limit.
 */
export function parseStatement(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): Statement {
  return read("statement", text, limits, (parser) => parser.statement());
}

/**
 * Reads a condition.
 *
 * @throws {OttlSyntaxError} It is not a condition, or is past a limit.
 */
export function parseCondition(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): BooleanNode {
  return read("condition", text, limits, (parser) => parser.condition());
}

/**
 * Reads a value expression.
 *
 * @throws {OttlSyntaxError} It is not a value expression, or is past a limit.
 */
export function parseValue(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): ValueNode {
  return read("expression", text, limits, (parser) => parser.value());
}

/**
 * Reads `condition > editor(…)`: our own form of the statement `editor(…) where condition`. A `>` before an editor ends
 * the condition; the reference refuses such a text, as an editor is no value.
 *
 * @throws {OttlSyntaxError} It is not a rule, or is past a limit.
 */
export function parseRule(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): Statement {
  return read("rule", text, limits, (parser) => parser.rule());
}

function read<T>(kind: TextKind, text: string, limits: OttlLimits, parse: (parser: Parser) => T): T {
  const parser = new Parser(kind, text, limits);
  const tree = parse(parser);
  parser.finish();
  return tree;
}

class Parser extends TokenCursor {
  #mathOperators = 0;

  statement(): Statement {
    const start = this.token.start;
    const editor = this.#editor();
    const where = this.word === "where" ? this.#where() : undefined;
    return { kind: "statement", text: this.text, editor, where, span: this.spanFrom(start) };
  }

  rule(): Statement {
    const start = this.token.start;
    if (this.kind === "lower" && this.#atCall()) {
      this.refuse("an editor stands where a condition is wanted: condition > set(…)", this.token);
    }
    const where = this.condition();
    if (this.word !== ">") this.unexpected('">" and an editor, as in condition > set(…)');
    this.at++;
    const editor = this.#editor();
    return { kind: "statement", text: this.text, editor, where, span: this.spanFrom(start) };
  }

  condition(): BooleanNode {
    return this.#asCondition(this.#or());
  }

  /** Anything that can be an argument or stand on a side of a comparison. */
  value(): ValueNode {
    switch (this.kind) {
      case "(":
        return this.#atLambda() ? this.#lambda() : this.#sum();
      case "upper":
        return this.#atCall() ? this.#sum() : this.#noOperand(this.#enum());
      case "{":
        return this.#noOperand(this.#map());
      case "[":
        return this.#noOperand(this.#list());
      case "nil":
      case "string":
      case "bytes":
      case "bool":
        return this.#noOperand(this.#literal());
    }
    return this.#sum();
  }

  #where(): BooleanNode {
    this.at++;
    return this.condition();
  }

  /** What statements begin with. */
  #editor(): CallNode {
    if (!this.#atCall()) {
      this.at = this.wordsEnd();
      this.unexpected(
        "an editor with its arguments, such as set(…)",
        "a statement calls one, and may have where behind it",
      );
    }
    const editor = this.#call();
    if (startsUpper(editor.name)) {
      this.note(`editor names must start with a lowercase letter but got ${quote(editor.name)}`, editor.nameSpan);
    }
    if (editor.keys.length > 0) {
      this.note("only paths and converters may be indexed, not editors", {
        start: editor.keys[0]!.span.start - 1,
        end: editor.span.end,
      });
    }
    return editor;
  }

  // Conditions. Each level gives a value when it finds no more than one, so that math in parentheses needs no second look.

  #or(): AnyNode {
    const first = this.#and();
    if (this.kind !== "or") return first;
    const terms = [this.#asCondition(first)];
    while (this.take("or")) terms.push(this.#asCondition(this.#and()));
    return { kind: "or", terms, span: spanOver(terms) } satisfies OrNode;
  }

  #and(): AnyNode {
    const first = this.#not();
    if (this.kind !== "and") return first;
    const terms = [this.#asCondition(first)];
    while (this.take("and")) terms.push(this.#asCondition(this.#not()));
    return { kind: "and", terms, span: spanOver(terms) } satisfies AndNode;
  }

  #not(): AnyNode {
    const { start } = this.token;
    if (!this.take("not")) return this.#comparison();
    const term = this.#asCondition(this.#comparison());
    return { kind: "not", term, span: this.spanFrom(start) } satisfies NotNode;
  }

  #comparison(): AnyNode {
    let left: ValueNode;
    if (this.kind === "(" && !this.#atLambda()) {
      const inner = this.#group(() => this.#or());
      if (inner.kind !== "sign" && inner.kind !== "math") return inner;
      left = this.#sum(inner);
    } else {
      left = this.value();
    }
    if (this.kind !== "comparison" || this.#atRuleEnd()) return left;
    const operator = this.takeWord() as ComparisonOperator;
    const right = this.value();
    return { kind: "comparison", operator, left, right, span: spanOver([left, right]) } satisfies ComparisonNode;
  }

  /** Of a value only a converter can be a condition by itself. */
  #asCondition(node: AnyNode): BooleanNode {
    switch (node.kind) {
      case "or":
      case "and":
      case "not":
      case "comparison":
      case "bool":
        return node;
      case "call":
        return this.#asConverter(node);
      case "sign":
        if (node.sign === "()" && node.value.kind === "call") return this.#asConverter(node.value);
    }
    if (this.kind === "=") this.unexpected('"=="');
    const wanted = (node.kind === "enum" && reservedWord(node.name)) || "a comparison, such as … == true";
    return this.refuse(`${nameOf(node)} is no condition by itself, wanted ${wanted}`, node.span);
  }

  /** An editor cannot even stand here. */
  #asConverter(call: CallNode): CallNode {
    if (startsUpper(call.name)) return call;
    const wanted = "a converter, whose name begins with an upper-case letter";
    return this.refuse(`${quote(call.name)} is no condition, wanted ${wanted}`, call.nameSpan);
  }

  // Math.

  /** With `first` the operand in front has been read. */
  #sum(first?: ValueNode): ValueNode {
    let left = this.#product(first);
    while (this.kind === "sum") left = this.#math(left, () => this.#product());
    return left;
  }

  #product(first?: ValueNode): ValueNode {
    let left = first ?? this.#signed();
    while (this.kind === "product") left = this.#math(left, () => this.#signed());
    return left;
  }

  #math(left: ValueNode, readRight: () => ValueNode): MathNode {
    if (++this.#mathOperators > MAX_MATH_OPERATORS) {
      this.stop("limit", `has more than ${MAX_MATH_OPERATORS} operators of math`, this.token);
    }
    const operator = this.takeWord() as MathOperator;
    const right = readRight();
    return { kind: "math", operator, left: bare(left), right: bare(right), span: spanOver([left, right]) };
  }

  #signed(): ValueNode {
    const token = this.token;
    if (token.kind !== "sum") return this.#operand();
    const sign = this.takeWord() as "+" | "-";
    const value = bare(this.#operand());
    return { kind: "sign", sign, value, span: this.spanFrom(token.start) } satisfies SignNode;
  }

  #operand(): ValueNode {
    const token = this.token;
    switch (token.kind) {
      case "(":
        return this.#group(() => this.#sum());
      case "float":
      case "int":
        return this.#literal();
      case "lower":
        return this.#atCall() ? this.#converter() : this.#path();
      case "upper":
        if (this.#atCall()) return this.#converter();
    }
    const name = NOT_OPERANDS.get(token.kind);
    return name === undefined ? this.unexpected("a value") : this.#refuseOperand(name, token);
  }

  /** Refuses math with what is no operand of it. */
  #noOperand(node: ValueNode): ValueNode {
    const { kind } = this.token;
    if (kind === "sum" || kind === "product") this.#refuseOperand(nameOf(node), node.span);
    return node;
  }

  #refuseOperand(name: string, span: Span): never {
    const hint = name === NAMES.string ? " (join strings with Concat)" : "";
    return this.refuse(
      `${name} is no operand of math, wanted a number, a path, a converter or parentheses${hint}`,
      span,
    );
  }

  /** What stands in parentheses: a condition, or math even when it is only one operand. */
  #group<T extends AnyNode>(readInner: () => T): T | SignNode {
    const { start } = this.token;
    const inner = this.nested("(", ")", readInner);
    const node: AnyNode = inner;
    switch (node.kind) {
      case "float":
      case "int":
      case "path":
      case "call":
        return { kind: "sign", sign: "()", value: node, span: this.spanFrom(start) };
      case "or":
      case "and":
      case "not":
      case "comparison":
      case "bool":
      case "sign":
      case "math":
        return inner;
    }
    return this.refuse(`${nameOf(inner)} stands in parentheses, wanted a condition or math there`, inner.span);
  }

  // Operands and other values.

  #literal(): ValueNode {
    const token = this.token;
    this.at++;
    const span = { start: token.start, end: token.end };
    switch (token.kind) {
      case "string":
        return { kind: "string", value: readStringLiteral(this.text, token, this.refuse), span };
      case "int":
        return { kind: "int", value: readIntLiteral(this.text, token, this.refuse), span };
      case "float":
        return { kind: "float", value: readFloatLiteral(this.text, token, this.refuse), span };
      case "bytes":
        return { kind: "bytes", value: readBytesLiteral(this.text, token, this.refuse), span };
      case "bool":
        return { kind: "bool", value: token.end - token.start === "true".length, span };
    }
    return { kind: "nil", span };
  }

  /** An upper-case word; a lower-case one behind it would make it something else. */
  #enum(): EnumNode {
    const { start } = this.token;
    if (this.kindAt(this.at + 1) === "lower") {
      const name = this.takeWords();
      const wanted = reservedWord(name) ?? `the call ${name}(…) or a symbol in upper case`;
      this.refuse(`${quote(name)} is no value, wanted ${wanted}`, this.spanFrom(start));
    }
    const name = this.takeWord();
    return { kind: "enum", name, span: this.spanFrom(start) };
  }

  #path(): PathNode {
    const { start } = this.token;
    const fields: PathField[] = [this.#field()];
    while (this.take(".")) fields.push(this.#field());
    return { kind: "path", fields, span: this.spanFrom(start) };
  }

  #field(): PathField {
    const { start, kind } = this.token;
    if (kind !== "lower") this.unexpected("a name in lower case");
    const name = this.takeWord();
    const keys = this.#keys();
    return { name, keys, span: this.spanFrom(start) };
  }

  #keys(): ValueNode[] {
    const keys: ValueNode[] = [];
    while (this.kind === "[") keys.push(this.nested("[", "]", () => this.#key()));
    return keys;
  }

  /** A string or an int, or else math. There is no way back from a literal: `[1 + 1]` must be `[(1 + 1)]`. */
  #key(): ValueNode {
    const { kind } = this.token;
    if (NOT_KEYS.has(kind)) this.unexpected("a string, an int, a path, a converter or math");
    if (kind !== "string" && kind !== "int") return this.#sum();
    const literal = this.#literal();
    if (this.kind !== "]") {
      const isMath = this.kind === "sum" || this.kind === "product";
      this.unexpected(
        '"]"',
        isMath ? "a key that begins with a literal is only that; put math in parentheses" : undefined,
      );
    }
    return literal;
  }

  /** As a value; an editor is none. */
  #converter(): CallNode {
    const call = this.#call();
    if (!startsUpper(call.name)) {
      this.note(`converter names must start with an uppercase letter but got ${quote(call.name)}`, call.nameSpan);
    }
    return call;
  }

  #call(): CallNode {
    const { start } = this.token;
    const name = this.takeWords();
    const nameSpan = this.spanFrom(start);
    const args = this.nested("(", ")", () => this.listed(")", () => this.#argument()));
    const keys = this.#keys();
    return { kind: "call", name, nameSpan, arguments: args, keys, span: this.spanFrom(start) };
  }

  #argument(): ArgumentNode {
    const { start } = this.token;
    const name = this.#argumentName();
    const value = this.#argumentValue();
    return { name, value, span: this.spanFrom(start) };
  }

  #argumentName(): string | undefined {
    if (this.kind !== "lower") return undefined;
    if (this.kindAt(this.wordsEnd()) !== "=") return undefined;
    const name = this.takeWords();
    this.expect("=");
    return name;
  }

  /** A value, or the name of a converter, which may have lower-case letters. */
  #argumentValue(): ValueNode {
    const { kind, start } = this.token;
    if (kind !== "upper" || this.kindAt(this.at + 1) !== "lower" || this.#atCall()) return this.value();
    const name = this.takeWords();
    return { kind: "enum", name, span: this.spanFrom(start) };
  }

  #list(): ListNode {
    const { start } = this.token;
    const items = this.nested("[", "]", () => this.listed("]", () => this.value()));
    return { kind: "list", items, span: this.spanFrom(start) };
  }

  /** Commas between the entries and behind the last are free. */
  #map(): MapNode {
    const { start } = this.token;
    const entries = this.nested("{", "}", () => {
      const entries: MapNode["entries"][number][] = [];
      while (this.kind !== "}") {
        entries.push(this.#entry());
        this.take(",");
      }
      return entries;
    });
    return { kind: "map", entries, span: this.spanFrom(start) };
  }

  #entry(): MapNode["entries"][number] {
    const token = this.token;
    if (token.kind !== "string") this.unexpected("a key in double quotes, or }");
    this.at++;
    const key = readStringLiteral(this.text, token, this.refuse);
    this.expect(":");
    const value = this.value();
    return { key, value, span: this.spanFrom(token.start) };
  }

  #lambda(): LambdaNode {
    const { start } = this.token;
    const parameters = this.nested("(", ")", () => this.listed(")", () => this.#parameter()));
    this.#refuseTwice(parameters, this.spanFrom(start));
    this.expect("=>");
    const body = this.deeper(() => this.#or());
    if (body.kind === "lambda") this.refuse("the body of a lambda is itself a lambda, wanted a value", body.span);
    return { kind: "lambda", parameters, body, span: this.spanFrom(start) };
  }

  #parameter(): string {
    return this.takeWord();
  }

  #refuseTwice(parameters: readonly string[], span: Span): void {
    const named = parameters.filter((name) => name !== "_");
    const twice = named.find((name, i) => named.indexOf(name) !== i);
    if (twice !== undefined) this.refuse(`a lambda has two parameters ${quote(twice)}, wanted each once`, span);
  }

  // What stands ahead.

  #atCall(at = this.at): boolean {
    return this.isWordAt(at) && this.kindAt(this.wordsEnd(at)) === "(";
  }

  /** Whether this parenthesis has only parameters, and => follows it. */
  #atLambda(): boolean {
    let at = this.at + 1;
    if (this.#isParameter(at)) {
      for (at++; this.kindAt(at) === "," && this.#isParameter(at + 1);) at += 2;
    }
    return this.kindAt(at) === ")" && this.kindAt(at + 1) === "=>";
  }

  #isParameter(at: number): boolean {
    const kind = this.kindAt(at);
    return kind === "lower" || kind === "_";
  }

  /** Whether a `>` follows that leads to the editor of a rule. */
  #atRuleEnd(): boolean {
    if (this.textKind !== "rule" || this.depth > 0 || this.word !== ">") return false;
    return this.kindAt(this.at + 1) === "lower" && this.#atCall(this.at + 1);
  }
}

/** What a token stands for that math does not take. */
const NOT_OPERANDS: ReadonlyMap<TokenKind, string> = new Map([
  ["nil", "nil"],
  ["string", "a string"],
  ["bytes", "a bytes literal"],
  ["bool", "a bool"],
  ["upper", "an enum symbol"],
  ["{", "a map"],
  ["[", "a list"],
]);

/** What a key cannot begin with. */
const NOT_KEYS: ReadonlySet<TokenKind> = new Set(["nil", "bytes", "bool", "{", "[", "]"]);

const NAMES: Readonly<Record<AnyNode["kind"], string>> = {
  or: "a condition",
  and: "a condition",
  not: "a condition",
  comparison: "a condition",
  bool: "a bool",
  call: "a call",
  nil: "nil",
  string: "a string",
  int: "an int",
  float: "a float",
  bytes: "a bytes literal",
  enum: "an enum symbol",
  path: "a path",
  math: "math",
  sign: "math",
  list: "a list",
  map: "a map",
  lambda: "a lambda",
};

function nameOf(node: AnyNode): string {
  return NAMES[node.kind];
}

/** Math needs no mark that an operand stood in parentheses. */
function bare(node: ValueNode): ValueNode {
  return node.kind === "sign" && node.sign === "()" ? node.value : node;
}

function spanOver(nodes: readonly { readonly span: Span }[]): Span {
  return { start: nodes[0]!.span.start, end: nodes.at(-1)!.span.end };
}

function startsUpper(name: string): boolean {
  return /^[A-Z]/.test(name);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
