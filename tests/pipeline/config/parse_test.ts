/** What comes of a configuration that can run; the lists of what is wrong are in the golden files. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { ConfigError, formatProblems } from "../../../pipeline/config/problem.ts";
import { catalog, load, problemLines } from "./support.ts";

const GOOD = `
receivers:
  otlp: { protocols: { http: } }
processors:
  batch/x:
exporters:
  otlphttp/eu: { endpoint: "http://h", max_idle_conns: 7, auth: { authenticator: bearertokenauth } }
connectors:
  count:
extensions:
  bearertokenauth: { token: t }
service:
  extensions: bearertokenauth
  pipelines:
    traces/in: { receivers: [otlp], processors: [batch/x], exporters: [count, otlphttp/eu] }
    metrics: { receivers: [count], exporters: otlphttp/eu }
  telemetry:
    logs: { level: WARN }
    metrics: { address: ":8888" }
    resource: { service.name: edge, service.version: }
`;

Deno.test("parseConfig() gives components and pipelines by id", async () => {
  const config = parseConfig(await load(GOOD), catalog);
  const exporter = config.exporters.get("otlphttp/eu");
  strictEqual(exporter?.type, "otlp_http");
  strictEqual(exporter.used, true);
  deepStrictEqual(exporter.place, { file: "gateway.yaml", line: 7, column: 3 });
  strictEqual((exporter.config as { timeout: number }).timeout, 30_000);
  deepStrictEqual([...config.receivers.keys()], ["otlp"]);
  deepStrictEqual(
    (config.receivers.get("otlp")?.config as { protocols: { http: { endpoint: string } } }).protocols.http.endpoint,
    "localhost:4318",
  );
  deepStrictEqual(config.serviceExtensions, ["bearertokenauth"]);
  const { place: _, ...pipeline } = config.pipelines.get("traces/in") ?? {};
  deepStrictEqual(pipeline, {
    id: "traces/in",
    signal: "traces",
    receivers: ["otlp"],
    processors: ["batch/x"],
    exporters: ["count", "otlphttp/eu"],
  });
  deepStrictEqual(config.pipelines.get("metrics")?.exporters, ["otlphttp/eu"]);
});

Deno.test("parseConfig() gives the telemetry settings with their defaults", async () => {
  const { telemetry } = parseConfig(await load(GOOD), catalog);
  strictEqual(telemetry.logs.level, "warn");
  strictEqual(telemetry.logs.encoding, "console");
  deepStrictEqual(telemetry.logs.output_paths, ["stderr"]);
  deepStrictEqual(telemetry.logs.sampling, { enabled: true, tick: 10_000, initial: 10, thereafter: 100 });
  strictEqual(telemetry.metrics.level, "normal");
  deepStrictEqual(telemetry.metrics.readers[0]?.pull?.exporter.prometheus, {
    host: "localhost",
    port: 8888,
    without_scope_info: true,
    without_units: true,
    without_type_suffix: true,
  });
  deepStrictEqual(telemetry.resource, { "service.name": "edge", "service.version": null });
});

Deno.test("parseConfig() warns of what loads and does not act", async () => {
  const { warnings } = parseConfig(await load(GOOD), catalog);
  strictEqual(
    formatProblems(warnings),
    [
      "gateway.yaml:7:56: warning: exporters::otlphttp/eu::max_idle_conns: is unlucky",
      "gateway.yaml:19:25: warning: service::telemetry::metrics::address: is ignored, as in the collector: wanted metrics::readers",
    ].join("\n"),
  );
});

const telemetries: { name: string; yaml: string; want: string[] }[] = [
  {
    name: "resource as a list",
    yaml: "resource: { attributes: [{ name: a, value: 1 }, { name: b, value: }] }",
    want: [],
  },
  { name: "no readers", yaml: "metrics: { readers: [] }", want: [] },
  {
    name: "what is not acted on",
    yaml:
      "{ traces: { propagators: [b3] }, metrics: { readers: [{ periodic: { interval: 1 } }], views: [] }, logs: { processors: [] } }",
    want: [
      "service::telemetry::traces: is read and not acted on: the gateway does not trace itself",
      "service::telemetry::metrics::readers::0::periodic: is read and not acted on: own metrics are pulled, wanted pull: {exporter: {prometheus}}",
      "service::telemetry::metrics::views: is read and not acted on: own metrics have fixed attributes and buckets",
      "service::telemetry::logs::processors: is read and not acted on: own logs go to output_paths only",
    ],
  },
  {
    name: "port past the last",
    yaml: "metrics: { readers: [{ pull: { exporter: { prometheus: { port: 65536 } } } }] }",
    want: [
      "service::telemetry::metrics::readers::0::pull::exporter::prometheus::port: is 65536, wanted a whole number from 0 to 65535",
    ],
  },
  {
    name: "resource of another form",
    yaml: "resource: { attributes: [{ value: 1 }] }",
    want: ["service::telemetry::resource: is a map, wanted a map of strings, or attributes: a list of {name, value}"],
  },
];

const MINIMAL = "receivers: {zipkin: }\nexporters: {otlp_http: {endpoint: 'http://h'}}\n" +
  "service: {pipelines: {traces: {receivers: [zipkin], exporters: [otlp_http]}}, telemetry: ";

Deno.test("service::telemetry", async (t) => {
  for (const { name, yaml, want } of telemetries) {
    await t.step(name, async () => {
      const value = yaml.startsWith("{") ? yaml : `{${yaml}}`;
      const lines = await problemLines(`${MINIMAL}${value}}`);
      deepStrictEqual(lines.map((line) => line.replace(/^gateway\.yaml:\d+:\d+: (?:warning: )?/, "")), want);
    });
  }
});

const ids: [id: string, isValid: boolean][] = [
  ["batch", true],
  ["batch/a-b.c:d", true],
  ["batch/é", true],
  [`b${"a".repeat(62)}`, true],
  [`b${"a".repeat(63)}`, false],
  [`batch/${"a".repeat(1024)}`, true],
  [`batch/${"a".repeat(1025)}`, false],
  ["batch/", false],
  ["batch/a b", false],
  ["batch/a$", false],
  ["1batch", false],
  ["ba-tch", false],
  ["/x", false],
  ["batch/a/b", true],
];

Deno.test("ids of components", async (t) => {
  for (const [id, isValid] of ids) {
    await t.step(id.slice(0, 20) + id.length, async () => {
      const lines = await problemLines(`${MINIMAL}}\nprocessors: {${JSON.stringify(id)}: }`);
      strictEqual(lines.some((line) => line.includes("is no id")), !isValid);
    });
  }
});

Deno.test("a pipeline past 4096 is a problem", async () => {
  const pipelines = (count: number) =>
    `receivers: {zipkin: }\nexporters: {otlp_http: {endpoint: 'http://h'}}\nservice:\n  pipelines:\n${
      Array.from({ length: count }, (_, i) => `    traces/${i}: {receivers: [zipkin], exporters: [otlp_http]}`).join(
        "\n",
      )
    }`;
  deepStrictEqual(await problemLines(pipelines(4_096)), []);
  deepStrictEqual(await problemLines(pipelines(4_097)), [
    "gateway.yaml:5:5: service::pipelines: has 4097 pipelines, wanted 4096 at the most",
  ]);
});

Deno.test("ConfigError tells all errors, and carries the warnings", async () => {
  const resolved = await load("a: 1\nb: ${env:UNSET}\n");
  throws(() => parseConfig(resolved, catalog), (thrown) => {
    ok(thrown instanceof ConfigError);
    deepStrictEqual([thrown.code, thrown.retryable, thrown.problems.length], ["invalid_argument", false, 4]);
    ok(thrown.message.startsWith("Cannot use the configuration: 3 problems\ngateway.yaml:1:1: a: is an unknown key"));
    ok(!thrown.message.includes("UNSET"));
    return true;
  });
});
