/**
 * What the parser reads, what it refuses and in which words, and its limits.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { DEFAULT_OTTL_LIMITS, type OttlLimits } from "../../../ottl/limits.ts";
import type { ValueNode } from "../../../ottl/syntax/ast.ts";
import { MAX_MATH_OPERATORS } from "../../../ottl/syntax/expression_parser.ts";
import { parseCondition, parseRule, parseStatement, parseValue } from "../../../ottl/syntax/parser.ts";
import { type OttlProblem, OttlSyntaxError, placeOf } from "../../../ottl/syntax/problem.ts";
import { printCondition, printStatement } from "../../support/ottl_print.ts";
import { withoutPlaces } from "../../support/ottl_trees.ts";

const int = (value: bigint) => ({ kind: "int", value });
const field = (name: string, ...keys: unknown[]) => ({ name, keys });
const string = (value: string) => ({ kind: "string", value });

/** `want` is the tree without places. */
const VALUES: { readonly text: string; readonly want: unknown }[] = [
  { text: "nil", want: { kind: "nil" } },
  { text: "1", want: int(1n) },
  { text: "010", want: int(8n) },
  { text: "9223372036854775807", want: int(9223372036854775807n) },
  { text: "1.", want: { kind: "float", value: 1 } },
  { text: ".5", want: { kind: "float", value: 0.5 } },
  { text: "1.e5", want: { kind: "float", value: 1e5 } },
  { text: "1.5E-3", want: { kind: "float", value: 0.0015 } },
  { text: "true", want: { kind: "bool", value: true } },
  { text: "0x0aFF", want: { kind: "bytes", value: new Uint8Array([0x0a, 0xff]) } },
  { text: '"a\\n\\"\\\\\\x41\\101\\u00e9\\U0001F600"', want: string('a\n"\\AAé😀') },
  { text: '"\\xff\\377"', want: string("ÿÿ") },
  { text: '"a\nb"', want: string("a\nb") },
  { text: '"nil"', want: string("nil") },
  { text: "SPAN_KIND_CLIENT", want: { kind: "enum", name: "SPAN_KIND_CLIENT" } },
  { text: "null", want: { kind: "path", fields: [field("null")] } },
  { text: "[]", want: { kind: "list", items: [] } },
  { text: "{}", want: { kind: "map", entries: [] } },
  {
    text: '{"a": 1 "b": nil,}',
    want: { kind: "map", entries: [{ key: "a", value: int(1n) }, { key: "b", value: { kind: "nil" } }] },
  },
  {
    text: 'a . b["x"][0].where',
    want: { kind: "path", fields: [field("a"), field("b", string("x"), int(0n)), field("where")] },
  },
  {
    text: "a[-1]",
    want: { kind: "path", fields: [field("a", { kind: "sign", sign: "-", value: int(1n) })] },
  },
  { text: "(1)", want: { kind: "sign", sign: "()", value: int(1n) } },
  { text: "((1))", want: { kind: "sign", sign: "()", value: int(1n) } },
  { text: "-(1)", want: { kind: "sign", sign: "-", value: int(1n) } },
  {
    text: "1 - 2 * 3 - 4",
    want: {
      kind: "math",
      operator: "-",
      left: {
        kind: "math",
        operator: "-",
        left: int(1n),
        right: { kind: "math", operator: "*", left: int(2n), right: int(3n) },
      },
      right: int(4n),
    },
  },
  {
    text: "Is Match(max_depth = 1, SHA256, Murmur3 Hash)[0]",
    want: {
      kind: "call",
      name: "IsMatch",
      arguments: [
        { name: "max_depth", value: int(1n) },
        { name: undefined, value: { kind: "enum", name: "SHA256" } },
        { name: undefined, value: { kind: "enum", name: "Murmur3Hash" } },
      ],
      keys: [int(0n)],
    },
  },
  {
    text: "(a, _) => a.b",
    want: { kind: "lambda", parameters: ["a", "_"], body: { kind: "path", fields: [field("a"), field("b")] } },
  },
  {
    text: "() => (true)",
    want: { kind: "lambda", parameters: [], body: { kind: "bool", value: true } },
  },
];

