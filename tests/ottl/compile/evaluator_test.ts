/**
 * Compiled texts do what a plain walk over the tree does, for any text and item: folding, short cuts and comparisons
 * inside the context change nothing.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { any, converter, optional } from "../../../ottl/functions/definition.ts";
import { functionTable, OttlError } from "../../../ottl/mod.ts";
import { parseCondition, parseValue } from "../../../ottl/syntax/parser.ts";
import { OttlList, PlainMap, type Value } from "../../../ottl/values/value.ts";
import { memoryCompiler, type MemoryItem, memoryItem } from "../../support/ottl_context.ts";
import { evaluateBoolean, evaluateValue } from "../../support/ottl_evaluator.ts";

const FRAME = { summary: "", examples: [] };

const FUNCTIONS = functionTable([
  converter({
    ...FRAME,
    name: "Pair",
    parameters: { first: any, second: optional(any) },
    compile: ({ first, second }) => (item) =>
      new OttlList([first.evaluate(item), second?.evaluate(item) ?? null], "list"),
  }),
  converter({
    ...FRAME,
    name: "IsNil",
    parameters: { value: any },
    compile: ({ value }) => (item) => value.evaluate(item) === null,
  }),
]);

const compiler = memoryCompiler({ functions: FUNCTIONS });

const { value, condition } = fc.letrec<
  { value: string; operand: string; key: string; condition: string; boolean: string }
>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 3, depthIdentifier: "value", depthSize: "small" },
    { arbitrary: fc.nat(3).map(String), weight: 2 },
    { arbitrary: fc.constantFrom("0.0", "1.5", "2.0"), weight: 1 },
    { arbitrary: fc.constantFrom("name", "span.kind", "attributes", "status.code", "start_time"), weight: 2 },
    { arbitrary: tie("key").map((key) => `attributes${key}`), weight: 3 },
    { arbitrary: fc.tuple(tie("key"), tie("key")).map(([a, b]) => `attributes${a}${b}`), weight: 2 },
    { arbitrary: fc.tuple(tie("value"), tie("value")).map(([a, b]) => `Pair(${a}, ${b})`), weight: 1 },
    { arbitrary: fc.tuple(tie("value"), tie("key")).map(([a, key]) => `Pair(${a})${key}`), weight: 1 },
    { arbitrary: tie("operand").map((operand) => `(${operand})`), weight: 1 },
  ),
  key: fc.oneof(
    { maxDepth: 3, depthIdentifier: "value", depthSize: "small" },
    {
      arbitrary: fc.constantFrom('["s"]', '["n"]', '["f"]', '["m"]', '["l"]', '["k"]', '["zz"]', "[0]", "[1]", "[-1]"),
      weight: 9,
    },
    { arbitrary: tie("operand").map((operand) => `[(${operand})]`), weight: 1 },
  ),
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "value", depthSize: "small" },
    { arbitrary: fc.constantFrom("nil", "true", "false", '"GET"', '""', "0x4745", "SPAN_KIND_CLIENT"), weight: 3 },
    { arbitrary: tie("operand"), weight: 4 },
    {
      arbitrary: fc.tuple(fc.constantFrom("-", "+"), tie("operand")).map(([sign, operand]) => `${sign}${operand}`),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(tie("operand"), fc.constantFrom("+", "-", "*", "/"), tie("operand")).map((parts) =>
        parts.join(" ")
      ),
      weight: 2,
    },
    { arbitrary: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`), weight: 1 },
    { arbitrary: tie("value").map((item) => `{"k": ${item}, "l": 1}`), weight: 1 },
  ),
  boolean: fc.oneof(
    { maxDepth: 2, depthIdentifier: "condition", depthSize: "small" },
    { arbitrary: fc.constantFrom("true", "false"), weight: 2 },
    {
      arbitrary: fc.tuple(tie("value"), fc.constantFrom("==", "!=", "<", "<=", ">", ">="), tie("value"))
        .map((parts) => parts.join(" ")),
      weight: 6,
    },
    { arbitrary: tie("value").map((item) => `IsNil(${item})`), weight: 2 },
    { arbitrary: tie("key").map((key) => `Pair(attributes["m"])[0]${key}`), weight: 1 },
    { arbitrary: tie("condition").map((term) => `(${term})`), weight: 2 },
    { arbitrary: tie("condition").map((term) => `not (${term})`), weight: 1 },
  ),
  condition: fc.array(fc.tuple(tie("boolean"), fc.constantFrom("and", "or")), { minLength: 1, maxLength: 3 })
    .map((terms) => terms.flat().slice(0, -1).join(" ")),
}));

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.constantFrom("GET", "", "k"),
  fc.bigInt({ min: -2n, max: 3n }),
  fc.constantFrom(0, 1.5, 2, NaN),
  fc.constant(Uint8Array.of(0x47, 0x45)),
);
const map = fc.array(fc.tuple(fc.constantFrom("k", "l", "s"), scalar), { maxLength: 3 })
  .map((entries) => new PlainMap(entries));
const list = fc.array(fc.oneof(scalar, map), { maxLength: 3 }).map((items) => new OttlList(items));

const item: fc.Arbitrary<MemoryItem> = fc.record({
  name: fc.constantFrom("GET", ""),
  kind: fc.bigInt({ min: 0n, max: 3n }),
  attributes: fc.array(
    fc.tuple(fc.constantFrom("s", "n", "f", "m", "l", "k"), fc.oneof(scalar, map, list)),
    { maxLength: 6 },
  ),
}).map(({ name, kind, attributes }) =>
  memoryItem({ "span.name": name, "span.kind": kind, "span.attributes": new PlainMap(attributes) })
);

/** A result, or the category of the error. */
function outcome<T>(run: () => T): T | { readonly error: string } {
  try {
    return run();
  } catch (error) {
    if (error instanceof OttlError) return { error: error.category };
    throw error;
  }
}

/** Comparable by content. */
function plain(result: Value | { readonly error: string }): unknown {
  if (result instanceof PlainMap) return new Map(result.entries().map(([key, entry]) => [key, plain(entry)]));
  return result instanceof OttlList ? result.items.map(plain) : result;
}

Deno.test("compiled values are what the plain evaluator finds", () => {
  fc.assert(
    fc.property(value, item, (text, given) => {
      const compiled = loaded(() => compiler.value(text));
      if (compiled === undefined) return;
      const want = outcome(() => evaluateValue(parseValue(text), given, FUNCTIONS));
      deepStrictEqual(plain(outcome(() => compiled.evaluate(given))), plain(want));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("compiled conditions are what the plain evaluator finds", () => {
  fc.assert(
    fc.property(condition, item, (text, given) => {
      const compiled = loaded(() => compiler.conditions([text])[0]!);
      if (compiled === undefined) return;
      const want = outcome(() => evaluateBoolean(parseCondition(text), given, FUNCTIONS));
      deepStrictEqual(outcome(() => compiled.test(given)), want);
      if (compiled.known !== undefined) strictEqual(compiled.known, want);
    }),
    { numRuns: 1_000 },
  );
});

/** Some texts do not load, such as a key of a name: they are for other tests. */
function loaded<T>(load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
