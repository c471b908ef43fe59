/**
 * How long a gateway takes to read many tenants, and what they cost: the start from a file of lines, the change of one
 * tenant beside it, a look-up, and memory.
 *
 *   deno run -A --config deno.json tests/bench/tenants_start.ts TENANTS
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { TenantDirectory } from "../../gateway/tenants/directory.ts";
import { diskTenantFiles } from "../../gateway/tenants/tenant_files.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { TenantTable } from "../../pipeline/tenants/table/table.ts";

const [count = "100000"] = Deno.args;
const TENANTS = Number(count);

/** What plans there are: a fleet has few. */
const PLANS = [
  { all: { requests_per_second: 100, items_per_second: 10_000, bytes_per_second: 1_048_576 } },
  { all: { requests_per_second: 1_000, items_per_second: 100_000 }, traces: { items_per_second: 50_000 } },
];

async function writeLines(path: string): Promise<readonly string[]> {
  using file = await Deno.open(path, { write: true, create: true });
  const encoder = new TextEncoder();
  const keyIds: string[] = [];
  for (let i = 0; i < TENANTS; i++) {
    const { id: keyId, hash } = mintApiKey();
    keyIds.push(keyId);
    const id = `tenant-${i}`;
    const settings = { keys: [{ id: keyId, hash }], limits: PLANS[i % PLANS.length], weight: 1 + i % 5 };
    file.writeSync(
      encoder.encode(`${JSON.stringify({ id, ...settings, resource_attributes: { "tenant.id": id } })}\n`),
    );
  }
  return keyIds;
}

/** Wall and CPU time of this thread's process, milliseconds. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const before = cpuUsage();
  const result = await work();
  const after = cpuUsage();
  const cpuMs = (after.user - before.user + after.system - before.system) / 1_000;
  report(what, `${Math.round(performance.now() - startMs)} ms, CPU ${Math.round(cpuMs)} ms`);
  return result;
}

/** @param work Called so often. */
function each(what: string, times: number, work: (turn: number) => unknown): void {
  const startMs = performance.now();
  for (let turn = 0; turn < times; turn++) work(turn);
  report(what, `${Math.round((performance.now() - startMs) * 1e6 / times)} ns`);
}

function report(what: string, figure: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${what.padEnd(46)} ${figure}\n`));
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const directory = await Deno.makeTempDir();
const keyIds = await writeLines(`${directory}/fleet.jsonl`);
await Deno.writeTextFile(`${directory}/one.yaml`, "weight: 2\n");
const tenants = new TenantDirectory({
  ...{ clock: systemClock, logger: silentLogger, files: diskTenantFiles, publish: () => {} },
});
const sources = { defaults: {}, defaultsFingerprint: "", tenants: [], directory, pipelines: new Set<string>() };
const rss = () => Deno.memoryUsage().rss;

const rssBefore = rss();
await timed(`start with ${TENANTS} tenants`, async () => (await tenants.prepare(sources)).commit());
report("resident set of the control thread, grown by", mib(rss() - rssBefore));
const { table: memory = new SharedArrayBuffer(0), cells } = tenants.snapshot ?? {};
report("table, bytes a tenant", (memory.byteLength / TENANTS).toFixed(0));
report("reserved for what changes with every request", mib(cells?.byteLength ?? 0));
await Deno.writeTextFile(`${directory}/one.yaml`, "weight: 3\n");
await timed("one tenant changes", () => tenants.refresh());

const table = new TenantTable(memory);
each("findKey() of a key that is at hand", 1_000_000, () => table.findKey(keyIds[7] ?? ""));
each("findKey() of a key that is not", 200_000, (turn) => table.findKey(keyIds[turn * 7919 % TENANTS] ?? ""));
each("findKey() of a key that there is none", 1_000_000, () => table.findKey("zzzzzzzzzzzz"));
each("find() of a tenant that is not at hand", 200_000, (turn) => table.find(`tenant-${turn * 7919 % TENANTS}`));
const rssRows = rss();
const other = new TenantTable(memory);
for (const id of other.ids()) other.find(id);
report("rows and keys that a thread holds at the most", mib(Math.max(0, rss() - rssRows)));
await Deno.remove(directory, { recursive: true });
