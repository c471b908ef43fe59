import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { functionTable, OttlError, StatementSequence } from "../../../ottl/mod.ts";
import { DEFAULT_OTTL_LIMITS, type OttlLimits } from "../../../ottl/limits.ts";
import { OttlList, OttlMap, PlainMap, type Value } from "../../../ottl/values/value.ts";
import { STANDARD_CONVERTERS, STANDARD_EDITORS } from "../../../ottl/functions/table.ts";
import { MEMORY_TOOLS, memoryCompiler, memoryItem } from "../../support/ottl_context.ts";

const LIMITS: OttlLimits = { ...DEFAULT_OTTL_LIMITS, maxValueBytes: 20, maxEntries: 3, maxCachedPatterns: 2 };
const compiler = memoryCompiler({
  functions: functionTable(STANDARD_EDITORS, STANDARD_CONVERTERS),
  tools: { ...MEMORY_TOOLS, limits: LIMITS },
});
const isError = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

function evaluate(text: string, attributes: Record<string, Value> = {}): Value {
  return compiler.value(text).evaluate(memoryItem({ "span.attributes": new PlainMap(Object.entries(attributes)) }));
}

function run(statement: string, attributes: Record<string, Value>): [string, Value][] {
  const item = memoryItem({ "span.attributes": new PlainMap(Object.entries(attributes)) });
  new StatementSequence(compiler.statements([statement]), "propagate").run(item);
  return (item.get("span.attributes") as OttlMap).entries();
}

const bounds: { name: string; text: string; at: Record<string, Value>; past: Record<string, Value> }[] = [
  {
    name: "Concat",
    text: 'Concat([attributes["a"], attributes["a"]], "--")',
    at: { a: "123456789" },
    past: { a: "1234567890" },
  },
  { name: "Split", text: 'Split(attributes["a"], ",")', at: { a: "a,b,c" }, past: { a: "a,b,c,d" } },
  { name: "Split into characters", text: 'Split(attributes["a"], "")', at: { a: "abc" }, past: { a: "abcd" } },
  { name: "Format", text: 'Format("%s!", [attributes["a"]])', at: { a: "a".repeat(19) }, past: { a: "a".repeat(20) } },
  {
    name: "ToKeyValueString",
    text: "ToKeyValueString(attributes)",
    at: { a: "a".repeat(18) },
    past: { a: "a".repeat(19) },
  },
];

Deno.test("what converters of texts make is bound", async (t) => {
  for (const { name, text, at, past } of bounds) {
    await t.step(name, () => {
      evaluate(text, at);
      throws(() => evaluate(text, past), isError("limit"));
    });
  }
});

Deno.test("what the editors by pattern make is bound", async (t) => {
  for (const call of ['replace_pattern(attributes["a"], ', 'replace_all_patterns(attributes, "value", ']) {
    await t.step(call, () => {
      const statement = `${call}"x", "0123456789")`;
      deepStrictEqual(run(statement, { a: "xx" }), [["a", "01234567890123456789"]]);
      throws(() => run(statement, { a: "xxx" }), isError("limit"));
    });
  }
});

Deno.test("patterns of the data are compiled anew only when they fell out of what is kept", () => {
  const isMatch = compiler.value('IsMatch("abc", attributes["p"])');
  const answer = (p: string) => isMatch.evaluate(memoryItem({ "span.attributes": new PlainMap([["p", p]]) }));
  deepStrictEqual(["^a", "b", "z", "^a", "b"].map(answer), [true, true, false, true, true]);
  throws(() => answer("("), isError("arg_value"));
  strictEqual(answer("^a"), true);
});

const editors: { name: string; statement: string; given: Record<string, Value>; want: [string, Value][] }[] = [
  {
    name: "of two keys that become one the last value stays, in the place of the first",
    statement: 'replace_all_patterns(attributes, "key", "[0-9]", "")',
    given: { a1: 1n, b: 2n, a2: 3n },
    want: [["a", 3n], ["b", 2n]],
  },
  {
    name: "where the function fails a value stays",
    statement: 'replace_all_patterns(attributes, "value", "x", "$0", Len)',
    given: { a: "x", b: "y" },
    want: [["a", "x"], ["b", "y"]],
  },
  {
    name: "where the function fails an entry is lost with its key",
    statement: 'replace_all_patterns(attributes, "key", "x", "$0", Len)',
    given: { x: 1n, y: 2n },
    want: [["y", 2n]],
  },
  {
    name: "what the function gives is not expanded again",
    statement: 'replace_pattern(attributes["a"], "(x)", "$$1", ToUpperCase)',
    given: { a: "x" },
    want: [["a", "$1"]],
  },
  {
    name: "a second %s has nothing to print",
    statement: 'replace_pattern(attributes["a"], "x", "y", ToUpperCase, "%s%s")',
    given: { a: "x" },
    want: [["a", "Y%!s(MISSING)"]],
  },
  {
    name: "a glob does not expand",
    statement: 'replace_match(attributes["a"], "*", "$1")',
    given: { a: "x" },
    want: [["a", "$1"]],
  },
];

Deno.test("editors by pattern", async (t) => {
  for (const { name, statement, given, want } of editors) {
    await t.step(name, () => deepStrictEqual(run(statement, given), want));
  }
});

const sorts: { name: string; items: Value[]; order: string; want: Value[] }[] = [
  { name: "equal elements keep their order", items: [1.0, 1n, 0n], order: "asc", want: [0n, 1.0, 1n] },
  { name: "also downwards", items: [1.0, 1n, 2n], order: "desc", want: [2n, 1.0, 1n] },
  { name: "not a number first", items: [1.5, NaN, -1.5], order: "asc", want: [NaN, -1.5, 1.5] },
  {
    name: "strings by their bytes",
    items: ["\u{10000}", "\uffff", "a"],
    order: "asc",
    want: ["a", "\uffff", "\u{10000}"],
  },
  { name: "nil is the empty text", items: ["a", null, false], order: "asc", want: [null, "a", false] },
  { name: "great ints exactly", items: [2n ** 60n + 1n, 2n ** 60n], order: "asc", want: [2n ** 60n, 2n ** 60n + 1n] },
  {
    name: "bytes are not sorted",
    items: [Uint8Array.of(2), Uint8Array.of(1)],
    order: "asc",
    want: [Uint8Array.of(2), Uint8Array.of(1)],
  },
];

Deno.test("Sort", async (t) => {
  for (const { name, items, order, want } of sorts) {
    await t.step(name, () => {
      const list = evaluate(`Sort(attributes["l"], "${order}")`, { l: new OttlList(items) });
      deepStrictEqual((list as OttlList).items, want);
    });
  }
});

Deno.test("strings that end in half a character", () => {
  const half = evaluate('Substring("é", 0, 1)') as string;
  strictEqual(evaluate('HasPrefix("éa", attributes["h"])', { h: half }), true);
  strictEqual(evaluate('Index("aé", attributes["h"])', { h: half }), 1n);
  strictEqual(evaluate('Len(attributes["h"])', { h: half }), 1n);
  strictEqual(evaluate('Hex(TrimPrefix("é", attributes["h"]))', { h: half }), "a9");
  strictEqual(evaluate('Concat([Substring("é", 0, 1), Substring("é", 1, 1)], "")'), "é");
});
