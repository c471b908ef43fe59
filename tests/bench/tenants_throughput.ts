/**
 * What tenants cost of a gateway's throughput, as CPU time a request: a gateway that knows none beside one that knows a
 * thousand, each with limits of requests, items and bytes. Both have the same load at the same time, by connections that
 * stay, so whatever the machine does meanwhile it does to both. Counted are the threads' own nanoseconds, in windows of a
 * fifth of a second, so that a median leaves out those in which something else came between.
 *
 *   deno run -A --config deno.json tests/bench/tenants_throughput.ts [PAIRS] [SHAPES] [OTHER]
 *
 * Two processes alike differ by some percent for as long as they live, so there are many pairs of them, and of each pair the
 * median of its windows. Told is the median of the pairs, and between what it lies by 95 %. SHAPES are p1,p100, spans a
 * request; with `same` as OTHER the second gateway knows no tenants either, which tells how far the figures can be believed.
 *
 * @module
 */

import { runLoad, startSink } from "../support/peers.ts";
import { type BenchGateway, cpuNs, median, medianInterval, report, startTenants, tenant } from "./tenants_support.ts";

const [pairs = "12", shapes = "p1,p100", other = "tenants"] = Deno.args;
const TENANTS = 1_000;
const SENDERS = 2;
const CONNECTIONS = 4;
const WARM_UP_SECONDS = 4;
const WINDOWS = 25;
const WINDOW_MS = 200;
const SECONDS = WARM_UP_SECONDS + 1 + WINDOWS * WINDOW_MS / 1_000;
/** Requests a second of each gateway: together less than what two cores do, so that both keep up. */
const RATES: Readonly<Record<string, number>> = { p1: 2_000, p100: 1_500 };

const all = { requests_per_second: 1e5, items_per_second: 1e7, bytes_per_second: 1e9 };
const tenants = Array.from({ length: TENANTS }, () => tenant());
const lines = tenants.map(({ key: { id, hash } }, at) =>
  JSON.stringify({ id: `t${at}`, keys: [{ id, hash }], limits: { all } })
);
const senders = Array.from({ length: SENDERS }, (_, at) => tenants[at * TENANTS / SENDERS]!);

/** Loads a gateway for as long as a pair is measured. @returns What it took. */
async function load({ url }: BenchGateway, shape: string): Promise<number> {
  const rate = String((RATES[shape] ?? 1_000) / SENDERS);
  const duration = `${SECONDS}s`;
  const results = await Promise.all(senders.map(({ key }) =>
    runLoad(
      url,
      ...["-shape", shape, "-rate", rate, "-connections", String(CONNECTIONS), "-warmup", "0s"],
      ...["-duration", duration, "-header", `Authorization: Bearer ${key.key}`],
    )
  ));
  return results.reduce((sum, { statuses }) => sum + (statuses["200"] ?? 0), 0);
}

interface Measured {
  readonly ratio: number;
  /** Without tenants, microseconds a request. */
  readonly cpuUs: number;
}

/** One pair of gateways, from their starts to their ends. @param isOnFirst Neither is always the one that starts later. */
async function pair(shape: string, exporter: string, directory: string, isOnFirst: boolean): Promise<Measured> {
  const start = (more: string) => startTenants(undefined, { exporter, more });
  const more = other === "same" ? "" : `tenants_dir: ${directory}`;
  await using first = await start(isOnFirst ? more : "");
  await using second = await start(isOnFirst ? "" : more);
  const [off, on] = isOnFirst ? [second, first] : [first, second];
  const taken = Promise.all([load(off, shape), load(on, shape)]);
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_SECONDS * 1_000));
  const ratios: number[] = [];
  const used: number[] = [];
  let before = [cpuNs(off.process.pid), cpuNs(on.process.pid)] as const;
  for (let window = 0; window < WINDOWS; window++) {
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
    const now = [cpuNs(off.process.pid), cpuNs(on.process.pid)] as const;
    ratios.push((now[1] - before[1]) / (now[0] - before[0]));
    used.push(now[0] - before[0]);
    before = now;
  }
  const [byOff, byOn] = await taken;
  const aWindow = byOff / SECONDS * WINDOW_MS / 1_000;
  return { ratio: median(ratios) * byOff / byOn, cpuUs: median(used) / 1_000 / aWindow };
}

const percent = (ratio = NaN) => `${(100 * (ratio - 1)).toFixed(1)} %`;

await using sink = await startSink();
const exporter = `otlp_http: {endpoint: "${sink.url}"}`;
const directory = await Deno.makeTempDir();
await Deno.writeTextFile(`${directory}/fleet.jsonl`, `${lines.join("\n")}\n`);
for (const shape of shapes.split(",")) {
  const measured: Measured[] = [];
  for (let at = 0; at < Number(pairs); at++) measured.push(await pair(shape, exporter, directory, at % 2 === 1));
  const ratios = measured.map(({ ratio }) => ratio);
  const [low, high] = medianInterval(ratios);
  const cpuUs = median(measured.map((each) => each.cpuUs)).toFixed(1);
  const what = other === "same" ? "two gateways alike" : "with tenants by without";
  report(
    `CPU time a request ${what}, ${shape}`,
    `${percent(median(ratios))}`,
    `${percent(low)} to ${percent(high)} (95 %, ${ratios.length} pairs)`,
    `of ${cpuUs} us`,
  );
}
await Deno.remove(directory, { recursive: true });
