/**
 * A rollout over a large fleet with the real protocol: the controller's process, agents of the reference implementation
 * in another, a configuration that 1 % of the fleet cannot apply, and one that breaks whoever applies it.
 *
 *     deno run -A tests/bench/controller_simulation.ts 2000 [--minimal]
 *
 * Prints a Markdown table. Everyone gets a good version, then another while the controller is killed and started again,
 * then bad ones. Who was given a bad one may have failed: nobody else can.
 *
 * @module
 */

import { ControllerProcess, type Json } from "../support/controller_process.ts";
import { freePort } from "../support/gateway_process.ts";
import { startPeer } from "../support/peers.ts";

const [countText = "2000", ...flags] = Deno.args;
const count = Number(countText);
/** The default's shares, watched for seconds and not for minutes. */
const STAGES = [
  { share: 0.01, soak_ms: 3_000, limits: { failed: 0 } },
  { share: 0.1, soak_ms: 3_000 },
  { share: 1, soak_ms: 1_000 },
];

const stateDir = await Deno.makeTempDir();
let controller = await ControllerProcess.start({ stateDir });
const { port } = controller;
const control = freePort();
const agents = await startPeer("opampagents", [
  ...["-n", String(count), "-server", `ws://127.0.0.1:${port}/v1/opamp`, "-control", `127.0.0.1:${control}`],
  ...["-heartbeat", "30s", "-ramp", "800", ...flags.includes("--minimal") ? ["-minimal"] : []],
], control);
const rows: string[][] = [];

try {
  const startedMs = Date.now();
  await until(() => controller.get("/api/v1/status"), (status) => status.agents.connected === count);
  await note("all connected", startedMs);
  const good = await rollOut("good", "version: 1\n", async () => {});
  await note(`rollout ${good.state}, ${good.counts.applied} APPLIED`, good.created_ms);

  const killed = await rollOut("killed in the middle, good", "version: 2\n", async () => {
    await controller.kill();
    controller = await ControllerProcess.start({ stateDir, port });
  });
  await note(`killed and started again: ${killed.state}, ${killed.counts.applied} APPLIED`, killed.created_ms);

  for (
    const [name, text, behaviour] of [
      ["a tenth of the fleet reports FAILED", "bad: 1\n", { share: 0.1, fail: 1, failMode: "status" }],
      ["every agent reports FAILED", "bad: __fail__\n", {}],
      ["every agent falls ill", "bad: 3\n", { share: 1, fail: 1, failMode: "health" }],
    ] as const
  ) {
    await behave(behaviour);
    const bad = await rollOut(name, text, async () => {});
    await behave({ fail: 0, healthy: true });
    const { sync } = await until(
      () => controller.get("/api/v1/status"),
      ({ sync }) => sync.in_sync + sync.failed === count,
    );
    const { released, failed, unhealthy } = bad.counts;
    const share = (100 * (failed + unhealthy) / count).toFixed(3);
    const outcome = `${bad.state} in stage ${bad.stage + 1}, given to ${released}, ${
      failed + unhealthy
    } failed (${share} %)`;
    await note(`${name}: ${outcome}; ${sync.in_sync} have what they had`, bad.created_ms);
  }
  print();
} finally {
  await agents.stop();
  await controller[Symbol.asyncDispose]();
  await Deno.remove(stateDir, { recursive: true });
}

async function rollOut(name: string, text: string, meanwhile: () => Promise<void>): Promise<Json> {
  await controller.ask("POST", "/api/v1/configs/edge/versions", { files: [{ text }], note: name, validate: false });
  const body = { selector: "*", config: { name: "edge" }, stages: STAGES, unhealthy_grace_ms: 1_000 };
  const { id } = await controller.ask("POST", "/api/v1/rollouts", body);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await meanwhile();
  return await until(() => controller.get(`/api/v1/rollouts/${id}`), ({ ended_ms }) => ended_ms > 0);
}

async function behave(order: Record<string, unknown>): Promise<void> {
  await fetch(`http://127.0.0.1:${control}/behaviour`, { method: "POST", body: JSON.stringify(order) });
}

async function until(look: () => Promise<Json>, isSo: (seen: Json) => boolean): Promise<Json> {
  for (const endMs = Date.now() + 600_000; Date.now() < endMs;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("Cannot go on: it did not come about in 10 min");
}

async function note(what: string, sinceMs: number): Promise<void> {
  const { memory_rss_bytes } = await controller.get("/api/v1/status");
  const seconds = ((Date.now() - sinceMs) / 1_000).toFixed(1);
  rows.push([what, seconds, (cpuSeconds(controller.process.pid)).toFixed(1), (memory_rss_bytes / 1e6).toFixed(0)]);
}

/** Of the process so far, from /proc; 100 ticks a second. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function print(): void {
  const head = [`${count} agents`, "seconds", "controller CPU, s", "RSS, MB"];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const text = [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
