/**
 * The resident set of a gateway with the start task's allocator: at rest, and, of one worker, at its highest under large
 * bodies that it forwards to a real destination. A gateway for each, since the highest is since its start.
 *
 *   deno run -A tests/bench/resident_set.ts [SECONDS]
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import { freePort, startGateway } from "../support/gateway_process.ts";
import { startSink } from "../support/peers.ts";
import { report } from "./tenants_support.ts";

const [seconds = "10"] = Deno.args;
const CONNECTIONS = 16;
/** What a start leaves is collected after some time. */
const REST_MS = 5_000;

const LARGE_BODIES = new URL("large_bodies.ts", import.meta.url).pathname;
/** `NAME=value` in front of the start task. */
const ENV = Object.fromEntries(
  [...manifest.tasks.start.matchAll(/\b(MALLOC_\w+)=(\d+)/g)].map(([, name = "", value = ""]) => [name, value]),
);

await using sink = await startSink();

async function withGateway(use: (url: string, pid: number) => Promise<string>, workers = 1): Promise<string> {
  const port = freePort();
  const config = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "${sink.url}", compression: none, sending_queue: {enabled: false}}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}}
`;
  await using gateway = await startGateway(config, { env: ENV, workers });
  return await use(`http://127.0.0.1:${port}`, gateway.pid);
}

async function atRest(_url: string, pid: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const [, kb = "0"] = /VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${pid}/status`)) ?? [];
  return `${Math.round(Number(kb) / 1_024)} MB`;
}

/** @throws {Error} The load failed. */
async function under(megabytes: number, url: string, pid: number): Promise<string> {
  const load = [url, pid, megabytes, CONNECTIONS, seconds].map(String);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LARGE_BODIES, ...load],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot measure bodies of ${megabytes} MB: the load failed, wanted it to end well`);
  const { statuses, rssPeakMb } = JSON.parse(new TextDecoder().decode(stdout));
  return `${rssPeakMb} MB  answers ${JSON.stringify(statuses)}`;
}

for (const workers of [1, 2]) report(`at rest, --workers ${workers}`, await withGateway(atRest, workers));
for (const megabytes of [1, 20]) {
  const figures = await withGateway((url, pid) => under(megabytes, url, pid));
  report(`${CONNECTIONS} connections of ${megabytes} MB bodies`, figures);
}
