/**
 * What anybody who knows OTTL would try first, from parser to functions, over items in memory.
 *
 * @module
 */

import { ok, strictEqual, throws } from "node:assert";
import { OttlError, OttlSyntaxError, StatementSequence } from "../../../ottl/mod.ts";
import { equalValues } from "../../../ottl/values/compare.ts";
import { textOf } from "../../../ottl/values/text.ts";
import { OttlList, OttlMap, PlainMap } from "../../../ottl/values/value.ts";
import { memoryCompiler, type MemoryItem, memoryItem } from "../../support/ottl_context.ts";

const compiler = memoryCompiler();

function newItem(): MemoryItem {
  return memoryItem({
    "span.name": "GET",
    "span.kind": 3n,
    "span.attributes": new PlainMap([
      ["a", "x"],
      ["n", 5n],
      ["f", 2.5],
      ["b", true],
      ["m", new PlainMap([["k", "v"]])],
      ["l", new OttlList(["p", "q"])],
    ]),
  });
}

/** "load" is an error when it is compiled, "run" one when it meets the item. */
type Answer = boolean | "load" | "run";

const conditions: readonly (readonly [text: string, want: Answer])[] = [
  ['true or attributes["a"] > "x"', true],
  ['attributes["missing"] == nil', true],
  ['attributes["missing"] <= nil', true],
  ['attributes["missing"] < nil', false],
  ['attributes["missing"] != "z"', true],
  ['attributes["n"] == 5.0', true],
  ['attributes["n"] == "5"', false],
  ['attributes["n"] != "5"', true],
  ['5 < attributes["n"]', false],
  ['4 < attributes["n"]', true],
  ['attributes["n"] >= -5', true],
  ['attributes["b"] > false', true],
  ['attributes["m"]["zz"] == nil', true],
  ['attributes["a"]["zz"] == nil', "run"],
  ['attributes["l"][5] == nil', "run"],
  ['attributes["l"][-1] == nil', "run"],
  ['attributes["l"][attributes["n"] - 4] == "q"', true],
  ['attributes["m"][attributes["missing"]] == nil', "run"],
  ['attributes["l"] == ["p", "q"]', true],
  ['attributes["m"] == {"k": "v"}', true],
  ['not attributes["n"] == 5 or false', false],
  ['not (attributes["n"] == 5 and false)', true],
  ['attributes["a"] == "no" and attributes["a"]["k"] == 1', false],
  ['attributes["a"]["k"] == 1 or true', true],
  ['attributes["n"] + 1.5 == 6.5', true],
  ["7 / 2 == 3", true],
  ["-7 / 2 == -3", true],
  ['attributes["n"] / 0 == 1', "run"],
  ["1 / 0 == 1", "run"],
  ['attributes["a"] + 1 == 2', "run"],
  ["1 + 2 * 3 == 7 and (1 + 2) * 3 == 9", true],
  ["2 - 1 - 1 == 0", true],
  ['attributes["b"]', "load"],
  ['IsMatch(attributes["n"], "^5$")', true],
  ['IsMatch(attributes["missing"], ".*")', false],
  ['Int("abc") == 1', "load"],
  ['Int(attributes["a"]) == 1', "run"],
  ['Double(attributes["a"]) == nil', "run"],
  ['Double("abc") == nil', "load"],
  ['String(0x0aff) == "0aff"', true],
  ['Hex(1) == "0000000000000001"', true],
  ['Len("é") == 2', true],
  ['Substring("abc", 1, 5) == ""', "run"],
  ['Split("a,b", ",")[1] == "b"', true],
  ['Split("a,b", ",")[2] == "b"', "run"],
  ['ParseJSON("{\\"a\\":1}")["a"] == 1', true],
  ['ParseJSON("{\\"a\\":1}")["b"] == nil', "run"],
  ['Concat(["a", attributes["missing"]], "-") == "a-<nil>"', true],
  ['Format("%03d:%s", [attributes["n"], "y"]) == "005:y"', true],
  ['Coalesce([attributes["missing"], "", "z"]) == ""', true],
  ['Sort([3, "b", 1]) == [1, 3, "b"]', true],
  ['Duration("1h") + Duration("30m") == Duration("90m")', true],
  ['Time("2024-02-30", "%F") == nil', "run"],
  ['Time("x", "%Y-%m-%d 10") == nil', "load"],
  ['span.trace_id == TraceID("00000000000000000000000000000000")', true],
  ["span.trace_id == TraceID(0x00)", "load"],
  ["span.trace_id == 0x00000000000000000000000000000000", false],
  ['Coalesce([attributes["b"]])', true],
  ['Coalesce([attributes["a"]])', "run"],
  ['resource.attributes["a"] == nil', true],
  ["SPAN_KIND_CLIENT == span.kind", true],
];

Deno.test("conditions", async (t) => {
  for (const [text, want] of conditions) {
    await t.step(text, () => {
      if (want === "load") return throws(() => compiler.conditions([text]), OttlSyntaxError);
      const [condition] = compiler.conditions([text]);
      if (want === "run") throws(() => condition!.test(newItem()), OttlError);
      else strictEqual(condition!.test(newItem()), want);
    });
  }
});

