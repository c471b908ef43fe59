/**
 * Values as closures: literals, lists and maps, math; paths and calls have files of their own.
 *
 * @module
 */

import type { EnumNode, ListNode, MapNode, MathNode, SignNode, ValueNode } from "../syntax/ast.ts";
import { mapOfLiteral } from "../values/map_literal.ts";
import { calculate, negate } from "../values/math.ts";
import { OttlList, type Value } from "../values/value.ts";
import { compileCall } from "./calls.ts";
import { intMath, timeMath } from "./int_math.ts";
import { suggestion } from "./near_names.ts";
import { compilePath } from "./paths.ts";
import type { Compiled, Scope } from "./scope.ts";

type Evaluate = Compiled["evaluate"];

export function compileExpression(node: ValueNode, scope: Scope): Compiled {
  switch (node.kind) {
    case "nil":
      return literal(null);
    case "string":
    case "int":
    case "float":
    case "bool":
    case "bytes":
      return literal(node.value);
    case "enum":
      return compileEnum(node, scope);
    case "path":
      return compilePath(node, scope);
    case "call":
      return compileCall(node, "converter", scope);
    case "list":
      return compileList(node, scope);
    case "map":
      return compileMap(node, scope);
    case "math":
      return compileMath(node, scope);
    case "sign":
      return compileSign(node, scope);
    case "lambda":
      return scope.refuse("arg_type", "a lambda can only be an argument of a function that takes one", node.span);
  }
}

function literal(value: Value): Compiled {
  return { evaluate: () => value, constant: value, access: undefined };
}

function compileEnum({ name, span }: EnumNode, scope: Scope): Compiled {
  const { enums } = scope.environment.context;
  const value = enums.get(name);
  if (value !== undefined) return literal(value);
  return scope.refuse("unknown_enum", `enum symbol, ${name}, not found${suggestion(name, enums.keys())}`, span);
}

function compileList({ items }: ListNode, scope: Scope): Compiled {
  const parts = scope.all(items.map((item) => () => scope.value(item)));
  const make: Evaluate = (item) => new OttlList(parts.map((part) => part.evaluate(item)), "list");
  return parts.every(isLiteral) ? literal(make({})) : perItem(make);
}

function compileMap({ entries, span }: MapNode, scope: Scope): Compiled {
  const parts = scope.all(entries.map(({ key, value }) => () => [key, scope.value(value)] as const));
  const make: Evaluate = (item) => mapOfLiteral(parts.map(([key, part]) => [key, part.evaluate(item)] as const));
  return parts.every(([, part]) => isLiteral(part)) ? literal(scope.located(span, () => make({}))) : perItem(make);
}

function isLiteral({ constant }: Compiled): boolean {
  return constant !== undefined;
}

function perItem(evaluate: Evaluate): Compiled {
  return { evaluate, constant: undefined, access: undefined };
}

function compileMath({ operator, left, right }: MathNode, scope: Scope): Compiled {
  const [a, b] = scope.all([() => scope.value(left), () => scope.value(right)]);
  const evaluate: Evaluate = (item) => calculate(a!.evaluate(item), operator, b!.evaluate(item));
  const access = intMath(a!, operator, b!, evaluate) ?? timeMath(a!, operator, b!, evaluate);
  return { ...perItem(evaluate), access };
}

/** In parentheses, or with its sign, a number is as good a literal as without. */
function compileSign({ sign, value }: SignNode, scope: Scope): Compiled {
  const part = scope.value(value);
  if (sign !== "-") return part;
  const isLiteral = value.kind === "int" || value.kind === "float";
  return isLiteral ? literal(negate(part.evaluate({}))) : perItem((item) => negate(part.evaluate(item)));
}
