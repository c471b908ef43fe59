/**
 * Rollouts over a large fleet with the real protocol: the controller's process, and agents of the reference
 * implementation (opamp-go), which apply what they are given and report it.
 *
 *     deno run -A tests/bench/controller_simulation.ts [LIGHT] [FULL] [--only=one,killed,few,all,ill,one_ill]
 *
 * LIGHT agents (18,000), all of one process, report status, health and configuration over WebSockets. FULL ones (2,300)
 * report their effective configuration and own metrics as well; those that find no room in the 20,000 files of one process
 * come over HTTP. Everyone gets a good version, another while the controller is
 * killed and started again, then bad ones. The stages are the default's, each minute of them a second.
 *
 * Prints a Markdown table. Who failed is counted at the agents.
 *
 * @module
 */

import { DEFAULT_STAGES } from "../../opamp/rollouts/stages/spec.ts";
import { ControllerProcess, type Json } from "../support/controller_process.ts";
import { type PeerProcess, startPeer } from "../support/peers.ts";

const MINUTE_MS = 60_000;
const TICKS_PER_SECOND = 100;

const counts = Deno.args.filter((arg) => !arg.startsWith("--")).map(Number);
const [light = 18_000, full = 2_300] = counts;
const only = Deno.args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length).split(",");
/** WebSockets that a controller takes which may open 20,000 files. */
const MOST_WEB_SOCKETS = 18_900;
const overHttp = Math.min(full, Math.max(Math.floor(full / 10), light + full - MOST_WEB_SOCKETS));
const total = light + full;

/** Versions that are bad, by what they do; `share` are always the same agents. */
const BAD: Readonly<Record<string, { readonly text: string; readonly what: string }>> = {
  one: { what: "1 % of the fleet reports FAILED", text: "__bad__: {share: 0.01, mode: status}\n" },
  killed: { what: "the same, controller killed meanwhile", text: "__bad__: {share: 0.01, mode: status}\nagain: 1\n" },
  few: { what: "0.1 % reports FAILED", text: "__bad__: {share: 0.001, mode: status}\n" },
  all: { what: "every agent reports FAILED", text: "__bad__: {share: 1, mode: status}\n" },
  ill: { what: "every agent falls ill after APPLIED", text: "__bad__: {share: 1, mode: health}\n" },
  one_ill: { what: "1 % falls ill after APPLIED", text: "__bad__: {share: 0.01, mode: health}\n" },
};

/** The controller, through its deaths. */
class Controller {
  readonly #stateDir: string;
  #process: ControllerProcess;
  #cpuOfTheDead = 0;

  private constructor(stateDir: string, process: ControllerProcess) {
    this.#stateDir = stateDir;
    this.#process = process;
  }

  static async start(stateDir: string): Promise<Controller> {
    return new Controller(stateDir, await ControllerProcess.start({ stateDir, port: listenPort() }));
  }

  get api(): ControllerProcess {
    return this.#process;
  }

  async killAndStart(): Promise<void> {
    this.#cpuOfTheDead = this.cpuSeconds;
    const { port } = this.#process;
    await this.#process.kill();
    this.#process = await ControllerProcess.start({ stateDir: this.#stateDir, port });
  }

  /** Of all its processes. */
  get cpuSeconds(): number {
    const fields = Deno.readTextFileSync(`/proc/${this.#process.process.pid}/stat`).split(") ").at(-1)?.split(" ") ??
      [];
    return this.#cpuOfTheDead + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }
}

/** Some agents in a process of their own. */
class Agents {
  readonly #peer: PeerProcess;
  readonly #control: number;

  private constructor(peer: PeerProcess, control: number) {
    this.#peer = peer;
    this.#control = control;
  }

  static async start(count: number, server: string, args: readonly string[]): Promise<Agents> {
    const control = listenPort();
    const own = ["-n", `${count}`, "-server", server, "-control", `127.0.0.1:${control}`];
    return new Agents(await startPeer("opampagents", [...own, ...args], control), control);
  }

  async summary(): Promise<Json> {
    return await (await fetch(`http://127.0.0.1:${this.#control}/agents?summary=1`)).json();
  }

