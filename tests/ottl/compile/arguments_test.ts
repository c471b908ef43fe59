import { deepStrictEqual, strictEqual, throws } from "node:assert";
import {
  alias,
  any,
  boolLike,
  bytesLike,
  converter,
  duration,
  dynamicListOf,
  editor,
  floatLike,
  fn,
  type FunctionDefinition,
  int,
  intLike,
  lambda,
  listOf,
  litBool,
  litFloat,
  litInt,
  litStr,
  map,
  mapPath,
  optional,
  type Parameter,
  path,
  slice,
  slicePath,
  str,
  strLike,
  time,
} from "../../../ottl/functions/definition.ts";
import { functionTable, OttlError, OttlSyntaxError } from "../../../ottl/mod.ts";
import { Id, OttlList, OttlMap, PlainMap, type Value } from "../../../ottl/values/value.ts";
import { memoryCompiler, memoryItem } from "../../support/ottl_context.ts";

const FRAME = { summary: "", examples: [] };

/** `Name(value)`: what evaluating its one argument gives, or the argument itself where it is given at load. */
function echo(name: string, kind: Parameter): FunctionDefinition {
  return converter({
    ...FRAME,
    name,
    parameters: { value: kind },
    compile: ({ value }) => (item) => {
      const given = value as { evaluate(item: object): Value };
      return typeof given === "object" && "evaluate" in given ? given.evaluate(item) : value as Value;
    },
  });
}

const ECHOES: Readonly<Record<string, Parameter>> = {
  Any: any,
  Str: str,
  Int: int,
  Map: map,
  Slice: slice,
  Time: time,
  Duration: duration,
  StrLike: strLike,
  IntLike: intLike,
  FloatLike: floatLike,
  BoolLike: boolLike,
  BytesLike: bytesLike,
  LitStr: litStr,
  LitInt: litInt,
  LitFloat: litFloat,
  LitBool: litBool,
  Path: path,
  MapPath: mapPath,
  SlicePath: slicePath,
};

const join = converter({
  ...FRAME,
  name: "Join",
  parameters: { first: str, secondPart: optional(alias(str, "xPath")), third: optional(litInt) },
  compile: ({ first, secondPart, third }) => (item) =>
    [first.evaluate(item), secondPart?.evaluate(item) ?? "-", third ?? "-"].join(" "),
});

const counted = converter({
  ...FRAME,
  name: "Counted",
  parameters: { values: listOf(int) },
  compile: ({ values }) => (item) => values.reduce((sum, value) => sum + value.evaluate(item), 0n),
});

const dynamic = converter({
  ...FRAME,
  name: "Dynamic",
  parameters: { values: dynamicListOf(str) },
  compile: ({ values: { elements, list } }) => (item) =>
    elements === undefined ? list!.evaluate(item) : new OttlList(elements.map((element) => element.evaluate(item))),
});

const apply = converter({
  ...FRAME,
  name: "Apply",
  parameters: { function: fn, text: str },
  compile: ({ function: given, text }) => (item) => given.call(item, text.evaluate(item)),
});

const call = converter({
  ...FRAME,
  name: "Call",
  parameters: { body: lambda, first: any, second: any },
  gate: "ottl.functions.enableLambda",
  compile: ({ body, first, second }) => (item) => body.call(item, [first.evaluate(item), second.evaluate(item)]),
});

const id = converter({
  ...FRAME,
  name: "SpanID",
  parameters: { value: bytesLike },
  folds: true,
  compile: ({ value }) => (item) => new Id("span_id", value.evaluate(item) ?? new Uint8Array(8)),
});

const nothing = converter({ ...FRAME, name: "Nothing", parameters: {}, compile: () => () => null });

const never = converter({
  ...FRAME,
  name: "Never",
  parameters: { value: any },
  compile: ({ value }) => {
    if (value.constant !== undefined) throw new OttlError("arg_value", "this can never do");
    return (item) => value.evaluate(item);
  },
});

const put = editor({
  ...FRAME,
  name: "put",
  parameters: { target: path, value: any },
  compile: ({ target, value }) => (item) => target.set(item, value.evaluate(item)),
});

const compiler = memoryCompiler({
  functions: functionTable(
    [join, counted, dynamic, apply, call, id, nothing, never, put],
    Object.entries(ECHOES).map(([name, kind]) => echo(name, kind)),
  ),
  gates: new Set(["ottl.functions.enableLambda"]),
});

