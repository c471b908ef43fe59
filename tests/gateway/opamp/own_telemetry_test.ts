import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readDestination, telemetrySources } from "../../../gateway/opamp/own_telemetry.ts";
import { loadConfig, mergeSources } from "../../../pipeline/config/source.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import { childNode, toPlain } from "../../../pipeline/config/tree/node.ts";

const environment = { env: () => undefined, readFile: () => Promise.reject(new Error("no files")) };

Deno.test("readDestination()", () => {
  const url = "http://127.0.0.1/v1/metrics";
  const headers = { headers: [{ key: "a", value: "b" }] };
  deepStrictEqual(readDestination({ destinationEndpoint: url, headers }).destination, {
    endpoint: url,
    headers: { a: "b" },
  });
  strictEqual(readDestination({ destinationEndpoint: "" }).destination, undefined);
  match(String(readDestination({ destinationEndpoint: "ftp://x" }).problem), /no http or https URL/);
  match(String(readDestination({ destinationEndpoint: url, proxy: { url: "http://p" } }).problem), /has proxy/);
  match(String(readDestination({ destinationEndpoint: url, certificate: {} }).problem), /has certificate/);
  strictEqual(readDestination({ destinationEndpoint: url, tls: {} }).problem, undefined);
});

/** What the telemetry settings come to. */
async function telemetryOf(local: string, signal: "metrics" | "traces" | "logs") {
  const base = { kind: "text", name: "local", text: local } as const;
  const { root } = await mergeSources([base], environment);
  const destination = { endpoint: "https://x/v1", headers: { authorization: "a$b${env:HOME}" } };
  const sources = telemetrySources(new Map([[signal, destination]]), root);
  const { tree, problems } = await loadConfig([base, ...sources], environment);
  deepStrictEqual(problems, []);
  const section = childNode(childNode(tree, "service"), "telemetry");
  return telemetrySchema.parse(section && toPlain(section));
}

Deno.test("telemetrySources() add a destination to what is configured", async (t) => {
  await t.step("metrics beside the default page; offered text is not expanded", async () => {
    const { metrics: { readers } } = await telemetryOf("{}", "metrics");
    deepStrictEqual(readers.map(({ pull }) => pull !== undefined), [true, false]);
    const { otlp } = readers[1]?.periodic?.exporter ?? {};
    deepStrictEqual([readers[1]?.periodic?.interval, otlp?.headers], [10_000, { authorization: "a$b${env:HOME}" }]);
  });
  await t.step("metrics where they were off: nothing is opened", async () => {
    const { metrics } = await telemetryOf("service: {telemetry: {metrics: {level: none}}}", "metrics");
    deepStrictEqual([metrics.level, metrics.readers.length], ["normal", 1]);
  });
  await t.step("logs beside others", async () => {
    const one = "service: {telemetry: {logs: {processors: [{simple: {exporter: {otlp: {endpoint: http://a}}}}]}}}";
    const { logs } = await telemetryOf(one, "logs");
    deepStrictEqual(logs.processors.map(({ batch, simple }) => (batch ?? simple)?.exporter.otlp?.endpoint), [
      "http://a",
      "https://x/v1",
    ]);
  });
  await t.step("traces", async () => {
    const { traces } = await telemetryOf("{}", "traces");
    strictEqual(traces.processors[0]?.batch?.exporter.otlp?.endpoint, "https://x/v1");
  });
});
