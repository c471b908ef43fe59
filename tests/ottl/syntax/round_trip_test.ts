/**
 * What is printed reads to the same tree, and is printed as it was.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { DEFAULT_OTTL_LIMITS } from "../../../ottl/limits.ts";
import { parseCondition, parseStatement, parseValue } from "../../../ottl/syntax/parser.ts";
import { printCondition, printStatement, printValue } from "../../support/ottl_print.ts";
import { conditionTree, statementTree, valueTree, withoutPlaces } from "../../support/ottl_trees.ts";

const LIMITS = { ...DEFAULT_OTTL_LIMITS, maxTextLength: 1_000_000, maxDepth: 1_000 };

Deno.test("parse(print(tree)) is the tree", async (t) => {
  await t.step("values", () => {
    fc.assert(
      fc.property(valueTree, (tree) => {
        deepStrictEqual(withoutPlaces(parseValue(printValue(tree), LIMITS)), withoutPlaces(tree));
      }),
      { numRuns: 500 },
    );
  });
  await t.step("conditions", () => {
    fc.assert(
      fc.property(conditionTree, (tree) => {
        deepStrictEqual(withoutPlaces(parseCondition(printCondition(tree), LIMITS)), withoutPlaces(tree));
      }),
      { numRuns: 500 },
    );
  });
  await t.step("statements", () => {
    fc.assert(
      fc.property(statementTree, (tree) => {
        deepStrictEqual(withoutPlaces(parseStatement(printStatement(tree), LIMITS)), withoutPlaces(tree));
      }),
      { numRuns: 500 },
    );
  });
});

/** `want` is the canonical form; without one the text is it. */
const CONDITIONS: { readonly text: string; readonly want?: string }[] = [
  { text: "a == 1 and not b == 2 or F()" },
  { text: "a==1 or (b==2 and c==3)", want: "a == 1 or b == 2 and c == 3" },
  { text: "(a == 1 or b == 2) and c == 3" },
  { text: "((F(x)))", want: "F(x)" },
  { text: "not (not true)" },
  { text: "(true) and (F())", want: "true and F()" },
  { text: "(a) == (1 + 2) * 3" },
  { text: "((1 + 2)) * 3 == 9", want: "(1 + 2) * 3 == 9" },
  { text: "1 + (2 * 3) == 7", want: "1 + 2 * 3 == 7" },
  { text: "1 - (2 - 3) == 2" },
  { text: "- 1 == +1", want: "-1 == +1" },
  { text: "-(1 + 2) == -(-3)" },
  { text: 'a[(1 + 1)][-1][Len("x") + 1][1.5] == nil' },
  { text: 'F((a, _) => a == 1 and true, () => "x") == [1.0, {"k": 0x00}]' },
  { text: '"\\x00\\u00e9\\/"'.replace("\\/", "/") + " == 1.0e-7", want: '"\\x00é/" == 1.0e-7' },
];

Deno.test("canonical text", async (t) => {
  for (const { text, want = text } of CONDITIONS) {
    await t.step(text, () => {
      strictEqual(printCondition(parseCondition(text)), want);
      strictEqual(printCondition(parseCondition(want)), want);
    });
  }
});
