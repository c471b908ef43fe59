/**
 * Where a step of an XPath leads, and which nodes it takes there.
 *
 * Source: XPath 1.0 (W3C, 1999), 2.2 and 2.3; antchfx/xpath for prefixes.
 *
 * @module
 */

import type { XmlNode } from "./document.ts";
import type { NodeTest } from "./xpath_syntax.ts";

/** The nodes of each axis, the nearest first. */
export const AXES: Readonly<Record<string, (node: XmlNode) => Iterable<XmlNode>>> = {
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

/** The nearest first. */
export function* ancestor(node: XmlNode): Generator<XmlNode> {
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

export function rootOf(node: XmlNode): XmlNode {
  let root = node;
  while (root.parent !== undefined) root = root.parent;
  return root;
}

/** @param principal What a name means on the axis. */
export function compileTest(test: NodeTest, principal: "attribute" | "element"): (node: XmlNode) => boolean {
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
