/**
 * Rows of figures: summed up, merged, kept.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { ENVIRONMENT, requestRow, resultsWith } from "./samples.ts";
import { mergeResults, NO_RESULTS, parseResults, printResults, spreadOf } from "./results.ts";

Deno.test("spreadOf()", async (t) => {
  const cases = [
    { name: "one", values: [7], want: { n: 1, median: 7, low: 7, high: 7 } },
    {
      name: "odd, unsorted, by number and not by text",
      values: [100, 9, 20],
      want: { n: 3, median: 20, low: 9, high: 100 },
    },
    { name: "even: between the two in the middle", values: [4, 1, 2, 10], want: { n: 4, median: 3, low: 1, high: 10 } },
    { name: "four digits", values: [1.23456], want: { n: 1, median: 1.235, low: 1.235, high: 1.235 } },
  ];
  for (const { name, values, want } of cases) await t.step(name, () => deepStrictEqual(spreadOf(values), want));
  await t.step("none", () => throws(() => spreadOf([]), RangeError));
});

Deno.test("mergeResults() keeps what a run did not renew", () => {
  const part = { group: null, commit: "aaaaaaa", n: 1, bestNs: 1, meanNs: 1, p99Ns: 1 };
  const table = (commit: string) => ({ commit, command: null, head: null, rows: [["a", "b"]] });
  const old = resultsWith({
    environments: { aaaaaaa: ENVIRONMENT },
    requests: [requestRow({ us: 10 }), requestRow({ variant: "base", us: 20 })],
    parts: [
      { ...part, file: "a_bench.ts", name: "kept" },
      { ...part, file: "b_bench.ts", name: "renamed since" },
    ],
    tables: { one: table("aaaaaaa"), two: table("aaaaaaa") },
    failures: [{ what: "x", commit: "aaaaaaa", why: "of the run before" }],
  });
  const fresh = resultsWith({
    environments: { bbbbbbb: ENVIRONMENT },
    requests: [requestRow({ us: 30, commit: "bbbbbbb" })],
    parts: [{ ...part, file: "b_bench.ts", name: "new", commit: "bbbbbbb" }],
    tables: { two: table("bbbbbbb") },
  });
  const merged = mergeResults(old, fresh);
  deepStrictEqual(merged.requests.map(({ cpuUs, commit }) => [cpuUs.median, commit]), [[30, "bbbbbbb"], [
    20,
    "aaaaaaa",
  ]]);
  deepStrictEqual(merged.parts.map(({ name }) => name), ["kept", "new"]);
  deepStrictEqual([merged.tables["one"]?.commit, merged.tables["two"]?.commit], ["aaaaaaa", "bbbbbbb"]);
  deepStrictEqual(merged.failures, []);
  deepStrictEqual(Object.keys(merged.environments), ["aaaaaaa", "bbbbbbb"]);
  deepStrictEqual(parseResults(printResults(merged)), merged);
  const turned = merged.requests.map((row) => Object.fromEntries(Object.entries(row).reverse()) as typeof row);
  strictEqual(printResults({ ...merged, requests: turned }), printResults(merged), "the order of keys is the schema's");
  const all = mergeResults(resultsWith({ requests: [requestRow()] }), fresh);
  deepStrictEqual(Object.keys(all.environments), ["bbbbbbb"], "of a commit that no row is of nothing is kept");
});

Deno.test("parseResults() refuses a row whose commit nobody knows", () => {
  const text = printResults({ ...NO_RESULTS, requests: [requestRow()] });
  throws(() => parseResults(text), /aaaaaaa/);
  throws(() => parseResults(`{"requests": []}`), { name: "ZodError" });
});
