import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { METRIC_LEVELS } from "../../../../pipeline/core/telemetry/metric_row.ts";
import { isShownAt, METRICS, metricsReference } from "../../../../pipeline/core/telemetry/table.ts";
import { SIGNAL_NAMES, SIGNALS } from "../../../../pipeline/otlp/signals.ts";
import { METRICS_DOCS, withMetricsReference } from "../../../tools/write_docs.ts";

Deno.test("the table of metrics", async (t) => {
  await t.step("has each name once, and every row says what it is and when it counts", () => {
    strictEqual(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
    for (const { name, help, when } of METRICS) {
      ok(/^(otelcol_|sluice_|target_info$)[a-z_]*$/.test(name), name);
      ok(help.endsWith(".") && when !== "" && !when.endsWith("."), name);
    }
  });

  await t.step("has the items of every signal", () => {
    const accepted = METRICS.filter(({ name }) => name.startsWith("otelcol_receiver_accepted_"));
    deepStrictEqual(
      accepted.map(({ name }) => name),
      SIGNAL_NAMES.map((signal) => `otelcol_receiver_accepted_${SIGNALS[signal].metricSuffix}`),
    );
  });

  await t.step("is what docs/metrics.md prints: `deno task docs` writes it", async () => {
    const text = await Deno.readTextFile(METRICS_DOCS);
    ok(text === withMetricsReference(text), "docs/metrics.md is older than the table");
    for (const { name } of METRICS) ok(metricsReference().includes(`\`${name}\``), name);
  });
});

Deno.test("isShownAt()", async (t) => {
  const cases: { name: string; want: string[] }[] = [
    { name: "otelcol_exporter_sent_spans", want: ["basic", "normal", "detailed"] },
    { name: "otelcol_processor_incoming_items", want: ["normal", "detailed"] },
    { name: "otelcol_exporter_queue_batch_send_size_bytes", want: ["detailed"] },
    { name: "not_listed", want: ["basic", "normal", "detailed"] },
  ];
  for (const { name, want } of cases) {
    await t.step(name, () => deepStrictEqual(METRIC_LEVELS.filter((level) => isShownAt(name, level)), want));
  }
});
