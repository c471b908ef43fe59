/**
 * The parser against the recorded answers: what syntax decides is decided as the reference engine does.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert";
import { parseCondition, parseStatement, parseValue } from "../../../ottl/syntax/parser.ts";
import { OttlSyntaxError } from "../../../ottl/syntax/problem.ts";
import { readVectors, type Vector, vectorFiles } from "../../support/ottl_vectors.ts";

interface Text {
  readonly kind: "statement" | "condition" | "value";
  readonly text: string;
}

const PARSERS = { statement: parseStatement, condition: parseCondition, value: parseValue };

/** A name of a converter to the grammar, which the engine then finds is none: the compiler's to refuse. */
const NAMES_ONLY = new Set(['set(attributes["region.user.name"], True)']);

Deno.test("syntax vectors", async (t) => {
  for (const vector of readVectors("syntax")) {
    const [text] = textsOf(vector);
    ok(text !== undefined);
    await t.step(`${vector.id}: ${text.text}`, () => {
      const isSyntax = vector.want.error?.category === "syntax" && !NAMES_ONLY.has(text.text);
      strictEqual(problemOf(text) !== undefined, isSyntax, problemOf(text)?.message ?? vector.note ?? "");
    });
  }
});

Deno.test("every text of the other vectors parses, unless it is refused when it is loaded", async (t) => {
  for (const file of vectorFiles().filter((name) => name !== "syntax")) {
    await t.step(file, () => {
      let texts = 0;
      for (const vector of readVectors(file)) {
        if (vector.want.error?.stage === "config") continue;
        for (const text of textsOf(vector)) {
          texts++;
          strictEqual(problemOf(text)?.message, undefined, vector.id);
        }
      }
      ok(texts > 0);
    });
  }
});

function problemOf({ kind, text }: Text): OttlSyntaxError | undefined {
  try {
    PARSERS[kind](text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof OttlSyntaxError) return thrown;
    throw thrown;
  }
}

/** All texts of a case, wherever its configuration holds them. */
function textsOf(vector: Vector): Text[] {
  const { op, expr, statement, condition, value } = vector;
  if (op === "condition" && expr !== undefined) return [{ kind: "condition", text: expr }];
  if (op === "value" && expr !== undefined) return [{ kind: "value", text: expr }];
  if (statement !== undefined) return [{ kind: "statement", text: statement }];
  if (condition !== undefined) return [{ kind: "condition", text: condition }];
  if (value !== undefined) return [{ kind: "value", text: value }];
  return textsIn({
    statements: vector.statements,
    conditions: vector.conditions,
    groups: vector.groups,
    config: vector.config,
  });
}

/** Strings by the key they stand under: `statements`, `trace_statements`, `conditions`, … */
function textsIn(node: unknown, kind?: Text["kind"]): Text[] {
  if (typeof node === "string") return kind === undefined ? [] : [{ kind, text: node }];
  if (Array.isArray(node)) return node.flatMap((item) => textsIn(item, kind));
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, item]) => {
    if (/statements?$/.test(key)) return textsIn(item, "statement");
    return /conditions?$/.test(key) ? textsIn(item, "condition") : textsIn(item);
  });
}
