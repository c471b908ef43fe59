/** The leaf kinds and sections: what a document may write, what comes of it, what is said otherwise. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { checkSection } from "../../../pipeline/config/check_section.ts";
import { formatProblem } from "../../../pipeline/config/problem.ts";
import {
  anything,
  bool,
  type ConfigSchema,
  durationMs,
  headerMap,
  int,
  number,
  oneOf,
  optionalSection,
  parseDurationMs,
  requiredText,
  secret,
  section,
  text,
  textList,
  textMap,
} from "../../../pipeline/config/schema.ts";
import { childNode } from "../../../pipeline/config/tree/node.ts";
import { load } from "./support.ts";

const durations: [source: string, wantMs: number | undefined][] = [
  ["200ms", 200],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  [".5s", 500],
  ["1.s", 1_000],
  ["2us", 0.002],
  ["2µs", 0.002],
  ["2μs", 0.002],
  ["1ns", 1e-6],
  ["-1m", -60_000],
  ["+1m", 60_000],
  ["0", 0],
  ["5000000", 5],
  ["5x", undefined],
  ["5", 5e-6],
  ["1.5", undefined],
  ["1h 30m", undefined],
  ["1h-30m", undefined],
  ["s", undefined],
  ["", undefined],
  ["-", undefined],
];

Deno.test("parseDurationMs()", async (t) => {
  for (const [source, want] of durations) {
    await t.step(JSON.stringify(source), () => strictEqual(parseDurationMs(source), want));
  }
});

/** What a leaf makes of `v: <yaml>`: its value, or its problem. */
async function read(schema: ConfigSchema<unknown>, yaml: string, env: Record<string, string> = {}) {
  const { tree } = await load(`root: { v: ${yaml} }`, env);
  const node = childNode(tree, "root");
  if (node === undefined) throw new TypeError("Cannot check: no root");
  const { config, problems } = checkSection(node, section({ v: schema }), []);
  const [error] = problems.filter(({ severity }) => severity === "error");
  return error === undefined ? (config as { v: unknown }).v : `${error.path}: ${error.message}`;
}