/** What `result`, a value expression, equals afterwards; or "load", "run". */
const statements: readonly { text: string; result?: string; is: string }[] = [
  { text: 'set(attributes["new"]["x"][1], "y")', result: 'attributes["new"]', is: '{"x": [nil, "y"]}' },
  { text: 'set(attributes["a"]["k"], 1)', is: "run" },
  { text: "set(span.name, 5)", is: "run" },
  { text: 'set(attributes["t"], Now())', is: "run" },
  { text: 'set(attributes, {"only": 1})', result: "attributes", is: '{"only": 1}' },
  { text: 'keep_keys(attributes, ["a"])', result: "attributes", is: '{"a": "x"}' },
  { text: "flatten(attributes, depth=1)", result: 'attributes["m.k"]', is: '"v"' },
  { text: "flatten(attributes, depth=1)", result: 'attributes["l.1"]', is: '"q"' },
  { text: 'merge_maps(attributes, {"a":"y","z":1}, "insert")', result: 'attributes["a"]', is: '"x"' },
  { text: 'merge_maps(attributes, {"a":"y","z":1}, "insert")', result: 'attributes["z"]', is: "1" },
  { text: 'replace_pattern(attributes["a"], "(x)", "<$1>")', result: 'attributes["a"]', is: '"<x>"' },
  { text: 'replace_pattern(attributes["a"], "(x)", "$1y")', result: 'attributes["a"]', is: '""' },
  { text: 'replace_match(attributes["a"], "*", "z")', result: 'attributes["a"]', is: '"z"' },
  { text: 'replace_pattern(attributes["a"], "x", "x", SHA256)', result: 'attributes["a"]', is: 'SHA256("x")' },
  { text: 'limit(attributes, 1, ["a","b"])', is: "load" },
  { text: 'set(attributes["c"], span.kind) where span.kind == SPAN_KIND_CLIENT', result: 'attributes["c"]', is: "3" },
  { text: 'set(attributes["c"], span.kind) where span.kind == SPAN_KIND_SERVER', result: 'attributes["c"]', is: "nil" },
  { text: 'Set(attributes["a"], 1)', is: "load" },
  { text: 'set(attributes["a"], concat(["x"], ""))', is: "load" },
  { text: "truncate_all(attributes, 0)", result: 'attributes["a"]', is: '""' },
  { text: 'set(resource.attributes["r"], attributes["m"])', result: 'resource.attributes["r"]', is: '{"k": "v"}' },
  { text: 'set(cache["x"], attributes)', result: 'cache["x"]["l"][0]', is: '"p"' },
  { text: 'append(attributes["l"], "r")', result: 'attributes["l"]', is: '["p", "q", "r"]' },
];

Deno.test("statements", async (t) => {
  for (const { text, result, is } of statements) {
    await t.step(`${text}: ${result ?? is}`, () => {
      if (is === "load") return throws(() => compiler.statements([text]), OttlSyntaxError);
      const item = newItem();
      const sequence = new StatementSequence(compiler.statements([text]), "propagate");
      if (is === "run") return throws(() => sequence.run(item), OttlError);
      sequence.run(item);
      const got = compiler.value(result!).evaluate(item);
      ok(equalValues(got, compiler.value(is).evaluate(item)), textOf(got));
    });
  }
});

Deno.test("a path without a context is refused where the context is inferred", () => {
  const inferred = memoryCompiler({ prefixMode: "inferred" });
  strictEqual(inferred.conditions(["span.name == resource.attributes"]).length, 1);
  for (const text of ['set(span.name, attributes["x"])', "set(span.name, nope.name)", "set(span.name, nope)"]) {
    throws(
      () => inferred.statements([text]),
      (error) => error instanceof OttlSyntaxError && error.problems[0]?.category === "path_context",
    );
  }
});

Deno.test("what a statement copies is not what it copied from", () => {
  const item = newItem();
  const run = (texts: string[]) => new StatementSequence(compiler.statements(texts), "propagate").run(item);
  run([
    'set(cache["m"], attributes["m"])',
    'set(cache["m"]["k"], "new")',
    'merge_maps(cache, {"d": {"e": 1}}, "upsert")',
  ]);
  run(['set(cache["d"]["e"], 2)', 'merge_maps(cache, {"d": {"e": 1}}, "upsert")']);
  strictEqual(textOf((item.get("span.attributes") as OttlMap).get("m")!), '{"k":"v"}');
  strictEqual(textOf(item.get("span.cache")!), '{"d":{"e":1},"m":{"k":"new"}}');
});

Deno.test("a condition as long as a text may be does not overflow the stack", () => {
  const term = 'name == "x"';
  for (const [operator, want] of [["or", false], ["and", false]] as const) {
    const text = Array.from({ length: 4_000 }, () => term).join(` ${operator} `);
    strictEqual(compiler.conditions([text])[0]!.test(newItem()), want);
  }
  const sum = Array.from({ length: 1_000 }, () => 'attributes["n"]').join(" + ");
  strictEqual(compiler.value(sum).evaluate(newItem()), 5_000n);
});

Deno.test("what the text alone decides is told, and nothing beside it runs", () => {
  const known = (text: string) => compiler.conditions([text])[0]!.known;
  strictEqual(known("2 == -(-2)"), undefined);
  strictEqual(known("1 + 1 == 2"), undefined);
  strictEqual(known("-2 < (2)"), true);
  strictEqual(known('name == "x" or not 1 == 2'), true);
  strictEqual(known('true or name == "x"'), true);
  strictEqual(known('name == "x" and false'), false);
  strictEqual(known("not (true and 1 < 2)"), false);
  strictEqual(known('false or [1, "a"] == ["a"]'), false);
  strictEqual(known("1 / 0 == 1"), undefined);
});
