/**
 * What messages call the parts of a text.
 *
 * @module
 */

import type { AnyNode } from "./ast.ts";
import type { TokenKind } from "./lexer.ts";

export const NAMES: Readonly<Record<AnyNode["kind"], string>> = {
  or: "a condition",
  and: "a condition",
  not: "a condition",
  comparison: "a condition",
  bool: "a bool",
  call: "a call",
  nil: "nil",
  string: "a string",
  int: "an int",
  float: "a float",
  bytes: "a bytes literal",
  enum: "an enum symbol",
  path: "a path",
  math: "math",
  sign: "math",
  list: "a list",
  map: "a map",
  lambda: "a lambda",
};

export function nameOf(node: AnyNode): string {
  return NAMES[node.kind];
}

/** What a token stands for that math does not take. */
export const NOT_OPERANDS: ReadonlyMap<TokenKind, string> = new Map([
  ["nil", "nil"],
  ["string", "a string"],
  ["bytes", "a bytes literal"],
  ["bool", "a bool"],
  ["upper", "an enum symbol"],
  ["{", "a map"],
  ["[", "a list"],
]);

/** As converters do, and editors do not. */
export function startsUpper(name: string): boolean {
  return /^[A-Z]/.test(name);
}

export function quote(text: string): string {
  return JSON.stringify(text);
}
