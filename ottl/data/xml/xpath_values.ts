/**
 * What expressions of XPath give: the four types, what each is as another, and how they compare.
 *
 * Source: XPath 1.0 (W3C, 1999), 3.4 for comparisons, section 4 for conversions.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { textContent, type XmlNode } from "./document.ts";

/** Nodes that one evaluation may look at, and characters of text that it may take out of them, together. */
const MAX_XPATH_WORK = 2_000_000;

export type XPathValue = readonly XmlNode[] | string | number | boolean;

/** What an expression is asked of. */
export interface Context {
  readonly node: XmlNode;
  /** From 1. */
  readonly position: number;
  readonly size: number;
  readonly work: Work;
}

/** What an evaluation has cost. */
export class Work {
  #left = MAX_XPATH_WORK;

  /** @throws {OttlError} It is too much; of category "limit". */
  add(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) {
      throw new OttlError("limit", `cannot evaluate the XPath: it takes more than ${MAX_XPATH_WORK} steps`);
    }
  }
}

// Conversions

function isNodes(value: XPathValue): value is readonly XmlNode[] {
  return typeof value === "object";
}

/** @throws {OttlError} It is no node set; of category "value". */
export function nodesOf(value: XPathValue): readonly XmlNode[] {
  if (isNodes(value)) return value;
  throw new OttlError("value", "cannot evaluate the XPath: nodes are wanted where there are none");
}

/** Its whole text, which counts as work. */
export function textOf(node: XmlNode, work: Work): string {
  const text = textContent(node);
  work.add(text.length);
  return text;
}

export function toText(value: XPathValue, context: Context): string {
  if (isNodes(value)) {
    const first = value.reduce((a, b) => a.order <= b.order ? a : b, value[0]!);
    return value.length === 0 ? "" : textOf(first, context.work);
  }
  return Object.is(value, -0) ? "0" : String(value);
}

const NUMBER = /^[ \t\r\n]*-?(?:\d+\.?\d*|\.\d+)[ \t\r\n]*$/;

export function toNumber(value: XPathValue, context: Context): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = toText(value, context);
  return NUMBER.test(text) ? Number(text) : NaN;
}

export function toBoolean(value: XPathValue): boolean {
  if (isNodes(value) || typeof value === "string") return value.length > 0;
  return typeof value === "number" ? value !== 0 && !Number.isNaN(value) : value;
}

// Comparisons

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=" };

/** True of node sets when it is true of one node of each. Source: XPath 1.0, 3.4. */
export function compareValues(operator: string, left: XPathValue, right: XPathValue, context: Context): boolean {
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
