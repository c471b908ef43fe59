/**
 * Runs what measures: `tests/peers/measure`, `deno bench`, and programs that print their figures; and reads what they say.
 *
 * @module
 */

import { z } from "zod";
import manifest from "../../../deno.json" with { type: "json" };
import { freePort } from "../../support/gateway_process.ts";
import { peerBinary } from "../../support/peers.ts";
import { type Broker, startBroker } from "./broker.ts";
import type { BenchFigures, Measured, Printed, RequestFigures } from "./journal.ts";
import { rounded } from "./results.ts";
import type { Program, RequestUnit, Timing, Unit } from "./plan.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const MEASURE = `${ROOT}tests/peers/measure`;

/** V8 as it is in a gateway. */
const V8_FLAGS = /--v8-flags=\S+/.exec(manifest.tasks.start)?.[0] ?? "";

/** How many times its estimate a unit may take. */
const PATIENCE = 6;
const MIN_PATIENCE_SECONDS = 300;

const phaseSchema = z.object({
  cpu_us_per_request: z.number().positive(),
  rss_peak_mb: z.number(),
  pid_cores: z.number(),
  p99_ms: z.number(),
  rate: z.number(),
  others_cores: z.number(),
  intact: z.boolean(),
});
const measureSchema = z.object({ saturated: phaseSchema, rated: phaseSchema.nullable() });

/** What a line of `tests/peers/measure` says. @throws {Error} Something that was acknowledged did not arrive. */
export function readMeasure(line: string): RequestFigures {
  const { saturated, rated } = measureSchema.parse(JSON.parse(line));
  if (!saturated.intact || rated?.intact === false) {
    throw new Error("Cannot use the run: what was acknowledged and what arrived differ, wanted the same");
  }
  return {
    cpuUs: saturated.cpu_us_per_request,
    rssPeakMb: saturated.rss_peak_mb,
    otherCores: saturated.others_cores,
    latency: rated && { p99Ms: rated.p99_ms, requestsPerSecond: rated.rate, cores: rated.pid_cores },
  };
}

const benchSchema = z.object({
  benches: z.array(z.object({
    group: z.string().nullable(),
    name: z.string(),
    results: z.array(z.object({
      ok: z.object({ n: z.number(), min: z.number(), avg: z.number(), p99: z.number() }),
    })).min(1),
  })),
});

/** What `deno bench --json` says. @throws {z.ZodError} One of the benchmarks failed. */
export function readBench(text: string): readonly BenchFigures[] {
  return benchSchema.parse(JSON.parse(text)).benches.map(({ group, name, results }) => {
    const { n, min, avg, p99 } = results[0]!.ok;
    return { group, name, n, bestNs: rounded(min), meanNs: rounded(avg), p99Ns: rounded(p99) };
  });
}

/** What a program printed, as cells. @throws {Error} It printed nothing that has figures. */
export function readPrinted(prints: Program["prints"], text: string): Pick<Printed, "head" | "rows"> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const printed = prints === "table"
    ? tableIn(lines)
    : { head: null, rows: prints === "json" ? lines.flatMap(rowsOfJson) : lines.map(cellsOfLine) };
  if (printed.rows.length === 0) throw new Error("Cannot read the figures: nothing was printed, wanted a row or more");
  return printed;
}

/** `what   12 ns  3 more`, or `what: 12 ns, 3 more`. */
function cellsOfLine(line: string): string[] {
  const cells = line.split(/ {2,}/).map((cell) => cell.trim()).filter((cell) => cell !== "");
  const [, what, figures] = /^(.+?): (.+)$/.exec(line) ?? [];
  return cells.length > 1 || what === undefined || figures === undefined ? cells : [what, figures];
}

function tableIn(lines: readonly string[]): Pick<Printed, "head" | "rows"> {
  const [head = null, , ...rows] = lines.filter((line) => line.startsWith("|")).map((line) =>
    line.slice(1, -1).split("|").map((cell) => cell.trim())
  );
  return { head, rows };
}

