import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { createFetchGateway, type FetchGateway } from "../../gateway/fetch_gateway.ts";
import { ConfigError } from "../../pipeline/config/problem.ts";
import { LOGS_JSON } from "../support/otlp_requests.ts";

const CONFIG = `
receivers:
  otlp: {protocols: {http: }}
  otlp/own_path: {protocols: {http: {logs_url_path: /tenants/a/logs}}}
exporters: {nop: }
extensions: {health_check: {path: /healthz}}
service:
  extensions: [health_check]
  telemetry: {logs: {level: '\${env:LEVEL}'}}
  pipelines: {logs: {receivers: [otlp, otlp/own_path], exporters: [nop]}}
`;

const env = (name: string) => name === "LEVEL" ? "error" : undefined;

async function statusOf({ fetch }: FetchGateway, path: string, body?: unknown): Promise<number> {
  const init = body === undefined
    ? {}
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(new Request(`https://gateway.example${path}`, init));
  await response.body?.cancel();
  return response.status;
}

Deno.test("createFetchGateway()", async (t) => {
  const gateway = await createFetchGateway({ configText: CONFIG, env });

  await t.step("every receiver answers at its paths, beside health and metrics", async () => {
    const statuses: Record<string, number> = {};
    for (const path of ["/v1/logs", "/tenants/a/logs"]) statuses[path] = await statusOf(gateway, path, LOGS_JSON);
    for (const path of ["/healthz", "/metrics", "/nothing"]) statuses[path] = await statusOf(gateway, path);
    deepStrictEqual(statuses, {
      "/v1/logs": 200,
      "/tenants/a/logs": 200,
      "/healthz": 200,
      "/metrics": 200,
      "/nothing": 404,
    });
  });

  await t.step("a bad request is the receiver's to refuse", async () => {
    strictEqual(await statusOf(gateway, "/v1/logs", { resourceLogs: 7 }), 400);
  });

  await t.step("what it took is counted", async () => {
    const response = await gateway.fetch(new Request("https://gateway.example/metrics"));
    match(await response.text(), /^otelcol_receiver_accepted_log_records\{.*receiver="otlp".*\} 1$/m);
  });

  await t.step("drains; afterwards nothing answers", async () => {
    strictEqual(await gateway.shutdown(1_000), true);
    strictEqual(await statusOf(gateway, "/v1/logs", LOGS_JSON), 404);
  });
});

Deno.test("createFetchGateway() refuses a bad configuration, and files", async () => {
  const configText = CONFIG.replace("exporters: {nop: }", "exporters: {nop: '${file:/etc/hostname}'}");
  await rejects(createFetchGateway({ configText, env }), (error: unknown) => {
    match(String(error), /there are no files here/);
    return error instanceof ConfigError;
  });
});
