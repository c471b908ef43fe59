/** What the admin API tells of a configuration and of the own metrics. */

import { loadComponents } from "../../../../pipeline/graph/registry.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { configValues } from "../../../../gateway/admin/views/config_view.ts";
import { graphView } from "../../../../gateway/admin/views/graph_view.ts";
import { exporterNodeOf, instanceNames } from "../../../../gateway/admin/node_names.ts";
import { Rates } from "../../../../gateway/admin/rates.ts";
import { loadConfig, parseSetSource } from "../../../../pipeline/config/source.ts";
import type { SeriesValue } from "../../../../pipeline/core/telemetry/store.ts";
import type { Attributes } from "../../../../pipeline/core/telemetry/meter.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { sketchConfig } from "../../../support/gateway_config.ts";

const counter = (name: string, attributes: Attributes, value: number): SeriesValue => ({
  ...{ name, kind: "counter", attributes, bounds: [], values: [value] },
});

function reading(before: readonly SeriesValue[], after: readonly SeriesValue[], elapsedMs: number) {
  const clock = new FakeClock();
  let series = before;
  const rates = new Rates(() => series, clock);
  rates.read();
  rates.close();
  series = after;
  return clock.advance(elapsedMs).then(() => rates.read());
}

Deno.test("rates", async (t) => {
  const at = (value: number) => [counter("c", { exporter: "a" }, value)];
  await t.step("are over what passed", async () => {
    strictEqual((await reading(at(10), at(30), 2_000)).perSecond("c", { exporter: "a" }), 10);
  });
  await t.step("are not known over less than a second", async () => {
    const read = await reading(at(10), at(30), 999);
    deepStrictEqual([read.perSecond("c", {}), read.windowMs, read.total("c", {})], [undefined, 0, 30]);
  });
  await t.step("never go back", async () => strictEqual((await reading(at(30), at(10), 1_000)).perSecond("c", {}), 0));
  await t.step("of a series that was not there begin with nothing", async () => {
    strictEqual((await reading([], at(5), 1_000)).perSecond("c", {}), 5);
  });
  await t.step("of a name that is not there are not known", async () => {
    strictEqual((await reading([], [], 1_000)).perSecond("c", {}), undefined);
  });
});

Deno.test("the graph", async (t) => {
  const config = sketchConfig({
    receivers: ["otlp"],
    processors: ["batch"],
    exporters: ["out", "other"],
    connectors: ["link"],
    pipelines: {
      traces: [["otlp"], ["batch"], ["out", "link"]],
      "traces/two": [["otlp"], ["batch"], ["out"]],
      logs: [["link"], [], ["other"]],
    },
  });
  const series = [
    counter("otelcol_receiver_accepted_spans", { receiver: "otlp", transport: "http" }, 100),
    counter("otelcol_processor_outgoing_items", { processor: "batch", "otel.signal": "traces" }, 200),
    counter("otelcol_receiver_produced_size", { receiver: "otlp", "otel.signal": "traces" }, 5_000),
    counter("otelcol_receiver_produced_size", { receiver: "otlp", "otel.signal": "logs" }, 70),
    counter("otelcol_exporter_consumed_size", { exporter: "out", "otel.signal": "traces" }, 9_000),
    counter("otelcol_exporter_consumed_size", { exporter: "other", "otel.signal": "logs" }, 300),
    counter("otelcol_connector_consumed_size", { connector: "link", "otel.signal": "traces" }, 400),
    counter("otelcol_exporter_sent_log_records", { exporter: "other" }, 7),
    counter("otelcol_exporter_send_failed_log_records", { exporter: "other" }, 3),
  ];
  const graph = graphView(config, "v", await reading([], series, 1_000));
  const flow = (from: string, to: string) =>
    graph.edges.find((edge) => edge.from === from && edge.to === to)?.flow.items_total;
  await t.step("has each component where it stands", () => {
    deepStrictEqual(graph.edges.map(({ from, to }) => `${from} > ${to}`), [
      "receiver:otlp > processor:batch:traces",
      "processor:batch:traces > exporter:out:traces",
      "processor:batch:traces > connector:link:traces:logs",
      "receiver:otlp > processor:batch:traces/two",
      "processor:batch:traces/two > exporter:out:traces",
      "connector:link:traces:logs > exporter:other:logs",
    ]);
  });
  await t.step("tells what a receiver gives to each", () => {
    strictEqual(flow("receiver:otlp", "processor:batch:traces"), 100);
  });
  await t.step(
    "does not guess which pipeline a shared processor counted for, nor whose an exporter's items are",
    () => {
      strictEqual(flow("processor:batch:traces", "exporter:out:traces"), null);
    },
  );
  await t.step("tells bytes by the same rules, of each signal for itself", () => {
    const bytes = graph.edges.map(({ from, to, flow }) => `${from} > ${to}: ${flow.bytes_per_second}`);
    deepStrictEqual(bytes, [
      "receiver:otlp > processor:batch:traces: 5000",
      "processor:batch:traces > exporter:out:traces: null",
      "processor:batch:traces > connector:link:traces:logs: 400",
      "receiver:otlp > processor:batch:traces/two: 5000",
      "processor:batch:traces/two > exporter:out:traces: null",
      "connector:link:traces:logs > exporter:other:logs: 300",
    ]);
  });
  await t.step("tells what comes to an exporter by the only way, and what failed", () => {
    strictEqual(flow("connector:link:traces:logs", "exporter:other:logs"), 10);
    strictEqual(graph.edges.at(-1)?.flow.errors_per_second, 3);
  });
});

