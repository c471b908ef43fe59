/**
 * Reads conditions and math.
 *
 * Only a parenthesis may turn out to hold either; it is read as either, and what it holds decides.
 *
 * @module
 */

import type { ComparisonOperator, MathOperator } from "../values/operators.ts";
import type {
  AndNode,
  AnyNode,
  BooleanNode,
  CallNode,
  ComparisonNode,
  MathNode,
  NotNode,
  OrNode,
  SignNode,
  Span,
  ValueNode,
} from "./ast.ts";
import { reservedWord } from "./hints.ts";
import { nameOf, NAMES, NOT_OPERANDS, quote, startsUpper } from "./names.ts";
import { OperandParser } from "./operand_parser.ts";

/** Operators of math in one text: a chain of them is as deep as it is long. */
export const MAX_MATH_OPERATORS = 1_000;

/** The upper half of the grammar. */
export class ExpressionParser extends OperandParser {
  #mathOperators = 0;

  condition(): BooleanNode {
    return this.#asCondition(this.or());
  }

  override value(): ValueNode {
    switch (this.kind) {
      case "(":
        return this.atLambda() ? this.lambda() : this.sum();
      case "upper":
        return this.atCall() ? this.sum() : this.#noOperand(this.enum());
      case "{":
        return this.#noOperand(this.map());
      case "[":
        return this.#noOperand(this.list());
      case "nil":
      case "string":
      case "bytes":
      case "bool":
        return this.#noOperand(this.literal());
    }
    return this.sum();
  }

  // Conditions. Each level gives a value when it finds no more than one, so that math in parentheses needs no second look.

  protected override or(): AnyNode {
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
    if (this.kind === "(" && !this.atLambda()) {
      const inner = this.#group(() => this.or());
      if (inner.kind !== "sign" && inner.kind !== "math") return inner;
      left = this.sum(inner);
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
  protected override sum(first?: ValueNode): ValueNode {
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
        return this.#group(() => this.sum());
      case "float":
      case "int":
        return this.literal();
      case "lower":
        return this.atCall() ? this.converter() : this.path();
      case "upper":
        if (this.atCall()) return this.converter();
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

  /** Whether a `>` follows that leads to the editor of a rule. */
  #atRuleEnd(): boolean {
    if (this.textKind !== "rule" || this.depth > 0 || this.word !== ">") return false;
    return this.kindAt(this.at + 1) === "lower" && this.atCall(this.at + 1);
  }
}

/** Math needs no mark that an operand stood in parentheses. */
function bare(node: ValueNode): ValueNode {
  return node.kind === "sign" && node.sign === "()" ? node.value : node;
}

function spanOver(nodes: readonly { readonly span: Span }[]): Span {
  return { start: nodes[0]!.span.start, end: nodes.at(-1)!.span.end };
}
