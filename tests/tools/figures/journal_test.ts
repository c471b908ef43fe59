/**
 * What was measured until now, and what comes of it.
 *
 * @module
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { ENVIRONMENT } from "./samples.ts";
import { Journal, type JournalHead, resultsOf } from "./journal.ts";
import { requestUnits, SCENARIOS, TIMING } from "./plan.ts";

const [OURS, THEIRS] = ["filter:plain:sluice", "filter:plain:collector"];

const HEAD: JournalHead = { commit: "aaaaaaa", warmup: "4s", duration: "2500ms" };
const FIGURES = { cpuUs: 100, rssPeakMb: 118, otherCores: 0.1, latency: null };

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