  stop(): Promise<void> {
    return this.#peer.stop();
  }
}

interface Harm {
  readonly failures: number;
  readonly illnesses: number;
  /** Do not report the version that is wanted as APPLIED, or are ill: now. */
  readonly broken: number;
}

const stateDir = await Deno.makeTempDir();
const controller = await Controller.start(stateDir);
const fleets: Agents[] = [];
const rows: string[][] = [];

try {
  await connectAll();
  await good();
  if (only === undefined) await goodWithDeath();
  for (const [key, { what, text }] of Object.entries(BAD)) {
    if (only === undefined || only.includes(key)) await bad(what, text, key === "killed");
  }
} finally {
  print();
  await Promise.all(fleets.map((fleet) => fleet.stop()));
  await controller.api[Symbol.asyncDispose]();
  await Deno.remove(stateDir, { recursive: true });
}

async function connectAll(): Promise<void> {
  const since = mark();
  const url = `${controller.api.address}/v1/opamp`;
  const closing = await Deno.makeTempFile({ dir: stateDir, suffix: ".json" });
  await Deno.writeTextFile(closing, JSON.stringify({ headers: { Connection: "close" } }));
  const metrics = ["-metrics", "10s"];
  fleets.push(await Agents.start(light, `ws://${url}`, ["-minimal", "-metrics", "0", "-ramp", "800"]));
  fleets.push(await Agents.start(full - overHttp, `ws://${url}`, [...metrics, "-ramp", "100"]));
  if (overHttp > 0) {
    const polling = ["-config", closing, "-heartbeat", "3s", "-ramp", "50"];
    fleets.push(await Agents.start(overHttp, `http://${url}`, [...metrics, ...polling]));
  }
  await until(
    "all are connected",
    () => controller.api.get("/api/v1/status"),
    ({ agents }) => agents.connected === total,
  );
  await note("all connected", since);
}

async function good(): Promise<void> {
  const since = mark();
  const { state, counts } = await ended(await rollOut("good", "version: 1\n"));
  await note(`good version: ${state}, ${counts.applied} APPLIED`, since);
}

/** Killed when half of the fleet has the version. */
async function goodWithDeath(): Promise<void> {
  const since = mark();
  const id = await rollOut("killed in the middle", "version: 2\n");
  const { released, applied } = await killWhen(id, ({ counts }) => counts.released > total / 2);
  const { state, counts } = await ended(id);
  const back = `killed at ${released} given, ${applied} APPLIED`;
  await note(`good version, ${back}: ${state}, ${counts.applied} APPLIED`, since);
}

async function bad(what: string, text: string, dies: boolean): Promise<void> {
  const since = mark();
  const before = await harm();
  const id = await rollOut(what, text);
  if (dies) await killWhen(id, ({ counts, ended_ms }) => counts.released > 20 || ended_ms > 0);
  const { state, stage, counts } = await ended(id);
  if (state !== "completed") {
    const status = () => controller.api.get("/api/v1/status");
    const isOver = ({ sync, agents }: Json) => sync.in_sync === total && agents.connected === total;
    await until("all are there and have what they had", status, isOver);
  }
  const { failures, illnesses, broken } = await harm();
  const ever = failures - before.failures + illnesses - before.illnesses;
  const outcome = `${state} in stage ${stage + 1}, given to ${counts.released}`;
  await note(
    `${what}: ${outcome}; ever failed ${ever} (${percent(ever)}), at the end ${broken} (${percent(broken)})`,
    since,
  );
}

async function killWhen(id: number, isSo: (rollout: Json) => boolean): Promise<Json> {
  const { counts } = await until("it is killed", () => controller.api.get(`/api/v1/rollouts/${id}`), isSo);
  await controller.killAndStart();
  return counts;
}

async function rollOut(name: string, text: string): Promise<number> {
  const note = { files: [{ text }], note: name, validate: false };
  await controller.api.ask("POST", "/api/v1/configs/edge/versions", note);
  const stages = DEFAULT_STAGES.map(({ share, count, soakMs = 0, limits }) => ({
    ...share === undefined ? { count } : { share },
    soak_ms: soakMs * 1_000 / MINUTE_MS,
    ...limits === undefined ? {} : { limits },
  }));
  const body = { selector: "*", config: { name: "edge" }, stages, unhealthy_grace_ms: 500 };
  const { id } = await controller.api.ask("POST", "/api/v1/rollouts", body);
  return id;
}

function ended(id: number): Promise<Json> {
  return until("it ends", () => controller.api.get(`/api/v1/rollouts/${id}`), ({ ended_ms }) => ended_ms > 0);
}

async function harm(): Promise<Harm> {
  let [failures, illnesses, broken] = [0, 0, 0];
  for (const fleet of fleets) {
    const { count, totals, byHashAndStatus } = await fleet.summary();
    const applied = Object.entries<number>(byHashAndStatus).filter(([key]) => key.endsWith(" APPLIED"));
    const most = Math.max(0, ...applied.map(([, agents]) => agents));
    failures += totals.failures;
    illnesses += totals.illnesses;
    broken += Math.max(count - most, totals.unhealthy ?? 0);
  }
  return { failures, illnesses, broken };
}

async function until<Seen>(what: string, look: () => Promise<Seen>, isSo: (seen: Seen) => boolean): Promise<Seen> {
  for (const endMs = Date.now() + 10 * MINUTE_MS; Date.now() < endMs;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Cannot go on: it was waited 10 min until ${what}`);
}

interface Mark {
  readonly cpu: number;
  seconds(): number;
}

function mark(): Mark {
  const startMs = Date.now();
  return { cpu: controller.cpuSeconds, seconds: () => (Date.now() - startMs) / 1_000 };
}

async function note(what: string, since: Mark): Promise<void> {
  const { memory_rss_bytes } = await controller.api.get("/api/v1/status");
  const cpu = controller.cpuSeconds - since.cpu;
  const row = [what, since.seconds().toFixed(1), cpu.toFixed(1), (memory_rss_bytes / 1e6).toFixed(0)];
  rows.push(row);
  Deno.stderr.writeSync(new TextEncoder().encode(`${row.join(" | ")}\n`));
}

/** Below what connections are given: of 20,000 agents that look for a dead controller one would get its port, and meet itself. */
function listenPort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}

function percent(agents: number): string {
  return `${(100 * agents / total).toFixed(3)} %`;
}

function print(): void {
  const head = [`${total} agents`, "seconds", "controller CPU, s", "RSS, MB"];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const text = [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
