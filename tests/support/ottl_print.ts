/**
 * Writes trees as text, in one form for each: what is parsed and printed says the same, and reads to an equal tree.
 *
 * @module
 */

import type {
  ArgumentNode,
  BooleanNode,
  CallNode,
  MathNode,
  PathNode,
  Statement,
  ValueNode,
} from "../../ottl/syntax/ast.ts";
import type { MathOperator } from "../../ottl/values/operators.ts";
import { writeFloatLiteral, writeStringLiteral } from "../../ottl/syntax/literals.ts";

/** `set(…)` or `set(…) where …`, also for what was written as a rule. */
export function printStatement({ editor, where }: Statement): string {
  return where === undefined ? printValue(editor) : `${printValue(editor)} where ${printCondition(where)}`;
}

export function printCondition(node: BooleanNode): string {
  switch (node.kind) {
    case "or":
      return node.terms.map((term) => printTerm(term, term.kind === "or")).join(" or ");
    case "and":
      return node.terms.map((term) => printTerm(term, term.kind === "or" || term.kind === "and")).join(" and ");
    case "not":
      return `not ${printTerm(node.term, ["or", "and", "not"].includes(node.term.kind))}`;
    case "comparison":
      return `${printValue(node.left)} ${node.operator} ${printValue(node.right)}`;
  }
  return printValue(node);
}

function printTerm(term: BooleanNode, inParentheses: boolean): string {
  return inParentheses ? `(${printCondition(term)})` : printCondition(term);
}

export function printValue(node: ValueNode): string {
  switch (node.kind) {
    case "nil":
      return "nil";
    case "string":
      return writeStringLiteral(node.value);
    case "int":
    case "bool":
      return String(node.value);
    case "float":
      return writeFloatLiteral(node.value);
    case "bytes":
      return `0x${node.value.toHex()}`;
    case "enum":
      return node.name;
    case "path":
      return printPath(node);
    case "call":
      return printCall(node);
    case "math":
      return printMath(node);
    case "sign":
      return node.sign === "()" ? `(${printValue(node.value)})` : `${node.sign}${printOperand(node.value, true)}`;
    case "list":
      return `[${node.items.map(printValue).join(", ")}]`;
    case "map":
      return `{${node.entries.map(({ key, value }) => `${writeStringLiteral(key)}: ${printValue(value)}`).join(", ")}}`;
    case "lambda":
      return `(${node.parameters.join(", ")}) => ${printBody(node.body)}`;
  }
}

function printBody(body: ValueNode | BooleanNode): string {
  switch (body.kind) {
    case "or":
    case "and":
    case "not":
    case "comparison":
      return printCondition(body);
  }
  return printValue(body);
}

function printPath({ fields }: PathNode): string {
  return fields.map(({ name, keys }) => name + printKeys(keys)).join(".");
}

function printCall({ name, arguments: args, keys }: CallNode): string {
  return `${name}(${args.map(printArgument).join(", ")})${printKeys(keys)}`;
}

function printArgument({ name, value }: ArgumentNode): string {
  return name === undefined ? printValue(value) : `${name}=${printValue(value)}`;
}

/** A key that begins with an int must be only that, or stand in parentheses. */
function printKeys(keys: readonly ValueNode[]): string {
  return keys.map((key) =>
    key.kind === "math" && beginsWithInt(key) ? `[(${printValue(key)})]` : `[${printValue(key)}]`
  )
    .join("");
}

function beginsWithInt({ operator, left }: MathNode): boolean {
  if (left.kind === "int") return true;
  return left.kind === "math" && !isLooser(left, operator) && beginsWithInt(left);
}

function printMath({ operator, left, right }: MathNode): string {
  const isRightTooLoose = right.kind === "math" &&
    (isLooser(right, operator) || PRECEDENCE[right.operator] === PRECEDENCE[operator]);
  return `${printOperand(left, isLooser(left, operator))} ${operator} ${printOperand(right, isRightTooLoose)}`;
}

/** An operand; math of two sides in parentheses where it must be, a sign behind a sign always. */
function printOperand(node: ValueNode, inParentheses: boolean): string {
  const isMath = node.kind === "math" || node.kind === "sign";
  return inParentheses && isMath ? `(${printValue(node)})` : printValue(node);
}

function isLooser(node: ValueNode, operator: MathOperator): boolean {
  return node.kind === "math" && PRECEDENCE[node.operator] < PRECEDENCE[operator];
}

const PRECEDENCE: Readonly<Record<MathOperator, number>> = { "+": 1, "-": 1, "*": 2, "/": 2 };
