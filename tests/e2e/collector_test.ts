/**
 * A real OpenTelemetry Collector (Go) on either side of the gateway: what it reads after us is what it reads without
 * us, and what it sends reaches the other side whole.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { missingForCollector, startCollector } from "../support/collector.ts";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { resourcesInFile } from "../support/otlp_json.ts";
import { requestBytes } from "../support/otlp_samples.ts";
import { runLoad, startSink } from "../support/peers.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("collector", await missingForCollector());
const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

async function post(url: string, signal: Signal, body: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: body as Uint8Array<ArrayBuffer>,
  });
  const text = await response.text();
  strictEqual(response.status, 200, text);
}

/** Sluice's pipelines of all signals, from one receiver to `exporters`. */
function gatewayConfig(port: number, exporters: string, ids: readonly string[]): string {
  const pipelines = SIGNALS.map((signal) => `    ${signal}: { receivers: [otlp], exporters: [${ids.join(", ")}] }`);
  return [
    "receivers:",
    `  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }`,
    "exporters:",
    exporters,
    "service:",
    "  pipelines:",
    ...pipelines,
  ].join("\n");
}

/** Waits until the collector, which writes after it has answered, has written as much as `path` is expected to hold. */
async function waitForResources(path: string, count: number): Promise<string[]> {
  for (let attempt = 0;; attempt++) {
    const resources = resourcesInFile(path);
    if (resources.length >= count || attempt === 200) return resources;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-collector-" });
  try {
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const upstreams: { name: string; exporter: string }[] = [
  { name: "plain", exporter: "compression: none, sending_queue: { enabled: false }" },
  { name: "gzip, in batches", exporter: "sending_queue: { batch: { min_size: 40, flush_timeout: 100ms } }" },
  { name: "zstd, split", exporter: "compression: zstd, sending_queue: { batch: { min_size: 7, max_size: 7 } }" },
  { name: "as JSON", exporter: "encoding: json, sending_queue: { enabled: false }" },
];

Deno.test({ name: "a collector upstream reads what was sent", ignore }, async (t) => {
  for (const { name, exporter } of upstreams) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const exporters = (path: string) => `  file: { path: "${directory}/${path}", flush_interval: 50ms }`;
        await using direct = await startCollector({ exporters: exporters("direct"), exporterIds: ["file"] });
        await using upstream = await startCollector({ exporters: exporters("through"), exporterIds: ["file"] });
        const port = freePort();
        const config = gatewayConfig(port, `  otlp_http: { endpoint: "${upstream.url}", ${exporter} }`, ["otlp_http"]);
        await using gateway = await startGateway(config, { workers: 2 });
        const sends = SIGNALS.flatMap((signal) =>
          [1, 2, 3].map((seed) => ({ signal, body: requestBytes(signal, 14, { resources: 14, seed }) }))
        );
        await Promise.all(sends.flatMap(({ signal, body }) => [
          post(direct.url, signal, body),
          post(`http://127.0.0.1:${port}`, signal, body),
        ]));
        strictEqual((await gateway.stop()).code, 0);
        const want = await waitForResources(`${directory}/direct`, 3 * 3 * 14);
        strictEqual(want.length, 3 * 3 * 14);
        deepStrictEqual(await waitForResources(`${directory}/through`, want.length), want);
      }));
  }
});

Deno.test({ name: "a collector that sends is read whole", ignore }, async (t) => {
  for (const compression of ["gzip", "zstd"]) {
    await t.step(compression, () =>
      withDirectory(async (directory) => {
        const port = freePort();
        const file = `  file: { path: "${directory}/ours" }`;
        await using gateway = await startGateway(gatewayConfig(port, file, ["file"]), { workers: 2 });
        await using collector = await startCollector({
          exporters: [
            `  file: { path: "${directory}/theirs", flush_interval: 50ms }`,
            `  otlp_http: { endpoint: "http://127.0.0.1:${port}", compression: ${compression}, sending_queue: { enabled: false } }`,
          ].join("\n"),
          exporterIds: ["file", "otlp_http"],
        });
        for (const signal of SIGNALS) {
          for (const seed of [1, 2]) {
            await post(collector.url, signal, requestBytes(signal, 50, { resources: 5, seed }));
          }
        }
        const want = await waitForResources(`${directory}/theirs`, 3 * 2 * 5);
        strictEqual(want.length, 3 * 2 * 5);
        deepStrictEqual(resourcesInFile(`${directory}/ours`), want);
        strictEqual((await gateway.stop()).code, 0);
      }));
  }
});

const loads: { name: string; flags: string[] }[] = [
  { name: "traces, fields as the collector writes them", flags: ["-signal", "traces", "-writer", "collector"] },
  { name: "traces of many resources, gzip", flags: ["-shape", "multi", "-compression", "gzip"] },
  { name: "metrics, zstd", flags: ["-signal", "metrics", "-compression", "zstd"] },
  { name: "logs in JSON", flags: ["-signal", "logs", "-encoding", "json"] },
];

Deno.test({ name: "what is acknowledged arrives once: checksums of load and sink agree", ignore }, async (t) => {
  await using sink = await startSink();
  const port = freePort();
  const exporter = `endpoint: "${sink.url}", retry_on_failure: { initial_interval: 100ms }, ` +
    "sending_queue: { batch: { min_size: 2000, flush_timeout: 50ms } }";
  await using gateway = await startGateway(gatewayConfig(port, `  otlp_http: { ${exporter} }`, ["otlp_http"]), {
    workers: 2,
  });
  for (const { name, flags } of loads) {
    await t.step(name, async () => {
      await sink.reset();
      const url = `http://127.0.0.1:${port}`;
      const load = await runLoad(url, "-rate", "40", "-duration", "1s", "-warmup", "200ms", ...flags);
      deepStrictEqual(Object.keys(load.statuses), ["200"], gateway.stderr());
      const stats = await sink.stats();
      ok(load.acked_items_total > 0);
      strictEqual(stats.spans + stats.points + stats.records, load.acked_items_total);
      strictEqual(stats.checksum, load.checksum);
      strictEqual(stats.undecodable, 0);
    });
  }
  await t.step("while the upstream fails a fifth of the requests", async () => {
    await sink.reset();
    await sink.control({ status: 503, statusShare: 0.2 });
    const load = await runLoad(`http://127.0.0.1:${port}`, "-rate", "40", "-duration", "2s", "-warmup", "0s");
    await sink.control({});
    const stats = await sink.stats();
    strictEqual(stats.spans, load.acked_items_total);
    strictEqual(stats.checksum, load.checksum);
    ok(stats.refused > 0);
  });
  strictEqual((await gateway.stop()).code, 0);
});
