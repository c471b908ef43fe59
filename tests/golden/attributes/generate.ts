/**
 * Asks the Go collector what its processors attributes and resource make of a request of each signal, and keeps the
 * answers beside this file.
 *
 * Run: deno run -A tests/golden/attributes/generate.ts
 *
 * @module
 */

import { freePort } from "../../support/gateway_process.ts";
import { startPeer } from "../../support/peers.ts";

/** Actions that every signal gets; YAML, because it tells 5 from 5.0. */
const ACTIONS: readonly string[] = [
  "[{key: new, value: text, action: insert}, {key: s, value: other, action: insert}]",
  "[{key: new, value: text, action: update}, {key: s, value: other, action: update}]",
  "[{key: new, value: text, action: UPSERT}, {key: s, value: other, action: Upsert}]",
  "[{key: int, value: 5, action: insert}, {key: float, value: 5.0, action: insert}, {key: yes, value: true, action: insert}]",
  "[{key: list, value: [1, a, 2.5, false], action: insert}, {key: map, value: {a: 1, b: [x]}, action: upsert}]",
  "[{key: hex, value: 0x1e, action: insert}, {key: exponent, value: 1e3, action: insert}]",
  "[{key: copy, from_attribute: i, action: insert}, {key: s, from_attribute: none, action: upsert}]",
  "[{key: copy, from_attribute: none, default_value: fallback, action: insert}, {key: only, default_value: 7, action: upsert}]",
  "[{key: copy, from_attribute: nested, action: insert}, {key: nested, value: 1, action: update}]",
  "[{key: tenant, from_context: X-Tenant, action: insert}, {key: tenant2, from_context: metadata.x-tenant, action: insert}]",
  "[{key: t, from_context: metadata.none, action: upsert}, {key: a, from_context: auth.none, action: upsert}]",
  "[{key: s, action: delete}, {key: none, action: delete}]",
  "[{pattern: '^(i|d)$', action: delete}]",
  "[{key: s, pattern: e, action: delete}]",
  "[{key: s, action: hash}, {key: i, action: hash}, {key: d, action: hash}, {key: b, action: hash}]",
  "[{key: none, action: hash}, {key: raw, action: hash}, {key: list, action: hash}, {key: nested, action: hash}]",
  "[{key: empty, action: hash}, {key: blank, action: hash}]",
  "[{pattern: '^.$', action: hash}]",
  "[{key: url, pattern: '^(?P<scheme>[a-z]+)://(?P<host>[^/]+)(?P<s>/.*)?$', action: extract}]",
  "[{key: i, pattern: '(?P<digits>.*)', action: extract}, {key: s, pattern: '^(?P<none>zzz)$', action: extract}]",
  "[{key: url, pattern: '(?P<a>x)?(?P<b>.)', action: extract}]",
  ...["int", "double", "string"].map((type) => {
    const keys = ["s", "i", "d", "b", "raw", "list", "nested", "empty", "blank", "number", "decimal", "none"];
    return `[${keys.map((key) => `{key: ${key}, action: convert, converted_type: ${type}}`).join(", ")}]`;
  }),
  "[{key: x, value: 1, action: insert}, {key: x, value: 2, action: update}, {key: y, from_attribute: x, action: insert}]",
];

const MARK = "actions: [{key: hit, value: true, action: upsert}]";

/** What include and exclude select, by signal. */
const SELECTIONS: Readonly<Record<string, readonly string[]>> = {
  traces: [
    "include: {match_type: strict, services: [shop]}",
    "include: {match_type: regexp, services: [sh.p, none]}",
    "include: {match_type: strict, span_names: [first]}",
    "include: {match_type: regexp, span_names: ['^f', '^s']}, exclude: {match_type: strict, span_names: [second]}",
    "include: {match_type: strict, span_kinds: [SPAN_KIND_SERVER]}",
    "include: {match_type: strict, attributes: [{key: i, value: 42}]}",
    "include: {match_type: strict, attributes: [{key: i}, {key: s, value: none}]}",
    "include: {match_type: regexp, attributes: [{key: s, value: 'te.t'}]}",
    "exclude: {match_type: strict, libraries: [{name: lib, version: '1'}]}",
    "include: {match_type: strict, libraries: [{name: lib}]}",
    "include: {match_type: strict, resources: [{key: service.name, value: shop}]}",
  ],
  logs: [
    "include: {match_type: strict, log_bodies: [plain]}",
    "include: {match_type: regexp, log_bodies: [la]}",
    "include: {match_type: strict, log_severity_texts: [WARN]}",
    "include: {match_type: strict, log_severity_number: {min: 9, match_undefined: true}}",
    "include: {match_type: strict, log_severity_number: {min: 13}}",
    "exclude: {match_type: strict, attributes: [{key: b, value: true}]}",
    "include: {match_type: regexp, resources: [{key: service.name, value: '^sh'}], libraries: [{name: lib, version: '2'}]}",
  ],
  metrics: [
    "include: {match_type: strict, metric_names: [gauge, summary]}",
    "include: {match_type: regexp, metric_names: ['^.*hist']}",
    "exclude: {match_type: strict, metric_names: [sum]}",
    "include: {match_type: strict, resources: [{key: service.name, value: none}]}",
    "exclude: {match_type: strict, resources: [{key: service.name, value: none}], metric_names: [gauge]}",
  ],
};