Deno.test("edges of one path tell the same of an outage, whose data came again", async () => {
  const config = sketchConfig({
    receivers: ["otlp"],
    processors: ["memory_limiter"],
    exporters: ["out"],
    connectors: [],
    pipelines: { logs: [["otlp"], ["memory_limiter"], ["out"]], traces: [["otlp"], [], ["out"]] },
  });
  const receiver = { receiver: "otlp", transport: "http" };
  const processor = { processor: "memory_limiter", "otel.signal": "logs" };
  const series = ["log_records", "spans"].flatMap((suffix) => [
    counter(`otelcol_receiver_accepted_${suffix}`, receiver, 4_833),
    counter(`otelcol_receiver_refused_${suffix}`, receiver, 400),
    counter(`otelcol_receiver_failed_${suffix}`, receiver, 4),
    counter(`sluice_receiver_abandoned_${suffix}`, receiver, 40),
    counter(`otelcol_exporter_sent_${suffix}`, { exporter: "out" }, 4_833),
    counter(`otelcol_exporter_send_failed_${suffix}`, { exporter: "out" }, 444),
  ]);
  series.push(counter("otelcol_processor_incoming_items", processor, 5_277));
  series.push(counter("otelcol_processor_outgoing_items", processor, 5_277));
  const { edges } = graphView(config, "v", await reading([], series, 1_000));
  deepStrictEqual(edges.map(({ to, flow }) => [to, flow.items_total]), [
    ["processor:memory_limiter:logs", 5_277],
    ["exporter:out:logs", 5_277],
    ["exporter:out:traces", 5_277],
  ]);
});

Deno.test("names of nodes are those of instances", () => {
  deepStrictEqual(instanceNames("exporter:otlp_http/eu:traces"), ["exporter otlp_http/eu (traces)"]);
  deepStrictEqual(instanceNames("processor:batch:traces/eu"), ["processor batch (pipeline traces/eu)"]);
  deepStrictEqual(instanceNames("connector:routing:traces:logs"), ["connector routing (traces to logs)"]);
  ok(instanceNames("receiver:otlp").includes("traces of receiver otlp"));
  deepStrictEqual(instanceNames("nonsense"), []);
  strictEqual(exporterNodeOf("exporter otlp_http/eu (traces)"), "exporter:otlp_http/eu:traces");
  strictEqual(exporterNodeOf("processor batch (pipeline traces)"), undefined);
});

Deno.test("values of a configuration say where they come from", async (t) => {
  const environment = {
    env: (name: string) => ({ LEVEL: "debug", API_TOKEN: "s3cr3t" })[name],
    readFile: () => Promise.resolve("exporters:\n  otlp_http:\n    endpoint: ${env:API_TOKEN}\n    timeout: 7s\n"),
  };
  const resolved = await loadConfig([
    { kind: "file", path: "a.yaml" },
    { kind: "text", name: "admin:b.yaml", text: "receivers: {otlp: {protocols: {http: {endpoint: 'x:1'}}}}" },
    parseSetSource("service.telemetry.logs.level=${env:LEVEL}"),
  ], environment);
  await loadComponents(resolved.tree);
  const values = new Map(configValues(resolved).map(({ path, value, origin }) => [path, { value, origin }]));
  const cases = [
    { path: "exporters::otlp_http::timeout", value: "7s", origin: ["file", "a.yaml", 4] },
    { path: "exporters::otlp_http::endpoint", value: "[REDACTED]", origin: ["file", "a.yaml", 3] },
    { path: "receivers::otlp::protocols::http::endpoint", value: "x:1", origin: ["remote", "b.yaml", 1] },
    {
      path: "service::telemetry::logs::level",
      value: "debug",
      origin: ["set", "--set service.telemetry.logs.level", 1],
    },
    { path: "service::telemetry::logs::encoding", value: "console", origin: ["default", "", 0] },
    { path: "exporters::otlp_http::compression", value: "gzip", origin: ["default", "", 0] },
  ];
  for (const { path, value, origin } of cases) {
    await t.step(path, () => {
      const found = values.get(path);
      deepStrictEqual([found?.value, found?.origin.kind, found?.origin.source, found?.origin.line], [value, ...origin]);
    });
  }
  await t.step("variables that a value was expanded from are named", () => {
    deepStrictEqual(values.get("service::telemetry::logs::level")?.origin.expanded_from, ["env:LEVEL"]);
  });
  await t.step("what is below a section that is off is no default", () => {
    ok(![...values.keys()].some((path) => path.startsWith("receivers::otlp::protocols::http::tls::")));
  });
});