Deno.test("parseValue()", async (t) => {
  for (const { text, want } of VALUES) {
    await t.step(text, () => deepStrictEqual(withoutPlaces(parseValue(text)), want));
  }
});

Deno.test("every node tells its place", () => {
  const text = ' set(attributes["a"] [0], -Len(name)) where not (name == "x")';
  const { editor, where, span } = parseStatement(text);
  const at = ({ start, end }: { readonly start: number; readonly end: number }) => text.slice(start, end);
  strictEqual(at(span), text.trim());
  strictEqual(at(editor.nameSpan), "set");
  const [target, value] = editor.arguments.map((argument) => argument.value) as [ValueNode, ValueNode];
  strictEqual(at(target.span), 'attributes["a"] [0]');
  strictEqual(at(value.span), "-Len(name)");
  strictEqual(at(where!.span), 'not (name == "x")');
  strictEqual(where?.kind === "not" && at(where.term.span), 'name == "x"');
});

/** Each is the same as the statement. */
const RULES: { readonly rule: string; readonly statement: string }[] = [
  { rule: 'name == "a" > set(kind, 1)', statement: 'set(kind, 1) where name == "a"' },
  { rule: "IsRootSpan()>set(kind, 1)", statement: "set(kind, 1) where IsRootSpan()" },
  { rule: "a > 1 > set(kind, 1)", statement: "set(kind, 1) where a > 1" },
  { rule: '(a > b) > delete_key(c, "d")', statement: 'delete_key(c, "d") where a > b' },
  { rule: "true > set(where, 1 + 1)", statement: "set(where, 1 + 1) where true" },
];

Deno.test("parseRule()", async (t) => {
  for (const { rule, statement } of RULES) {
    await t.step(rule, () => {
      const parsed = parseRule(rule);
      strictEqual(parsed.text, rule);
      deepStrictEqual(withoutPlaces(parsed), withoutPlaces(parseStatement(statement)));
      strictEqual(printStatement(parsed), statement);
    });
  }
});

type Kind = "statement" | "condition" | "expression" | "rule";

const PARSERS: Readonly<Record<Kind, (text: string, limits?: OttlLimits) => unknown>> = {
  statement: parseStatement,
  condition: parseCondition,
  expression: parseValue,
  rule: parseRule,
};

