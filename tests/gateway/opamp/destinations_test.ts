import { deepStrictEqual } from "node:assert/strict";
import { Destinations, FORGOTTEN_MS } from "../../../gateway/opamp/destinations.ts";
import type { SeriesValue } from "../../../pipeline/core/telemetry/store.ts";

const counter = (name: string, exporter: string, value: number): SeriesValue => ({
  name,
  kind: "counter",
  attributes: { exporter },
  bounds: [],
  values: [value],
});

/** Totals at one look, of the exporter `a`. */
interface Look {
  readonly atMs: number;
  readonly sent: number;
  readonly failed: number;
}

const cases: { name: string; looks: Look[]; want: number | undefined }[] = [
  { name: "nothing was tried", looks: [{ atMs: 0, sent: 0, failed: 0 }], want: undefined },
  { name: "all failed from the start", looks: [{ atMs: 0, sent: 0, failed: 5 }], want: 5 },
  { name: "some are delivered", looks: [{ atMs: 0, sent: 1, failed: 99 }], want: undefined },
  {
    name: "all fail from now on",
    looks: [{ atMs: 0, sent: 100, failed: 0 }, { atMs: 5_000, sent: 100, failed: 3 }],
    want: 3,
  },
  {
    name: "they add up until one is delivered",
    looks: [{ atMs: 0, sent: 1, failed: 0 }, { atMs: 1, sent: 1, failed: 3 }, { atMs: 2, sent: 1, failed: 7 }],
    want: 7,
  },
  {
    name: "it delivers again",
    looks: [{ atMs: 0, sent: 0, failed: 3 }, { atMs: 1, sent: 1, failed: 4 }],
    want: undefined,
  },
  {
    name: "nothing more is tried, for not quite a minute",
    looks: [{ atMs: 0, sent: 0, failed: 3 }, { atMs: FORGOTTEN_MS - 1, sent: 0, failed: 3 }],
    want: 3,
  },
  {
    name: "nothing more is tried for a minute",
    looks: [{ atMs: 0, sent: 0, failed: 3 }, { atMs: FORGOTTEN_MS, sent: 0, failed: 3 }],
    want: undefined,
  },
];

Deno.test("Destinations.look()", async (t) => {
  for (const { name, looks, want } of cases) {
    await t.step(name, () => {
      const destinations = new Destinations();
      const told = looks.map(({ atMs, sent, failed }) =>
        destinations.look([
          counter("otelcol_exporter_sent_spans", "a", sent),
          counter("otelcol_exporter_send_failed_spans", "a", failed),
          counter("otelcol_exporter_sent_spans", "other", atMs),
        ], atMs)
      );
      deepStrictEqual(told.at(-1)?.get("exporter:a"), want);
    });
  }
  await t.step("all signals and ways to fail are one exporter's", () => {
    const seen = new Destinations().look([
      counter("otelcol_exporter_send_failed_spans", "otlp_http/eu", 1),
      counter("otelcol_exporter_send_failed_log_records", "otlp_http/eu", 2),
      counter("otelcol_exporter_enqueue_failed_metric_points", "otlp_http/eu", 4),
      counter("otelcol_receiver_refused_spans", "otlp_http/eu", 8),
    ], 0);
    deepStrictEqual([...seen], [["exporter:otlp_http/eu", 7]]);
  });
});