/** An object that has a name is a row, another one a row for each key. */
function rowsOfJson(line: string): string[][] {
  const { name, ...figures } = z.record(z.string(), z.json()).parse(JSON.parse(line));
  const rows = Object.entries(figures).map(([key, value]) => [key, valueText(value)]);
  return typeof name === "string" ? [[name, ...rows.map((row) => row.join(" "))]] : rows;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ");
}

/** Runs units, with one Kafka for all that want it. */
export class Runner implements AsyncDisposable {
  readonly #timing: Timing;
  readonly #quietSeconds: number;
  #broker: Broker | undefined;

  /** @param quietSeconds How long to wait at the most until others use less than half a core. */
  constructor(timing: Timing, quietSeconds: number) {
    this.#timing = timing;
    this.#quietSeconds = quietSeconds;
  }

  async run(unit: Unit): Promise<Measured> {
    await untilQuiet(this.#quietSeconds);
    const waitMs = 1_000 * Math.max(MIN_PATIENCE_SECONDS, PATIENCE * unit.estimateSeconds);
    const abort = AbortSignal.timeout(waitMs);
    if (unit.kind === "request") return { kind: "request", figures: await this.#request(unit, abort) };
    if (unit.kind === "bench") {
      const args = ["bench", "-A", ...flags(V8_FLAGS), "--json", `tests/bench/${unit.file}`];
      return { kind: "bench", figures: [...readBench(await outputOf(Deno.execPath(), args, {}, abort))] };
    }
    const { name, args, prints, hasGatewayFlags = false } = unit.program;
    const command = ["run", "-A", ...hasGatewayFlags ? flags(V8_FLAGS) : [], `tests/bench/${name}.ts`, ...args];
    const text = await outputOf(Deno.execPath(), command, {}, abort);
    return { kind: "program", figures: { command: `deno ${command.join(" ")}`, ...readPrinted(prints, text) } };
  }

  async #request({ scenario, variant, gateway, isRated }: RequestUnit, abort: AbortSignal): Promise<RequestFigures> {
    const measured = scenario.measures ?? scenario.name;
    const isKafka = measured.startsWith("kafka");
    const command = gateway === "sluice"
      ? [Deno.execPath(), "task", "start", "--workers", "1", "--config", "{config}", ...scenario.args ?? []]
      : [await peerBinary("otelcol"), "--config", "file:{config}"];
    const env = {
      WARMUP: this.#timing.warmup,
      DURATION: this.#timing.duration,
      RATE: isRated ? "" : "off",
      ...Object.fromEntries(["IN_PORT", "OUT_PORT", "METRICS_PORT"].map((name) => [name, String(freePort())])),
      ...isKafka ? (this.#broker ??= await startBroker()).env : {},
    };
    try {
      return readMeasure(await outputOf(MEASURE, [measured, variant, ...command], env, abort));
    } catch (thrown) {
      if (isKafka) await this.#stopBroker(); // it may be the broker that is ill
      throw thrown;
    }
  }

  async #stopBroker(): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    await broker?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopBroker();
  }
}

const flags = (text: string): readonly string[] => text === "" ? [] : [text];

/** @throws {Error} It ended with another code than 0, with the last of what it said; or it was aborted. */
async function outputOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  abort: AbortSignal,
): Promise<string> {
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    signal: abort,
  }).output();
  if (abort.aborted) throw new Error("Cannot measure: it took too long");
  if (code !== 0) throw new Error(`Cannot measure: ended with ${code}: ${decode(stderr).trim().slice(-200)}`);
  return decode(stdout);
}

const QUIET_CORES = 0.5;
/** Ticks of /proc/stat a second. */
const TICKS = 100;

/** Waits, for so long at the most, until the machine uses less than half a core. */
async function untilQuiet(seconds: number): Promise<void> {
  for (let waited = 0; waited < seconds; waited++) {
    const before = await busyTicks();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    if (await busyTicks() - before < QUIET_CORES * TICKS) return;
  }
}

/** user, nice, system, irq, softirq and steal: what nobody else can have. */
async function busyTicks(): Promise<number> {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    (await Deno.readTextFile("/proc/stat"))
      .split("\n", 1)[0]!.split(/\s+/).map(Number);
  return user + nice + system + irq + softirq + steal;
}
