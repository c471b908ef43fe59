/**
 * The mutator: what it finds in a source, and what becomes of mutants of every fate.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { readOptions } from "./mutate.ts";
import { type Explanation, staleExplanations } from "./mutate/explained.ts";
import { mutate } from "./mutate/mutants.ts";
import { TARGETS } from "./mutate/targets.ts";

const ROOT = new URL("../../", import.meta.url);

const sources: { name: string; source: string; want: string[] }[] = [
  { name: "a comparison", source: "x(a < b);", want: ["x(a < b); -> nothing", "a < b -> a <= b", "a < b -> a >= b"] },
  { name: "equality", source: "const y = a === b;", want: ["a === b -> a !== b"] },
  {
    name: "arithmetic keeps its brackets",
    source: "const y = a + b * c;",
    want: ["a + b * c -> a - (b * c)", "b * c -> b / c"],
  },
  { name: "texts are not subtracted", source: 'const y = a + "b";', want: [] },
  { name: "bits", source: "const y = a >>> b;", want: ["a >>> b -> a >> b", "a >>> b -> a << b"] },
  { name: "either side of ??", source: "const y = a ?? b;", want: ["a ?? b -> a", "a ?? b -> b"] },
  { name: "&& is ||", source: "const y = a && b;", want: ["a && b -> a || b"] },
  { name: "not", source: "const y = !a;", want: ["!a -> a"] },
  {
    name: "numbers",
    source: "const y = [0, 1, 7];",
    want: ["0 -> 1", "1 -> 2", "1 -> 0", "7 -> 8", "7 -> 0", "7 -> 1"],
  },
  { name: "big integers", source: "const y = 7n;", want: ["7n -> 8n", "7n -> 0n", "7n -> 1n"] },
  { name: "keys are no numbers", source: "const y = { 3: z };", want: [] },
  { name: "a branch", source: "if (a) throw b;", want: ["a -> true", "a -> false"] },
  { name: "a loop is never endless by itself", source: "while (a) throw b;", want: ["a -> false"] },
  { name: "an assignment", source: "a.b = c;", want: ["a.b = c; -> nothing"] },
  { name: "a compound assignment", source: "a += c;", want: ["a += c; -> nothing", "a += c -> a -= c"] },
  { name: "a step", source: "a++;", want: ["a++; -> nothing", "a++ -> a--"] },
  { name: "a returned number", source: "function f(): number { return a; }", want: ["a -> 0"] },
  {
    name: "a returned promise of a boolean",
    source: "async function f(): Promise<boolean> { return a; }",
    want: ["a -> true", "a -> false"],
  },
  {
    name: "a return that may be nothing",
    source: "function f(): X | undefined { return a; }",
    want: ["a -> undefined"],
  },
  { name: "types", source: "type A = 1 | 2; let a: 3 = b as 4;", want: [] },
  { name: "texts for people", source: "throw new Error(`Cannot go: ${1 + 1}`);", want: [] },
  { name: "a choice of texts for people", source: 'const y = a < 1 ? "is small" : "is large";', want: [] },
  { name: "a table of numbers", source: "const y = [1, 2, 4, 8];", want: [] },
  { name: "super() must stay", source: "class A extends B { constructor() { super(); } }", want: [] },
];

Deno.test("mutate() finds what can be changed", async (t) => {
  for (const { name, source, want } of sources) {
    await t.step(name, () => {
      deepStrictEqual(mutate("a.ts", source, 1, "./s.ts").mutants.map(({ change }) => change), want);
    });
  }
});

Deno.test("a mutant has its place, and the names around it", () => {
  const source = "class A {\n  #b(c: number) {\n    const d = () => c * 2;\n  }\n}\n";
  const { mutants } = mutate("a.ts", source, 5, "./s.ts");
  deepStrictEqual(mutants[0], {
    id: 5,
    path: "a.ts",
    line: 3,
    column: 21,
    scope: "A.#b.d",
    lineText: "const d = () => c * 2;",
    change: "c * 2 -> c / 2",
  });
  deepStrictEqual(mutants.map(({ id }) => id), [5, 6, 7, 8]);
});

Deno.test("an instrumented source asks before each change, and counts its loops", () => {
  const { instrumented } = mutate("a.ts", "for (const a of b) if (a < 0) c();", 1, "../s.ts");
  strictEqual(
    instrumented,
    "import { countTurn as $turn, isMutant as $mutant } from '../s.ts'; " +
      "for (const a of b) { $turn(); if (($mutant(1) ? (true) : $mutant(2) ? (false) : $mutant(3) ? (a <= 0) : " +
      "$mutant(4) ? (a >= 0) : (a < ($mutant(5) ? (1) : (0))))) { if (!$mutant(6)) c(); } }",
  );
});

Deno.test("explanations of what needs none", () => {
  const [mutant] = mutate("a.ts", "const y = a < b;", 1, "./s.ts").mutants;
  ok(mutant);
  const explained = (change: string): Explanation => {
    return { path: "a.ts", scope: "y", line: "const y = a < b;", changes: [change], reason: "" };
  };
  const survived = [{ mutant, killedBy: undefined }];
  const killed = [{ mutant, killedBy: "t" }];
  deepStrictEqual(staleExplanations([explained("a < b -> a <= b")], [mutant], survived), []);
  deepStrictEqual(staleExplanations([explained("a < b -> a <= b")], [mutant], []), []);
  deepStrictEqual(staleExplanations([explained("a < b -> a <= b")], [mutant], killed), [
    "a.ts y: a < b -> a <= b (killed by t)",
  ]);
  deepStrictEqual(staleExplanations([explained("a < b -> a <= b")], [mutant], [...killed, ...survived]), []);
  deepStrictEqual(staleExplanations([explained("a < c -> a <= c")], [mutant], survived), [
    "a.ts y: a < c -> a <= c (is no mutant)",
  ]);
});

Deno.test("options that do not exist are refused", () => {
  for (const args of [["nobody"], ["--sample", "0"], ["--jobs", "two"], ["--loud"]]) {
    throws(() => readOptions(args), TypeError, args.join(" "));
  }
});

Deno.test("the sources and tests of all targets are there", () => {
  for (const { sources, tests } of Object.values(TARGETS)) {
    for (const path of [...sources, ...tests]) ok(Deno.statSync(new URL(path, ROOT)).isFile, path);
  }
});

/** In `mutate/smoke/counter.ts`, with its tests. */
const fates = [
  "killed    12:15 steps.count: 0 -> 1 [steps()]",
  "killed    13:20 steps: at < end -> at <= end [steps()]",
  "killed    8:14 STEP: 2 -> 3 [steps()]",
  "killed    8:14 STEP: 2 -> 0 [steps()]", // A loop without an end.
  "killed    20:15 told: resolve(true); -> nothing [told(): waits for ever]",
  "survived  26:10 isLarge: value > 10 -> value >= 10",
  "explained 31:10 larger: a < b -> a <= b",
  "survived  36:10 forgotten: 5 -> 6",
];

Deno.test("mutants of every fate, and the table", async (t) => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "mutate", "--smoke", "--all"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stderr: "inherit",
  }).output();
  const printed = new TextDecoder().decode(stdout).replaceAll("tests/tools/mutate/smoke/counter.ts:", "").split("\n");
  for (const line of fates) await t.step(line, () => ok(printed.includes(line), printed.join("\n")));
  await t.step("counts", () => ok(printed.includes("smoke                 31        23         1         7")));
  await t.step("survivors are a failure", () => strictEqual(code, 1));
});