const item = memoryItem({
  "span.name": "GET",
  "span.attributes": new PlainMap([["s", "12"], ["n", 5n], ["m", new PlainMap([["k", "v"]])], [
    "l",
    new OttlList(["p", "q"]),
  ]]),
});

const good: { text: string; want: Value }[] = [
  { text: "Any(-5)", want: -5n },
  { text: "Str(name)", want: "GET" },
  { text: 'IntLike(attributes["s"])', want: 12n },
  { text: 'IntLike(attributes["missing"])', want: null },
  { text: "StrLike(5)", want: "5" },
  { text: "FloatLike(true)", want: 1 },
  { text: 'BytesLike("a")', want: Uint8Array.of(97) },
  { text: 'LitStr("x")', want: "x" },
  { text: "LitInt(5)", want: 5n },
  { text: "LitFloat(5.)", want: 5 },
  { text: "LitBool(true)", want: true },
  { text: "Int(SPAN_KIND_CLIENT)", want: 3n },
  { text: 'Path(attributes["n"])', want: 5n },
  { text: 'Join("a")', want: "a - -" },
  { text: 'Join("a", "b", 3)', want: "a b 3" },
  { text: 'Join("a", third=3)', want: "a - 3" },
  { text: 'Join(first="a", second_part="b")', want: "a b -" },
  { text: 'Join(secondPart="b", first="a")', want: "a b -" },
  { text: 'Join("a", x_path="b")', want: "a b -" },
  { text: 'Join("a", xpath="b")', want: "a b -" },
  { text: 'Join(first="a", first="b")', want: "b - -" },
  { text: "Counted([1, 2, -3])", want: 0n },
  { text: "Counted([])", want: 0n },
  { text: 'Dynamic(["a"])', want: new OttlList(["a"]) },
  { text: 'Dynamic(attributes["l"])', want: new OttlList(["p", "q"]) },
  { text: 'Apply(Str, "x")', want: "x" },
  { text: "SpanID(0x0102030405060708)", want: new Id("span_id", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)) },
  { text: "Nothing(1, what = 2, Unknown())", want: null },
  { text: "Call((a, b) => a + b, 1, 2)", want: 3n },
  { text: "Call((a, _) => a == name and true, name, 2)", want: true },
  { text: 'Call((a, _) => a["k"], attributes["m"], 2)', want: "v" },
  { text: "Call((_, _) => name, 1, 2)", want: "GET" },
  { text: "Call((name, b) => Call((b, _) => name + b, b, 0), 1, 2)", want: 3n },
];

Deno.test("arguments that fit", async (t) => {
  for (const { text, want } of good) {
    await t.step(text, () => deepStrictEqual(compiler.value(text).evaluate(item), want));
  }
});

/** Category of each problem at load, and the part of the text that it points to. */
const bad: { text: string; category: string; at: string }[] = [
  { text: "Str(1)", category: "arg_type", at: "1" },
  { text: "Str(nil)", category: "arg_type", at: "nil" },
  { text: "Slice({})", category: "arg_type", at: "{}" },
  { text: 'IntLike("x")', category: "arg_type", at: '"x"' },
  { text: "BoolLike(0x00)", category: "arg_type", at: "0x00" },
  { text: "LitStr(name)", category: "arg_type", at: "name" },
  { text: "LitInt(5.0)", category: "arg_type", at: "5.0" },
  { text: "LitInt(-5)", category: "arg_type", at: "-5" },
  { text: "LitInt(1 + 1)", category: "arg_type", at: "1 + 1" },
  { text: "LitFloat(5)", category: "arg_type", at: "5" },
  { text: "Int(SPAN_KIND_NOPE)", category: "unknown_enum", at: "SPAN_KIND_NOPE" },
  { text: 'Path("a")', category: "arg_type", at: '"a"' },
  { text: 'Path(-attributes["n"])', category: "arg_type", at: '-attributes["n"]' },
  { text: "Call((a, _) => Path(a), 1, 2)", category: "arg_type", at: "a" },
  { text: 'Counted(attributes["l"])', category: "arg_type", at: 'attributes["l"]' },
  { text: 'Counted([1, "2", name, 3.0])', category: "arg_type arg_type", at: '"2" 3.0' },
  { text: 'Dynamic("a")', category: "arg_type", at: '"a"' },
  { text: "Dynamic(1)", category: "arg_type", at: "1" },
  { text: 'Apply(Nope, "x")', category: "unknown_function", at: "Nope" },
  { text: 'Apply(Str("x"), "x")', category: "arg_type", at: 'Str("x")' },
  { text: "Any((a) => a)", category: "arg_type", at: "(a) => a" },
  { text: "Call(name, 1, 2)", category: "arg_type", at: "name" },
  { text: "Call((a, _) => a.b, 1, 2)", category: "unknown_path", at: "b" },
  { text: "Join()", category: "arity", at: "Join()" },
  { text: 'Join("a", "b", 3, 4)', category: "arity", at: 'Join("a", "b", 3, 4)' },
  { text: 'Join(first="a", "b")', category: "arity", at: '"b"' },
  { text: 'Join("a", nope="b")', category: "arity", at: 'nope="b"' },
  { text: 'Join(second_part="b")', category: "arity", at: 'Join(second_part="b")' },
  { text: "Never(1)", category: "arg_value", at: "Never(1)" },
  { text: '{"id": SpanID("x")}', category: "type", at: '{"id": SpanID("x")}' },
  { text: "Any(nope)", category: "unknown_path", at: "nope" },
  { text: 'Any(name["k"])', category: "path_keys", at: 'name["k"]' },
  { text: "Nope(1)", category: "unknown_function", at: "Nope" },
  { text: '{"t": Any(Nope(nope)), "u": Str(1)}', category: "unknown_function arg_type", at: "Nope 1" },
];

