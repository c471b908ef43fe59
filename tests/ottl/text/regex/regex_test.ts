import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { compileTemplate } from "../../../../ottl/text/regex/expand.ts";
import { separateNames } from "../../../../ottl/text/regex/group_names.ts";
import { compileRegex, Regex, type RegexMatch } from "../../../../ottl/text/regex/regex.ts";
import { planNative } from "../../../../ottl/text/regex/native.ts";
import { readPattern } from "../../../../ottl/text/regex/syntax.ts";
import { decodeUtf8, encodeUtf8, utf8Length } from "../../../../ottl/values/utf8.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { readAnswers } from "../go_answers/answers.ts";

interface RegexAnswer {
  readonly pattern: string;
  readonly invalid?: boolean;
  readonly text: string;
  /** Byte offset, then the parts of the whole match and of each group. */
  readonly found: readonly (readonly (number | string | null)[])[];
  readonly replaced: string;
}

const compile = (pattern: string) => compileRegex(pattern, DEFAULT_OTTL_LIMITS);
const isError = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

/** The same without the runtime's own engine. */
function compileLinear(pattern: string): Regex {
  const groups = separateNames(pattern, readPattern(pattern)?.names ?? []);
  const parts = { groups, linear: RE2JS.compile(groups.pattern), plan: undefined, tree: undefined };
  return new Regex(pattern, parts, DEFAULT_OTTL_LIMITS);
}

function matchesOf(regex: Regex, text: string): RegexMatch[] {
  const matches: RegexMatch[] = [];
  regex.forEachMatch(text, (match) => matches.push(match));
  return matches;
}

function describe(regex: Regex, text: string): RegexAnswer["found"] {
  return matchesOf(regex, text).map(({ index, groups }) => [
    utf8Length(text.slice(0, index)),
    ...Array.from(groups, (group) => group ?? null),
  ]);
}

Deno.test("both engines answer as Go does", () => {
  const expand = compileTemplate("<$0|${1}$2>");
  let native = 0;
  for (const { pattern, invalid, text, found, replaced } of readAnswers<RegexAnswer>("regex")) {
    if (invalid) {
      throws(() => compile(pattern), isError("arg_value"), pattern);
      continue;
    }
    const regex = compile(pattern);
    const linear = compileLinear(pattern);
    const name = `${pattern} on ${JSON.stringify(text)}`;
    deepStrictEqual(describe(regex, text), found, name);
    deepStrictEqual(describe(linear, text), found, `linear: ${name}`);
    strictEqual(regex.test(text), found.length > 0, name);
    strictEqual(linear.test(text), found.length > 0, `linear: ${name}`);
    strictEqual(regex.replaceAll(text, expand), replaced, name);
    strictEqual(regex.replaceAll(text, "<>"), regex.replaceAll(text, () => "<>"), name);
    if (isNative(pattern)) native++;
  }
  ok(native > 400, `only ${native} patterns ran on the runtime's engine`);
});

function isNative(pattern: string): boolean {
  const tree = readPattern(pattern);
  return tree !== undefined && planNative(tree.root) !== undefined;
}

Deno.test("both engines answer alike on any text, bytes that are no UTF-8 included", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    ".",
    "[^a]",
    "\\w",
    "\\W",
    "\\b",
    "\\B",
    "^",
    "$",
    "(?i:k)",
    "[\\x{fffd}]",
    "é",
  );
  const item = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?", "{2}", "+?"), fc.constantFrom("", "|"))
    .map((parts) => parts.join(""));
  const pattern = fc.tuple(fc.array(item, { maxLength: 4 }), fc.array(item, { maxLength: 3 }))
    .map(([first, rest]) => `${first.join("")}(${rest.join("")})`).filter(isNative);
  const text = fc.array(
    fc.constantFrom("a", "b", "k", "\u212a", "é", "😀", "\u{10080}", "\udc80", "\ufffd", "\n", " "),
    {
      maxLength: 12,
    },
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      deepStrictEqual(describe(compile(source), subject), describe(compileLinear(source), subject));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the start of a text behind something else is not for the runtime's engine, which misses matches", () => {
  const regex = compile("(?s:.)+?a^|");
  for (let run = 0; run < 100; run++) deepStrictEqual(describe(regex, "K"), [[0, ""], [1, ""]]);
  for (const pattern of ["a^", "(a|^b)*c", "(?:^)+a"]) ok(!isNative(pattern), pattern);
  for (const pattern of ["^a", "(^a|b)", "(^)a|^b"]) ok(isNative(pattern), pattern);
});

