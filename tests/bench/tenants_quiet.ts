/**
 * What a quiet tenant feels while another one sends fifty times its limit: its latency, in short slices by turns. Of each
 * figure there is the median of all slices, or of the ratios of slices of one round, and between what the middle half lies.
 *
 * - alone: nobody else sends.
 * - beside: the noisy one sends to the same gateway.
 * - elsewhere: the noisy one sends to another gateway on the same machine. What this costs the quiet one is the machine's
 *   alone: the ratio of beside to elsewhere is what sharing a gateway costs.
 *
 *   deno run -A --config deno.json tests/bench/tenants_quiet.ts [ROUNDS] [SECONDS]
 *
 * @module
 */

import { type LoadResult, runLoad, startSink } from "../support/peers.ts";
import { type BenchGateway, type BenchTenant, median, report, startTenants, tenant } from "./tenants_support.ts";

const [rounds = "14", seconds = "2"] = Deno.args;
/** Of the noisy one, requests a second; it sends fifty times as many. */
const LIMIT = 10;
const NOISE = 50;
const QUIET_RATE = 100;
const STATES = ["alone", "beside", "elsewhere"] as const;
type State = typeof STATES[number];

type Measured = LoadResult & { readonly p50_ms: number; readonly p90_ms: number; readonly p99_ms: number };

await using sink = await startSink();
const quiet = tenant();
const noisy = tenant(`requests_per_second: ${LIMIT}`);
const exporter = `otlp_http: {endpoint: "${sink.url}"}`;
await using here = await startTenants({ quiet, noisy }, { exporter });
await using elsewhere = await startTenants({ quiet, noisy }, { exporter });

async function load({ url }: BenchGateway, { key }: BenchTenant, rate: number, connections: number): Promise<Measured> {
  const result = await runLoad(
    url,
    ...["-shape", "p100", "-rate", String(rate), "-connections", String(connections)],
    ...["-duration", `${seconds}s`, "-warmup", "300ms", "-header", `Authorization: Bearer ${key.key}`],
  );
  return result as Measured;
}

async function slice(state: State): Promise<Measured> {
  const noise = state === "alone" ? undefined : load(state === "beside" ? here : elsewhere, noisy, LIMIT * NOISE, 32);
  const [felt] = await Promise.all([load(here, quiet, QUIET_RATE, 16), noise]);
  return felt;
}

const felt: Record<State, Measured[]> = { alone: [], beside: [], elsewhere: [] };
for (const state of STATES) await slice(state); // warm up
for (let round = 0; round < Number(rounds); round++) {
  // None is always behind the same other.
  for (let at = 0; at < STATES.length; at++) {
    const state = STATES[(round + at) % STATES.length]!;
    felt[state].push(await slice(state));
  }
}

/** The median, and between what the middle half lies. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const quarter = sorted.length >> 2;
  return `${median(sorted).toFixed(2)} (${sorted[quarter]?.toFixed(2)} to ${sorted.at(-1 - quarter)?.toFixed(2)})`;
}

for (const state of STATES) {
  const of = (figure: "p50_ms" | "p90_ms" | "p99_ms") => spread(felt[state].map((run) => run[figure]));
  report(`the quiet tenant ${state}, ms`, `p50 ${of("p50_ms")}`, `p90 ${of("p90_ms")}`, `p99 ${of("p99_ms")}`);
}
const ratios = (one: State, other: State) =>
  felt[one].map(({ p99_ms }, round) => p99_ms / (felt[other][round]?.p99_ms ?? NaN));
for (const [one, other] of [["beside", "alone"], ["elsewhere", "alone"], ["beside", "elsewhere"]] as const) {
  report(`p99 ${one} by p99 ${other}`, spread(ratios(one, other)));
}
const refused = felt.beside.reduce((sum, { statuses }) => sum + answers(statuses) - (statuses["200"] ?? 0), 0);
report("refused of the quiet one", String(refused));

function answers(statuses: LoadResult["statuses"]): number {
  return Object.values(statuses).reduce((sum, count) => sum + count, 0);
}
