import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createMetricsApp, PrometheusPage } from "../../routes/metrics.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";

const counter = (name: string, attributes: Record<string, string>, value: number): SeriesValue => ({
  name,
  kind: "counter",
  attributes,
  bounds: [],
  values: [value],
});

function textOf(series: readonly SeriesValue[], constantLabels: Record<string, string> = {}): string {
  return new PrometheusPage(constantLabels).textOf(series);
}

Deno.test("PrometheusPage", async (t) => {
  await t.step("one HELP and TYPE for the series of a name", () => {
    const text = textOf([
      counter("otelcol_exporter_sent_spans", { exporter: "a" }, 1),
      counter("otelcol_exporter_sent_spans", { exporter: "b" }, 2.5),
    ]);
    deepStrictEqual(text.split("\n"), [
      "# HELP otelcol_exporter_sent_spans Items that the destination has acknowledged.",
      "# TYPE otelcol_exporter_sent_spans counter",
      'otelcol_exporter_sent_spans{exporter="a"} 1',
      'otelcol_exporter_sent_spans{exporter="b"} 2.5',
      "",
    ]);
  });

  await t.step("names and labels are made fit, values escaped", () => {
    const text = textOf([counter("otelcol.x-y", { "otel.signal": 'a"b\\c\nd' }, 1)], { "0": "z" });
    match(text, /^otelcol_x_y\{_0="z",otel_signal="a\\"b\\\\c\\nd"\} 1$/m);
  });

  await t.step("a histogram has cumulative buckets, sum and count", () => {
    const text = textOf([{
      name: "h",
      kind: "histogram",
      attributes: { p: "q" },
      bounds: [1, 2.5],
      values: [1, 2, 3, 40],
    }]);
    deepStrictEqual(text.split("\n").slice(1), [
      "# TYPE h histogram",
      'h_bucket{p="q",le="1"} 1',
      'h_bucket{p="q",le="2.5"} 3',
      'h_bucket{p="q",le="+Inf"} 6',
      'h_sum{p="q"} 40',
      'h_count{p="q"} 6',
      "",
    ]);
  });
});

Deno.test("createMetricsApp()", async (t) => {
  const app = createMetricsApp(() => [counter("otelcol_a", {}, 1)]);
  await t.step("serves the text", async () => {
    const response = await app.request("/metrics");
    strictEqual(response.status, 200);
    match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    match(await response.text(), /^otelcol_a 1$/m);
  });
  await t.step(
    "on this machine alone it answers to its names alone: a page may make its own name lead here",
    async () => {
      const local = createMetricsApp(() => [counter("otelcol_a", {}, 1)], { loopback: () => true });
      const statusOf = async (of: typeof app, host: string) =>
        (await of.request("/metrics", { headers: { host } })).status;
      const cases: [host: string, want: number][] = [
        ["localhost:8888", 200],
        ["127.0.0.1:8888", 200],
        ["[::1]:8888", 200],
        ["evil.com", 403],
        ["127.0.0.1.evil.com:8888", 403],
        ["", 403],
      ];
      for (const [host, want] of cases) strictEqual(await statusOf(local, host), want, host);
      strictEqual(await statusOf(app, "evil.com"), 200);
    },
  );
  await t.step("nothing else is there", async () => {
    strictEqual((await app.request("/")).status, 404);
    strictEqual((await app.request("/metrics", { method: "POST" })).status, 404);
  });
});
