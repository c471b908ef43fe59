/**
 * Trees of OTTL for tests: without places, and at random.
 *
 * @module
 */

import fc from "fast-check";
import type { ArgumentNode, BooleanNode, CallNode, PathNode, Statement, ValueNode } from "../../ottl/syntax/ast.ts";

const NOWHERE = { start: 0, end: 0 };
const RESERVED = /^(?:nil|not|or|and|true|false)$/;
/** A name whose last token would be a reserved word. */
const ENDS_RESERVED = /[A-Z][A-Z0-9_]*(?:nil|not|or|and|true|false)$/;

/** A tree with no `span`, `nameSpan` or `text`. */
export function withoutPlaces(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutPlaces);
  if (typeof tree !== "object" || tree === null || tree instanceof Uint8Array) return tree;
  const kept = Object.entries(tree).filter(([key]) => key !== "span" && key !== "nameSpan" && key !== "text");
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutPlaces(value)]));
}

const lowerName = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/).filter((name) => !RESERVED.test(name));
const upperName = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,6}$/);
const converterName = fc.stringMatching(/^[A-Z][A-Za-z0-9_]{0,6}$/).filter((name) => !ENDS_RESERVED.test(name));
const mixedName = fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,6}$/)
  .filter((name) => !RESERVED.test(name) && !ENDS_RESERVED.test(name));
const int = fc.bigInt(0n, 0x7fff_ffff_ffff_ffffn).map((value): ValueNode => ({ kind: "int", value, span: NOWHERE }));
const text = fc.string({ unit: "binary", maxLength: 8 });
const string = text.map((value): ValueNode => ({ kind: "string", value, span: NOWHERE }));
const float = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
  .map((value): ValueNode => ({ kind: "float", value: Math.abs(value), span: NOWHERE }));
const literal: fc.Arbitrary<ValueNode> = fc.oneof(
  fc.constant<ValueNode>({ kind: "nil", span: NOWHERE }),
  string,
  fc.boolean().map((value): ValueNode => ({ kind: "bool", value, span: NOWHERE })),
  fc.uint8Array({ minLength: 1, maxLength: 6 }).map((value): ValueNode => ({ kind: "bytes", value, span: NOWHERE })),
  upperName.map((name): ValueNode => ({ kind: "enum", name, span: NOWHERE })),
);

const trees = fc.letrec<{
  value: ValueNode;
  /** Values but lambdas, whose bodies would take in what follows. */
  comparand: ValueNode;
  operand: ValueNode;
  math: ValueNode;
  mathSide: ValueNode;
  parenthesised: ValueNode;
  key: ValueNode;
  path: PathNode;
  converter: CallNode;
  argument: ArgumentNode;
  lambda: ValueNode;
  condition: BooleanNode;
}>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, tie("comparand"), tie("lambda")),
  comparand: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    literal,
    tie("operand"),
    tie("math"),
    tie("parenthesised"),
    fc.array(tie("value"), { maxLength: 3 }).map((items): ValueNode => ({ kind: "list", items, span: NOWHERE })),
    fc.array(fc.record({ key: text, value: tie("value"), span: fc.constant(NOWHERE) }), { maxLength: 3 })
      .map((entries): ValueNode => ({ kind: "map", entries, span: NOWHERE })),
  ),
  operand: fc.oneof({ maxDepth: 4, depthSize: "small" }, int, float, tie("path"), tie("converter")),
  parenthesised: tie("operand").map((value): ValueNode => ({ kind: "sign", sign: "()", value, span: NOWHERE })),
  mathSide: fc.oneof({ maxDepth: 4, depthSize: "small" }, int, tie("operand"), tie("math")),
  math: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.record({
      kind: fc.constant("math" as const),
      operator: fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const),
      left: tie("mathSide"),
      right: tie("mathSide"),
      span: fc.constant(NOWHERE),
    }),
    fc.record({
      kind: fc.constant("sign" as const),
      sign: fc.constantFrom("+" as const, "-" as const),
      value: tie("mathSide"),
      span: fc.constant(NOWHERE),
    }),
  ),
  key: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    string,
    int,
    float,
    tie("path"),
    tie("converter"),
    tie("math"),
    tie("parenthesised"),
  ),
  path: fc.array(
    fc.record({
      name: lowerName,
      keys: fc.array(tie("key"), { maxLength: 2, depthIdentifier: "keys" }),
      span: fc.constant(NOWHERE),
    }),
    { minLength: 1, maxLength: 3 },
  ).map((fields) => ({ kind: "path" as const, fields, span: NOWHERE })),
  converter: fc.record({
    kind: fc.constant("call" as const),
    name: converterName,
    nameSpan: fc.constant(NOWHERE),
    arguments: fc.array(tie("argument"), { maxLength: 3 }),
    keys: fc.array(tie("key"), { maxLength: 2 }),
    span: fc.constant(NOWHERE),
  }),
  argument: fc.record({
    name: fc.option(mixedName, { nil: undefined }),
    value: fc.oneof(tie("value"), converterName.map((name): ValueNode => ({ kind: "enum", name, span: NOWHERE }))),
    span: fc.constant(NOWHERE),
  }),
  lambda: fc.record({
    kind: fc.constant("lambda" as const),
    parameters: fc.uniqueArray(fc.oneof(lowerName, fc.constant("_")), { maxLength: 3 }),
    body: fc.oneof({ maxDepth: 4, depthSize: "small" }, tie("comparand"), tie("condition")),
    span: fc.constant(NOWHERE),
  }),
  condition: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.boolean().map((value): BooleanNode => ({ kind: "bool", value, span: NOWHERE })),
    tie("converter"),
    fc.record({
      kind: fc.constant("comparison" as const),
      operator: fc.constantFrom("==" as const, "!=" as const, "<" as const, "<=" as const, ">" as const, ">=" as const),
      left: tie("comparand"),
      right: tie("comparand"),
      span: fc.constant(NOWHERE),
    }),
    tie("condition").map((term): BooleanNode => ({ kind: "not", term, span: NOWHERE })),
    fc.tuple(fc.constantFrom("or" as const, "and" as const), fc.array(tie("condition"), { minLength: 2, maxLength: 3 }))
      .map(([kind, terms]): BooleanNode => ({ kind, terms, span: NOWHERE })),
  ),
}));

export const valueTree: fc.Arbitrary<ValueNode> = trees.value;
export const conditionTree: fc.Arbitrary<BooleanNode> = trees.condition;

export const statementTree: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant("statement" as const),
  text: fc.constant(""),
  editor: fc.tuple(mixedName, trees.converter).map(([name, call]): CallNode => ({ ...call, name, keys: [] })),
  where: fc.option(conditionTree, { nil: undefined }),
  span: fc.constant(NOWHERE),
});
