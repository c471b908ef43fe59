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

import { OttlError } from "../../values/errors.ts";
import { namespaceOf, textContent, type XmlNode } from "./document.ts";
import { type NodeTest, parseXPath, type Step, type XPathSyntax } from "./xpath_syntax.ts";

/** Nodes that one evaluation may look at, and characters of text that it may take out of them, together. */
export const MAX_XPATH_WORK = 2_000_000;

type XPathValue = readonly XmlNode[] | string | number | boolean;

interface Context {
  readonly node: XmlNode;
  /** From 1. */
  readonly position: number;
  readonly size: number;
  readonly work: Work;
}

type Evaluate = (context: Context) => XPathValue;

/** What an evaluation has cost. */
class Work {
  #left = MAX_XPATH_WORK;

  /** @throws {OttlError} It is too much; of category "limit". */
  add(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) {
      throw new OttlError("limit", `cannot evaluate the XPath: it takes more than ${MAX_XPATH_WORK} steps`);
    }
  }
}

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

function compileTest(test: NodeTest, principal: "attribute" | "element"): (node: XmlNode) => boolean {
  switch (test.kind) {
    case "node":
      return () => true;
    case "text":
      return ({ kind }) => kind === "text" || kind === "cdata" || kind === "directive";
    case "comment":
      return ({ kind }) => kind === "comment";
    case "instruction":
      return ({ kind, name }) => kind === "instruction" && (test.target === undefined || test.target === name);
    case "name": {
      const { prefix, name } = test;
      if (name === undefined && prefix === undefined) return ({ kind }) => kind === principal;
      const hasName = (node: XmlNode) => name === undefined || node.localName === name;
      return (node) => node.kind === principal && node.prefix === (prefix ?? "") && hasName(node);
    }
  }
}

function rootOf(node: XmlNode): XmlNode {
  let root = node;
  while (root.parent !== undefined) root = root.parent;
  return root;
}

const AXES: Readonly<Record<string, (node: XmlNode) => Iterable<XmlNode>>> = {
  self: (node) => [node],
  child: ({ children }) => children,
  attribute: (node) => node.kind === "element" ? node.attributes : [],
  parent: ({ parent }) => parent === undefined ? [] : [parent],
  ancestor,
  "ancestor-or-self": function* (node) {
    yield node;
    yield* ancestor(node);
  },
  descendant,
  "descendant-or-self": function* (node) {
    yield node;
    yield* descendant(node);
  },
  "following-sibling": (node) => siblings(node).slice(siblings(node).indexOf(node) + 1),
  "preceding-sibling": (node) => siblings(node).slice(0, Math.max(0, siblings(node).indexOf(node))).reverse(),
  *following(node) {
    for (const from of [node, ...ancestor(node)]) {
      for (const sibling of siblings(from).slice(siblings(from).indexOf(from) + 1)) {
        yield sibling;
        yield* descendant(sibling);
      }
    }
  },
  *preceding(node) {
    for (const from of [node, ...ancestor(node)]) {
      for (const sibling of siblings(from).slice(0, Math.max(0, siblings(from).indexOf(from))).reverse()) {
        yield* [sibling, ...descendant(sibling)].reverse();
      }
    }
  },
  namespace: () => [],
};

function* ancestor(node: XmlNode): Generator<XmlNode> {
  for (let up = node.parent; up !== undefined; up = up.parent) yield up;
}

function* descendant(node: XmlNode): Generator<XmlNode> {
  const stack = [...node.children].reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    for (let i = next.children.length - 1; i >= 0; i--) stack.push(next.children[i]!);
  }
}

/** Of an attribute there are none, and what it follows are its element's children. */
function siblings(node: XmlNode): readonly XmlNode[] {
  return node.kind === "attribute" ? [] : node.parent?.children ?? [];
}

// Operators

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

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=" };

/** True of node sets when it is true of one node of each. Source: XPath 1.0, 3.4. */
function compareValues(operator: string, left: XPathValue, right: XPathValue, context: Context): boolean {
  if (isNodes(left)) return left.some((node) => compareNode(operator, node, right, context));
  if (isNodes(right)) return right.some((node) => compareNode(MIRRORED[operator]!, node, left, context));
  return compareAtoms(operator, left, right, context);
}

function compareNode(operator: string, node: XmlNode, other: XPathValue, context: Context): boolean {
  if (typeof other === "boolean") return compareAtoms(operator, true, other, context);
  const text = textOf(node, context.work);
  if (!isNodes(other)) return compareAtoms(operator, text, other, context);
  return other.some((each) => compareAtoms(operator, text, textOf(each, context.work), context));
}

function compareAtoms(
  operator: string,
  left: string | number | boolean,
  right: string | number | boolean,
  context: Context,
): boolean {
  context.work.add(1);
  if (operator === "=" || operator === "!=") return equalAtoms(left, right, context) === (operator === "=");
  const a = toNumber(left, context);
  const b = toNumber(right, context);
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function equalAtoms(left: string | number | boolean, right: string | number | boolean, context: Context): boolean {
  if (typeof left === "boolean" || typeof right === "boolean") return toBoolean(left) === toBoolean(right);
  if (typeof left === "number" || typeof right === "number") {
    return toNumber(left, context) === toNumber(right, context);
  }
  return left === right;
}

// Conversions

function isNodes(value: XPathValue): value is readonly XmlNode[] {
  return typeof value === "object";
}

function nodesOf(value: XPathValue): readonly XmlNode[] {
  if (isNodes(value)) return value;
  throw new OttlError("value", "cannot evaluate the XPath: nodes are wanted where there are none");
}

function textOf(node: XmlNode, work: Work): string {
  const text = textContent(node);
  work.add(text.length);
  return text;
}

function toText(value: XPathValue, context: Context): string {
  if (isNodes(value)) {
    const first = value.reduce((a, b) => a.order <= b.order ? a : b, value[0]!);
    return value.length === 0 ? "" : textOf(first, context.work);
  }
  return Object.is(value, -0) ? "0" : String(value);
}

const NUMBER = /^[ \t\r\n]*-?(?:\d+\.?\d*|\.\d+)[ \t\r\n]*$/;

function toNumber(value: XPathValue, context: Context): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = toText(value, context);
  return NUMBER.test(text) ? Number(text) : NaN;
}

