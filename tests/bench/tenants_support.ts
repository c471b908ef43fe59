/**
 * What the benchmarks of tenants have in common: a gateway with tenants, a sender that keeps a rate, and rows of figures.
 *
 * @module
 */

import { type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { freePort } from "../support/gateway_process.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";

export interface BenchTenant {
  /** As in a configuration, `{requests_per_second: 10}`; "" for none. */
  readonly limits: string;
  readonly key: ReturnType<typeof mintApiKey>;
}

export const tenant = (limits = ""): BenchTenant => ({ limits, key: mintApiKey() });

export interface BenchGateway extends AsyncDisposable {
  readonly url: string;
  readonly process: GatewayProcess;
}

/** @param tenants By id; undefined: the gateway knows none. @param more Top-level keys of the configuration. */
export async function startTenants(
  tenants: Readonly<Record<string, BenchTenant>> | undefined,
  { exporter = "nop: {}", more = "", workers = 1 }: {
    readonly exporter?: string;
    readonly more?: string;
    readonly workers?: number;
  } = {},
): Promise<BenchGateway> {
  const port = freePort();
  const [name = "nop"] = exporter.split(":", 1);
  const lines = Object.entries(tenants ?? {}).map(([id, { limits, key }]) =>
    `  ${id}: {keys: [{id: ${key.id}, hash: "${key.hash}"}], limits: {all: {${limits}}}}`
  );
  const pipeline = `{receivers: [otlp], exporters: [${name}]}`;
  const process = await startGateway(
    [
      `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}`,
      `exporters: {${exporter}}`,
      ...(tenants === undefined ? [] : ["tenants:", ...lines]),
      more,
      `service: {pipelines: {traces: ${pipeline}, logs: ${pipeline}}}`,
    ].join("\n"),
    { workers },
  );
  return { url: `http://127.0.0.1:${port}`, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** User and system time of a process until now, milliseconds; a tick is 10. */
export function cpuMs(pid: number): number {
  const [user = 0, system = 0] = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/.*\) /, "").split(" ").slice(
    11,
    13,
  )
    .map(Number);
  return 10 * (user + system);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** What a process has run until now, nanoseconds: of the threads that it has. `cpuMs` counts ticks, too coarse for a second. */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) sum += threadNs(pid, name);
  return sum;
}

function threadNs(pid: number, thread: string): number {
  try {
    const [ranNs = ""] = Deno.readTextFileSync(`/proc/${pid}/task/${thread}/schedstat`).split(" ", 1);
    return Number(ranNs);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0; // it has just ended
    throw error;
  }
}

/**
 * Between which of the values the median of what they are drawn from lies, by 95 %, whatever its distribution: by order
 * statistics, since each value is below it with a chance of a half. Of fewer than six: between all of them, by less.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let below = 0;
  let outside = 2 ** -n;
  let chance = outside;
  while (below + 1 < n - 1 - below - 1 && 2 * (outside + chance * (n - below) / (below + 1)) <= 0.05) {
    chance *= (n - below) / (below + 1);
    outside += chance;
    below++;
  }
  return [sorted[below] ?? NaN, sorted[n - 1 - below] ?? NaN];
}

export function report(what: string, ...figures: readonly string[]): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${what.padEnd(52)} ${figures.join("  ")}\n`));
}