/** `want` is told behind "<kind> has invalid syntax: ". */
const REFUSED: { readonly kind: Kind; readonly text: string; readonly at: string; readonly want: string }[] = [
  {
    kind: "statement",
    text: "",
    at: "1:1",
    want:
      "there is no text, wanted an editor with its arguments, such as set(…) (a statement calls one, and may have where behind it)",
  },
  {
    kind: "statement",
    text: 'name == "x"',
    at: "1:6",
    want:
      '"==" is unexpected, wanted an editor with its arguments, such as set(…) (a statement calls one, and may have where behind it)',
  },
  { kind: "statement", text: 'set(attributes["a"] 1)', at: "1:21", want: '"1" is unexpected, wanted "," or ")"' },
  { kind: "statement", text: "set(name, 1", at: "1:12", want: 'the text ends, wanted "," or ")"' },
  {
    kind: "statement",
    text: "set(name,\n  fooBar)",
    at: "2:6",
    want: '"B" is unexpected, wanted "," or ")" (names in paths are written in lower_case)',
  },
  {
    kind: "statement",
    text: "set(name, 1) WHERE true",
    at: "1:14",
    want: '"WHERE" is unexpected, wanted the end (write where)',
  },
  { kind: "statement", text: "set(name, 1) where", at: "1:19", want: "the text ends, wanted a value" },
  {
    kind: "statement",
    text: "set(name, [1,])",
    at: "1:14",
    want: '"]" is unexpected, wanted a value (a comma stands between two)',
  },
  {
    kind: "condition",
    text: 'name = "x"',
    at: "1:6",
    want: '"=" is unexpected, wanted "==" (compare with ==, name arguments like name=value)',
  },
  { kind: "condition", text: "a == 1 && b == 2", at: "1:8", want: '"&" is no character of the language, wanted and' },
  { kind: "condition", text: "a == 1 AND b == 2", at: "1:8", want: '"AND" is unexpected, wanted the end (write and)' },
  {
    kind: "condition",
    text: 'attributes["b"]',
    at: "1:1",
    want: "a path is no condition by itself, wanted a comparison, such as … == true",
  },
  {
    kind: "condition",
    text: 'is_match(name, "x")',
    at: "1:1",
    want: '"is_match" is no condition, wanted a converter, whose name begins with an upper-case letter',
  },
  { kind: "condition", text: "TRUE", at: "1:1", want: "an enum symbol is no condition by itself, wanted true" },
  { kind: "condition", text: "a == True", at: "1:6", want: '"True" is no value, wanted true' },
  {
    kind: "condition",
    text: "not not true",
    at: "1:5",
    want: '"not" is unexpected, wanted a value (write not (not …))',
  },
  {
    kind: "condition",
    text: "1 < 2 < 3",
    at: "1:7",
    want: '"<" is unexpected, wanted the end (a condition compares once, and is no value)',
  },
  {
    kind: "condition",
    text: "(true) == true",
    at: "1:8",
    want: '"==" is unexpected, wanted the end (a condition compares once, and is no value)',
  },
  {
    kind: "condition",
    text: "true == (1 < 2)",
    at: "1:12",
    want: '"<" is unexpected, wanted ")" (a condition compares once, and is no value)',
  },
  {
    kind: "condition",
    text: "('a')",
    at: "1:2",
    want: '"\'" is no character of the language, a string stands in double quotes: "…"',
  },
  {
    kind: "condition",
    text: '("a")',
    at: "1:2",
    want: "a string stands in parentheses, wanted a condition or math there",
  },
  {
    kind: "expression",
    text: '"a" + "b"',
    at: "1:1",
    want:
      "a string is no operand of math, wanted a number, a path, a converter or parentheses (join strings with Concat)",
  },
  {
    kind: "expression",
    text: "1 + [2]",
    at: "1:5",
    want: "a list is no operand of math, wanted a number, a path, a converter or parentheses",
  },
  { kind: "expression", text: "--1", at: "1:2", want: '"-" is unexpected, wanted a value' },
  {
    kind: "expression",
    text: "1e5",
    at: "1:2",
    want: '"e5" is unexpected, wanted the end (a float has a point: 1.0e5)',
  },
  {
    kind: "expression",
    text: "0X1f",
    at: "1:2",
    want: '"X1" is unexpected, wanted the end (a bytes literal begins with 0x)',
  },
  { kind: "expression", text: "0x123", at: "1:1", want: "a bytes literal has 3 hex digits, wanted two for each byte" },
  {
    kind: "expression",
    text: "5s",
    at: "1:2",
    want: '"s" is unexpected, wanted the end (a duration is Duration("5s"))',
  },
  {
    kind: "expression",
    text: "-9223372036854775808",
    at: "1:2",
    want: "an int is larger than 64 bits hold, wanted at most 9223372036854775807",
  },
  { kind: "expression", text: "08", at: "1:1", want: "an int with a leading 0 is octal, wanted digits from 0 to 7" },
  {
    kind: "expression",
    text: "1.0e999",
    at: "1:1",
    want: "a float is larger than 64 bits hold, wanted at most 1.7976931348623157e308",
  },
  {
    kind: "expression",
    text: '"\\d"',
    at: "1:2",
    want: "\\d is no escape, wanted \\\\d for a backslash in the string",
  },
  {
    kind: "expression",
    text: '"a\\400"',
    at: "1:3",
    want: "\\4 is no escape, wanted \\xHH, \\uHHHH, \\UHHHHHHHH or \\OOO of a character",
  },
  {
    kind: "expression",
    text: '"\\ud800"',
    at: "1:2",
    want: "\\u is no escape, wanted \\xHH, \\uHHHH, \\UHHHHHHHH or \\OOO of a character",
  },
  {
    kind: "expression",
    text: '"\\U00110000"',
    at: "1:2",
    want: "\\U is no escape, wanted \\xHH, \\uHHHH, \\UHHHHHHHH or \\OOO of a character",
  },
  { kind: "expression", text: '"a\\\nb"', at: "1:3", want: "a line break follows a backslash, wanted \\n" },
  { kind: "expression", text: '"a', at: "1:1", want: 'a string is not closed, wanted "' },
  {
    kind: "expression",
    text: "a\u00a0",
    at: "1:2",
    want: '"\u00a0" is no character of the language, it stands in strings only',
  },
  {
    kind: "expression",
    text: "a[1 + 1]",
    at: "1:5",
    want: '"+" is unexpected, wanted "]" (a key that begins with a literal is only that; put math in parentheses)',
  },
  {
    kind: "expression",
    text: "a[nil]",
    at: "1:3",
    want: '"nil" is unexpected, wanted a string, an int, a path, a converter or math',
  },
  {
    kind: "expression",
    text: "[Foo]",
    at: "1:2",
    want: '"Foo" is no value, wanted the call Foo(…) or a symbol in upper case',
  },
  { kind: "expression", text: "{a: 1}", at: "1:2", want: '"a" is unexpected, wanted a key in double quotes, or }' },
  { kind: "expression", text: "(a, a) => a", at: "1:1", want: 'a lambda has two parameters "a", wanted each once' },
  {
    kind: "expression",
    text: "(a) => (b) => b",
    at: "1:8",
    want: "the body of a lambda is itself a lambda, wanted a value",
  },
  { kind: "expression", text: "_", at: "1:1", want: '"_" is unexpected, wanted a value' },
  {
    kind: "rule",
    text: "set(name, 1) where true",
    at: "1:1",
    want: "an editor stands where a condition is wanted: condition > set(…)",
  },
  {
    kind: "rule",
    text: "a == 1 or c > set(kind, 1)",
    at: "1:11",
    want: "a path is no condition by itself, wanted a comparison, such as … == true",
  },
  { kind: "rule", text: "a == 1 > set(kind, 1) where true", at: "1:23", want: '"where" is unexpected, wanted the end' },
];

