/**
 * Asks the Go collector what its processor redaction makes of a request of each signal, and keeps the answers beside
 * this file.
 *
 * Run: deno run -A tests/golden/redaction/generate.ts OTELCOL, a collector v0.157 that has the processor: that of
 * tests/peers has not.
 *
 * @module
 */

import { freePort } from "../../support/gateway_process.ts";

const KEY = "0123456789abcdef".repeat(4);

const CONFIGS: readonly string[] = [
  "{}",
  "{allow_all_keys: true}",
  "{allowed_keys: [s, i], summary: debug}",
  "{allowed_keys: [s], ignored_keys: [i], summary: info}",
  "{allowed_keys: [s], ignored_key_patterns: ['^d'], summary: debug}",
  "{allow_all_keys: true, blocked_values: ['4[0-9]{3}-[0-9]{4}'], summary: debug}",
  "{allow_all_keys: true, blocked_values: ['[0-9]', x], summary: silent}",
  "{allow_all_keys: true, blocked_values: ['[0-9]'], redact_all_types: true, summary: debug}",
  "{allow_all_keys: true, blocked_key_patterns: ['^(s|i|card|lines)$'], summary: debug}",
  "{allow_all_keys: true, blocked_key_patterns: [a], redact_all_types: true, hash_function: md5, summary: info}",
  "{allow_all_keys: true, blocked_values: ['[0-9]+'], allowed_values: ['^card'], summary: debug}",
  "{allow_all_keys: true, blocked_values: ['[a-z]+'], hash_function: sha1, summary: debug}",
  "{allow_all_keys: true, blocked_values: ['[a-z]+'], hash_function: sha3}",
  `{allow_all_keys: true, blocked_values: ['[a-z]+'], hash_function: hmac-sha256, hmac_key: ${KEY}}`,
  `{allow_all_keys: true, blocked_values: ['[a-z]+'], hash_function: hmac-sha512, hmac_key: ${KEY}}`,
  "{allowed_keys: [s, nested, k, list, body], blocked_values: ['v'], ignored_keys: [ignored], summary: debug}",
];

const ATTRIBUTES = [
  { key: "s", value: { stringValue: "text 1" } },
  { key: "i", value: { intValue: "42" } },
  { key: "d", value: { doubleValue: -2.75 } },
  { key: "b", value: { boolValue: true } },
  { key: "card", value: { stringValue: "card 4111-1111, 4222-2222" } },
  { key: "lines", value: { stringValue: "one\ntwo" } },
  { key: "list", value: { arrayValue: { values: [{ intValue: "1" }, { stringValue: "x1" }] } } },
  { key: "nested", value: { kvlistValue: { values: [{ key: "k", value: { stringValue: "v4" } }] } } },
  { key: "empty", value: {} },
];
const SUMMARIZED = [
  { key: "redaction.masked.count", value: { intValue: "3" } },
  { key: "redaction.masked.keys", value: { stringValue: "z,a" } },
  { key: "s", value: { stringValue: "x 4111-1111" } },
];

const resource = { attributes: ATTRIBUTES };
const scope = { name: "lib", attributes: SUMMARIZED };
const ids = { traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "0102030405060708" };

const REQUESTS: Readonly<Record<string, unknown>> = {
  traces: {
    resourceSpans: [{
      resource,
      scopeSpans: [{
        scope,
        spans: [{ ...ids, name: "n 1", attributes: ATTRIBUTES, events: [{ name: "e", attributes: ATTRIBUTES }] }],
      }],
    }],
  },
  metrics: {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{
        scope,
        metrics: [{ name: "m 1", gauge: { dataPoints: [{ attributes: ATTRIBUTES, asInt: "1" }] } }],
      }],
    }],
  },
  logs: {
    resourceLogs: [{
      resource,
      scopeLogs: [{
        scope,
        logRecords: [
          { body: { stringValue: "card 4111-1111 x" }, attributes: ATTRIBUTES },
          { body: { intValue: "17" }, attributes: SUMMARIZED },
          { body: { kvlistValue: { values: ATTRIBUTES } } },
          {
            body: {
              arrayValue: {
                values: [
                  { stringValue: "card 1" },
                  { stringValue: "v 2" },
                  { kvlistValue: { values: [{ key: "ignored", value: { stringValue: "v" } }, ...ATTRIBUTES] } },
                ],
              },
            },
          },
          {},
        ],
      }],
    }],
  },
};

const cases = Object.keys(REQUESTS).flatMap((signal) => CONFIGS.map((config) => ({ signal, config })))
  .map((one, place) => ({ ...one, id: `c${place}` }));

const files = Deno.makeTempDirSync();
const port = freePort();
const lines = (from: (one: typeof cases[number]) => string) => cases.map((one) => `  ${from(one)}`);
const config = [
  "receivers:",
  `  otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}`,
  "processors:",
  ...lines(({ id, config }) => `redaction/${id}: ${config}`),
  "exporters:",
  ...lines(({ id }) => `file/${id}: {path: "${files}/${id}.json"}`),
  "service:",
  "  telemetry: {metrics: {level: none}}",
  "  pipelines:",
  ...lines(({ signal, id }) =>
    `  ${signal}/${id}: {receivers: [otlp], processors: [redaction/${id}], exporters: [file/${id}]}`
  ),
].join("\n");

async function send(signal: string, request: unknown): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`The collector answers ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

async function listens(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  throw new Error("The collector does not start");
}

const [otelcol = "otelcol"] = Deno.args;
const collector = new Deno.Command(otelcol, { args: ["--config", `yaml:${config}`], stderr: "inherit" }).spawn();
try {
  await listens();
  for (const [signal, request] of Object.entries(REQUESTS)) await send(signal, request);
} finally {
  collector.kill("SIGTERM");
  await collector.status;
}
const answers = cases.map(({ id, ...one }) => {
  const want = JSON.parse(Deno.readTextFileSync(`${files}/${id}.json`));
  return `    ${JSON.stringify({ ...one, want })}`;
});
const text = `{\n  "requests": ${JSON.stringify(REQUESTS)},\n  "cases": [\n${answers.join(",\n")}\n  ]\n}\n`;
Deno.writeTextFileSync(new URL("answers.json", import.meta.url), text);
Deno.removeSync(files, { recursive: true });
