/**
 * XPath 1.0 over our XML nodes, compiled once.
 *
 * The package that npm has for it copies a node for every way that leads to it, so a small document and `//a//a//a` can
 * take all memory; here a step gives each node once, and the nodes looked at are bounded.
 *
 * A prefix in a path stands for itself, as written in the document; there is no way to declare one.
 *
 * Source: XPath 1.0 (W3C, 1999); antchfx/xpath for prefixes and the order of a union.
 *
 * @module
 */

import type { XmlNode } from "./document.ts";
import { AXES, compileTest, rootOf } from "./xpath_axes.ts";
import { functionNamed } from "./xpath_functions.ts";
import { parseXPath, type Step, type XPathSyntax } from "./xpath_syntax.ts";
import { compareValues, type Context, nodesOf, toBoolean, toNumber, Work, type XPathValue } from "./xpath_values.ts";

type Evaluate = (context: Context) => XPathValue;

export interface XPath {
  /**
   * The nodes of `document` that it selects: in document order, those of a union one side behind the other. None when the
   * expression gives no nodes.
   *
   * @throws {OttlError} It takes too much work; of category "limit".
   */
  select(document: XmlNode): readonly XmlNode[];
}

/** @throws {OttlError} It is no XPath 1.0; of category "arg_value". */
export function compileXPath(text: string): XPath {
  const evaluate = compile(parseXPath(text));
  return {
    select(document) {
      const value = evaluate({ node: document, position: 1, size: 1, work: new Work() });
      return Array.isArray(value) ? value : [];
    },
  };
}

function compile(syntax: XPathSyntax): Evaluate {
  switch (syntax.kind) {
    case "literal":
      return () => syntax.value;
    case "negate": {
      const operand = compile(syntax.operand);
      return (context) => -toNumber(operand(context), context);
    }
    case "binary":
      return compileBinary(syntax.operator, compile(syntax.left), compile(syntax.right));
    case "call":
      return compileCall(syntax.name, syntax.args.map(compile));
    case "filter":
      return compileFilter(compile(syntax.primary), syntax.predicates.map(compile));
    case "path":
      return compilePath(syntax.from === undefined ? undefined : compile(syntax.from), syntax.isAbsolute, syntax.steps);
  }
}

// Paths

function compilePath(from: Evaluate | undefined, isAbsolute: boolean, steps: readonly Step[]): Evaluate {
  const compiled = steps.map(compileStep);
  return (context) => {
    let nodes: readonly XmlNode[] = from === undefined
      ? [isAbsolute ? rootOf(context.node) : context.node]
      : nodesOf(from(context));
    for (const step of compiled) nodes = step(nodes, context.work);
    return nodes;
  };
}

function compileStep({ axis, test, predicates }: Step): (nodes: readonly XmlNode[], work: Work) => readonly XmlNode[] {
  const walk = AXES[axis]!;
  const matches = compileTest(test, axis === "attribute" ? "attribute" : "element");
  const filters = predicates.map(compile);
  return (nodes, work) => {
    const found = new Set<XmlNode>();
    for (const node of nodes) {
      const candidates: XmlNode[] = [];
      for (const candidate of walk(node)) {
        work.add(1);
        if (matches(candidate)) candidates.push(candidate);
      }
      for (const kept of applyPredicates(candidates, filters, work)) found.add(kept);
    }
    return [...found].sort((a, b) => a.order - b.order);
  };
}

/** Positions count along the axis: the nearest is the first. */
function applyPredicates(candidates: readonly XmlNode[], filters: readonly Evaluate[], work: Work): readonly XmlNode[] {
  let kept = candidates;
  for (const filter of filters) {
    const size = kept.length;
    kept = kept.filter((node, i) => {
      work.add(1);
      const context = { node, position: i + 1, size, work };
      const value = filter(context);
      return typeof value === "number" ? value === context.position : toBoolean(value);
    });
  }
  return kept;
}

function compileFilter(primary: Evaluate, filters: readonly Evaluate[]): Evaluate {
  return (context) => applyPredicates(nodesOf(primary(context)), filters, context.work);
}

// Operators and functions

function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  switch (operator) {
    case "or":
      return (context) => toBoolean(left(context)) || toBoolean(right(context));
    case "and":
      return (context) => toBoolean(left(context)) && toBoolean(right(context));
    case "|":
      return (context) => [...new Set([...nodesOf(left(context)), ...nodesOf(right(context))])];
    case "+":
    case "-":
    case "*":
    case "div":
    case "mod": {
      const calculate = ARITHMETIC[operator]!;
      return (context) => calculate(toNumber(left(context), context), toNumber(right(context), context));
    }
    default:
      return (context) => compareValues(operator, left(context), right(context), context);
  }
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
};

function compileCall(name: string, args: readonly Evaluate[]): Evaluate {
  const call = functionNamed(name, args.length);
  return (context) => call(args.map((arg) => arg(context)), context);
}
