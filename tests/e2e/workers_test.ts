/** Data workers share a port, are counted together, and come back when they die. */

import { match, ok, strictEqual } from "node:assert/strict";
import { startGateway } from "../../gateway/control_thread.ts";
import { loadConfig } from "../../pipeline/config/source.ts";
import { serveHttp } from "../../routes/listener.ts";
import { freePort, startGateway as startProcess } from "../support/gateway_process.ts";
import { postLogs } from "../support/otlp_requests.ts";

const configOf = (port: number, metricsPort: number) => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: }
service:
  telemetry:
    logs: {level: error, output_paths: [/dev/null]}
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`;

async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const [, value] = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(text) ?? [];
  return Number(value);
}

Deno.test("two workers share a port and are counted together", async () => {
  const [port, metricsPort] = [freePort(), freePort()];
  await using gateway = await startProcess(
    configOf(port, metricsPort).replace("level: error, output_paths: [/dev/null]", "level: info"),
    { workers: 2, metricsPort },
  );
  match(gateway.stderr(), /"workers":2/);
  const statuses = await Promise.all(Array.from({ length: 40 }, () => postLogs(port)));
  strictEqual(statuses.every((status) => status === 200), true);
  strictEqual(await metric(metricsPort, "otelcol_receiver_accepted_log_records"), 40);
  strictEqual((await gateway.stop()).code, 0);
});

Deno.test("a worker that dies comes back; nothing is counted backwards", async () => {
  const [port, metricsPort] = [freePort(), freePort()];
  const workers: Worker[] = [];
  const source = { kind: "text", name: "test", text: configOf(port, metricsPort) } as const;
  const gateway = await startGateway({
    resolved: await loadConfig([source], { env: () => undefined, readFile: () => Promise.reject(new Error("none")) }),
    workers: 2,
    version: "0",
    serveHttp,
    spawnWorker: () => {
      const worker = new Worker(import.meta.resolve("../support/mortal_worker.ts"), { type: "module" });
      workers.push(worker);
      return worker;
    },
  });
  for (let sent = 0; sent < 10; sent++) strictEqual(await postLogs(port), 200);

  const [first, second] = workers;
  const died = new Promise((resolve) => {
    first?.addEventListener("error", resolve);
  });
  first?.postMessage({ type: "die" });
  await died;
  ok(second !== undefined);
  strictEqual(await metric(metricsPort, "otelcol_receiver_accepted_log_records"), 10);
  strictEqual(await metric(metricsPort, "sluice_worker_restarts"), 1);
  for (let sent = 0; sent < 10; sent++) strictEqual(await postLogs(port), 200, "the other worker takes it");
  while (workers.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  for (let sent = 0; sent < 10; sent++) strictEqual(await postLogs(port), 200);
  strictEqual(await metric(metricsPort, "otelcol_receiver_accepted_log_records"), 30);
  strictEqual(await gateway.shutdown(10_000), true);
});
