/**
 * How long the functions of a source are, and how many parameters they have.
 *
 * @module
 */

import { parse } from "@babel/parser";

export interface FunctionSize {
  /** Its own, with its class: `Queue.take`. One without a name has that of what it stands in. */
  readonly name: string;
  /** From its first to its last. */
  readonly lines: number;
  readonly parameters: number;
}

/** Of @babel/parser, as far as it is looked at here. */
interface SyntaxNode {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly [key: string]: unknown;
}

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassMethod",
  "ClassPrivateMethod",
  "ObjectMethod",
]);

/**
 * All functions, those within others too.
 *
 * @throws {SyntaxError} `text` is not TypeScript.
 */
export function functionsOf(text: string): FunctionSize[] {
  const { program } = parse(text, { sourceType: "module", plugins: ["typescript"] });
  const found: FunctionSize[] = [];
  visit(program, "", found);
  return found;
}

function visit(value: unknown, outer: string, found: FunctionSize[]): void {
  if (Array.isArray(value)) return value.forEach((each) => visit(each, outer, found));
  if (!isNode(value)) return;
  const name = nameOf(value, outer);
  if (FUNCTIONS.has(value.type)) found.push({ name, lines: linesOf(value), parameters: parametersOf(value) });
  for (const child of Object.values(value)) visit(child, name, found);
}

function linesOf({ loc: { start, end } }: SyntaxNode): number {
  return end.line - start.line + 1;
}

function parametersOf({ params }: SyntaxNode): number {
  return Array.isArray(params) ? params.length : 0;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "loc" in value;
}

function nameOf({ type, id, key }: SyntaxNode, outer: string): string {
  const own = textOf(id) ?? textOf(key);
  if (own === undefined) return outer;
  return type === "ClassMethod" || type === "ClassPrivateMethod" ? `${outer}.${own}` : own;
}

/** Of an identifier, a private name or a literal. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  const { name, value, id } = node;
  if (typeof name === "string") return name;
  return typeof value === "string" ? value : textOf(id);
}