const syntax: { name: string; pattern: string; matches?: string; misses?: string }[] = [
  { name: "named groups of both forms", pattern: "^(?P<a>x)(?<b>y)$", matches: "xy", misses: "x" },
  { name: "the end of the text, not before its last line break", pattern: "a$", matches: "a", misses: "a\n" },
  { name: "lines end at \\n only", pattern: "(?m)^b$", matches: "a\nb", misses: "a\rb" },
  { name: "a dot is no line break", pattern: "^.$", matches: "\r", misses: "\n" },
  { name: "unless (?s)", pattern: "(?s)^.$", matches: "\n" },
  { name: "(?i) folds past ASCII", pattern: "(?i)^k$", matches: "\u212a", misses: "x" },
  { name: "(?i) in a class", pattern: "(?i)^[^k]$", matches: "x", misses: "\u212a" },
  { name: "\\d and \\w are ASCII", pattern: "^[\\d\\w]$", matches: "9", misses: "٣" },
  { name: "\\s is not \\v", pattern: "^\\s$", matches: "\f", misses: "\v" },
  { name: "[[:space:]] is", pattern: "^[[:space:]]$", matches: "\v", misses: "\u00a0" },
  { name: "Unicode classes", pattern: "^\\p{Greek}\\pN$", matches: "α٣", misses: "a3" },
  { name: "quoted", pattern: "^\\Qa.b\\E$", matches: "a.b", misses: "axb" },
  { name: "one character past the first plane", pattern: "^.$", matches: "😀", misses: "😀😀" },
  { name: "a class without it", pattern: "^[^😀]$", matches: "a", misses: "😀" },
  { name: "a repeat of a thousand", pattern: "^a{1000}$", matches: "a".repeat(1000), misses: "a".repeat(999) },
  { name: "no repeat", pattern: "^a{,2}$", matches: "a{,2}", misses: "aa" },
  { name: "a byte that is no UTF-8 is U+FFFD", pattern: "^\\x{fffd}$", matches: "\udcff", misses: "\udcff\udcfe" },
];

Deno.test("syntax and meaning", async (t) => {
  for (const { name, pattern, matches, misses } of syntax) {
    await t.step(name, () => {
      if (matches !== undefined) strictEqual(compile(pattern).test(matches), true);
      if (misses !== undefined) strictEqual(compile(pattern).test(misses), false);
    });
  }
});

Deno.test("what is no pattern of Go is refused", async (t) => {
  const patterns = [
    "(",
    "a**",
    "(?=a)",
    "(?<!a)b",
    "(a)\\1",
    "\\C",
    "a{1001}",
    "((a{100}){10}){10}",
    "[b-a]",
    "\udc80",
    "[[:x:]]",
  ];
  for (const pattern of patterns) {
    await t.step(JSON.stringify(pattern), () => throws(() => compile(pattern), isError("arg_value")));
  }
});

Deno.test("the length of a pattern is bound", () => {
  const limits = { ...DEFAULT_OTTL_LIMITS, maxPatternLength: 10 };
  compileRegex("a".repeat(10), limits);
  throws(() => compileRegex("a".repeat(11), limits), isError("limit"));
});

Deno.test("what a pattern compiles to is bound", () => {
  compile("\\pL{1000}".repeat(19));
  throws(() => compile("\\pL{1000}".repeat(20)), isError("limit"));
});

Deno.test("the nesting of a pattern is bound", () => {
  for (const open of ["(", "(?:"]) {
    compile(open.repeat(250) + ")".repeat(250));
    throws(() => compile(open.repeat(251) + ")".repeat(251)), isError("limit"));
  }
});

Deno.test("the length of a result is bound", () => {
  const regex = compileRegex("a", { ...DEFAULT_OTTL_LIMITS, maxValueBytes: 20 });
  strictEqual(regex.replaceAll("aa", () => "0123456789"), "01234567890123456789");
  throws(() => regex.replaceAll("aaa", () => "0123456789"), isError("limit"));
});

/** Each ends at once where time is linear, and never where it is exponential; the text is ten times longer for the rest. */
const evil: { pattern: string; text: string; isMatch: boolean }[] = [
  { pattern: "^(a+)+$", text: "a".repeat(50_000) + "b", isMatch: false },
  { pattern: "(a|aa)+$", text: "a".repeat(50_000) + "b", isMatch: false },
  { pattern: "(?i)^(A|a)*B$", text: "a".repeat(50_000), isMatch: false },
  { pattern: "(.*)*(.*)*(.*)*x", text: "a".repeat(5_000), isMatch: false },
  { pattern: "a?".repeat(60) + "a".repeat(60), text: "a".repeat(60), isMatch: true },
  { pattern: "\\S+foo", text: "a".repeat(500_000), isMatch: false },
  { pattern: "^\\S*\\S*\\S*\\S*\\d$", text: "a".repeat(100_000), isMatch: false },
  { pattern: "(?:a|b|ab){1,30}c", text: "ab".repeat(20_000), isMatch: false },
  { pattern: "^([a-z]+\\.)+$", text: "abc.".repeat(200_000), isMatch: true },
  { pattern: "[^,]*,[^,]*,[^,]*;", text: "a,".repeat(50_000), isMatch: false },
];

