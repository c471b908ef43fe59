/**
 * The parser, which looks ahead, against the grammar as it is written, which tries: on texts that are almost right.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { tokenize } from "../../../ottl/syntax/lexer.ts";
import { parseCondition, parseStatement, parseValue } from "../../../ottl/syntax/parser.ts";
import { printCondition, printStatement, printValue } from "../../support/ottl_print.ts";
import { OttlSyntaxError } from "../../../ottl/syntax/problem.ts";
import { Grammar } from "../../support/ottl_grammar.ts";
import { conditionTree, statementTree, valueTree, withoutPlaces } from "../../support/ottl_trees.ts";

/** Of tokens that come in many texts. */
const PIECES = [
  ..."( ) [ ] { } , . : = == < + - * / => _ nil not or and true where a b FOO F( f( (a) => 1 1.5 0x01".split(" "),
  '"x"',
  '["k"]',
];

/** What is done to a text: at a place, so many tokens go, and others come. */
const edit = fc.record({
  at: fc.nat(1_000),
  gone: fc.nat(2),
  come: fc.array(fc.constantFrom(...PIECES), { maxLength: 3 }),
});

interface Edit {
  readonly at: number;
  readonly gone: number;
  readonly come: readonly string[];
}

/** The text with its tokens changed; spaces between them, or not. */
function damaged(text: string, edits: readonly Edit[], spaced: boolean): string {
  const tokens = tokenize(text, fail).slice(0, -1).map(({ start, end }) => text.slice(start, end));
  for (const { at, gone, come } of edits) tokens.splice(at % (tokens.length + 1), gone, ...come);
  return tokens.join(spaced ? " " : "");
}

function fail(message: string): never {
  throw new Error(message);
}

const PARSED = [
  { kind: "statement", tree: statementTree, parse: parseStatement, print: printStatement },
  { kind: "condition", tree: conditionTree, parse: parseCondition, print: printCondition },
  { kind: "value", tree: valueTree, parse: parseValue, print: printValue },
] as const;

Deno.test("the parser takes what the grammar takes", async (t) => {
  for (const { kind, tree, ...rest } of PARSED) {
    const print = rest.print as (tree: unknown) => string;
    const parse = rest.parse as (text: string) => unknown;
    const texts = fc.tuple(tree, fc.array(edit, { maxLength: 3 }), fc.boolean())
      .map(([tree, edits, spaced]) => damaged(print(tree), edits, spaced));

    await t.step(kind, () => {
      const taken = { yes: 0, no: 0 };
      fc.assert(
        fc.property(texts, (text) => {
          const wanted = isOf(kind, text);
          if (wanted === undefined) return;
          const got = problemOf(() => parse(text));
          taken[wanted ? "yes" : "no"]++;
          strictEqual(got === undefined || got.problems[0]?.category === "naming", wanted, got?.message ?? "");
          if (got === undefined) deepStrictEqual(withoutPlaces(parse(print(parse(text)))), withoutPlaces(parse(text)));
        }),
        { numRuns: 2_000 },
      );
      strictEqual(taken.yes > 100 && taken.no > 100, true, JSON.stringify(taken));
    });
  }
});

/** Whether the grammar takes the text; undefined for what it does not decide: tokens, literals, names given twice. */
function isOf(kind: "statement" | "condition" | "value", text: string): boolean | undefined {
  try {
    const words = tokenize(text, fail).map((token) => ({ ...token, word: text.slice(token.start, token.end) }));
    return words.some(isLiteralOutOfRange) || hasParameterTwice(text) ? undefined : new Grammar(text).is(kind);
  } catch {
    return undefined;
  }
}

function isLiteralOutOfRange({ kind, word }: { readonly kind: string; readonly word: string }): boolean {
  if (kind === "int") return word.length > 18 || /^0\d/.test(word);
  return (kind === "bytes" && word.length % 2 === 1) || (kind === "float" && !Number.isFinite(Number(word)));
}

function hasParameterTwice(text: string): boolean {
  const lists = Array.from(
    text.matchAll(/\(([^()]*)\)\s*=>/g),
    ([, list = ""]) => list.split(/[\s,]+/).filter(Boolean),
  );
  return lists.some((list) => new Set(list.filter((name) => name !== "_")).size < list.filter((n) => n !== "_").length);
}

function problemOf(parse: () => unknown): OttlSyntaxError | undefined {
  try {
    parse();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof OttlSyntaxError) return thrown;
    throw thrown;
  }
}