const ATTRIBUTES = [
  { key: "s", value: { stringValue: "text" } },
  { key: "i", value: { intValue: "42" } },
  { key: "d", value: { doubleValue: -2.75 } },
  { key: "b", value: { boolValue: true } },
  { key: "raw", value: { bytesValue: "AQL/" } },
  { key: "list", value: { arrayValue: { values: [{ intValue: "1" }, { stringValue: "x" }] } } },
  { key: "nested", value: { kvlistValue: { values: [{ key: "k", value: { stringValue: "<v>" } }] } } },
  { key: "empty", value: {} },
  { key: "blank", value: { stringValue: "" } },
  { key: "number", value: { stringValue: "-17" } },
  { key: "decimal", value: { stringValue: "1.5e2" } },
  { key: "url", value: { stringValue: "https://shop.example/cart?x=1" } },
];
const FEW = [{ key: "other", value: { stringValue: "x" } }, { key: "i", value: { intValue: "7" } }];

const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }, ...ATTRIBUTES] };
const scope = { name: "lib", version: "1" };
const ids = { traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "0102030405060708" };
const point = (attributes: unknown) => [{ attributes, timeUnixNano: "1", asInt: "1" }];
const counted = (attributes: unknown) => [{ attributes, timeUnixNano: "1", count: "1", sum: 1 }];

const REQUESTS: Readonly<Record<string, unknown>> = {
  traces: {
    resourceSpans: [{
      resource,
      scopeSpans: [{
        scope,
        spans: [
          { ...ids, name: "first", kind: 2, attributes: ATTRIBUTES },
          { ...ids, name: "second", kind: 3, attributes: FEW },
          { ...ids, name: "third" },
        ],
      }],
    }, { scopeSpans: [{ spans: [{ ...ids, name: "alone", kind: 1, attributes: FEW }] }] }],
  },
  logs: {
    resourceLogs: [{
      resource,
      scopeLogs: [{
        scope,
        logRecords: [
          { body: { stringValue: "plain" }, severityNumber: 9, severityText: "INFO", attributes: ATTRIBUTES },
          { body: { intValue: "5" }, severityNumber: 13, severityText: "WARN", attributes: FEW },
          { attributes: [] },
        ],
      }],
    }],
  },
  metrics: {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{
        scope,
        metrics: [
          { name: "gauge", gauge: { dataPoints: point(ATTRIBUTES) } },
          { name: "sum", sum: { dataPoints: point(FEW), aggregationTemporality: 2 } },
          { name: "hist", histogram: { dataPoints: counted(FEW), aggregationTemporality: 2 } },
          { name: "exphist", exponentialHistogram: { dataPoints: counted(FEW), aggregationTemporality: 2 } },
          { name: "summary", summary: { dataPoints: counted(FEW) } },
          { name: "none" },
        ],
      }],
    }],
  },
};

const SIGNALS = Object.keys(REQUESTS);

/** One processor and pipeline each. */
const cases = SIGNALS.flatMap((signal) => [
  ...ACTIONS.map((actions) => ({ signal, type: "attributes", config: `{actions: ${actions}}` })),
  ...(SELECTIONS[signal] ?? []).map((selection) => ({ signal, type: "attributes", config: `{${MARK}, ${selection}}` })),
  ...(signal === "logs" ? ACTIONS : ACTIONS.slice(0, 1)).map((attributes) => (
    { signal, type: "resource", config: `{attributes: ${attributes}}` }
  )),
]).map((one, place) => ({ ...one, id: `c${place}` }));

const files = Deno.makeTempDirSync();
const port = freePort();
const lines = (from: (one: typeof cases[number]) => string) => cases.map((one) => `  ${from(one)}`);
const config = [
  "receivers:",
  `  otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}", include_metadata: true}}}`,
  "processors:",
  ...lines(({ type, id, config }) => `${type}/${id}: ${config}`),
  "exporters:",
  ...lines(({ id }) => `file/${id}: {path: "${files}/${id}.json"}`),
  "service:",
  "  telemetry: {metrics: {level: none}}",
  "  pipelines:",
  ...lines(({ signal, id, type }) =>
    `  ${signal}/${id}: {receivers: [otlp], processors: [${type}/${id}], exporters: [file/${id}]}`
  ),
].join("\n");

async function send(signal: string, request: unknown): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tenant": "acme" },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`The collector answers ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

{
  await using collector = await startPeer("otelcol", ["--config", `yaml:${config}`], port);
  for (const [signal, request] of Object.entries(REQUESTS)) await send(signal, request);
  await collector.stop();
}
const answers = cases.map(({ id, ...one }) => {
  const want = JSON.parse(Deno.readTextFileSync(`${files}/${id}.json`));
  return `    ${JSON.stringify({ ...one, want })}`;
});
const text = `{\n  "requests": ${JSON.stringify(REQUESTS)},\n  "cases": [\n${answers.join(",\n")}\n  ]\n}\n`;
Deno.writeTextFileSync(new URL("answers.json", import.meta.url), text);
Deno.removeSync(files, { recursive: true });