Deno.test("no pattern is slow on any text", async (t) => {
  for (const { pattern, text, isMatch } of evil) {
    await t.step(`${pattern.slice(0, 40)} on ${text.length} units`, () => {
      const regex = compile(pattern);
      strictEqual(regex.test(text), isMatch);
      strictEqual(regex.exec(text) !== null, isMatch);
    });
  }
});

const plans: { name: string; pattern: string; maxLength: number | "a few" | undefined }[] = [
  { name: "a literal", pattern: "error", maxLength: 262_144 },
  { name: "a repeat at the end", pattern: "id=\\d+", maxLength: 262_144 },
  {
    name: "tied to the start, each repeat ended by what follows",
    pattern: "^(\\S+) \\[([^\\]]+)\\] (.*)",
    maxLength: 262_144,
  },
  { name: "a search for a repeat", pattern: "\\w+@x", maxLength: "a few" },
  { name: "a loop with a separator", pattern: "(?:\\w+\\.)+\\w+", maxLength: "a few" },
  { name: "a loop of many ways", pattern: "(?:a|ab|b)*c", maxLength: undefined },
  { name: "a nested repeat", pattern: "(?:a+)+c", maxLength: undefined },
  { name: "a loop that can turn without taking anything", pattern: "(?:a?)*c", maxLength: undefined },
  { name: "a group that a turn forgets", pattern: "(?:(a)|b)+", maxLength: undefined },
  { name: "a Unicode class", pattern: "\\pL", maxLength: undefined },
];

Deno.test("which patterns the runtime's engine runs, and on what length", async (t) => {
  for (const { name, pattern, maxLength } of plans) {
    await t.step(`${name}: ${pattern}`, () => {
      const tree = readPattern(pattern);
      const planned = tree && planNative(tree.root)?.maxLength;
      if (maxLength === "a few") ok(planned !== undefined && planned > 60 && planned < 1_000, String(planned));
      else strictEqual(planned, maxLength);
    });
  }
});

Deno.test("one past the longest text of the runtime's engine, the answer is the same", () => {
  const pattern = "(\\w+)@(x)";
  const { maxLength } = planNative(readPattern(pattern)!.root)!;
  for (const length of [maxLength, maxLength + 1]) {
    const text = " ".repeat(length - 4) + "ab@x";
    deepStrictEqual([...compile(pattern).exec(text)!.groups], ["ab@x", "ab", "x"]);
  }
});

Deno.test("loops of the longest text fit on the stack of the runtime's engine", async (t) => {
  for (const pattern of ["^(?:(a)(b))*$", "^(?:a(b))*?$", "^(a|b)*$", "^([ab])*$"]) {
    await t.step(pattern, () => {
      const { maxLength } = planNative(readPattern(pattern)!.root)!;
      strictEqual(compile(pattern).exec("ab".repeat(maxLength / 2))?.end, maxLength);
    });
  }
});

Deno.test("groups by name", () => {
  const match = compile("(?P<year>\\d+)-(?P<month>\\d+)(-(?P<day>\\d+))?").exec("on 2026-11!")!;
  deepStrictEqual([match.index, match.end, match.named("year"), match.named("month")], [3, 10, "2026", "11"]);
  deepStrictEqual([match.named("day"), match.named("none")], [undefined, undefined]);
  deepStrictEqual([...compile("(?P<b>x)(y)(?P<a>z)").groupNumbers], [["b", 1], ["a", 3]]);
});

Deno.test("a name of two groups is that of the one that took part", () => {
  const regex = compile("[[](?P<n>\\()|\\(\\?P<n>(?P<n>b)");
  strictEqual(regex.exec("[(")!.named("n"), "(");
  strictEqual(regex.exec("(?P<n>b")!.named("n"), "b");
});

const templates: { template: string; want: string }[] = [
  { template: "$1", want: "x" },
  { template: "${1}y", want: "xy" },
  { template: "$1y", want: "" },
  { template: "$0$0", want: "xz" + "xz" },
  { template: "$n!", want: "z!" },
  { template: "${n}n", want: "zn" },
  { template: "$$1", want: "$1" },
  { template: "$9$01", want: "" },
  { template: "$", want: "$" },
  { template: "$-1 $& ${ ${1 ${}", want: "$-1 $& ${ ${1 ${}" },
  { template: "$é", want: "" },
  { template: "$2", want: "" },
];

Deno.test("templates", async (t) => {
  const match = compile("(x)(y)?(?P<n>z)").exec("xz")!;
  for (const { template, want } of templates) {
    await t.step(template, () => strictEqual(compileTemplate(template)(match), want));
  }
});

Deno.test("halves of a character that meet become the character", () => {
  const half = (from: number, to: number) => decodeUtf8(encodeUtf8("é").subarray(from, to));
  strictEqual(compile("-").replaceAll(`${half(0, 1)}-${half(1, 2)}`, () => ""), "é");
});
