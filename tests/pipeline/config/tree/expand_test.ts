/** `${…}` and `$$`: the collector's rules, and the bounds. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { formatProblem } from "../../../../pipeline/config/problem.ts";
import { expandTree, findExpression } from "../../../../pipeline/config/tree/expand.ts";
import {
  childNode,
  type ConfigNode,
  DEFAULT_TREE_LIMITS,
  type TreeLimits,
} from "../../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../../pipeline/config/tree/yaml.ts";
import { environmentOf } from "../support.ts";
import { plainValue } from "./plain_value.ts";

interface World {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly limits?: Partial<TreeLimits>;
}

function expand(text: string, { env = {}, files = {}, limits = {} }: World = {}) {
  const { node, problems } = parseYaml(text, "f.yaml", DEFAULT_TREE_LIMITS);
  deepStrictEqual(problems, []);
  return expandTree(node, environmentOf(env, files), { ...DEFAULT_TREE_LIMITS, ...limits });
}

/** A value as text in place of `v: …`. */
const valueOf = async (text: string, world: World = {}) => {
  const { node, problems } = await expand(JSON.stringify({ v: text }), world);
  return { node: childNode(node, "v") as ConfigNode, problems: problems.map(formatProblem) };
};

const ENV = {
  X: "x",
  PORT: "8080",
  OCTAL: "0123",
  EXP: "1e3",
  ON: "on",
  YES: "true",
  EMPTY: "",
  DOLLAR: "a$$b",
  LIST: "[1, 2]",
};

const cases: {
  name: string;
  text: string;
  want: unknown;
  env?: Record<string, string>;
  files?: Record<string, string>;
}[] = [
  { name: "a variable", text: "${env:X}", want: "x" },
  { name: "without a scheme", text: "${X}", want: "x" },
  { name: "without braces is text", text: "$X", want: "$X" },
  { name: "without an end is text", text: "${X", want: "${X" },
  { name: "a number", text: "${env:PORT}", want: 8080 },
  { name: "a boolean", text: "${env:YES}", want: true },
  { name: "a list", text: "${env:LIST}", want: [1, 2] },
  { name: "empty is null", text: "${env:EMPTY}", want: null },
  { name: "unset is null", text: "${env:UNSET}", want: null },
  { name: "in text", text: "h:${env:PORT}/${X}", want: "h:8080/x" },
  { name: "in text, the text as it stands", text: "a${env:OCTAL}b", want: "a0123b" },
  { name: "a map in text is its text", text: "x ${env:M}", want: "x a: b", env: { M: "a: b" } },
  { name: "a list in text is its text", text: "x${env:LIST}", want: "x[1, 2]" },
  { name: "empty in text", text: "<${env:EMPTY}>", want: "<>" },
  { name: "default of an unset one", text: "${env:UNSET:-d}", want: "d" },
  { name: "default has a type", text: "${env:UNSET:-5}", want: 5 },
  { name: "empty default", text: "${env:UNSET:-}", want: null },
  { name: "no default for an empty one", text: "${env:EMPTY:-d}", want: null },
  { name: "default with :-", text: "${env:UNSET:-a:-b}", want: "a:-b" },
  { name: "default that is an expression", text: "${env:UNSET:-${env:PORT}}", want: 8080 },
  { name: "quotes stay", text: "${env:Q}", want: '"q"', env: { Q: '"q"' } },
  { name: "no YAML is text", text: "${env:Q}", want: "[a", env: { Q: "[a" } },
  { name: "a name made of a value", text: "${env:${env:N}}", want: "x", env: { N: "X" } },
  { name: "a value with an expression", text: "${env:V}", want: 8080, env: { V: "${env:PORT}" } },
  { name: "a value with an expression in text", text: "${env:V}", want: "p8080", env: { V: "p${env:PORT}" } },
  {
    name: "expressions in a map",
    text: "${env:V}",
    want: { a: 8080, b: ["x"] },
    env: { V: "{a: '${PORT}', b: ['${X}']}" },
  },
  { name: "a file", text: "${file:token}", want: "abc\n", files: { token: "abc\n" } },
  { name: "a file with a map", text: "${file:p.yaml}", want: { a: { b: 1 } }, files: { "p.yaml": "a:\n  b: 1\n" } },
  { name: "a file named by a variable", text: "${file:${env:X}}", want: 7, files: { x: "7" } },
  { name: "yaml", text: "${yaml:[1, a]}", want: [1, "a"] },
  { name: "the first brace ends it", text: "${yaml:{a: 1}}", want: "{a: 1}" },
  { name: "$$ is $", text: "a$$b", want: "a$b" },
  { name: "one $ in front escapes", text: "$${X}", want: "${X}" },
  { name: "two in front do not", text: "$$${X}", want: "$x" },
  { name: "three do", text: "$$$${X}", want: "$${X}" },
  { name: "escaped beside a real one", text: "$${X}${X}", want: "${X}x" },
  { name: "$$ in a value is $", text: "${DOLLAR}", want: "a$b" },
  { name: "$ in a regular expression", text: "^[0-9a-f]{8}$", want: "^[0-9a-f]{8}$" },
  { name: "a brace in front", text: "}${X}", want: "}x" },
];
Deno.test("expandTree() values", async (t) => {
  for (const { name, text, want, env = {}, files = {} } of cases) {
    await t.step(name, async () => {
      const { node } = await valueOf(text, { env: { ...ENV, ...env }, files });
      deepStrictEqual(plainValue(node), want);
    });
  }
});

