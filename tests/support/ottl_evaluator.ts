/**
 * OTTL the plain and slow way: walks the tree for every item, knows nothing in advance. The compiler must agree with it.
 *
 * @module
 */

import type { FunctionDefinition } from "../../ottl/functions/definition.ts";
import type { BooleanNode, CallNode, PathNode, ValueNode } from "../../ottl/syntax/ast.ts";
import { compareValues } from "../../ottl/values/compare.ts";
import { OttlError } from "../../ottl/values/errors.ts";
import { indexValue, readKeys } from "../../ottl/values/index_keys.ts";
import { mapOfLiteral } from "../../ottl/values/map_literal.ts";
import { calculate, negate } from "../../ottl/values/math.ts";
import { OttlList, typeName, type Value } from "../../ottl/values/value.ts";
import { MEMORY_CONTEXT, MEMORY_TOOLS, type MemoryItem } from "./ottl_context.ts";

export type Functions = ReadonlyMap<string, FunctionDefinition>;

/** @throws {OttlError} It has no value for this item. */
export function evaluateValue(node: ValueNode, item: MemoryItem, functions: Functions): Value {
  const value = (part: ValueNode) => evaluateValue(part, item, functions);
  switch (node.kind) {
    case "nil":
      return null;
    case "string":
    case "int":
    case "float":
    case "bool":
    case "bytes":
      return node.value;
    case "enum":
      return MEMORY_CONTEXT.enums.get(node.name)!;
    case "path":
      return evaluatePath(node, item, value);
    case "call":
      return evaluateCall(node, item, functions, value);
    case "list":
      return new OttlList(node.items.map(value), "list");
    case "map":
      return mapOfLiteral(node.entries.map((entry) => [entry.key, value(entry.value)] as const));
    case "math":
      return calculate(value(node.left), node.operator, value(node.right));
    case "sign":
      return node.sign === "-" ? negate(value(node.value)) : value(node.value);
    case "lambda":
      throw new TypeError("lambdas are not for this evaluator");
  }
}

/** @throws {OttlError} It has no answer for this item. */
export function evaluateBoolean(node: BooleanNode, item: MemoryItem, functions: Functions): boolean {
  const holds = (term: BooleanNode) => evaluateBoolean(term, item, functions);
  switch (node.kind) {
    case "bool":
      return node.value;
    case "or":
      return node.terms.some((term) => literalAnswer(term, item) === true) || node.terms.some(holds);
    case "and":
      return node.terms.every((term) => literalAnswer(term, item) !== false) && node.terms.every(holds);
    case "not":
      return !holds(node.term);
    case "comparison": {
      const left = evaluateValue(node.left, item, functions);
      return compareValues(left, node.operator, evaluateValue(node.right, item, functions));
    }
    case "call": {
      const answer = evaluateValue(node, item, functions);
      if (typeof answer === "boolean") return answer;
      throw new OttlError("type", `not a bool but ${typeName(answer)}`);
    }
  }
}

/** The answer that the text alone gives; undefined when it takes an item. */
function literalAnswer(node: BooleanNode, item: MemoryItem): boolean | undefined {
  switch (node.kind) {
    case "bool":
      return node.value;
    case "not": {
      const answer = literalAnswer(node.term, item);
      return answer === undefined ? undefined : !answer;
    }
    case "comparison":
      return isLiteral(node.left) && isLiteral(node.right) ? evaluateBoolean(node, item, new Map()) : undefined;
    case "call":
      return undefined;
  }
  const decisive = node.kind === "or";
  const answers = node.terms.map((term) => literalAnswer(term, item));
  if (answers.includes(decisive)) return decisive;
  return answers.includes(undefined) ? undefined : !decisive;
}

function isLiteral(node: ValueNode): boolean {
  switch (node.kind) {
    case "list":
      return node.items.every(isLiteral);
    case "map":
      return node.entries.every(({ value }) => isLiteral(value));
    case "sign":
      return node.sign === "-" ? node.value.kind === "int" || node.value.kind === "float" : isLiteral(node.value);
    case "path":
    case "call":
    case "math":
    case "lambda":
      return false;
  }
  return true;
}

function evaluatePath({ fields }: PathNode, item: MemoryItem, value: (node: ValueNode) => Value): Value {
  const names = fields.map(({ name }) => name);
  const path = MEMORY_CONTEXT.prefixes.includes(names[0]!) ? names : [MEMORY_CONTEXT.name, ...names];
  const keys = fields.at(-1)!.keys.map((key) => ({ evaluate: () => value(key) }));
  return readKeys(item.get(path.join("."))!, keys, item);
}

function evaluateCall(
  node: CallNode,
  item: MemoryItem,
  functions: Functions,
  value: (node: ValueNode) => Value,
): Value {
  const { parameters, compile } = functions.get(node.name)!;
  const given = Object.keys(parameters).map((name, i) => {
    const argument = node.arguments[i];
    return [name, argument && { evaluate: () => value(argument.value), constant: undefined }];
  });
  const result = compile(Object.fromEntries(given), MEMORY_TOOLS)(item);
  return node.keys.reduce((found, key) => indexValue(found, value(key)), result);
}
