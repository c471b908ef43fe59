/**
 * The figures of README and docs are those of docs/figures.json, and that file is made as it says.
 *
 * @module
 */

import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert";
import { named, optionsOf, planOf } from "./figures.ts";
import { DOCUMENTS, urlOf, withFigures } from "./figures/documents.ts";
import { Journal, type JournalHead, type Measured, resultsOf } from "./figures/journal.ts";
import {
  Budget,
  HELPERS,
  onceUnits,
  PROGRAMS,
  QUICK_TIMING,
  requestUnits,
  SCENARIOS,
  secondsOf,
  TIMING,
  type Unit,
} from "./figures/plan.ts";
import {
  type Environment,
  mergeResults,
  NO_RESULTS,
  parseResults,
  printResults,
  type RequestRow,
  RESULTS,
  type Results,
  spreadOf,
} from "./figures/results.ts";
import { readBench, readMeasure, readPrinted } from "./figures/runs.ts";
import { Session, type SessionPlan, unitsOf } from "./figures/session.ts";
import {
  costsTable,
  markdownTable,
  numberText,
  programTable,
  ratioOf,
  readmeFigures,
  spreadText,
} from "./figures/tables.ts";

const ENVIRONMENT: Environment = {
  ...{ date: "2026-01-02", cores: 2, cpu: "a CPU", kernel: "6.1" },
  ...{ deno: "2.9.6", collector: "0.157.0" },
};

function requestRow(more: Partial<RequestRow> & { readonly us?: number } = {}): RequestRow {
  const { us = 100, ...rest } = more;
  return {
    ...{ scenario: "p100", variant: "plain", gateway: "sluice", commit: "aaaaaaa", method: "RATE=off" },
    cpuUs: { n: 3, median: us, low: us - 10, high: us + 10 },
    ...{ rssPeakMb: 118, latency: null, otherCores: 0.1 },
    ...rest,
  };
}

function resultsWith(more: Partial<Results>): Results {
  return { ...NO_RESULTS, environments: { aaaaaaa: ENVIRONMENT, bbbbbbb: ENVIRONMENT }, ...more };
}

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
    tables: { resident_set: { commit: "aaaaaaa", command: "it", head: null, rows: [["at rest", "87 MB"]] } },
  }));
  const lines = text.split("\n");
  const wanted = [
    "| 100 spans, 44 kB | 100 (90-110) |  |  | 500 (490-510) | 5.0 | 3 | `aaaaaaa` `bbbbbbb` |",
    "| 100 spans, 44 kB | 118 |  |  |  | `aaaaaaa` |",
    "| 100 spans, 44 kB | Sluice, plain | 5,700 | 0.60 | 5 (4-6) | 2 | `aaaaaaa` |",
    "| at rest | 87 MB |",
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
  const all = mergeResults(resultsWith({ requests: [requestRow()] }), fresh);
  deepStrictEqual(Object.keys(all.environments), ["bbbbbbb"], "of a commit that no row is of nothing is kept");
});

Deno.test("parseResults() refuses a row whose commit nobody knows", () => {
  const text = printResults({ ...NO_RESULTS, requests: [requestRow()] });
  throws(() => parseResults(text), /aaaaaaa/);
  throws(() => parseResults(`{"requests": []}`), { name: "ZodError" });
});

