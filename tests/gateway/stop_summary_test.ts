/** What a stop came to, of the counters when it began and when it was over. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { stopSummary } from "../../gateway/stop_summary.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import { METRICS } from "../../pipeline/core/telemetry/table.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";

const series = (name: string, value: number, attributes: Attributes = {}): SeriesValue => ({
  name,
  kind: "counter",
  attributes,
  bounds: [],
  values: [value],
});

const cases: { name: string; before?: SeriesValue[]; after: SeriesValue[]; want: Record<string, number> }[] = [
  { name: "nothing", after: [], want: {} },
  {
    name: "what there was before does not count",
    before: [series("otelcol_receiver_accepted_spans", 5)],
    after: [series("otelcol_receiver_accepted_spans", 7)],
    want: { traces_kept: 2 },
  },
  {
    name: "over all components",
    after: [
      series("otelcol_exporter_sent_log_records", 1, { exporter: "a" }),
      series("otelcol_exporter_sent_log_records", 2, { exporter: "b" }),
    ],
    want: { logs_delivered: 3 },
  },
  {
    name: "what senders have still",
    after: [
      series("otelcol_receiver_refused_metric_points", 1),
      series("otelcol_receiver_failed_metric_points", 2),
      series("sluice_receiver_abandoned_metric_points", 4),
    ],
    want: { metrics_refused: 7 },
  },
  {
    name: "what is lost",
    after: [series("sluice_exporter_lost_profile_samples", 1), series("sluice_processor_lost_profile_samples", 2)],
    want: { profiles_lost: 3 },
  },
  {
    name: "requests by their outcome",
    after: [
      series("otelcol_receiver_requests", 8, { outcome: "success" }),
      series("otelcol_receiver_requests", 9, { outcome: "refused" }),
      series("sluice_receiver_refused_requests", 3, { code: "unavailable" }),
      series("sluice_receiver_refused_requests", 1, { code: "internal" }),
    ],
    want: { requests_kept: 8, requests_refused: 4 },
  },
];

Deno.test("stopSummary()", async (t) => {
  for (const { name, before = [], after, want } of cases) {
    await t.step(name, () => {
      const summary = stopSummary(before, after);
      deepStrictEqual(Object.fromEntries(Object.entries(summary).filter(([, count]) => count !== 0)), want);
      strictEqual(Object.keys(summary).length, 18);
    });
  }
});

Deno.test("every counter of the metrics' table that it names is there", () => {
  const all = METRICS.map(({ name }) =>
    series(name, 1, name === "otelcol_receiver_requests" ? { outcome: "success" } : {})
  );
  deepStrictEqual(new Set(Object.values(stopSummary([], all))), new Set([1, 2, 3]));
});
