/**
 * What programs say is read.
 *
 * @module
 */

import { deepStrictEqual, throws } from "node:assert";
import { readBench, readMeasure, readPrinted } from "./runs.ts";

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
