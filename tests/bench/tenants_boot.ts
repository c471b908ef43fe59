/**
 * How long a gateway takes from its start until it takes data, with many tenants and without any: in one file of lines, and
 * in a file each. By turns; the CPU time is of the whole process.
 *
 *   deno run -A --config deno.json tests/bench/tenants_boot.ts [TENANTS] [ROUNDS]
 *
 * @module
 */

import { freePort, startGateway } from "../support/gateway_process.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { cpuMs, median, report } from "./tenants_support.ts";

const [tenants = "100000", rounds = "3"] = Deno.args;

/** What plans there are: a fleet has few. */
const PLANS = [
  { requests_per_second: 100, items_per_second: 10_000, bytes_per_second: 1_048_576 },
  { requests_per_second: 1_000, items_per_second: 100_000 },
];

function writeTenants(lines: string, files: string): void {
  const rows: string[] = [];
  for (let i = 0; i < Number(tenants); i++) {
    const { id, hash } = mintApiKey();
    const plan = PLANS[i % PLANS.length] ?? {};
    const name = `tenant-${i}`;
    rows.push(JSON.stringify({ id: name, keys: [{ id, hash }], limits: { all: plan }, weight: 1 + i % 5 }));
    const limits = Object.entries(plan).map(([key, value]) => `    ${key}: ${value}\n`).join("");
    const yaml = `keys:\n  - id: ${id}\n    hash: "${hash}"\nlimits:\n  all:\n${limits}weight: ${1 + i % 5}\n`;
    Deno.writeTextFileSync(`${files}/${name}.yaml`, yaml);
  }
  Deno.writeTextFileSync(`${lines}/fleet.jsonl`, `${rows.join("\n")}\n`);
}

async function boot(directory: string | undefined): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const startMs = performance.now();
  await using gateway = await startGateway(
    [
      `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${freePort()}"}}}}`,
      "exporters: {nop: {}}",
      directory === undefined ? "" : `tenants_dir: ${directory}`,
      "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}",
    ].join("\n"),
    { readyTimeoutMs: 120_000 },
  );
  return { wallMs: performance.now() - startMs, cpuMs: cpuMs(gateway.pid) };
}

const root = await Deno.makeTempDir();
const [lines, files] = [`${root}/lines`, `${root}/files`];
await Deno.mkdir(lines);
await Deno.mkdir(files);
writeTenants(lines, files);
const kinds = [["without tenants", undefined], ["a file of lines", lines], ["a file each", files]] as const;
const times = new Map<string, { readonly wallMs: number; readonly cpuMs: number }[]>();
for (let round = 0; round < Number(rounds); round++) {
  for (const [kind, directory] of kinds) times.set(kind, [...times.get(kind) ?? [], await boot(directory)]);
}
for (const [kind, runs] of times) {
  const [wall, cpu] = [median(runs.map(({ wallMs }) => wallMs)), median(runs.map((run) => run.cpuMs))];
  report(
    `start, ${tenants} tenants: ${kind}`,
    `CPU ${(cpu / 1_000).toFixed(2)} s`,
    `wall ${(wall / 1_000).toFixed(2)} s`,
  );
}
await Deno.remove(root, { recursive: true });