const leaves: {
  name: string;
  schema: ConfigSchema<unknown>;
  yaml: string;
  want: unknown;
  env?: Record<string, string>;
}[] = [
  { name: "text", schema: text(), yaml: "x", want: "x" },
  { name: "text of a number as written", schema: text(), yaml: "0123", want: "0123" },
  { name: "text of a boolean as written", schema: text(), yaml: "True", want: "True" },
  {
    name: "text of a variable that reads as a map",
    schema: text(),
    yaml: "'${env:V}'",
    env: { V: "a: b" },
    want: "a: b",
  },
  {
    name: "text of a variable that reads as a list",
    schema: text(),
    yaml: "'${env:V}'",
    env: { V: "[x]" },
    want: "[x]",
  },
  {
    name: "text of a variable that reads as a comment",
    schema: text(),
    yaml: "'${env:V}'",
    env: { V: "#x" },
    want: "#x",
  },
  { name: "text of an empty variable", schema: text().default("d"), yaml: "'${env:V}'", env: { V: "" }, want: "" },
  { name: "bare key is the default", schema: text().default("d"), yaml: "", want: "d" },
  { name: "bare key of a required one", schema: text(), yaml: "", want: "v: is missing, wanted a string" },
  { name: "text of a map", schema: text(), yaml: "{a: 1}", want: "v: is a map, wanted a string" },
  { name: "required text", schema: requiredText(), yaml: '""', want: 'v: is "", wanted a string that is not empty' },
  { name: "a secret is not told", schema: secret(), yaml: "[s3cret]", want: "v: is a list, wanted a string" },
  { name: "bool", schema: bool(), yaml: "true", want: true },
  { name: "bool of a variable", schema: bool(), yaml: "'${env:V}'", env: { V: "false" }, want: false },
  { name: "bool of an empty variable", schema: bool().default(true), yaml: "'${env:V}'", env: { V: "" }, want: true },
  { name: "bool of a string", schema: bool(), yaml: '"true"', want: 'v: is "true", wanted true or false' },
  { name: "bool of yes", schema: bool(), yaml: "yes", want: 'v: is "yes", wanted true or false' },
  { name: "int", schema: int(), yaml: "1_000", want: 1000 },
  { name: "int at the least", schema: int({ min: 1, max: 9 }), yaml: "1", want: 1 },
  { name: "int at the most", schema: int({ min: 1, max: 9 }), yaml: "9", want: 9 },
  {
    name: "int past",
    schema: int({ min: 1, max: 9 }),
    yaml: "10",
    want: "v: is 10, wanted a whole number from 1 to 9",
  },
  { name: "int below", schema: int({ min: 1 }), yaml: "0", want: "v: is 0, wanted a whole number of at least 1" },
  {
    name: "int past 2^53",
    schema: int(),
    yaml: "9007199254740992",
    want: "v: is 9007199254740992, wanted a whole number",
  },
  { name: "int of a string", schema: int(), yaml: '"1"', want: 'v: is "1", wanted a whole number' },
  { name: "int of a boolean", schema: int(), yaml: "true", want: "v: is true, wanted a whole number" },
  {
    name: "int of an empty variable",
    schema: int(),
    yaml: "'${env:V}'",
    env: { V: "" },
    want: "v: is missing, wanted a whole number",
  },
  { name: "number", schema: number({ min: 0, max: 1 }), yaml: "0.5", want: 0.5 },
  {
    name: "not a number",
    schema: number(),
    yaml: ".nan",
    want: "v: is .nan, wanted a number from -Infinity to Infinity",
  },
  { name: "duration", schema: durationMs(), yaml: "1m", want: 60_000 },
  { name: "duration at the least", schema: durationMs({ minMs: 1 }), yaml: "1ms", want: 1 },
  {
    name: "duration below",
    schema: durationMs({ minMs: 1 }),
    yaml: "999us",
    want: 'v: is "999us", wanted a duration of at least 1ms, like 200ms or 1h30m',
  },
  {
    name: "duration below zero",
    schema: durationMs(),
    yaml: "-1s",
    want: 'v: is "-1s", wanted a duration like 200ms or 1h30m',
  },
  { name: "one of", schema: oneOf(["a", "1.2"]), yaml: "1.2", want: "1.2" },
  { name: "one of, in any case", schema: oneOf(["info"], { ignoreCase: true }), yaml: "INFO", want: "info" },
  { name: "none of", schema: oneOf(["a", "b"]), yaml: "A", want: 'v: is "A", wanted one of "a", "b"' },
  { name: "list", schema: textList(), yaml: "[a, 1, true]", want: ["a", "1", "true"] },
  { name: "list of a string", schema: textList(), yaml: '"a,b"', want: ["a", "b"] },
  { name: "list of an empty string", schema: textList(), yaml: '""', want: [] },
  { name: "list with a map", schema: textList(), yaml: "[{}]", want: "v: is a list, wanted a list of strings" },
  { name: "headers", schema: headerMap(), yaml: "{a: b, n: 5}", want: { a: "b", n: "5" } },
  { name: "headers as a list", schema: headerMap(), yaml: "[{name: a, value: b}]", want: { a: "b" } },
  { name: "map", schema: textMap(), yaml: "{a: 1}", want: { a: "1" } },
  { name: "anything", schema: anything("x"), yaml: "{a: [1, true, null]}", want: { a: [1, true, null] } },
  { name: "section, bare", schema: optionalSection({ a: int().default(1) }), yaml: "", want: { a: 1 } },
  {
    name: "section of an empty variable",
    schema: optionalSection({ a: int().default(1) }),
    yaml: "'${env:V}'",
    env: { V: "" },
    want: { a: 1 },
  },
  {
    name: "section of a variable",
    schema: section({ a: int() }),
    yaml: "'${env:V}'",
    env: { V: "{a: 7}" },
    want: { a: 7 },
  },
  { name: "section of a number", schema: section({}), yaml: "5", want: "v: is a number, wanted a map" },
  {
    name: "section of a string tells no string",
    schema: section({}),
    yaml: "s3cret",
    want: "v: is a string, wanted a map",
  },
  { name: "section of a list", schema: section({}), yaml: "[]", want: "v: is a list, wanted a map" },
  {
    name: "list of sections",
    schema: z.array(section({ a: int() })),
    yaml: "[{a: 1}, {a: x}]",
    want: 'v::1::a: is "x", wanted a whole number',
  },
  { name: "list of sections of a map", schema: z.array(section({})), yaml: "{}", want: "v: is a map, wanted a list" },
  {
    name: "unknown key",
    schema: section({ abc: int().default(1) }),
    yaml: "{abd: 1}",
    want: 'v::abd: is an unknown key, did you mean "abc"?',
  },
  {
    name: "keys of objects are unknown too",
    schema: section({}),
    yaml: "{constructor: }",
    want: "v::constructor: is an unknown key, there are none",
  },
  {
    name: "so is __proto__",
    schema: section({}),
    yaml: "{__proto__: {a: 1}}",
    want: "v::__proto__: is an unknown key, there are none",
  },
  {
    name: "union, the form that fits deepest",
    schema: z.union([text(), section({ a: section({ b: int() }) })]),
    yaml: "{a: {b: x}}",
    want: 'v::a::b: is "x", wanted a whole number',
  },
];

Deno.test("schemas", async (t) => {
  for (const { name, schema, yaml, want, env = {} } of leaves) {
    await t.step(name, async () => deepStrictEqual(await read(schema, yaml, env), want));
  }
});

Deno.test("a bare number for a duration is a warning, but 0", async () => {
  const { tree } = await load("root: { a: 5, b: 0, c: 5s, d: { e: 7 } }");
  const schema = section({ a: durationMs(), b: durationMs(), c: durationMs(), d: section({ e: durationMs() }) });
  const { config, problems } = checkSection(childNode(tree, "root") ?? tree, schema, ["root"]);
  deepStrictEqual(config, { a: 5e-6, b: 0, c: 5_000, d: { e: 7e-6 } });
  deepStrictEqual(problems.map(formatProblem), [
    "gateway.yaml:1:12: warning: root::a: is 5 nanoseconds, as in the collector: did you mean 5s or 5ms?",
    "gateway.yaml:1:36: warning: root::d::e: is 7 nanoseconds, as in the collector: did you mean 7s or 7ms?",
  ]);
});
