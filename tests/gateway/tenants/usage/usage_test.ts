/** Usage through a whole gateway: counted in the threads that take data, added up in the control thread, in the file. */

import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { startGateway } from "../../../../gateway/control_thread.ts";
import { resolveSources } from "../../../../gateway/config/sources.ts";
import { diskTenantFiles } from "../../../../gateway/tenants/tenant_files.ts";
import { queryUsage, type UsageEntry } from "../../../../gateway/tenants/usage/query.ts";
import { UsageStore } from "../../../../gateway/tenants/usage/store.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { mintApiKey } from "../../../../pipeline/tenants/identity/api_key.ts";
import { serveHttp } from "../../../../routes/listener.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { freePort } from "../../../support/gateway_process.ts";

const DAY_MS = 24 * 3_600_000;
const RECORDS = [1, 9, 17].map((severityNumber) => ({ severityNumber, body: { stringValue: "hello" } }));
const LOGS = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: RECORDS }] }] });
const [acme, late, globex] = [mintApiKey(), mintApiKey(), mintApiKey()];

function resolve(port: number, file: string) {
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
processors: {filter/quiet: {logs: {log_record: ["severity_number < 5"]}}}
exporters: {debug: {}}
tenancy: {usage: {file: "${file}"}}
tenants:
  acme:
    keys:
      - {id: ${acme.id}, hash: "${acme.hash}"}
      - {id: ${late.id}, hash: "${late.hash}", expires: 2020-01-01T00:00:00Z}
  globex: {keys: [{id: ${globex.id}, hash: "${globex.hash}"}], signals: [traces]}
service:
  telemetry: {logs: {level: error}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], processors: [filter/quiet], exporters: [debug]}}
`;
  return resolveSources({ configs: [{ kind: "text", name: "test.yaml", text }], sets: [] });
}

async function send(port: number, key: string): Promise<number> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const url = `http://127.0.0.1:${port}/v1/logs`;
  const response = await fetch(url, { method: "POST", headers, body: LOGS, client });
  await response.body?.cancel();
  return response.status;
}

/** Without its times, which may be of two minutes. */
function brief(entries: Iterable<UsageEntry>): string[] {
  const sums = new Map<string, [number, number, number]>();
  for (const { tenant, signal, destination, outcome, reason, requests, items, bytes } of entries) {
    const key = [tenant, signal, destination, outcome, reason].filter((text) => text !== "").join(" ");
    const [r, i, b] = sums.get(key) ?? [0, 0, 0];
    sums.set(key, [r + requests, i + items, b + bytes]);
  }
  return [...sums].map(([key, [requests, items, bytes]]) => `${key}: ${requests} ${items} ${bytes > 0}`).sort();
}

for (const workers of [0, 2]) {
  Deno.test(`usage of tenants with ${workers} workers is in the file when the gateway is gone`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".db" });
    const port = freePort();
    const gateway = await startGateway({
      ...{ resolved: await resolve(port, file), workers, version: "0", serveHttp, tenantFiles: diskTenantFiles },
    });
    for (let each = 0; each < 6; each++) deepStrictEqual(await send(port, acme.key), 200);
    deepStrictEqual(await send(port, globex.key), 403);
    deepStrictEqual(await send(port, late.key), 401);
    ok(gateway.usage.query({ fromMs: 0, untilMs: Date.now() + DAY_MS, step: "day" }) !== undefined);
    ok(await gateway.shutdown(10_000));

    const clock = new FakeClock(Date.now());
    const options = { path: file, retentionMs: DAY_MS, maxBytes: 2 ** 30, clock, logger: silentLogger };
    const store = new UsageStore(options);
    const query = { fromMs: 0, untilMs: clock.nowMs() + DAY_MS, step: "minute" } as const;
    deepStrictEqual(brief(queryUsage(store.database, query)), [
      "acme logs accepted: 6 18 true",
      "acme logs debug sent: 6 12 true",
      "acme logs filtered filter/quiet: 0 6 false",
      "acme logs refused expired: 1 0 false",
      "globex logs refused signal: 1 0 false",
    ]);
    store.close();
    await Deno.remove(file);
  });
}

Deno.test("a file of usage that cannot be opened keeps the configuration from starting", async () => {
  const resolved = await resolve(freePort(), "/nowhere/usage.db");
  await rejects(
    startGateway({ resolved, workers: 0, version: "0", serveHttp, tenantFiles: diskTenantFiles }),
    /usage of tenants/,
  );
});