Deno.test("what the programs say", async (t) => {
  const phase = { cpu_us_per_request: 98.5, rss_peak_mb: 118, pid_cores: 0.9, p99_ms: 6, rate: 0, others_cores: 0.2 };
  const line = (saturated: boolean, rated: boolean | null) =>
    JSON.stringify({
      saturated: { ...phase, intact: saturated },
      rated: rated === null ? null : { ...phase, rate: 5_700, pid_cores: 0.6, intact: rated },
    });
  await t.step("measure, at full load alone", () => {
    const want = { cpuUs: 98.5, rssPeakMb: 118, otherCores: 0.2, latency: null };
    deepStrictEqual(readMeasure(line(true, null)), want);
  });
  await t.step("measure, with latencies", () => {
    deepStrictEqual(readMeasure(line(true, true)).latency, { p99Ms: 6, requestsPerSecond: 5_700, cores: 0.6 });
  });
  await t.step("measure, something was lost", () => {
    throws(() => readMeasure(line(false, null)), /differ/);
    throws(() => readMeasure(line(true, false)), /differ/);
  });
  const bench = (result: unknown) => JSON.stringify({ benches: [{ group: null, name: "a", results: [result] }] });
  await t.step("deno bench", () => {
    const figures = readBench(bench({ ok: { n: 7, min: 1.23456, avg: 2, p99: 3 } }));
    deepStrictEqual(figures, [{ group: null, name: "a", n: 7, bestNs: 1.235, meanNs: 2, p99Ns: 3 }]);
  });
  await t.step("deno bench, one failed", () => throws(() => readBench(bench({ failed: {} })), { name: "ZodError" }));
  const printed = [
    {
      name: "a table",
      prints: "table" as const,
      text: "started\n| a | b |\n| --- | --- |\n| 1 | 2 |\n",
      want: { head: ["a", "b"], rows: [["1", "2"]] },
    },
    {
      name: "lines",
      prints: "lines" as const,
      text: "what it costs    12 ns  3 more  \n\nby turns: p50 20 ms, p99 20 ms\n",
      want: { head: null, rows: [["what it costs", "12 ns", "3 more"], ["by turns", "p50 20 ms, p99 20 ms"]] },
    },
    {
      name: "an object that has a name",
      prints: "json" as const,
      text: '{"shape":"p1","name":"off","us":47}\n',
      want: { head: null, rows: [["off", "shape p1", "us 47"]] },
    },
    {
      name: "an object that has none",
      prints: "json" as const,
      text: '{"changes":7,"tookMs":{"p50":1,"p99":2}}',
      want: { head: null, rows: [["changes", "7"], ["tookMs", "{p50:1, p99:2}"]] },
    },
  ];
  for (const { name, prints, text, want } of printed) {
    await t.step(name, () => deepStrictEqual(readPrinted(prints, text), want));
  }
  await t.step("nothing", () => throws(() => readPrinted("table", "| a |\n| - |\n"), /nothing was printed/));
});

