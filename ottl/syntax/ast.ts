/**
 * What a text of OTTL says, as a tree. Every node tells where it stands in the text.
 *
 * Source: OTTL grammar of the reference engine (pkg/ottl 1.3), see docs/ottl.md.
 *
 * @module
 */

import type { ComparisonOperator, MathOperator } from "../values/operators.ts";

/** A place in a text: UTF-16 offsets, the end behind the last character. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `set(target, value) where condition`, and from our own form `condition > set(target, value)`. */
export interface Statement {
  readonly kind: "statement";
  readonly text: string;
  readonly editor: CallNode;
  readonly where: BooleanNode | undefined;
  readonly span: Span;
}

export type BooleanNode = OrNode | AndNode | NotNode | ComparisonNode | BooleanLiteral | CallNode;

/** Two or more, true when one is. */
export interface OrNode {
  readonly kind: "or";
  readonly terms: readonly BooleanNode[];
  readonly span: Span;
}

/** Two or more, true when all are. */
export interface AndNode {
  readonly kind: "and";
  readonly terms: readonly BooleanNode[];
  readonly span: Span;
}

export interface NotNode {
  readonly kind: "not";
  readonly term: BooleanNode;
  readonly span: Span;
}

export interface ComparisonNode {
  readonly kind: "comparison";
  readonly operator: ComparisonOperator;
  readonly left: ValueNode;
  readonly right: ValueNode;
  readonly span: Span;
}

export type ValueNode =
  | NilLiteral
  | StringLiteral
  | IntLiteral
  | FloatLiteral
  | BooleanLiteral
  | BytesLiteral
  | EnumNode
  | PathNode
  | CallNode
  | MathNode
  | SignNode
  | ListNode
  | MapNode
  | LambdaNode;

/** Before it is known which of the two is wanted. */
export type AnyNode = BooleanNode | ValueNode;

export interface NilLiteral {
  readonly kind: "nil";
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: "string";
  /** Escapes resolved. */
  readonly value: string;
  readonly span: Span;
}

/** Never negative: a sign makes it a `SignNode`. */
export interface IntLiteral {
  readonly kind: "int";
  readonly value: bigint;
  readonly span: Span;
}

export interface FloatLiteral {
  readonly kind: "float";
  readonly value: number;
  readonly span: Span;
}

export interface BooleanLiteral {
  readonly kind: "bool";
  readonly value: boolean;
  readonly span: Span;
}

export interface BytesLiteral {
  readonly kind: "bytes";
  readonly value: Uint8Array;
  readonly span: Span;
}

/** An upper-case word without parentheses: an enum symbol, or as an argument the name of a converter. */
export interface EnumNode {
  readonly kind: "enum";
  readonly name: string;
  readonly span: Span;
}

/** `resource.attributes["a"][0]`. */
export interface PathNode {
  readonly kind: "path";
  /** In the order written. Which one is the name of a context is found when names are resolved. */
  readonly fields: readonly PathField[];
  readonly span: Span;
}

export interface PathField {
  readonly name: string;
  readonly keys: readonly ValueNode[];
  readonly span: Span;
}

/** An editor or converter with its arguments, and the keys behind it. */
export interface CallNode {
  readonly kind: "call";
  readonly name: string;
  readonly nameSpan: Span;
  readonly arguments: readonly ArgumentNode[];
  readonly keys: readonly ValueNode[];
  readonly span: Span;
}

export interface ArgumentNode {
  /** As written, when it is named. */
  readonly name: string | undefined;
  readonly value: ValueNode;
  readonly span: Span;
}

export interface MathNode {
  readonly kind: "math";
  readonly operator: MathOperator;
  readonly left: ValueNode;
  readonly right: ValueNode;
  readonly span: Span;
}

/**
 * A value that grammar took for math though it has no operator of two sides: `-x`, `+x`, `(x)`. It is no literal and no
 * path any more.
 */
export interface SignNode {
  readonly kind: "sign";
  readonly sign: "+" | "-" | "()";
  readonly value: ValueNode;
  readonly span: Span;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly ValueNode[];
  readonly span: Span;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: readonly { readonly key: string; readonly value: ValueNode; readonly span: Span }[];
  readonly span: Span;
}

export interface LambdaNode {
  readonly kind: "lambda";
  /** `_` for one that is not used. */
  readonly parameters: readonly string[];
  readonly body: ValueNode | BooleanNode;
  readonly span: Span;
}

/** The values that a value is made of by an operator or by listing them. */
export function operandsOf(node: MathNode | SignNode | ListNode | MapNode): readonly ValueNode[] {
  switch (node.kind) {
    case "math":
      return [node.left, node.right];
    case "sign":
      return [node.value];
    case "list":
      return node.items;
    case "map":
      return node.entries.map(({ value }) => value);
  }
}
