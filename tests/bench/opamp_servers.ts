/**
 * What the OpAMP server takes, beside the one of the reference implementation (opamp-go): both under fleets of the
 * reference's agents, over WebSockets on loopback, by turns. First all connect, then twelve seconds of heartbeats (every 30 s),
 * then configurations of 20 kB to all.
 *
 *   deno run -A tests/bench/opamp_servers.ts [ROUNDS] [LIGHT] [FULL]
 *
 * LIGHT agents report no effective configuration, FULL ones do, 20 kB each time. CPU is user and system time of the server's
 * process, memory what was added to that of the empty server. Prints a Markdown table.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import { freePort } from "../support/gateway_process.ts";
import { peerBinary } from "../support/peers.ts";
import { cpuMs, median } from "./tenants_support.ts";

const [rounds = 3, light = 18_000, full = 2_300] = Deno.args.map(Number);
const HEARTBEATS_MS = 12_000;
/** After which a fleet that was let in or changed has said what it had to. */
const SETTLING_MS = 2_000;
const CONFIG_BYTES = 20_000;
const WAIT_MS = 120_000;

const SERVERS = ["opamp-go", "Sluice"] as const;
type Server = typeof SERVERS[number];

interface FleetKind {
  readonly name: string;
  readonly agents: number;
  readonly args: readonly string[];
  readonly pushes: number;
}

const FLEETS: readonly FleetKind[] = [
  { name: `${light} light agents`, agents: light, args: ["-minimal", "-ramp", "1500"], pushes: 2 },
  { name: `${full} full agents`, agents: full, args: ["-ramp", "500"], pushes: 3 },
];

/** Figures of one run, in the table's order. */
type Run = Map<string, number>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Child extends AsyncDisposable {
  readonly pid: number;
}

async function start(program: string, args: readonly string[], controlUrl: string): Promise<Child> {
  const child = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const started = {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
  await until(`${program} answers`, async () => {
    const response = await fetch(controlUrl).catch(() => undefined);
    await response?.body?.cancel();
    return response !== undefined;
  });
  return started;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + WAIT_MS; Date.now() < endMs; await pause(50)) if (await isSo()) return;
  throw new Error(`Cannot go on: ${WAIT_MS / 1_000} s have passed, wanted that ${what}`);
}

async function startServer(server: Server, port: number, control: number): Promise<Child> {
  const controlUrl = `http://127.0.0.1:${control}/summary`;
  if (server === "opamp-go") {
    const args = ["-listen", `127.0.0.1:${port}`, "-control", `127.0.0.1:${control}`, "-events", "0"];
    return start(await peerBinary("opampserver"), args, controlUrl);
  }
  const flags = /--v8-flags=\S+/.exec(manifest.tasks.controller)?.[0] ?? "";
  const main = new URL("opamp_server.ts", import.meta.url).pathname;
  return start(Deno.execPath(), ["run", flags, "-A", main, String(port), String(control)], controlUrl);
}

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Comments and a number, as much as a gateway's configuration. */
function configOf(version: number): string {
  const line = `# version ${version}, ${"x".repeat(60)}\n`;
  return `version: ${version}\n${line.repeat(Math.floor(CONFIG_BYTES / line.length))}`;
}

async function run(server: Server, { agents, args, pushes }: FleetKind): Promise<Run> {
  const figures: Run = new Map();
  const [port, control, fleetControl] = [freePort(), freePort(), freePort()];
  await using served = await startServer(server, port, control);
  const emptyKb = residentKb(served.pid);
  const agentKb = () => (residentKb(served.pid) - emptyKb) / agents;
  const fleetUrl = `http://127.0.0.1:${fleetControl}/agents?summary=1`;
  const fleetArgs = ["-n", `${agents}`, "-server", `ws://127.0.0.1:${port}/v1/opamp`, "-metrics", "0", ...args];
  const summary = async () => await (await fetch(fleetUrl)).json();

  let before = cpuMs(served.pid);
  const fleetControlArgs = ["-control", `127.0.0.1:${fleetControl}`];
  await using fleet = await start(await peerBinary("opampagents"), [...fleetArgs, ...fleetControlArgs], fleetUrl);
  await until("all are connected", async () => {
    const { count, totals } = await summary();
    return count === agents && (totals.connects ?? 0) >= agents;
  });
  await pause(SETTLING_MS);
  figures.set("CPU to let all in, s", (cpuMs(served.pid) - before) / 1_000);
  figures.set("resident memory an agent, connected, kB", agentKb());

  before = cpuMs(served.pid);
  await pause(HEARTBEATS_MS);
  figures.set("cores for heartbeats", (cpuMs(served.pid) - before) / HEARTBEATS_MS);

  for (let push = 1; push <= pushes; push++) {
    const [startMs, fleetBefore] = [performance.now(), cpuMs(fleet.pid)];
    before = cpuMs(served.pid);
    const path = server === "opamp-go" ? "agents/all/config" : "push";
    const pushed = await fetch(`http://127.0.0.1:${control}/${path}`, { method: "POST", body: configOf(push) });
    await pushed.body?.cancel();
    await until("all have applied it", async () => {
      const { totals } = await summary();
      return (totals.applies ?? 0) >= push * agents;
    });
    figures.set(`push ${push}: until all have applied it, s`, (performance.now() - startMs) / 1_000);
    await pause(SETTLING_MS);
    figures.set(`push ${push}: CPU, s`, (cpuMs(served.pid) - before) / 1_000);
    figures.set(`push ${push}: CPU of the agents' process, s`, (cpuMs(fleet.pid) - fleetBefore) / 1_000);
  }
  figures.set("resident memory an agent after the pushes, kB", agentKb());
  return figures;
}

/** `7.1 (6.8-7.3)`. */
function spread(values: readonly number[]): string {
  const text = (value: number) => value.toFixed(value < 1 ? 3 : value < 100 ? 1 : 0);
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)].map(text);
  return low === high ? `${middle}` : `${middle} (${low}-${high})`;
}

const print = (cells: readonly string[]) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`| ${cells.join(" | ")} |\n`));

print(["Fleet", "", ...SERVERS, "Ratio of turns"]);
print(["---", "---", "---", "---", "---"]);
for (const kind of FLEETS) {
  const runs: Record<Server, Run[]> = { "opamp-go": [], Sluice: [] };
  for (let round = 0; round < rounds; round++) {
    for (const server of round % 2 === 0 ? SERVERS : SERVERS.toReversed()) runs[server].push(await run(server, kind));
  }
  for (const figure of runs.Sluice[0]?.keys() ?? []) {
    const [theirs, ours] = SERVERS.map((server) => runs[server].map((each) => each.get(figure) ?? NaN));
    const ratios = ours?.map((value, round) => value / (theirs?.[round] ?? NaN)) ?? [];
    const ratio = median(ratios);
    print([
      kind.name,
      figure,
      spread(theirs ?? []),
      spread(ours ?? []),
      Number.isFinite(ratio) ? ratio.toFixed(2) : "",
    ]);
  }
}