Deno.test("secondsOf()", () => {
  deepStrictEqual(["500ms", "4s", "2.5s", "25m", "1h"].map(secondsOf), [0.5, 4, 2.5, 1_500, 3_600]);
  for (const wrong of ["", "5", "s", "-1s", "1d", "1m30s"]) throws(() => secondsOf(wrong), RangeError);
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

Deno.test("requestUnits()", async (t) => {
  const scenarios = SCENARIOS.filter(({ name }) => name === "p100" || name === "kafka-all-kafkajs");
  await t.step("the gateways take turns, and what only ours can is of ours alone", () => {
    deepStrictEqual(requestUnits(scenarios, TIMING, 0).map(({ key }) => key), [
      ...["p100:plain:sluice", "p100:plain:collector", "p100:base:sluice", "p100:base:collector"],
      "kafka-all-kafkajs:base:sluice",
    ]);
    deepStrictEqual(requestUnits(scenarios, TIMING, 1).map(({ key }) => key), [
      ...["p100:plain:collector", "p100:plain:sluice", "p100:base:collector", "p100:base:sluice"],
      "kafka-all-kafkajs:base:sluice",
    ]);
  });
  await t.step("latencies take as long again", () => {
    const [rated, , plain] = requestUnits(scenarios, TIMING, 0);
    strictEqual((rated?.estimateSeconds ?? 0) - (plain?.estimateSeconds ?? 0), 6.5);
  });
});

Deno.test("Budget", async (t) => {
  await t.step("by the estimates until something was measured, then by what it took", () => {
    const budget = new Budget(100);
    deepStrictEqual([budget.fits(100), budget.fits(101)], [true, false]);
    budget.spent(10, 20);
    deepStrictEqual([budget.expected(40), budget.fits(40), budget.fits(41)], [80, true, false]);
  });
  await t.step("requests leave the others their part", () => {
    const budget = new Budget(100);
    deepStrictEqual([budget.fitsRequests(65, false), budget.fitsRequests(66, false)], [true, false]);
    deepStrictEqual([budget.fitsRequests(100, true), budget.fitsRequests(101, true)], [true, false]);
  });
});

const HEAD: JournalHead = { commit: "aaaaaaa", warmup: "4s", duration: "2500ms" };
const FIGURES = { cpuUs: 100, rssPeakMb: 118, otherCores: 0.1, latency: null };

/** A session whose units take their estimates, or what a script says, by a clock of its own. */
async function session(
  more: Partial<SessionPlan>,
  { journal, run = () => {} }: {
    readonly journal?: Journal;
    readonly run?: (key: string, attempt: number, abort: AbortController) => void;
  } = {},
) {
  const plan: SessionPlan = {
    scenarios: SCENARIOS.filter(({ name }) => name === "filter"),
    once: onceUnits(["json_bench.ts"], []),
    rounds: 2,
    timing: TIMING,
    budgetSeconds: Infinity,
    ...more,
  };
  const path = await Deno.makeTempFile();
  const kept = journal ?? await Journal.create(path, HEAD);
  const ran: string[] = [];
  const lines: string[] = [];
  let [nowMs, saved] = [0, 0];
  const measuredOf = (unit: Unit): Measured =>
    unit.kind === "request"
      ? { kind: "request", figures: FIGURES }
      : { kind: "bench", figures: [{ group: null, name: "a", n: 1, bestNs: 1, meanNs: 1, p99Ns: 1 }] };
  const abort = new AbortController();
  const failures = await new Session(plan, {
    run: (unit) => {
      ran.push(unit.key);
      nowMs += 1_000 * unit.estimateSeconds;
      run(unit.key, ran.filter((key) => key === unit.key).length, abort);
      return Promise.resolve(measuredOf(unit));
    },
    journal: kept,
    nowMs: () => nowMs,
    tell: (line) => void lines.push(line),
    save: () => Promise.resolve(void saved++),
    abort: abort.signal,
  }).measure();
  await Deno.remove(path);
  return { plan, ran, lines, saved, failures, journal: kept };
}

const [OURS, THEIRS, BENCH] = ["filter:plain:sluice", "filter:plain:collector", "bench:json_bench.ts"];

Deno.test("Session", async (t) => {
  await t.step("rounds, then what is measured once; saved behind each", async () => {
    const { ran, saved, failures, lines } = await session({});
    deepStrictEqual(ran, [OURS, THEIRS, THEIRS, OURS, BENCH]);
    deepStrictEqual([saved, failures], [3, []]);
    match(lines[0] ?? "", /^about 1 min/);
  });
  await t.step("what fails once is measured at once again", async () => {
    const { ran, failures } = await session({ rounds: 1 }, {
      run: (key, attempt) => {
        if (key === OURS && attempt === 1) throw new Error("busy");
      },
    });
    deepStrictEqual([ran, failures], [[OURS, OURS, THEIRS, BENCH], []]);
  });
  await t.step("what fails twice is told, and the rest goes on", async () => {
    const { ran, failures, journal, plan } = await session({ rounds: 1 }, {
      run: (key) => {
        if (key === OURS) throw new Error("broken");
      },
    });
    deepStrictEqual([ran, failures], [[OURS, OURS, THEIRS, BENCH], [{ what: OURS, why: "broken" }]]);
    const { requests, failures: told } = resultsOf(journal, unitsOf(plan), ENVIRONMENT, failures);
    deepStrictEqual(requests.map(({ gateway }) => gateway), ["collector"]);
    deepStrictEqual(told, [{ what: OURS, why: "broken", commit: "aaaaaaa" }]);
  });
  await t.step("a failure of one round is forgotten when the next one measures it", async () => {
    const { failures, journal } = await session({}, {
      run: (key, attempt) => {
        if (key === OURS && attempt <= 2) throw new Error("busy");
      },
    });
    deepStrictEqual([failures, journal.count(OURS), journal.count(THEIRS)], [[], 1, 2]);
  });
  // A round takes 21 s (two times 10.5), the benchmark 25.
  const budgets = [
    { seconds: 20, want: [OURS], what: [THEIRS, BENCH] },
    { seconds: 46, want: [OURS, THEIRS, BENCH], what: [] },
    { seconds: 67, want: [OURS, THEIRS, THEIRS, OURS, BENCH], what: [] },
    { seconds: 64, want: [OURS, THEIRS, BENCH], what: [] },
  ];
  for (const { seconds, want, what } of budgets) {
    await t.step(`${seconds} s`, async () => {
      const { ran, failures } = await session({ budgetSeconds: seconds });
      deepStrictEqual([ran, failures.map((failure) => failure.what)], [want, what]);
    });
  }
  await t.step("what the benchmark leaves is for another round", async () => {
    const { ran } = await session({ budgetSeconds: 67, rounds: 2, once: [] });
    deepStrictEqual(ran, [OURS, THEIRS, THEIRS, OURS]);
  });
  await t.step("ends behind the unit in which it was interrupted, and keeps what it has", async () => {
    const { ran, saved, journal } = await session({}, {
      run: (key, _, abort) => {
        if (key === THEIRS) abort.abort();
      },
    });
    deepStrictEqual([ran, saved, journal.count(THEIRS)], [[OURS, THEIRS], 1, 1]);
  });
  await t.step("goes on where the run before ended", async () => {
    const { journal } = await session({ budgetSeconds: 20 });
    const { ran, lines } = await session({}, { journal });
    deepStrictEqual(ran, [THEIRS, THEIRS, OURS, BENCH]);
    match(lines[0] ?? "", /^about 1 min/);
    deepStrictEqual((await session({}, { journal })).ran, []);
  });
});

Deno.test("Journal", async (t) => {
  const path = await Deno.makeTempFile();
  const record = { key: OURS, seconds: 3, measured: { kind: "request" as const, figures: FIGURES } };
  const journal = await Journal.create(path, HEAD);
  await journal.append(record);
  await t.step("is there again, without a line that was torn", async () => {
    await Deno.writeTextFile(path, `{"key":"fil`, { append: true });
    const resumed = await Journal.resume(path, HEAD);
    deepStrictEqual(resumed.records, [record]);
    await resumed.append({ ...record, key: THEIRS });
    deepStrictEqual((await Journal.resume(path, HEAD)).records.map(({ key }) => key), [OURS, THEIRS]);
  });
  await t.step("of another state of the code it is refused", async () => {
    await rejects(Journal.resume(path, { ...HEAD, commit: "bbbbbbb" }), /wanted .*bbbbbbb/);
    await rejects(Journal.resume(path, { ...HEAD, warmup: "1s" }), TypeError);
  });
  await t.step("a new one forgets", async () => {
    strictEqual((await Journal.create(path, HEAD)).count(OURS), 0);
    deepStrictEqual((await Journal.resume(path, HEAD)).records, []);
  });
  await Deno.remove(path);
});

Deno.test("resultsOf() summarises the runs of a unit", () => {
  const units = requestUnits(SCENARIOS.filter(({ name }) => name === "p100"), TIMING, 0);
  const latency = (p99Ms: number) => ({ p99Ms, requestsPerSecond: 5_000, cores: 0.6 });
  const records = [[100, 4], [300, 8], [200, 6]].map(([cpuUs = 0, p99Ms = 0]) => ({
    key: "p100:plain:sluice",
    seconds: 1,
    measured: {
      kind: "request" as const,
      figures: { cpuUs, rssPeakMb: cpuUs, otherCores: 0, latency: latency(p99Ms) },
    },
  }));
  const { requests } = resultsOf({ head: HEAD, records }, units, ENVIRONMENT, []);
  deepStrictEqual(requests, [{
    ...{
      scenario: "p100",
      variant: "plain",
      gateway: "sluice",
      commit: "aaaaaaa",
      method: "WARMUP=4s DURATION=2500ms",
    },
    cpuUs: { n: 3, median: 200, low: 100, high: 300 },
    rssPeakMb: 200,
    latency: { p99Ms: { n: 3, median: 6, low: 4, high: 8 }, requestsPerSecond: 5_000, cores: 0.6 },
    otherCores: 0,
  }]);
});