function toBoolean(value: XPathValue): boolean {
  if (isNodes(value) || typeof value === "string") return value.length > 0;
  return typeof value === "number" ? value !== 0 && !Number.isNaN(value) : value;
}

// Functions

interface XPathFunction {
  /** The least and the most arguments. */
  readonly arity: readonly [number, number];
  call(args: readonly XPathValue[], context: Context): XPathValue;
}

function compileCall(name: string, args: readonly Evaluate[]): Evaluate {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (found === undefined) throw new OttlError("arg_value", `invalid xpath: there is no function ${name}()`);
  const [least, most] = found.arity;
  if (args.length < least || args.length > most) {
    throw new OttlError("arg_value", `invalid xpath: ${name}() does not take ${args.length} arguments`);
  }
  return (context) => found.call(args.map((arg) => arg(context)), context);
}

/** One that works on texts; without an argument it takes the context node where `arity` allows. */
function ofTexts(
  arity: readonly [number, number],
  call: (...texts: string[]) => XPathValue,
): XPathFunction {
  return {
    arity,
    call: (args, context) =>
      call(...(args.length === 0 ? [textOf(context.node, context.work)] : args.map((arg) => toText(arg, context)))),
  };
}

/** One that tells something of the first node, or the context node. */
function ofNode(tell: (node: XmlNode) => string): XPathFunction {
  return {
    arity: [0, 1],
    call: (args, context) => {
      const [node] = args.length === 0 ? [context.node] : nodesOf(args[0]!);
      return node === undefined ? "" : tell(node);
    },
  };
}

function ofNumber(call: (value: number) => number): XPathFunction {
  return { arity: [1, 1], call: ([value], context) => call(toNumber(value!, context)) };
}

const FUNCTIONS: Readonly<Record<string, XPathFunction>> = {
  last: { arity: [0, 0], call: (_, { size }) => size },
  position: { arity: [0, 0], call: (_, { position }) => position },
  count: { arity: [1, 1], call: ([nodes]) => nodesOf(nodes!).length },
  // Without a document type no attribute is an identifier.
  id: { arity: [1, 1], call: () => [] },
  "local-name": ofNode((node) => node.localName),
  "namespace-uri": ofNode((node) => (node.name === "" ? undefined : namespaceOf(node)) ?? ""),
  name: ofNode((node) => node.name),
  string: ofTexts([0, 1], (text) => text!),
  concat: ofTexts([2, 64], (...texts) => texts.join("")),
  "starts-with": ofTexts([2, 2], (text, begin) => text!.startsWith(begin!)),
  contains: ofTexts([2, 2], (text, part) => text!.includes(part!)),
  "substring-before": ofTexts(
    [2, 2],
    (text, part) => text!.includes(part!) ? text!.slice(0, text!.indexOf(part!)) : "",
  ),
  "substring-after": ofTexts(
    [2, 2],
    (text, part) => text!.includes(part!) ? text!.slice(text!.indexOf(part!) + part!.length) : "",
  ),
  substring: {
    arity: [2, 3],
    call: ([text, start, length], context) => {
      const from = roundHalfUp(toNumber(start!, context));
      const to = length === undefined ? Infinity : from + roundHalfUp(toNumber(length, context));
      return [...toText(text!, context)].filter((_, i) => i + 1 >= from && i + 1 < to).join("");
    },
  },
  "string-length": ofTexts([0, 1], (text) => [...text!].length),
  "normalize-space": ofTexts([0, 1], (text) => text!.split(/[ \t\r\n]+/).filter((word) => word !== "").join(" ")),
  translate: ofTexts([3, 3], (text, from, to) => {
    const wanted = [...from!];
    const given = [...to!];
    return [...text!].map((character) => {
      const at = wanted.indexOf(character);
      return at < 0 ? character : given[at] ?? "";
    }).join("");
  }),
  boolean: { arity: [1, 1], call: ([value]) => toBoolean(value!) },
  not: { arity: [1, 1], call: ([value]) => !toBoolean(value!) },
  true: { arity: [0, 0], call: () => true },
  false: { arity: [0, 0], call: () => false },
  lang: {
    arity: [1, 1],
    call: ([wanted], context) => {
      const tag = toText(wanted!, context).toLowerCase();
      const language = [context.node, ...ancestor(context.node)].flatMap(({ attributes }) => attributes)
        .find(({ name }) => name === "xml:lang")?.text.toLowerCase();
      return language !== undefined && (language === tag || language.startsWith(`${tag}-`));
    },
  },
  number: {
    arity: [0, 1],
    call: ([value], context) => toNumber(value ?? [context.node], context),
  },
  sum: {
    arity: [1, 1],
    call: ([nodes], context) => nodesOf(nodes!).reduce((sum, node) => sum + toNumber([node], context), 0),
  },
  floor: ofNumber(Math.floor),
  ceiling: ofNumber(Math.ceil),
  round: ofNumber(roundHalfUp),
};

/** Source: XPath 1.0, 4.4 `round`. */
function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}
