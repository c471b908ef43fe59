/**
 * One collector YAML with transform, filter, routing and attributes, run by the gateway and by a real collector (Go) on the
 * same input: what comes out is the same.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { missingForCollector, startCollectorWith } from "../support/collector.ts";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { resourcesInFile } from "../support/otlp_json.ts";
import { requestBytes } from "../support/otlp_samples.ts";
import { skipWithout } from "../support/real_parts.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";

const ignore = skipWithout("collector", await missingForCollector());
const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

/**
 * As production configurations have it: both styles, several contexts, error modes. Of two keys of one literal map the collector
 * writes now the one first, now the other, so each has one.
 */
function config(port: number, directory: string): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }
processors:
  transform:
    error_mode: ignore
    trace_statements:
      - statements:
        - set(span.attributes["edge"], Concat([resource.attributes["service.name"], span.name], "/"))
        - set(span.status.message, "upstream") where span.attributes["http.response.status_code"] >= 500
        - replace_pattern(span.attributes["user.email"], "^[^@]+@", "***@")
        - keep_keys(span.attributes, ["edge", "http.response.status_code", "user.email", "url.path", "client.address"])
      - context: resource
        statements:
          - set(attributes["deployment.environment"], "test")
          - delete_matching_keys(attributes, "^k8s[.](pod|node)")
      - context: spanevent
        conditions: ['IsMatch(name, "^exc")']
        statements: ['set(attributes["seen"], true)', 'set(attributes["of"], span.kind.string)']
    metric_statements:
      - context: datapoint
        statements:
          - set(attributes["kind"], "gauge") where metric.type == METRIC_DATA_TYPE_GAUGE
          - truncate_all(attributes, 6)
      - context: metric
        statements: ['set(description, Concat([name, unit], " in "))']
      - context: metric
        statements: ['convert_sum_to_gauge() where metric.name == "http.server.request.sum.0"']
    log_statements:
      - set(log.attributes["length"], Len(log.body.string)) where IsString(log.body)
      - set(log.severity_text, ToLowerCase(log.severity_text))
      - 'merge_maps(log.attributes, {"edge": {"id": 7}}, "upsert")'
      - set(log.attributes["edge"]["on"], true)
      - flatten(log.attributes, "f")
      - 'merge_maps(log.attributes, ExtractPatterns(log.body, "(?P<ms>[0-9]+) ms"), "insert")'
  filter:
    error_mode: ignore
    trace_conditions: ['Substring(span.attributes["client.address"], 3, 1) == "1"']
    metric_conditions: ['metric.type == METRIC_DATA_TYPE_SUMMARY', 'datapoint.value_int > 500000']
    log_conditions: ['log.attributes["f.http.response.status_code"] == 503 and log.trace_id.string == ""', 'log.attributes["length"] < 37']
  attributes:
    actions:
      - { key: edge, action: hash }
      - { key: region, value: eu, action: upsert }
connectors:
${
    SIGNALS.map((signal) => `
  routing/${signal}:
    default_pipelines: [${signal}/rest]
    error_mode: ignore
    table:
      - { context: resource, condition: 'IsMatch(attributes["tenant.id"], "[02468]$$")', pipelines: [${signal}/even] }`)
      .join("")
  }
exporters:
${
    SIGNALS.flatMap((signal) =>
      ["even", "rest"].map((name) => `
  file/${signal}_${name}: { path: "${directory}/${signal}_${name}", flush_interval: 50ms }`)
    ).join("")
  }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
${
    SIGNALS.map((signal) => `
    ${signal}: { receivers: [otlp], processors: [transform, filter, attributes], exporters: [routing/${signal}] }
    ${signal}/even: { receivers: [routing/${signal}], exporters: [file/${signal}_even] }
    ${signal}/rest: { receivers: [routing/${signal}], exporters: [file/${signal}_rest] }`).join("")
  }
`;
}

async function post(port: number, signal: Signal, body: Uint8Array): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: body as Uint8Array<ArrayBuffer>,
  });
  strictEqual(response.status, 200, await response.text());
}

const FILES = SIGNALS.flatMap((signal) => ["even", "rest"].map((name) => `${signal}_${name}`));

async function sendAll(port: number): Promise<void> {
  for (const signal of SIGNALS) {
    for (const seed of [1, 2, 3]) await post(port, signal, requestBytes(signal, 40, { resources: 8, seed }));
  }
}

function read(directory: string): Record<string, readonly string[]> {
  return Object.fromEntries(FILES.map((file) => [file, resourcesInFile(`${directory}/${file}`)]));
}

Deno.test({ name: "transform, filter, attributes and routing give what the collector gives", ignore }, async () => {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-ottl-" });
  try {
    const [ours, theirs] = [`${directory}/ours`, `${directory}/theirs`];
    for (const each of [ours, theirs]) Deno.mkdirSync(each);
    const [port, collectorPort] = [freePort(), freePort()];
    {
      await using gateway = await startGateway(config(port, ours), { workers: 2 });
      await using collector = await startCollectorWith(config(collectorPort, theirs), collectorPort);
      await sendAll(port);
      await sendAll(collectorPort);
      strictEqual((await gateway.stop()).code, 0, gateway.stderr());
      await collector.stop();
    }
    const [got, want] = [read(ours), read(theirs)];
    for (const file of FILES) ok((want[file]?.length ?? 0) > 0, `${file} is empty`);
    deepStrictEqual(got, want);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
