/**
 * What the `opamp` extension takes of a gateway: one with it, connected by WebSocket to the server of the reference
 * implementation, beside one without, by turns. One thread each, no admin API.
 *
 *   deno run -A tests/bench/opamp_extension.ts [PAIRS] [STARTS]
 *
 * Prints a Markdown table. Both gateways run all the while and are loaded in turns, since the machine's speed moves.
 *
 * @module
 */

import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { startOpampServer } from "../support/opamp_peer.ts";
import { type LoadResult, runLoad, startSink } from "../support/peers.ts";
import { cpuMs, median } from "./tenants_support.ts";

const [pairs = 24, starts = 3] = Deno.args.map(Number);
const REST_MS = 10_000;
const AT_REST_MS = 20_000;
const LOAD_SECONDS = 3;
const REQUESTS_PER_SECOND = 400;

const NAMES = ["without", "with"] as const;
type Name = typeof NAMES[number];

interface Gateway {
  readonly process: GatewayProcess;
  readonly url: string;
}

await using sink = await startSink();
await using server = await startOpampServer("-events", "0");
await using started = new AsyncDisposableStack();

async function start(name: Name): Promise<Gateway> {
  const port = freePort();
  const extension = name === "without" ? "" : `extensions: {opamp: {server: {ws: {endpoint: "${server.endpoint()}"}}}}`;
  const process = await startGateway(
    `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "${sink.url}", compression: none, sending_queue: {enabled: false}}}
${extension}
service:
  extensions: [${name === "without" ? "" : "opamp"}]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`,
    { workers: 0, args: ["--health-window", "0"] },
  );
  return { process: started.use(process), url: `http://127.0.0.1:${port}` };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function residentMb({ process: { pid } }: Gateway): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;
}

async function usPerRequest({ process: { pid }, url }: Gateway): Promise<number> {
  const before = cpuMs(pid);
  const args = ["-shape", "p100", "-rate", `${REQUESTS_PER_SECOND}`, "-connections", "8"];
  const { statuses }: LoadResult = await runLoad(url, ...args, "-warmup", "0s", "-duration", `${LOAD_SECONDS}s`);
  return 1_000 * (cpuMs(pid) - before) / (statuses["200"] ?? NaN);
}

const atRest: Record<Name, number[]> = { without: [], with: [] };
const restCpu: Record<Name, number> = { without: NaN, with: NaN };
const us: Record<Name, number[]> = { without: [], with: [] };
const gateways: Partial<Record<Name, Gateway>> = {};

for (let turn = 0; turn < starts; turn++) {
  for (const name of NAMES) {
    await gateways[name]?.process.stop();
    gateways[name] = await start(name);
  }
  await pause(REST_MS);
  for (const name of NAMES) atRest[name].push(residentMb(gateways[name]!));
}
const before = NAMES.map((name) => cpuMs(gateways[name]!.process.pid));
await pause(AT_REST_MS);
for (const [at, name] of NAMES.entries()) restCpu[name] = cpuMs(gateways[name]!.process.pid) - before[at]!;
for (const name of NAMES) await usPerRequest(gateways[name]!); // to warm up
for (let pair = 0; pair < pairs; pair++) {
  for (const name of pair % 2 === 0 ? NAMES : NAMES.toReversed()) us[name].push(await usPerRequest(gateways[name]!));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const print = (...cells: readonly string[]) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`| ${cells.join(" | ")} |\n`));
const row = (what: string, of: (name: Name) => string) => print(what, ...NAMES.map(of));
const ratios = us.with.map((value, pair) => value / (us.without[pair] ?? NaN)).sort((a, b) => a - b);
const quarter = ratios.length >> 2;
const quartiles = [ratios[quarter], ratios.at(-1 - quarter)].map((ratio = NaN) => ratio.toFixed(2)).join(" and ");

print("", ...NAMES);
print("---", "---", "---");
row(`Resident memory at rest, means of ${starts} starts`, (name) => `${mean(atRest[name]).toFixed(1)} MB`);
row(
  `Resident memory after ${pairs + 1} x ${LOAD_SECONDS} s of ${REQUESTS_PER_SECOND} requests a second (100 spans each)`,
  (name) => `${residentMb(gateways[name]!).toFixed(1)} MB`,
);
row(
  `CPU a request, medians of ${pairs} pairs of ${LOAD_SECONDS} s in turns`,
  (name) => `${median(us[name]).toFixed(0)} us`,
);
print("the same, with by without", "", `${median(ratios).toFixed(2)} (quartiles ${quartiles})`);
row(`CPU at rest, in ${AT_REST_MS / 1_000} s`, (name) => `${restCpu[name]} ms`);
