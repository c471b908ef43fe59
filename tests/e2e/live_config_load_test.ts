/** The configuration is changed under load: what was acknowledged arrives, what does worse is taken back. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { missingForPeers, runLoad, type Sink, type SinkStats, startSink } from "../support/peers.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("load generator", await missingForPeers());

interface Knobs {
  readonly port: number;
  readonly url: string;
  /** Keys of the exporter. */
  readonly exporter?: string;
  readonly processors?: readonly string[];
  readonly exporters?: readonly string[];
}

function yaml({ port, url, exporter = "", processors = [], exporters = ["otlp_http"] }: Knobs): string {
  return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
processors:
  batch: {timeout: 20ms, send_batch_size: 300}
  attributes: {actions: [{key: turn, action: upsert, value: ${exporter.length}}]}
exporters:
  otlp_http: {endpoint: "${url}", compression: none${exporter}}
  otlp_http/other: {endpoint: "${url}", compression: none${exporter}}
service:
  telemetry: {metrics: {level: none}, logs: {sampling: {enabled: false}}}
  pipelines: {traces: {receivers: [otlp], processors: [${processors}], exporters: [${exporters}]}}
`;
}

async function start(knobs: Knobs, args: readonly string[] = []) {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(path, yaml(knobs));
  const gateway = await startGateway(undefined, {
    workers: 2,
    args: ["--config", path, "--health-window", "0", ...args],
  });
  let id = 1;
  /** Gives it another configuration. @returns The line that tells of it. */
  const change = async (text: string) => {
    await Deno.writeTextFile(path, text);
    gateway.signal("SIGHUP");
    return await gateway.waitForLine(`{"id":${++id},`, 20_000);
  };
  return { gateway, change, path };
}

/** Waits until the sink has that many items, for 10 s at the most. */
async function arrived(sink: Sink, items: number): Promise<SinkStats> {
  for (let tries = 0;; tries++) {
    const stats = await sink.stats();
    if (stats.spans >= items || tries === 100) return stats;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function stop(gateway: GatewayProcess): Promise<void> {
  const { code, stderr } = await gateway.stop();
  strictEqual(code, 0, stderr);
}

Deno.test({ name: "under load any changes lose nothing: sent is received", ignore }, async () => {
  await using sink = await startSink();
  const [port, otherPort] = [freePort(), freePort()];
  const knobs = { port, url: sink.url };
  const { gateway, change } = await start(knobs);
  await using _ = gateway;
  using taken = Deno.listen({ hostname: "127.0.0.1", port: otherPort });
  const exporter = fc.constantFrom(
    "",
    ", timeout: 7s",
    ", sending_queue: {wait_for_result: false}",
    ", sending_queue: {wait_for_result: false, num_consumers: 2, batch: {flush_timeout: 30ms, min_size: 500}}",
    ", sending_queue: {enabled: false}",
  );
  const valid = fc.record({
    exporter,
    processors: fc.subarray(["batch", "attributes"]),
    exporters: fc.constantFrom(["otlp_http"], ["otlp_http/other"]),
  }).map((drawn) => yaml({ ...knobs, ...drawn }));
  const invalid = fc.constantFrom(
    "receivers: [",
    "",
    yaml({ ...knobs, processors: ["absent"] }),
    yaml({ ...knobs, port: taken.addr.port }),
  );
  const texts = fc.sample(fc.oneof({ weight: 3, arbitrary: valid }, { weight: 1, arbitrary: invalid }), 40);

  const load = runLoad(`http://127.0.0.1:${port}`, "-rate", "150", "-duration", "5s", "-warmup", "100ms");
  let isLoading = true;
  void load.finally(() => isLoading = false);
  const lines: string[] = [];
  let running = yaml(knobs);
  for (const text of texts) {
    if (!isLoading) break;
    if (text === running) continue; // no change, and no line
    const line = await change(text);
    if (line.includes("was changed")) running = text;
    lines.push(line);
  }
  const { statuses, acked_items_total, checksum } = await load;
  deepStrictEqual(Object.keys(statuses), ["200"], gateway.stderr());
  const made = lines.filter((line) => line.includes("was changed")).length;
  ok(made >= 5 && made < lines.length, `${made} changes were made, ${lines.length} asked for`);
  const stats = await arrived(sink, acked_items_total);
  deepStrictEqual([stats.spans, stats.checksum], [acked_items_total, checksum]);
  await stop(gateway);
});

Deno.test({ name: "what was acknowledged outlives a change while its destination is down", ignore }, async () => {
  await using down = await startSink();
  await using up = await startSink();
  await down.control({ status: 503 });
  const port = freePort();
  const exporter = ", sending_queue: {wait_for_result: false}, retry_on_failure: {initial_interval: 100ms}";
  const { gateway, change } = await start({ port, url: down.url, exporter });
  await using _ = gateway;
  const load = await runLoad(`http://127.0.0.1:${port}`, "-rate", "100", "-duration", "1s", "-warmup", "100ms");
  deepStrictEqual(Object.keys(load.statuses), ["200"]);
  strictEqual((await down.stats()).spans, 0);
  match(await change(yaml({ port, url: up.url, exporter: ", timeout: 4s" })), /The configuration was changed/);
  await gateway.waitForLine("what was queued goes on in the exporter that replaces this one", 20_000);
  const stats = await arrived(up, load.acked_items_total);
  deepStrictEqual([stats.spans, stats.checksum], [load.acked_items_total, load.checksum]);
  ok(!gateway.stderr().includes("the data is lost"));
  await stop(gateway);
});

Deno.test({ name: "a configuration that does worse is taken back", ignore }, async () => {
  await using sink = await startSink();
  const port = freePort();
  const { gateway, change } = await start({ port, url: sink.url }, ["--health-window", "3s"]);
  await using _ = gateway;
  const load = runLoad(`http://127.0.0.1:${port}`, "-rate", "50", "-duration", "8s", "-warmup", "3s");
  await gateway.waitForLine("has passed its health window", 20_000);
  const nowhere = `http://127.0.0.1:${freePort()}`;
  await change(yaml({ port, url: nowhere, exporter: ", retry_on_failure: {enabled: false}" }));
  match(
    await gateway.waitForLine("does worse with the configuration: goes back", 20_000),
    /"id":2,"to":1,"why":"\d+ % of the items could not be exported, before it 0 %/,
  );
  match(await gateway.waitForLine(`{"id":3,`), /The configuration was changed.*"who":"gateway","origin":"health"/);
  const { statuses } = await load;
  ok((statuses["503"] ?? 0) > 0 && (statuses["200"] ?? 0) > (statuses["503"] ?? 0), JSON.stringify(statuses));
  await stop(gateway);
});
