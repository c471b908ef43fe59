/**
 * What a quiet tenant feels while another one sends fifty times its limit: its latency at p99, alone and beside the noise,
 * by turns. Two load generators, one gateway, a real destination.
 *
 *   deno run -A --config deno.json tests/bench/tenants_quiet.ts [ROUNDS]
 *
 * @module
 */

import { type LoadResult, runLoad, startSink } from "../support/peers.ts";
import { type BenchTenant, median, report, startTenants, tenant } from "./tenants_support.ts";

const [rounds = "11"] = Deno.args;
/** Of the noisy one, requests a second; it sends fifty times as many. */
const LIMIT = 10;
const NOISE = 50;
const QUIET_RATE = 100;

type Measured = LoadResult & { readonly p50_ms: number; readonly p99_ms: number; readonly requests_per_s: number };

await using sink = await startSink();
const quiet = tenant();
const noisy = tenant(`requests_per_second: ${LIMIT}`);
await using gateway = await startTenants({ quiet, noisy }, { exporter: `otlp_http: {endpoint: "${sink.url}"}` });

async function load({ key }: BenchTenant, rate: number, connections: number): Promise<Measured> {
  const args = ["-shape", "p100", "-rate", String(rate), "-connections", String(connections)];
  const result = await runLoad(
    gateway.url,
    ...args,
    ...["-duration", "4s", "-warmup", "500ms"],
    "-header",
    `Authorization: Bearer ${key.key}`,
  );
  return result as Measured;
}

const p99: Record<"alone" | "beside", number[]> = { alone: [], beside: [] };
const p50: Record<"alone" | "beside", number[]> = { alone: [], beside: [] };
let lost = 0;
let let_in: Readonly<Record<string, number>> = {};
for (let round = 0; round < Number(rounds); round++) {
  // Neither is always behind the other.
  const before = round % 2 === 0 ? await load(quiet, QUIET_RATE, 16) : undefined;
  const [beside, noise] = await Promise.all([load(quiet, QUIET_RATE, 16), load(noisy, LIMIT * NOISE, 32)]);
  const alone = before ?? await load(quiet, QUIET_RATE, 16);
  for (const [name, run] of [["alone", alone], ["beside", beside]] as const) {
    p99[name].push(run.p99_ms);
    p50[name].push(run.p50_ms);
    lost += Object.entries(run.statuses).reduce((sum, [status, count]) => status === "200" ? sum : sum + count, 0);
  }
  let_in = noise.statuses;
}
const ratios = p99.beside.map((ms, round) => ms / (p99.alone[round] ?? NaN));
for (const name of ["alone", "beside"] as const) {
  report(
    `the quiet tenant ${name}`,
    `p50 ${median(p50[name]).toFixed(2)} ms`,
    `p99 ${median(p99[name]).toFixed(2)} ms`,
    `${p99[name].map((ms) => ms.toFixed(0)).join(" ")}`,
  );
}
report("p99 beside by p99 alone", median(ratios).toFixed(2), ratios.map((each) => each.toFixed(1)).join(" "));
report("refused of the quiet one", String(lost));
report("the noisy one's answers in the last round", JSON.stringify(let_in));