Deno.test("expandTree() keeps the text beside the type", async (t) => {
  const texts: [text: string, value: unknown, kept: string][] = [
    ["${env:OCTAL}", 83, "0123"],
    ["${env:EXP}", 1000, "1e3"],
    ["${env:ON}", "on", "on"],
    ["${env:EMPTY}", null, ""],
    ["${env:LIST}", [1, 2], "[1, 2]"],
    ["${env:HASH}", null, "#x"],
    ["${env:MAP}", { a: "b" }, "a: b"],
  ];
  for (const [text, value, kept] of texts) {
    await t.step(text, async () => {
      const { node } = await valueOf(text, { env: { ...ENV, HASH: "#x", MAP: "a: b" } });
      deepStrictEqual(plainValue(node), value);
      strictEqual(node.text, kept);
    });
  }
});

const problems: {
  name: string;
  text: string;
  want: string;
  env?: Record<string, string>;
  files?: Record<string, string>;
}[] = [
  { name: "unset", text: "${env:UNSET}", want: "warning: v: uses the variable UNSET, which is not set: it is empty" },
  { name: "name", text: "${env:1X}", want: 'v: names the variable "1X", wanted letters, digits and _, no digit first' },
  { name: "no name", text: "${}", want: 'v: names the variable "", wanted letters, digits and _, no digit first' },
  {
    name: "scheme",
    text: "${vault:x}",
    want:
      'v: has an expression of the unknown scheme "vault", wanted ${env:NAME}, ${env:NAME:-default}, ${file:path} or ${yaml:text}',
  },
  { name: "file", text: "${file:none}", want: 'v: includes the file "none", which cannot be read: no such file' },
  {
    name: "recursion",
    text: "${env:LOOP}",
    want: "v: needs more than 1000 expansions: is it recursive?",
    env: { LOOP: "${env:LOOP}" },
  },
  {
    name: "recursion that grows",
    text: "${env:LOOP}",
    want: "v: needs more than 1000 expansions: is it recursive?",
    env: { LOOP: "a${env:LOOP}" },
  },
  {
    name: "a file that is too large",
    text: "${file:big}",
    want: "v: is larger than 64 bytes, wanted less (in what file:big gives)",
    files: { big: "x".repeat(65) },
  },
];

Deno.test("expandTree() problems", async (t) => {
  for (const { name, text, want, env = {}, files = {} } of problems) {
    await t.step(name, async () => {
      const limits = name.startsWith("a file that") ? { maxSourceBytes: 64 } : {};
      const found = await valueOf(text, { env: { ...ENV, ...env }, files, limits });
      deepStrictEqual(found.problems, [`f.yaml:1:6: ${want}`]);
    });
  }
});