Deno.test("what is refused, with its words and place", async (t) => {
  for (const { kind, text, at, want } of REFUSED) {
    await t.step(`${kind}: ${text}`, () => {
      const [problem, ...others] = problemsOf(kind, text);
      strictEqual(problem?.message, `${kind} has invalid syntax: ${want}`);
      strictEqual(showPlace(problem), at);
      strictEqual(problem.category, "syntax");
      deepStrictEqual(others, []);
    });
  }
});

/** Wrong names do not end the reading: all of them are told. */
const MISNAMED: { readonly kind: Kind; readonly text: string; readonly want: readonly string[] }[] = [
  {
    kind: "statement",
    text: 'Set(name, concat(["x"], upper(name))) where is_match(name, "x") == true',
    want: [
      '1:1: editor names must start with a lowercase letter but got "Set"',
      '1:11: converter names must start with an uppercase letter but got "concat"',
      '1:25: converter names must start with an uppercase letter but got "upper"',
      '1:45: converter names must start with an uppercase letter but got "is_match"',
    ],
  },
  {
    kind: "statement",
    text: 'set(name, 1)["x"]',
    want: ["1:13: only paths and converters may be indexed, not editors"],
  },
  {
    kind: "rule",
    text: "a == 1 > Set(name, 1)",
    want: ['1:10: editor names must start with a lowercase letter but got "Set"'],
  },
];

Deno.test("wrong names", async (t) => {
  for (const { kind, text, want } of MISNAMED) {
    await t.step(text, () => {
      const problems = problemsOf(kind, text);
      deepStrictEqual(problems.map((problem) => `${showPlace(problem)}: ${problem.message}`), want);
      ok(problems.every(({ category }) => category === "naming"));
    });
  }
});

