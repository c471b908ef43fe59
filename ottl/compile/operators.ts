/**
 * Conditions and comparisons as closures. What is the same for all items is worked out at load.
 *
 * @module
 */

import type { Item } from "../functions/definition.ts";
import type { BooleanNode, CallNode, ComparisonNode } from "../syntax/ast.ts";
import type { ComparisonOperator } from "../values/operators.ts";
import { compareValues } from "../values/compare.ts";
import { OttlError } from "../values/errors.ts";
import { typeName, type Value } from "../values/value.ts";
import type { Compiled, CompiledBoolean, Scope } from "./scope.ts";

/** The operator that says the same with its sides exchanged. */
const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

const TRUE: CompiledBoolean = { test: () => true, known: true };
const FALSE: CompiledBoolean = { test: () => false, known: false };

export function compileBoolean(node: BooleanNode, scope: Scope): CompiledBoolean {
  switch (node.kind) {
    case "bool":
      return always(node.value);
    case "or":
      return compileTerms(node.terms, scope, true);
    case "and":
      return compileTerms(node.terms, scope, false);
    case "not":
      return not(scope.condition(node.term));
    case "comparison":
      return compileComparison(node, scope);
    case "call":
      return compileCondition(node, scope);
  }
}

function always(answer: boolean): CompiledBoolean {
  return answer ? TRUE : FALSE;
}

/**
 * Terms joined by `or` (`decisive` true) or `and` (false): the first decisive one decides, none behind it is looked at.
 * One that is known to be decisive decides wherever it stands: an error of those before it never comes to be.
 */
function compileTerms(nodes: readonly BooleanNode[], scope: Scope, decisive: boolean): CompiledBoolean {
  const terms = scope.all(nodes.map((node) => () => scope.condition(node)));
  if (terms.some(({ known }) => known === decisive)) return always(decisive);
  return join(terms.filter(({ known }) => known === undefined), decisive);
}

/** A loop, for the stack is not as deep as a text may be long; two terms, the most usual, are cheaper without. */
function join(terms: readonly CompiledBoolean[], decisive: boolean): CompiledBoolean {
  const [first, second] = terms;
  if (first === undefined) return always(!decisive);
  if (second === undefined) return first;
  if (terms.length > 2) return { test: (item) => anyIs(decisive, terms, item), known: undefined };
  if (decisive) return { test: (item) => first.test(item) || second.test(item), known: undefined };
  return { test: (item) => first.test(item) && second.test(item), known: undefined };
}

function anyIs(decisive: boolean, terms: readonly CompiledBoolean[], item: Item): boolean {
  for (let i = 0; i < terms.length; i++) if (terms[i]!.test(item) === decisive) return decisive;
  return !decisive;
}

function not(term: CompiledBoolean): CompiledBoolean {
  if (term.known !== undefined) return always(!term.known);
  return { test: (item) => !term.test(item), known: undefined };
}

function compileCondition(node: CallNode, scope: Scope): CompiledBoolean {
  const call = scope.value(node);
  const test = (item: Item): boolean => {
    const value = call.evaluate(item);
    if (typeof value === "boolean") return value;
    throw new OttlError("type", `a converter in place of a condition must give bool but gave ${typeName(value)}`);
  };
  return { test, known: undefined };
}

function compileComparison(node: ComparisonNode, scope: Scope): CompiledBoolean {
  const [left, right] = scope.all([() => scope.value(node.left), () => scope.value(node.right)]);
  return { test: comparison(left!, node.operator, right!), known: knownAnswer(left!, node.operator, right!) };
}

function knownAnswer({ constant: left }: Compiled, operator: ComparisonOperator, { constant: right }: Compiled) {
  return left === undefined || right === undefined ? undefined : compareValues(left, operator, right);
}

function comparison(left: Compiled, operator: ComparisonOperator, right: Compiled): (item: Item) => boolean {
  return against(left, operator, knownOf(right)) ?? against(right, MIRRORED[operator], knownOf(left)) ??
    ((item) => compareValues(left.evaluate(item), operator, right.evaluate(item)));
}

function knownOf({ constant, fixed }: Compiled): Value | undefined {
  return constant === undefined ? fixed : constant;
}

/** Beside what is known the context may compare without taking its value out. */
function against(side: Compiled, operator: ComparisonOperator, known: Value | undefined) {
  if (known === undefined) return undefined;
  return side.access?.comparison?.(operator, known) ??
    ((item: Item) => compareValues(side.evaluate(item), operator, known));
}
