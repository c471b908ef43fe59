/**
 * The figures of README and docs are those of docs/figures.json, and what is chosen is measured.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { HELPERS, PROGRAMS, QUICK_TIMING, SCENARIOS, TIMING } from "./figures/plan.ts";
import { NO_RESULTS, parseResults, printResults, RESULTS } from "./figures/results.ts";
import { DOCUMENTS, urlOf, withFigures } from "./figures/documents.ts";
import { named, optionsOf, planOf } from "./figures.ts";

Deno.test("the documents show what docs/figures.json holds", async (t) => {
  const results = parseResults(await Deno.readTextFile(RESULTS));
  for (const [path, parts] of Object.entries(DOCUMENTS)) {
    await t.step(path, async () => {
      const text = await Deno.readTextFile(urlOf(path));
      strictEqual(text, withFigures(text, parts, results), "run `deno task figures --write`");
    });
  }
  await t.step("printed as it is kept", async () => {
    strictEqual(printResults(results), await Deno.readTextFile(RESULTS));
  });
  await t.step("everything in tests/bench is run, or helps", () => {
    const files = [...Deno.readDirSync(urlOf("tests/bench"))].filter(({ name }) => name.endsWith(".ts"));
    const run = new Set([...PROGRAMS.map(({ name }) => `${name}.ts`), ...HELPERS]);
    deepStrictEqual(files.map(({ name }) => name).filter((name) => !name.endsWith("_bench.ts") && !run.has(name)), []);
  });
  await t.step("of nothing that is not there", () => {
    for (const { file } of results.parts) ok(Deno.statSync(urlOf(`tests/bench/${file}`)).isFile);
    for (const { name } of PROGRAMS) ok(Deno.statSync(urlOf(`tests/bench/${name}.ts`)).isFile);
    const scenarios = new Set(SCENARIOS.map(({ name }) => name));
    deepStrictEqual(results.requests.filter(({ scenario }) => !scenarios.has(scenario)), []);
  });
});

Deno.test("withFigures() wants both marks", () => {
  const part = { start: "<!-- a -->", end: "<!-- /a -->", write: () => "new" };
  strictEqual(
    withFigures("x\n<!-- a -->\nold\n<!-- /a -->\ny", [part], NO_RESULTS),
    "x\n<!-- a -->\n\nnew\n\n<!-- /a -->\ny",
  );
  throws(() => withFigures("<!-- /a --> <!-- a -->", [part], NO_RESULTS), TypeError);
  throws(() => withFigures("", [part], NO_RESULTS), TypeError);
});

Deno.test("what is chosen", async (t) => {
  const benches = ["json_bench.ts", "validate_bench.ts"];
  const plan = (...args: string[]) => planOf(optionsOf(args), benches);
  await t.step("everything", () => {
    const { scenarios, once, rounds, timing, budgetSeconds } = plan();
    deepStrictEqual([scenarios, timing, budgetSeconds, rounds], [SCENARIOS, TIMING, Infinity, 5]);
    strictEqual(once.length, benches.length + PROGRAMS.length);
  });
  await t.step("what one list names, and nothing of the other kinds", () => {
    const { scenarios, once } = plan("--parts", "validate");
    deepStrictEqual([scenarios.length, once.map(({ key }) => key)], [0, ["bench:validate_bench.ts"]]);
  });
  await t.step("lists of each kind", () => {
    const { scenarios, once } = plan("--scenarios", "p1,filter", "--programs", "fairness");
    deepStrictEqual(scenarios.map(({ name }) => name), ["p1", "filter"]);
    deepStrictEqual(once.map(({ key }) => key), ["program:fairness"]);
  });
  await t.step("a quick look has less of everything", () => {
    const { once, timing } = plan("--quick", "--programs", "rollout_damage");
    deepStrictEqual(once.map((unit) => unit.kind === "program" && unit.program.args), [["2"]]);
    deepStrictEqual(timing, QUICK_TIMING);
  });
  for (const wrong of [["--rounds", "0"], ["--rounds", "x"], ["--budget", "soon"], ["--scenarios", "p7"]]) {
    await t.step(wrong.join(" "), () => throws(() => plan(...wrong), RangeError));
  }
  await t.step("a name that is none is told with those that are", () => {
    throws(() => named(["a", "b"], (each) => each, "c", true), /"c".*wanted one of a, b/);
  });
});
