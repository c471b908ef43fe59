/** YAML text to a tree: places, anchors, merge keys, and the bounds. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { formatProblem } from "../../../../pipeline/config/problem.ts";
import { childNode, DEFAULT_TREE_LIMITS, nearestNode, type TreeLimits } from "../../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../../pipeline/config/tree/yaml.ts";
import { plainValue } from "./plain_value.ts";

const parse = (text: string, limits: Partial<TreeLimits> = {}) =>
  parseYaml(text, "f.yaml", { ...DEFAULT_TREE_LIMITS, ...limits });

const values: { name: string; text: string; want: unknown }[] = [
  { name: "nothing", text: "", want: null },
  { name: "a comment", text: "# nothing\n", want: null },
  { name: "bare key", text: "a:\nb: ~", want: { a: null, b: null } },
  { name: "types", text: "{a: 1, b: true, c: x, d: '1', e: 1.5}", want: { a: 1, b: true, c: "x", d: "1", e: 1.5 } },
  { name: "block text", text: "a: |\n  x\n  y\n", want: { a: "x\ny\n" } },
  { name: "number and boolean keys", text: "{8080: x, true: y}", want: { 8080: "x", true: "y" } },
  { name: "alias", text: "a: &x {b: 1}\nc: *x\nd: [*x]", want: { a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }] } },
  { name: "the nearest anchor above", text: "[&x 1, *x, &x 2, *x]", want: [1, 1, 2, 2] },
  { name: "anchor inside an anchor", text: "[&x [&y 1], &y 2, *x, *y]", want: [[1], 2, [1], 2] },
  { name: "merge key", text: "a: &x {b: 1, c: 2}\nd: {c: 3, <<: *x}", want: { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } } },
  {
    name: "merge keys, the first wins",
    text: "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}",
    want: { a: { b: 1 }, c: { b: 2, d: 3 }, e: { b: 1, d: 3 } },
  },
  { name: "quoted << is a key", text: "{'<<': 1}", want: { "<<": 1 } },
  { name: "tags", text: "[!!str 1, !!int '2', !!float 3, !!bool 'true', !!null '']", want: ["1", 2, 3, true, null] },
  { name: "an empty second document", text: "a: 1\n---\n", want: { a: 1 } },
  { name: "byte order mark", text: "\ufeffa: 1", want: { a: 1 } },
  { name: "__proto__ is a key as any other", text: "{__proto__: 1}", want: Object.fromEntries([["__proto__", 1]]) },
];

Deno.test("parseYaml() values", async (t) => {
  for (const { name, text, want } of values) {
    await t.step(name, () => {
      const { node, problems } = parse(text);
      deepStrictEqual(problems, []);
      deepStrictEqual(plainValue(node), want);
    });
  }
});

const broken: { name: string; text: string; want: string[] }[] = [
  {
    name: "open quote",
    text: 'a: "x',
    want: ["f.yaml:1:4: is not YAML: the quote is not closed, wanted another one at the end of its text"],
  },
  {
    name: "bad indent",
    text: "a:\n  b: 1\n c: 2\n",
    want: ["f.yaml:3:1: is not YAML: all mapping items must start at the same column"],
  },
  { name: "tab", text: "a:\n\tb: 1", want: ["f.yaml:2:1: is not YAML: tabs are not allowed as indentation"] },
  { name: "two documents", text: "a: 1\n---\nb: 2", want: ["f.yaml:2:1: is not YAML: second document in one text"] },
  { name: "double key", text: "a: 1\nb: 2\na: 3", want: ['f.yaml:3:1: is the second key "a" of this map'] },
  { name: "no such anchor", text: "a: *x", want: ['f.yaml:1:4: is an alias of "x", which is not anchored above'] },
  { name: "list as key", text: "? [a]\n: 1", want: ["f.yaml:1:3: is not a key, wanted a name"] },
  { name: "empty key", text: "~: 1", want: ["f.yaml:1:1: is not a key, wanted a name"] },
  {
    name: "merge of a scalar",
    text: "<<: 1",
    want: ["f.yaml:1:1: merges something that is no map, wanted a map or a list of maps"],
  },
  { name: "unknown tag", text: "a: !foo x", want: ['f.yaml:1:9: has the tag "!foo", which does not fit its value'] },
  { name: "wrong tag", text: "a: !!int x", want: ['f.yaml:1:10: has the tag "int", which does not fit its value'] },
  { name: "alias of itself", text: "a: &x [*x]", want: ["f.yaml:1:7: is nested deeper than 100 levels"] },
];

Deno.test("parseYaml() problems", async (t) => {
  for (const { name, text, want } of broken) {
    await t.step(name, () => deepStrictEqual(parse(text).problems.map(formatProblem), want));
  }
});

Deno.test("parseYaml() tells no text of the file in a syntax error", () => {
  for (
    const text of [
      "token: s3cret\n}s3cret",
      'a: "\\qs3cret"',
      "a: [s3cret s3cret: x s3cret",
      "@s3cret: 1",
      "a: b: s3cret",
    ]
  ) {
    const { problems } = parse(text);
    ok(problems.length > 0, text);
    for (const problem of problems) ok(!formatProblem(problem).includes("s3cret"), formatProblem(problem));
  }
});

Deno.test("parseYaml() places", () => {
  const { node } = parse("a:\n  b: [x, {c: 1}]\nd: &e\n  f: 2\ng: *e\nh:\n");
  const placeOf = (...path: (string | number)[]) => {
    const { line, column } = nearestNode(node, path).place;
    return `${line}:${column}`;
  };
  strictEqual(placeOf("a", "b"), "2:6");
  strictEqual(placeOf("a", "b", 1, "c"), "2:14");
  strictEqual(placeOf("g", "f"), "4:6");
  strictEqual(placeOf("h"), "6:3");
  strictEqual(placeOf("a", "missing", "more"), "2:3");
  const map = childNode(node, "a");
  deepStrictEqual(map?.kind === "map" && map.entries.get("b")?.keyPlace, { file: "f.yaml", line: 2, column: 3 });
});

const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

const bounds: { name: string; limits: Partial<TreeLimits>; at: string; past: string; want: string }[] = [
  {
    name: "bytes, counted in UTF-8",
    limits: { maxSourceBytes: 6 },
    at: "a: é1",
    past: "a: éé",
    want: "f.yaml: is larger than 6 bytes, wanted less",
  },
  {
    name: "levels",
    limits: { maxDepth: 10 },
    at: deep(10),
    past: deep(11),
    want: "f.yaml:1:11: is nested deeper than 10 levels",
  },
  {
    name: "values",
    limits: { maxNodes: 4 },
    at: "[1, 2, 3]",
    past: "[1, 2, 3, 4]",
    want: "f.yaml:1:11: has more than 4 values, aliases counted where they are used",
  },
  {
    name: "values of aliases",
    limits: { maxNodes: 7 },
    at: "[&x [1, 2], *x]",
    past: "[&x [1, 2], *x, 3]",
    want: "f.yaml:1:17: has more than 7 values, aliases counted where they are used",
  },
];

Deno.test("parseYaml() bounds", async (t) => {
  for (const { name, limits, at, past, want } of bounds) {
    await t.step(`${name}: at the bound`, () => deepStrictEqual(parse(at, limits).problems, []));
    await t.step(`${name}: past it`, () => {
      const { problems, beyondLimits } = parse(past, limits);
      deepStrictEqual(problems.map(formatProblem), [want]);
      ok(beyondLimits);
    });
  }
});

const bombs: { name: string; text: string }[] = [
  {
    name: "nested aliases",
    text: `a0: &a0 [x, x]\n${
      Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join("\n")
    }`,
  },
  { name: "a million open lists", text: "[".repeat(1_000_000) },
  { name: "a million dashes", text: "- ".repeat(1_000_000) },
  { name: "a million question marks", text: "? ".repeat(1_000_000) },
];

Deno.test("parseYaml() gives up on bombs", async (t) => {
  for (const { name, text } of bombs) {
    await t.step(name, () => {
      const { problems, beyondLimits } = parse(text);
      strictEqual(problems.length, 1);
      ok(beyondLimits);
    });
  }
});

Deno.test("parseYaml() reports at most twenty syntax problems", () => {
  strictEqual(parse(Array.from({ length: 100 }, (_, i) => `k${i}: *none`).join("\n")).problems.length, 20);
});

Deno.test("parseYaml() gives up on too many values while it reads, before anything is made of them", () => {
  const limits = { ...DEFAULT_TREE_LIMITS, maxNodes: 10 };
  const lines = Array.from({ length: 1_000 }, (_, index) => `k${index}: 1`);
  const { problems, beyondLimits } = parseYaml(lines.join("\n"), "f.yaml", limits);
  deepStrictEqual([beyondLimits, problems.length, problems[0]?.line], [true, 1, 11]);
});