function problemsOf(load: () => unknown): { readonly category: string; readonly at: string } {
  try {
    load();
  } catch (error) {
    if (!(error instanceof OttlSyntaxError)) throw error;
    const { problems } = error;
    return {
      category: problems.map(({ category }) => category).join(" "),
      at: problems.map(({ text, span }) => text.slice(span.start, span.end)).join(" "),
    };
  }
  return { category: "", at: "" };
}

Deno.test("arguments that do not load", async (t) => {
  for (const { text, category, at } of bad) {
    await t.step(text, () => deepStrictEqual(problemsOf(() => compiler.value(text)), { category, at }));
  }
});

const failing: { text: string; category: string }[] = [
  { text: 'Str(attributes["n"])', category: "type" },
  { text: "Str(-(-1))", category: "type" },
  { text: "Str(1 + 1)", category: "type" },
  { text: 'Int(attributes["missing"])', category: "type" },
  { text: "IntLike(name)", category: "arg_value" },
  { text: 'BoolLike(attributes["l"])', category: "type" },
  { text: 'MapPath(attributes["l"])', category: "type" },
  { text: 'SlicePath(attributes["missing"])', category: "type" },
  { text: 'Apply(StrLike, "x")', category: "arg_type" },
  { text: 'Apply(Nothing, "x")', category: "arg_type" },
  { text: "Call((a) => a, 1, 2)", category: "arity" },
  { text: 'Call((a, _) => a["zz"], attributes["m"], 2)', category: "index" },
  { text: 'Any(attributes["m"])["zz"]', category: "index" },
  { text: '{"t": span.start_time}', category: "type" },
];

Deno.test("arguments that fail for an item", async (t) => {
  for (const { text, category } of failing) {
    await t.step(text, () => {
      const { evaluate } = compiler.value(text);
      throws(() => evaluate(item), (error) => error instanceof OttlError && error.category === category);
    });
  }
});

Deno.test("a function that is behind a gate does not load without it", () => {
  const closed = memoryCompiler({ functions: functionTable([call, put]), gates: new Set() });
  deepStrictEqual(problemsOf(() => closed.value("Call((a, b) => a, 1, 2)")), { category: "gate", at: "Call" });
});

Deno.test("all problems of all texts are told at once, with suggestions", () => {
  const load = () =>
    compiler.statements([
      "put(nme, Srt(1)) where kind == SPAN_KIND_CLIENTS or resource.attribute == 1",
      'put(name, "fine")',
      "putt(name, 1)",
    ]);
  throws(load, (error) => {
    if (!(error instanceof OttlSyntaxError)) return false;
    deepStrictEqual(error.problems.map(({ message }) => /did you mean (.*)\?/.exec(message)?.[1]), [
      '"span.name"',
      '"Str"',
      '"SPAN_KIND_CLIENT"',
      '"resource.attributes"',
      '"put"',
    ]);
    return true;
  });
});

Deno.test("a map literal is a new map for every item", () => {
  const expression = compiler.value('{"m": attributes["m"], "n": 1}');
  const made = expression.evaluate(item) as OttlMap;
  (made.get("m") as OttlMap).set("k", "changed");
  strictEqual((expression.evaluate(item) as OttlMap).get("n"), 1n);
  strictEqual(((item.get("span.attributes") as OttlMap).get("m") as OttlMap).get("k"), "v");
});