Deno.test("expandTree() ends a recursion that branches", async () => {
  const { problems } = await valueOf("${env:LOOP}", { env: { LOOP: "['${env:LOOP}', '${env:LOOP}']" } });
  strictEqual(problems.filter((line) => line.endsWith("needs more than 1000 expansions: is it recursive?")).length, 1);
  ok(problems.every((line) => /more than 1000 expansions|deeper than 100 levels/.test(line)));
});

Deno.test("expandTree() places", async () => {
  const { node } = await expand("a: 1\nb: ${env:M}\nc: ${file:inc.yaml}\n", {
    env: { M: "\n\n{x: 1}" },
    files: { "inc.yaml": "\ny: 2\n" },
  });
  deepStrictEqual(childNode(childNode(node, "b"), "x")?.place, { file: "f.yaml", line: 2, column: 4 });
  deepStrictEqual(childNode(childNode(node, "c"), "y")?.place, { file: "inc.yaml", line: 2, column: 4 });
});

Deno.test("expandTree() leaves keys alone", async () => {
  deepStrictEqual(plainValue((await expand("{'${env:X}': 1, $$: 2}", { env: ENV })).node), { "${env:X}": 1, "$$": 2 });
});

Deno.test("expandTree() bounds", async (t) => {
  const repeat = (count: number) => "${X}".repeat(count);
  await t.step("1000 expansions in one value", async () => {
    strictEqual(plainValue((await valueOf(repeat(1000), { env: ENV })).node), "x".repeat(1000));
  });
  await t.step("and one more", async () => {
    deepStrictEqual((await valueOf(repeat(1001), { env: ENV })).problems, [
      "f.yaml:1:6: v: needs more than 1000 expansions: is it recursive?",
    ]);
  });
  await t.step("each value has its own", async () => {
    const { problems } = await expand(JSON.stringify([repeat(600), repeat(600)]), { env: ENV });
    deepStrictEqual(problems, []);
  });
  await t.step("text at the size", async () => {
    deepStrictEqual((await valueOf("${A}${A}", { env: { A: "12345" }, limits: { maxSourceBytes: 10 } })).problems, []);
  });
  await t.step("text past the size", async () => {
    deepStrictEqual((await valueOf("${A}${A}!", { env: { A: "12345" }, limits: { maxSourceBytes: 10 } })).problems, [
      "f.yaml:1:6: v: expands to more than 10 characters",
    ]);
  });
  await t.step("values at the number", async () => {
    deepStrictEqual((await expand('["${A}"]', { env: { A: "[1, 2]" }, limits: { maxNodes: 5 } })).problems, []);
  });
  await t.step("values past the number", async () => {
    const { problems } = await expand('["${A}"]', { env: { A: "[1, 2, 3]" }, limits: { maxNodes: 5 } });
    deepStrictEqual(problems.map(formatProblem), ["f.yaml:1:2: 0::2: is past 5 values in all"]);
  });
  await t.step("levels at the number", async () => {
    deepStrictEqual((await expand('["${A}"]', { env: { A: "[[1]]" }, limits: { maxDepth: 3 } })).problems, []);
  });
  await t.step("levels past the number", async () => {
    const { problems } = await expand('[["${A}"]]', { env: { A: "[[1]]" }, limits: { maxDepth: 3 } });
    deepStrictEqual(problems.map(formatProblem), ["f.yaml:1:3: 0::0::0: is nested deeper than 3 levels"]);
  });
});

Deno.test("text without an expression is itself, its $$ halved", async () => {
  await fc.assert(fc.asyncProperty(fc.string().filter((text) => findExpression(text) === undefined), async (text) => {
    strictEqual(plainValue((await valueOf(text)).node), text.replaceAll("$$", "$"));
  }));
});

Deno.test("text with every $ doubled comes back", async () => {
  const dollars = fc.string({ unit: fc.constantFrom("$", "{", "}", "X", "e:") });
  await fc.assert(fc.asyncProperty(dollars, async (text) => {
    const { node, problems } = await valueOf(text.replaceAll("$", "$$$$"), { env: ENV });
    deepStrictEqual([plainValue(node), problems], [text, []]);
  }));
});