Deno.test("an error shows each problem with its line and carets", () => {
  try {
    parseStatement("set(name,\n  concat(name))");
    throw new Error("not refused");
  } catch (thrown) {
    ok(thrown instanceof OttlSyntaxError);
    strictEqual(
      thrown.message,
      '2:3: converter names must start with an uppercase letter but got "concat"\n' +
        "      concat(name))\n" +
        "      ^^^^^^",
    );
  }
});

const DEEP = 100;

/** Texts of so many levels. */
const NESTED: { readonly name: string; readonly text: (levels: number) => string }[] = [
  { name: "parentheses", text: (levels) => `${"(".repeat(levels)}true${")".repeat(levels)}` },
  { name: "math", text: (levels) => `1 == ${"(".repeat(levels)}1${")".repeat(levels)}` },
  { name: "calls", text: (levels) => `${"F(".repeat(levels)}${")".repeat(levels)}` },
  { name: "lists", text: (levels) => `${"[".repeat(levels)}${"]".repeat(levels)} == nil` },
  { name: "maps", text: (levels) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)} == nil` },
  { name: "keys", text: (levels) => `${"a[".repeat(levels)}1${"]".repeat(levels)} == nil` },
  { name: "not", text: (levels) => `${"not (".repeat(levels)}true${")".repeat(levels)}` },
];

Deno.test("limits", async (t) => {
  for (const { name, text } of NESTED) {
    await t.step(`${name}: ${DEEP} levels, and one more`, () => {
      parseCondition(text(DEEP));
      strictEqual(problemsOf("condition", text(DEEP + 1))[0]?.category, "limit");
    });
  }
  await t.step("text", () => {
    const limits = { ...DEFAULT_OTTL_LIMITS, maxTextLength: 4 };
    parseCondition("true", limits);
    deepStrictEqual(problemsOf("condition", "true ", limits)[0], {
      category: "limit",
      message: "condition has 5 characters, wanted at most 4",
      text: "true ",
      span: { start: 0, end: 0 },
    });
  });
  await t.step("operators of math", () => {
    parseValue(`1${"+1".repeat(MAX_MATH_OPERATORS)}`);
    strictEqual(problemsOf("expression", `1${"+1".repeat(MAX_MATH_OPERATORS + 1)}`)[0]?.category, "limit");
  });
});

/** Texts that a parser with backtracking reads again and again; each is as long as a text may be. */
const HOSTILE: { readonly name: string; readonly unit: string; readonly around?: readonly [string, string] }[] = [
  { name: "open parentheses", unit: "(" },
  { name: "open calls", unit: "F(" },
  { name: "open lambdas in calls", unit: "F((a) => " },
  { name: "parentheses of calls of lambdas", unit: "(F((a) => " },
  { name: "words", unit: "a " },
  { name: "words of both cases", unit: "aA" },
  { name: "parameters", unit: "a,", around: ["(", ""] },
  { name: "terms", unit: "true and ", around: ["", "true"] },
  { name: "math", unit: "1+" },
  { name: "keys", unit: "[1]", around: ["a", " == nil"] },
  { name: "strings", unit: '"",', around: ["[", '""] == nil'] },
  { name: "escapes", unit: "\\n", around: ['"', '" == nil'] },
];

Deno.test("hostile texts end", async (t) => {
  for (const { name, unit, around: [before, after] = ["", ""] } of HOSTILE) {
    await t.step(name, () => {
      const room = DEFAULT_OTTL_LIMITS.maxTextLength - before.length - after.length;
      const text = before + unit.repeat(Math.floor(room / unit.length)) + after;
      try {
        printCondition(parseCondition(text));
      } catch (thrown) {
        ok(thrown instanceof OttlSyntaxError);
      }
    });
  }
});

function problemsOf(kind: Kind, text: string, limits?: OttlLimits): readonly OttlProblem[] {
  try {
    PARSERS[kind](text, limits);
    return [];
  } catch (thrown) {
    if (thrown instanceof OttlSyntaxError) return thrown.problems;
    throw thrown;
  }
}

function showPlace({ text, span }: OttlProblem): string {
  const { line, column } = placeOf(text, span.start);
  return `${line}:${column}`;
}
