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

export function report(what: string, ...figures: readonly string[]): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${what.padEnd(52)} ${figures.join("  ")}\n`));
}
