/**
 * What tenants cost of a gateway's throughput, as CPU time a request. One gateway that gets as many requests as it can take, on
 * a core of its own, learns of a thousand tenants, each with limits of requests, items and bytes, and forgets them again, many
 * times: two processes alike differ by some percent for as long as they live, one does not differ from itself. Counted are its
 * threads' own nanoseconds by what arrives at its destination, in windows between the changes; a window is compared with the
 * one beside it, of either kind first in turn.
 *
 *   deno run -A --config deno.json tests/bench/tenants_throughput.ts [PAIRS] [SHAPES] [OTHER]
 *
 * Told is the median of the pairs, and between what it lies by 95 %. SHAPES are p1,p100, spans a request; with `same` as OTHER
 * nothing is learnt, but the configuration is read again as often: how far the figures can be believed.
 *
 * @module
 */

import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { runLoad, type Sink, startSink } from "../support/peers.ts";
import { cpuNs, median, medianInterval, report, tenant } from "./tenants_support.ts";

const [pairs = "120", shapes = "p1,p100", other = "tenants"] = Deno.args;
const TENANTS = 1_000;
const SENDERS = 2;
const CONNECTIONS = 32;
const WARM_UP_MS = 4_000;
/** After a change, for what it costs by itself: the old parts end, the new ones begin. */
const SETTLE_MS = 500;
/** Short: a machine that others use has another speed a second later. */
const WINDOW_MS = 600;
/** What a change takes at the most, so that the load lasts. */
const CHANGE_MS = 400;
/** Not counted: V8 compiles what it has not seen. */
const WARM_PAIRS = 8;
/** What the start task sets. */
const AS_STARTED = {
  MALLOC_TRIM_THRESHOLD_: "67108864",
  MALLOC_MMAP_THRESHOLD_: "4194304",
  MALLOC_TOP_PAD_: "16777216",
};

const all = { requests_per_second: 1e5, items_per_second: 1e7, bytes_per_second: 1e9 };
const tenants = Array.from({ length: TENANTS }, () => tenant());
const lines = tenants.map(({ key: { id, hash } }, at) =>
  JSON.stringify({ id: `t${at}`, keys: [{ id, hash }], limits: { all } })
);
const senders = Array.from({ length: SENDERS }, (_, at) => tenants[at * TENANTS / SENDERS]!);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns Whether all was answered with 200. */
async function load(port: number, shape: string, seconds: number): Promise<boolean> {
  const results = await Promise.all(senders.map(({ key }) =>
    runLoad(
      `http://127.0.0.1:${port}`,
      ...["-shape", shape, "-rate", "0", "-connections", String(CONNECTIONS), "-warmup", "0s"],
      ...["-duration", `${seconds}s`, "-header", `Authorization: Bearer ${key.key}`],
    )
  ));
  return results.every(({ statuses }) => Object.keys(statuses).join() === "200");
}

/** All threads of a process run on this core from now on. */
async function pin(pid: number, core: number): Promise<void> {
  await new Deno.Command("taskset", { args: ["-a", "-cp", String(core), String(pid)], stdout: "null" }).output();
}

/** A gateway whose configuration is written anew for each window. */
class Switched {
  readonly #gateway: GatewayProcess;
  readonly #sink: Sink;
  readonly #path: string;
  readonly #base: string;
  #changes = 1; // the start is the first

  constructor(gateway: GatewayProcess, sink: Sink, path: string, base: string) {
    this.#gateway = gateway;
    this.#sink = sink;
    this.#path = path;
    this.#base = base;
  }

  /** Reads `more` beside what there always is, and measures a window. @returns CPU time of a request, nanoseconds. */
  async window(more: string): Promise<number> {
    await this.#change(more);
    const before = await this.#spent();
    await pause(WINDOW_MS);
    const after = await this.#spent();
    return (after.ns - before.ns) / (after.requests - before.requests);
  }

  async #spent(): Promise<{ readonly requests: number; readonly ns: number }> {
    const { requests } = await this.#sink.stats();
    return { requests, ns: cpuNs(this.#gateway.pid) };
  }

  async #change(more: string): Promise<void> {
    this.#changes++;
    // Nobody uses the processor: the configuration is another one without tenants as well.
    const turn = `processors: {attributes/turn: {actions: [{key: turn, action: upsert, value: ${this.#changes}}]}}`;
    await Deno.writeTextFile(`${this.#path}.new`, `${this.#base}\n${turn}\n${more}\n`);
    await Deno.rename(`${this.#path}.new`, this.#path);
    this.#gateway.signal("SIGHUP");
    await this.#gateway.waitForLine(`{"id":${this.#changes},`);
    await pause(SETTLE_MS);
  }
}

interface Compared {
  /** Of each pair of windows, with tenants by without. */
  readonly ratios: readonly number[];
  /** Without tenants, nanoseconds a request. */
  readonly offNs: readonly number[];
}

async function compare(switched: Switched, more: string): Promise<Compared> {
  const ratios: number[] = [];
  const offNs: number[] = [];
  for (let pair = -WARM_PAIRS; pair < Number(pairs); pair++) {
    const isOnFirst = pair % 2 !== 0;
    const first = await switched.window(isOnFirst ? more : "");
    const second = await switched.window(isOnFirst ? "" : more);
    if (pair < 0) continue;
    ratios.push(isOnFirst ? first / second : second / first);
    offNs.push(isOnFirst ? second : first);
  }
  return { ratios, offNs };
}

const percent = (ratio = NaN) => `${(100 * (ratio - 1)).toFixed(1)} %`;

async function measure(shape: string, sink: Sink, directory: string): Promise<void> {
  const port = freePort();
  const path = `${directory}/gateway.yaml`;
  const base = [
    `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}`,
    `exporters: {otlp_http: {endpoint: "${sink.url}", compression: none, sending_queue: {enabled: false}}}`,
    "service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}}",
  ].join("\n");
  await Deno.writeTextFile(path, base);
  await using gateway = await startGateway(undefined, { args: ["--config", path], env: AS_STARTED });
  const seconds = Math.ceil(
    (WARM_UP_MS + 2 * (Number(pairs) + WARM_PAIRS) * (SETTLE_MS + WINDOW_MS + CHANGE_MS)) / 1_000,
  );
  await pin(gateway.pid, 0);
  const loaded = load(port, shape, seconds);
  await pause(WARM_UP_MS);
  const more = other === "same" ? "" : `tenants_dir: ${directory}/tenants`;
  const { ratios, offNs } = await compare(new Switched(gateway, sink, path, base), more);
  if (!await loaded) throw new Error("Cannot compare: not all requests were answered with 200, wanted all");
  const [low, high] = medianInterval(ratios);
  report(
    `CPU time a request ${other === "same" ? "with itself" : "with tenants by without"}, ${shape}`,
    percent(median(ratios)),
    `${percent(low)} to ${percent(high)} (95 %, ${ratios.length} pairs)`,
    `of ${(median(offNs) / 1_000).toFixed(1)} us`,
  );
}

await pin(Deno.pid, 1); // and so all that it starts
await using sink = await startSink();
const directory = await Deno.makeTempDir();
await Deno.mkdir(`${directory}/tenants`);
await Deno.writeTextFile(`${directory}/tenants/fleet.jsonl`, `${lines.join("\n")}\n`);
for (const shape of shapes.split(",")) await measure(shape, sink, directory);
await Deno.remove(directory, { recursive: true });
