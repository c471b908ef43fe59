/**
 * How figures are written for readers.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert";
import { requestRow, resultsWith } from "./samples.ts";
import { NO_RESULTS, type RequestRow } from "./results.ts";
import { costsTable, markdownTable, numberText, programTable, ratioOf, readmeFigures, spreadText } from "./tables.ts";

Deno.test("ratioOf() is of the better to the better", async (t) => {
  const cases: { name: string; rows: RequestRow[]; want: number | undefined }[] = [
    {
      name: "all four",
      rows: [
        requestRow({ us: 50 }),
        requestRow({ variant: "base", us: 80 }),
        requestRow({ gateway: "collector", us: 300 }),
        requestRow({ gateway: "collector", variant: "base", us: 200 }),
      ],
      want: 4,
    },
    {
      name: "a variant of each is missing",
      rows: [requestRow({ variant: "base", us: 50 }), requestRow({ gateway: "collector", us: 100 })],
      want: 2,
    },
    { name: "no collector", rows: [requestRow()], want: undefined },
    { name: "none of ours", rows: [requestRow({ gateway: "collector" })], want: undefined },
    { name: "nothing", rows: [], want: undefined },
  ];
  for (const { name, rows, want } of cases) await t.step(name, () => strictEqual(ratioOf(rows), want));
});

Deno.test("numbers as tables write them", () => {
  deepStrictEqual([0, 3.64, 9.96, 10.4, 1234.5, 98].map(numberText), ["0", "3.6", "10", "10", "1,235", "98"]);
  strictEqual(spreadText({ n: 3, median: 98, low: 86, high: 1010 }), "98 (86-1,010)");
  strictEqual(spreadText({ n: 1, median: 530, low: 530, high: 530 }), "530");
  strictEqual(markdownTable(["a", "b"], [["1", ""]]), "| a | b |\n| --- | --- |\n| 1 |  |");
});

Deno.test("readmeFigures()", async (t) => {
  const latency = { p99Ms: { n: 2, median: 5, low: 4, high: 6 }, requestsPerSecond: 5_700, cores: 0.6 };
  const text = readmeFigures(resultsWith({
    requests: [
      requestRow({ us: 100, latency }),
      requestRow({ gateway: "collector", variant: "base", us: 500, commit: "bbbbbbb", rssPeakMb: null }),
    ],
    parts: [{
      ...{ file: "json_bench.ts", group: "traces, 100 items to protobuf", name: "readJsonPayload() of 7 bytes" },
      ...{ commit: "aaaaaaa", n: 5, bestNs: 175_000, meanNs: 200_400, p99Ns: 1 },
    }],
    tables: {
      resident_set: { commit: "aaaaaaa", command: "it", head: null, rows: [["at rest", "87 MB"]] },
      ottl_conditions: { commit: "bbbbbbb", command: "it", head: ["ns", "Ours"], rows: [["the first of ten", "60"]] },
    },
  }));
  const lines = text.split("\n");
  const wanted = [
    "| 100 spans, 44 kB | 100 (90-110) |  |  | 500 (490-510) | 5.0 | 3 | `aaaaaaa` `bbbbbbb` |",
    "| 100 spans, 44 kB | 118 |  |  |  | `aaaaaaa` |",
    "| 100 spans, 44 kB | Sluice, plain | 5,700 | 0.60 | 5 (4-6) | 2 | `aaaaaaa` |",
    "| at rest | 87 MB |",
    "| the first of ten | 60 |",
    "| JSON to wire bytes, 100 spans | 175 | 200 | `aaaaaaa` |",
  ];
  for (const line of wanted) await t.step(line, () => ok(lines.includes(line), text));
  await t.step("what was not measured has no row", () => strictEqual(text.includes("1,000 spans"), false));
  await t.step("one line of method for both commits", () => {
    strictEqual(
      lines.filter((line) => line.startsWith("- `RATE=off tests/peers/measure` on 2 cores (a CPU)")).length,
      1,
    );
    match(text, /: `aaaaaaa` \(2026-01-02\), `bbbbbbb` \(2026-01-02\)\.$/m);
  });
});

Deno.test("tables of programs", async (t) => {
  const rows = [["cost", "12 ns", "3 more"], ["noise", "9"]];
  const tables = { one: { commit: "aaaaaaa", command: "deno run it", head: null, rows } };
  await t.step("as printed, with what printed it", () => {
    const lines = programTable(resultsWith({ tables }), "one").split("\n");
    strictEqual(lines[0], "| What | Measured |  |");
    strictEqual(lines[2], "| cost | 12 ns | 3 more |");
    match(lines.at(-1) ?? "", /^Printed by `deno run it` of `aaaaaaa` \(2026-01-02\), on 2 cores/);
  });
  await t.step("several in one, what is shown and what is wanted", () => {
    const part = { file: "x_bench.ts", group: null, name: "find() a", commit: "bbbbbbb", n: 3 };
    const results = resultsWith({ tables, parts: [{ ...part, bestNs: 5_000, meanNs: 6_000, p99Ns: 9_000 }] });
    const lines = costsTable(results, [
      { program: "one", shows: [["cost", "10 ns"]] },
      { file: "x_bench.ts", name: "find()", label: "found" },
    ]).split("\n");
    strictEqual(lines[2], "| cost | 10 ns | 12 ns, 3 more | `one.ts` | `aaaaaaa` |");
    strictEqual(lines[3], "| found |  | best 5 us, mean 6 us | `x_bench.ts` | `bbbbbbb` |");
    strictEqual(lines[4], "");
  });
  await t.step("never measured", () => {
    throws(() => programTable(NO_RESULTS, "one"), TypeError);
    throws(() => costsTable(NO_RESULTS, [{ file: "x_bench.ts", name: "y", label: "" }]), TypeError);
  });
});
