/**
 * The examples of every function, run as tests, and what holds for all definitions.
 *
 * @module
 */

import { deepStrictEqual, match, strictEqual, throws } from "node:assert";
import type { Example, FunctionDefinition } from "../../ottl/functions/definition.ts";
import { functionTable, LOG_CONVERTERS, STANDARD_CONVERTERS, STANDARD_EDITORS } from "../../ottl/functions/table.ts";
import { OttlError, OttlSyntaxError, StatementSequence } from "../../ottl/mod.ts";
import { toStringLike } from "../../ottl/values/convert.ts";
import { OttlList, OttlMap, Time, type Value } from "../../ottl/values/value.ts";
import { memoryCompiler, type MemoryItem, memoryItem } from "../support/ottl_context.ts";

const ALL = [...STANDARD_EDITORS, ...STANDARD_CONVERTERS, ...LOG_CONVERTERS];

const compiler = memoryCompiler({
  functions: functionTable(ALL),
  gates: new Set(ALL.flatMap(({ gate }) => gate ?? [])),
});

function evaluate(text: string, item: MemoryItem = memoryItem()): Value {
  return compiler.value(text).evaluate(item);
}

/** What an example's text gives: a converter's result, or what an editor leaves in `attributes`. */
function run(definition: FunctionDefinition, { text, given = "{}" }: Example): Value {
  const item = memoryItem({ "span.attributes": evaluate(given) as OttlMap });
  if (definition.kind === "converter") return evaluate(text, item);
  new StatementSequence(compiler.statements([text]), "propagate").run(item);
  return item.get("span.attributes")!;
}

function check(definition: FunctionDefinition, example: Example): void {
  const { result, matches, error } = example;
  if (error !== undefined) throws(() => run(definition, example), (thrown) => messageOf(thrown).includes(error));
  else if (matches !== undefined) match(toStringLike(run(definition, example)) ?? "nil", matches);
  else deepStrictEqual(plain(run(definition, example)), plain(evaluate(result ?? "nil")));
}

/** Without the text that is wrong, which any message would be found in. */
function messageOf(error: unknown): string {
  if (error instanceof OttlSyntaxError) return error.problems.map(({ message }) => message).join("\n");
  return error instanceof OttlError ? error.message : "";
}

/** A value that equals another one's where they are of the same type and content, in any order of keys. */
function plain(value: Value): unknown {
  if (value instanceof OttlList) return value.items.map(plain);
  if (value instanceof OttlMap) return new Map(value.entries().map(([key, entry]) => [key, plain(entry)]));
  return value instanceof Time ? [value.unixNano, value.offsetSeconds] : value;
}

for (const definition of ALL) {
  Deno.test(`examples of ${definition.name}`, async (t) => {
    for (const example of definition.examples) await t.step(example.text, () => check(definition, example));
  });
}

Deno.test("definitions", async (t) => {
  await t.step("have names of their kind, each its own", () => {
    for (const { kind, name } of ALL) match(name, kind === "editor" ? /^[a-z][a-z0-9_]*$/ : /^[A-Z][A-Za-z0-9]*$/);
    strictEqual(new Set(ALL.map(({ name }) => name)).size, ALL.length);
  });
  await t.step("have a summary and an example that succeeds", () => {
    const bare = ALL.filter(({ summary, examples }) =>
      summary === "" || !examples.some(({ error }) => error === undefined)
    );
    deepStrictEqual(bare.map(({ name }) => name), []);
  });
  await t.step("have optional parameters last, names in camelCase", () => {
    for (const { name, parameters } of ALL) {
      const optional = Object.values(parameters).map((parameter) => parameter.optional);
      deepStrictEqual(optional, optional.toSorted((a, b) => Number(a) - Number(b)), name);
      for (const parameter of Object.keys(parameters)) match(parameter, /^[a-z][A-Za-z0-9]*$/);
    }
  });
});
