/**
 * Changes the configuration of a gateway under load, many times a second, and says whether anything was lost, how long a
 * change and its senders took, and what memory came to.
 *
 *   deno run -A tests/bench/live_config.ts SECONDS CHANGES_PER_SECOND WORKERS CONFIG_LINES REQUESTS_PER_SECOND
 *
 * With 0 changes a second it is the same load without any: what requests and memory are to be compared with. A change is
 * asked for when it is due and the one before it is made; one that is late is made up for.
 *
 * @module
 */

import { freePort, startGateway } from "../support/gateway_process.ts";
import { type LoadResult, runLoad, startSink } from "../support/peers.ts";

/** What otlpload says besides. */
interface Latencies extends LoadResult {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly errors?: Readonly<Record<string, number>>;
}

const [seconds = "10", changes = "10", workers = "2", lines = "30", rate = "200"] = Deno.args;

/** Two configurations that have little in common: only the receiver is taken over. */
function yaml(port: number, sinkUrl: string, turn: number): string {
  const filler = Array.from({ length: Math.max(0, Math.floor((Number(lines) - 20) / 4)) }, (_, i) =>
    `  attributes/${i}:
    actions:
      - {key: k${i}, action: upsert, value: "${turn}"}
      - {key: l${i}, action: delete}`);
  const names = filler.map((_, i) => `attributes/${i}`).join(", ");
  return `
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}
processors:
  resource: {attributes: [{key: turn, action: upsert, value: "${turn % 7}"}]}
${filler.join("\n")}
exporters:
  otlp_http:
    endpoint: ${sinkUrl}
    compression: none
    timeout: ${5 + turn % 2}s
    sending_queue: {wait_for_result: ${turn % 3 !== 0}}
service:
  telemetry: {metrics: {level: none}, logs: {sampling: {enabled: false}}}
  pipelines:
    traces: {receivers: [otlp], processors: [resource], exporters: [otlp_http]}
    logs: {receivers: [otlp], processors: [${names}], exporters: [otlp_http]}
`;
}

function residentMb(pid: number): number {
  const [, kb = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Math.round(Number(kb) / 1024);
}

/** Changes after which memory is what the load needs: what it grows by from then on is theirs. */
const WARM_CHANGES = 60;

const percentile = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

await using sink = await startSink();
const port = freePort();
const path = await Deno.makeTempFile({ suffix: ".yaml" });
await Deno.writeTextFile(path, yaml(port, sink.url, 0));
await using gateway = await startGateway(undefined, {
  workers: Number(workers),
  args: ["--config", path, "--health-window", "0"],
  env: { // as the start task
    MALLOC_TRIM_THRESHOLD_: "67108864",
    MALLOC_MMAP_THRESHOLD_: "4194304",
    MALLOC_TOP_PAD_: "16777216",
  },
});

const load = runLoad(
  `http://127.0.0.1:${port}`,
  ...["-rate", rate, "-shape", "p100", "-connections", "16", "-pid", String(gateway.pid)],
  ...["-duration", `${seconds}s`, "-warmup", "2s"],
) as Promise<Latencies>;
const resident: number[] = [];
const startedMs = Date.now();
const isChanged = Number(changes) > 0;
const slotMs = isChanged ? 1_000 / Number(changes) : 100;
for (let turn = 1; turn <= Number(seconds) * 1_000 / slotMs; turn++) {
  if (isChanged) {
    await Deno.writeTextFile(`${path}.new`, yaml(port, sink.url, turn));
    await Deno.rename(`${path}.new`, path);
    gateway.signal("SIGHUP");
    await gateway.waitForLine(`{"id":${turn + 1},`); // the first is that of the start
  }
  await pause(startedMs + turn * slotMs - Date.now());
  resident.push(residentMb(gateway.pid));
}
const changedForMs = Date.now() - startedMs;
const result = await load;
await pause(1_500);
const stats = await sink.stats();
const took = [...gateway.stderr().matchAll(/"took_ms":(\d+)/g)].map(([, ms]) => Number(ms)).sort((a, b) => a - b);
const warm = resident.slice(WARM_CHANGES);
const mean = (values: readonly number[]) => Math.round(values.reduce((sum, each) => sum + each, 0) / values.length);
// deno-lint-ignore no-console
console.log(JSON.stringify({
  changes: took.length,
  changedForMs,
  refusedChanges: gateway.stderr().split("was not read again").length - 1,
  failedChanges: gateway.stderr().split("was not changed").length - 1,
  tookMs: { p50: percentile(took, 0.5), p99: percentile(took, 0.99), max: took.at(-1) },
  statuses: result.statuses,
  errors: result.errors ?? {},
  latencyMs: { p50: result.p50_ms, p99: result.p99_ms, max: result.max_ms },
  ackedItems: result.acked_items_total,
  arrivedItems: stats.spans,
  sameChecksum: stats.checksum === result.checksum,
  residentMb: {
    first: resident[0],
    warm: mean(warm.slice(0, WARM_CHANGES)),
    last: mean(warm.slice(-WARM_CHANGES)),
    highest: Math.max(...resident),
    now: residentMb(gateway.pid),
  },
}));
const { code, stderr } = await gateway.stop();
if (code !== 0) throw new Error(`the gateway ended with ${code}: ${stderr.slice(-2_000)}`);
await Deno.remove(path);
