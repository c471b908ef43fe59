import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  DEFAULT_HEALTH_LIMITS,
  figuresBetween,
  type HealthFigures,
  type HealthSample,
  judge,
  sampleHealth,
  whyNotJudged,
} from "../../../gateway/config/health.ts";
import type { SeriesValue } from "../../../pipeline/core/telemetry/store.ts";

const FINE: HealthFigures = {
  durationMs: 30_000,
  accepted: 1_000,
  refused: 0,
  refusedRequests: 0,
  sent: 1_000,
  failed: 0,
  workerRestarts: 0,
  queues: new Map([["a (traces)", 0.1]]),
};

const cases: {
  name: string;
  before?: Partial<HealthFigures>;
  after?: Partial<HealthFigures>;
  want: readonly string[];
}[] = [
  { name: "the same", want: [] },
  { name: "nothing comes in", after: { accepted: 0, sent: 0 }, want: [] },
  { name: "errors at the limit", after: { sent: 900, failed: 100 }, want: [] },
  {
    name: "errors past the limit",
    after: { sent: 899, failed: 101 },
    want: ["10 % of the items could not be exported, before it 0 %"],
  },
  {
    name: "errors that there were before",
    before: { sent: 500, failed: 500 },
    after: { sent: 450, failed: 550 },
    want: [],
  },
  { name: "too few items to tell", after: { sent: 1, failed: 18 }, want: [] },
  {
    name: "just enough items to tell",
    after: { sent: 1, failed: 19 },
    want: ["95 % of the items could not be exported, before it 0 %"],
  },
  { name: "too few that all failed", after: { sent: 0, failed: 2 }, want: [] },
  {
    name: "just enough that all failed",
    after: { sent: 0, failed: 3 },
    want: ["100 % of the items could not be exported, before it 0 %"],
  },
  { name: "as many that were all refused", after: { accepted: 0, refused: 19 }, want: [] },
  {
    name: "refused items",
    after: { accepted: 500, refused: 500 },
    want: ["50 % of the items were refused, before it 0 %"],
  },
  {
    name: "requests refused before they are read",
    after: { accepted: 300, refusedRequests: 20 },
    want: ["20 requests were refused: 10.0 items a second are taken, before it 33.3"],
  },
  { name: "refused requests, and as much is taken", after: { refusedRequests: 500 }, want: [] },
  {
    name: "as many refused requests as before, and less comes",
    before: { refusedRequests: 20 },
    after: { accepted: 0, refusedRequests: 20 },
    want: [],
  },
  { name: "a queue at the limit", after: { queues: new Map([["a (traces)", 0.35]]) }, want: [] },
  {
    name: "a queue past the limit, and a new one",
    after: { queues: new Map([["a (traces)", 0.36], ["b (logs)", 0.3]]) },
    want: [
      "the queue of exporter a (traces) is 36 % full, before it 10 %",
      "the queue of exporter b (logs) is 30 % full, before it 0 %",
    ],
  },
  { name: "one worker died", after: { workerRestarts: 1 }, want: [] },
  { name: "two workers died", after: { workerRestarts: 2 }, want: ["2 data workers died"] },
];

Deno.test("judge()", async (t) => {
  for (const { name, before, after, want } of cases) {
    await t.step(name, () => {
      deepStrictEqual(judge({ ...FINE, ...before }, { ...FINE, ...after }, DEFAULT_HEALTH_LIMITS), want);
    });
  }
});

const quiet: { name: string; after: Partial<HealthFigures>; isJudged: boolean }[] = [
  { name: "nothing", after: { accepted: 0, sent: 0 }, isJudged: false },
  { name: "one item too few of each", after: { accepted: 19, sent: 19, refusedRequests: 19 }, isJudged: false },
  { name: "enough exported", after: { accepted: 0, sent: 1, failed: 19 }, isJudged: true },
  { name: "enough taken", after: { accepted: 10, refused: 10, sent: 0 }, isJudged: true },
  { name: "enough requests refused", after: { accepted: 0, sent: 0, refusedRequests: 20 }, isJudged: true },
  { name: "too few that all failed", after: { accepted: 2, sent: 0, failed: 2 }, isJudged: false },
  { name: "just enough that all failed", after: { accepted: 3, sent: 0, failed: 3 }, isJudged: true },
];

Deno.test("whyNotJudged()", async (t) => {
  for (const { name, after, isJudged } of quiet) {
    await t.step(name, () => {
      strictEqual(whyNotJudged({ ...FINE, ...after }, DEFAULT_HEALTH_LIMITS) === undefined, isJudged);
    });
  }
  await t.step("in words", () => {
    strictEqual(
      whyNotJudged({ ...FINE, accepted: 4, sent: 1, failed: 2 }, DEFAULT_HEALTH_LIMITS),
      "not judged: 3 items were exported and 4 came in 30 s, wanted 20 of either",
    );
  });
});

Deno.test("sampleHealth() adds up receivers and exporters, and takes each queue for itself", () => {
  const series = (name: string, value: number, attributes = {}): SeriesValue => ({
    name,
    kind: "counter",
    attributes,
    bounds: [],
    values: [value],
  });
  const queue = { exporter: "a", data_type: "logs" };
  const sample = sampleHealth([
    series("otelcol_receiver_accepted_spans", 5),
    series("otelcol_receiver_accepted_log_records", 6),
    series("otelcol_receiver_refused_spans", 3),
    series("otelcol_receiver_failed_spans", 1),
    series("sluice_receiver_refused_requests", 2),
    series("otelcol_exporter_sent_spans", 7),
    series("otelcol_exporter_send_failed_spans", 1),
    series("otelcol_exporter_enqueue_failed_log_records", 2),
    series("sluice_worker_restarts", 1),
    series("otelcol_exporter_queue_size", 30, queue),
    series("otelcol_exporter_queue_capacity", 120, queue),
    series("otelcol_exporter_queue_size", 30, { exporter: "b", data_type: "logs" }),
  ], 1_000);
  const want: HealthSample = {
    atMs: 1_000,
    accepted: 11,
    refused: 4,
    refusedRequests: 2,
    sent: 7,
    failed: 3,
    workerRestarts: 1,
    queues: new Map([["a (logs)", 0.25], ["b (logs)", 0]]),
  };
  deepStrictEqual(sample, want);
  const later = { ...want, atMs: 3_000, accepted: 21, queues: new Map([["a (logs)", 0.5]]) };
  deepStrictEqual(figuresBetween(want, later), {
    durationMs: 2_000,
    accepted: 10,
    refused: 0,
    refusedRequests: 0,
    sent: 0,
    failed: 0,
    workerRestarts: 0,
    queues: new Map([["a (logs)", 0.5]]),
  });
});
