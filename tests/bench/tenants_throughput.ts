/**
 * What tenants cost of a gateway's throughput: one that knows none and one that knows a thousand, each with limits of
 * requests, items and bytes, by turns of a few seconds. Four load generators with a tenant and four connections each send
 * as fast as they are answered, so the gateway's thread is busy all the time.
 *
 *   deno run -A --config deno.json tests/bench/tenants_throughput.ts [ROUNDS] [SHAPE] [DESTINATION]
 *
 * SHAPE is p1 or p100, spans a request; DESTINATION is sink, a real one over HTTP, or nop. Of each round there is a ratio; their median counts, and between them the half in
 * the middle, since the machine's speed moves.
 *
 * @module
 */

import { type LoadResult, runLoad, startSink } from "../support/peers.ts";
import { type BenchGateway, cpuMs, median, report, startTenants, tenant } from "./tenants_support.ts";

const [rounds = "9", shape = "p1", destination = "sink"] = Deno.args;
const TENANTS = 1_000;
const GENERATORS = 4;
const CONNECTIONS = 4;
const SECONDS = 3;

interface Turn {
  readonly perSecond: number;
  /** Of the gateway's process, a request. */
  readonly cpuUs: number;
}

const all = { requests_per_second: 1e6, items_per_second: 1e9, bytes_per_second: 1e12 };
const tenants = Array.from({ length: TENANTS }, () => tenant());
const lines = tenants.map(({ key: { id, hash } }, at) =>
  JSON.stringify({ id: `t${at}`, keys: [{ id, hash }], limits: { all } })
);
const senders = Array.from({ length: GENERATORS }, (_, at) => tenants[at * TENANTS / GENERATORS]!);

async function turn({ url, process: { pid } }: BenchGateway): Promise<Turn> {
  const before = cpuMs(pid);
  const results = await Promise.all(
    senders.map(({ key }) =>
      runLoad(
        url,
        ...["-shape", shape, "-rate", "0", "-connections", String(CONNECTIONS)], //
        ...["-warmup", "0s", "-duration", `${SECONDS}s`, "-header", `Authorization: Bearer ${key.key}`],
      )
    ),
  );
  const answered = results.reduce((sum, result) => sum + keptOf(result), 0);
  return { perSecond: answered / SECONDS, cpuUs: 1_000 * (cpuMs(pid) - before) / answered };
}

function keptOf({ statuses }: LoadResult): number {
  const others = Object.keys(statuses).filter((status) => status !== "200");
  if (others.length > 0) throw new TypeError(`answered with ${JSON.stringify(statuses)}`);
  return statuses["200"] ?? 0;
}

function tell(what: string, ratios: readonly number[]): void {
  const sorted = ratios.toSorted((a, b) => a - b);
  const percent = (ratio = NaN) => `${(100 * (ratio - 1)).toFixed(1)} %`;
  const quarter = sorted.length >> 2;
  report(what, percent(median(sorted)), `${percent(sorted[quarter])} to ${percent(sorted.at(-1 - quarter))}`);
}

await using sink = await startSink();
const exporter = destination === "nop" ? "nop: {}" : `otlp_http: {endpoint: "${sink.url}"}`;
await using off = await startTenants(undefined, { exporter });
const directory = await Deno.makeTempDir();
await Deno.writeTextFile(`${directory}/fleet.jsonl`, `${lines.join("\n")}\n`);
await using on = await startTenants(undefined, { exporter, more: `tenants_dir: ${directory}` });
const turns: Record<"off" | "on", Turn[]> = { off: [], on: [] };
for (const gateway of [off, on]) await turn(gateway); // warm up
for (let round = 0; round < Number(rounds); round++) {
  const first = round % 2 === 0 ? "off" : "on"; // neither is always behind the other
  for (const name of first === "off" ? ["off", "on"] as const : ["on", "off"] as const) {
    turns[name].push(await turn(name === "off" ? off : on));
  }
}
for (const name of ["off", "on"] as const) {
  report(
    `tenants ${name}, ${shape} to ${destination}`,
    `${median(turns[name].map(({ perSecond }) => perSecond)).toFixed(0)} requests a second`,
    `${median(turns[name].map(({ cpuUs }) => cpuUs)).toFixed(1)} us CPU each`,
  );
}
const ratios = (of: keyof Turn) => turns.on.map((each, round) => each[of] / (turns.off[round]?.[of] ?? NaN));
tell("throughput with tenants by without", ratios("perSecond"));
tell("CPU time a request with tenants by without", ratios("cpuUs"));
await Deno.remove(directory, { recursive: true });
