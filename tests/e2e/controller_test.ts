/**
 * The controller's process with a fleet on the reference implementation (Go): rollouts that go well and ill, operators
 * over REST and the command line, a controller that is killed.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { CONTROLLER_ENDPOINTS } from "../../routes/controller/endpoints.ts";
import { ControllerProcess, type Json } from "../support/controller_process.ts";
import { type Ended, freePort, runMain } from "../support/gateway_process.ts";
import { OpenApiClient, type OpenApiDocument } from "../support/openapi_client.ts";
import { missingForPeers, type PeerProcess, startPeer } from "../support/peers.ts";
import { until } from "../support/eventually.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("fleet of OpAMP agents", await missingForPeers());

/** 5 %, then 50 %, then all, each watched for a moment: the controller looks at its clock once a second. */
const STAGES = [{ share: 0.05, soak_ms: 200 }, { share: 0.5, soak_ms: 200 }, { share: 1, soak_ms: 100 }];
/** Agents that never answer are waited for as long as it takes to be sure, on the way back too. */
const IMPATIENT = { apply_timeout_ms: 1_000 };
/** Where nothing but time brings the agents' fault to light, the stage is watched until it has. */
const UNTIL_BREACHED = { stages: [{ share: 0.05, soak_ms: 20_000 }, { share: 1 }] };
const QUICK = { unhealthy_grace_ms: 500, away_grace_ms: 5_000, apply_timeout_ms: 3_000 };

class Agents implements AsyncDisposable {
  private constructor(readonly peer: PeerProcess, readonly url: string) {}

  static async start(controller: ControllerProcess, count: number, ...flags: string[]): Promise<Agents> {
    const control = freePort();
    const server = `ws://${controller.address}/v1/opamp`;
    const args = ["-n", String(count), "-server", server, "-control", `127.0.0.1:${control}`, "-heartbeat", "500ms"];
    return new Agents(await startPeer("opampagents", [...args, ...flags], control), `http://127.0.0.1:${control}`);
  }

  async report(): Promise<Json> {
    return await (await fetch(`${this.url}/agents`)).json();
  }

  async behave(order: Record<string, unknown>): Promise<void> {
    const response = await fetch(`${this.url}/behaviour`, { method: "POST", body: JSON.stringify(order) });
    strictEqual(response.status, 200, await response.text());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.peer.stop();
  }
}

async function upload(controller: ControllerProcess, name: string, text: string): Promise<Json> {
  return await controller.ask("POST", `/api/v1/configs/${name}/versions`, { files: [{ text }], validate: false });
}

async function rollOut(controller: ControllerProcess, more: Record<string, unknown> = {}): Promise<number> {
  const body = { selector: "service.name=opampagents", config: { name: "edge" }, stages: STAGES, ...QUICK, ...more };
  return (await controller.ask("POST", "/api/v1/rollouts", body)).id;
}

function ended(controller: ControllerProcess, id: number): Promise<Json> {
  return until(() => controller.get(`/api/v1/rollouts/${id}`), ({ ended_ms }) => ended_ms > 0);
}

const kindsOf = async (controller: ControllerProcess, id: number): Promise<string[]> =>
  (await controller.get(`/api/v1/events?rollout=${id}&limit=500`)).items.map(({ kind }: Json) => kind).reverse();

const connected = (controller: ControllerProcess, count: number) =>
  until(() => controller.get("/api/v1/status"), ({ agents }) => agents.connected === count);

Deno.test({ name: "the controller rolls out over a fleet of the reference implementation", ignore }, async (t) => {
  const stateDir = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir });
  await using agents = await Agents.start(controller, 40);
  await connected(controller, 40);

  await t.step("a good version reaches everyone, canaries first", async () => {
    await upload(controller, "edge", "a: 1\n");
    const dry = await controller.ask("POST", "/api/v1/rollouts/dry-run", {
      selector: "service.name=opampagents",
      config: { name: "edge" },
      stages: STAGES,
    });
    deepStrictEqual(dry.stages.map(({ agents }: Json) => agents), [2, 20, 40]);
    const rollout = await ended(controller, await rollOut(controller));
    strictEqual(rollout.state, "completed", rollout.reason);
    const { byHashAndStatus } = await agents.report();
    deepStrictEqual(byHashAndStatus, { [`${rollout.config.hash} APPLIED`]: 40 });
    deepStrictEqual((await kindsOf(controller, rollout.id)).filter((kind) => kind === "stage_passed").length, 3);
    const { sync } = await controller.get("/api/v1/status");
    strictEqual(sync.in_sync, 40);
  });

  const bad: { name: string; behaviour: Record<string, unknown>; reason: RegExp; more?: Record<string, unknown> }[] = [
    { name: "agents that report FAILED", behaviour: { fail: 1 }, reason: /failed/ },
    {
      name: "agents that fall ill after it",
      behaviour: { fail: 1, failMode: "health" },
      reason: /became unhealthy/,
      more: UNTIL_BREACHED,
    },
    {
      name: "agents that hang in APPLYING",
      behaviour: { fail: 1, failMode: "stuck" },
      reason: /stuck in APPLYING/,
      more: IMPATIENT,
    },
    {
      name: "agents that say nothing",
      behaviour: { fail: 1, failMode: "silent" },
      reason: /have not answered/,
      more: IMPATIENT,
    },
    {
      name: "agents whose own metrics tell of errors",
      behaviour: { errorRateAfterApply: 0.2 },
      reason: /items went wrong/,
      more: UNTIL_BREACHED,
    },
  ];
  for (const [index, { name, behaviour, reason, more = {} }] of bad.entries()) {
    await t.step(`a version is rolled back by itself: ${name}`, async () => {
      const { config: good } = await controller.get("/api/v1/rollouts/1");
      await upload(controller, "edge", `a: bad ${index}\n`);
      await agents.behave(behaviour);
      const rollout = await ended(controller, await rollOut(controller, more));
      strictEqual(rollout.state, "rolled_back");
      match(rollout.reason, reason);
      ok(rollout.counts.released <= 2, `given to ${rollout.counts.released}`);
      await agents.behave({ fail: 0, errorRateAfterApply: 0, errorRate: 0, healthy: true });
      await until(
        () => agents.report(),
        ({ agents: all }) => all.filter((agent: Json) => agent.hash === good.hash).length >= 38,
      );
      const kinds = await kindsOf(controller, rollout.id);
      ok(kinds.includes("breached") && kinds.includes("rollback_started"), kinds.join());
    });
  }

  await t.step("operators pause, resume, promote, abort and retry, by REST and by the command line", async () => {
    await upload(controller, "edge", "a: 3\n");
    const id = await rollOut(controller, { stages: [{ count: 2, soak_ms: 600_000 }, { share: 1 }] });
    const at = (phase: string) =>
      until(() => controller.get(`/api/v1/rollouts/${id}`), ({ stages, stage }) => stages[stage].state === phase);
    await at("soaking");
    strictEqual((await controller.ask("POST", `/api/v1/rollouts/${id}/pause`)).state, "paused");
    strictEqual((await controller.fetch("POST", `/api/v1/rollouts/${id}/pause`)).status, 409);
    match((await controller.cli("rollouts", "resume", String(id))).stdout, /is running/);
    match((await controller.cli("rollouts", "abort", String(id), "--reason", "doubts")).stdout, /doubts/);
    const aborted = await ended(controller, id);
    strictEqual(aborted.state, "aborted");
    strictEqual(aborted.counts.released, 2);
    const again = await controller.ask("POST", `/api/v1/rollouts/${id}/retry`);
    strictEqual(again.retry_of, id);
    await until(
      () => controller.get(`/api/v1/rollouts/${again.id}`),
      ({ stages, stage }) => stages[stage].state === "soaking",
    );
    match((await controller.cli("rollouts", "promote", String(again.id))).stdout, /is running/);
    strictEqual((await ended(controller, again.id)).state, "completed");
  });

  await t.step("the audit log has every word of an operator", async () => {
    const { items } = await controller.get("/api/v1/audit?limit=500");
    const operations = new Set(items.map(({ operation }: Json) => operation));
    for (
      const done of ["addVersion", "startRollout", "pauseRollout", "resumeRollout", "abortRollout", "retryRollout"]
    ) {
      ok(operations.has(done), done);
    }
    ok(items.some(({ detail }: Json) => detail.startsWith("409 Cannot ")));
  });

  await t.step("agents are found by selectors, labelled, explained, and told to restart", async () => {
    const { items: [first] } = await controller.get("/api/v1/agents?limit=1");
    const path = `/api/v1/agents/${first.uid}`;
    await controller.ask("PUT", `${path}/labels`, { labels: { ring: "canary" } });
    const ring = await controller.get(`/api/v1/agents?selector=${encodeURIComponent("label:ring=canary")}`);
    deepStrictEqual(ring.items.map(({ uid }: Json) => uid), [first.uid]);
    const explanation = await controller.get(`${path}/explanation`);
    ok(explanation.rules.some(({ wins }: Json) => wins));
    const detail = await controller.get(path);
    strictEqual(detail.identifying_attributes["service.name"], "opampagents");
    strictEqual(detail.effective_config[0].text, "a: 3\n");
    strictEqual((await controller.ask("POST", `${path}/restart`)).told, 1);
    await until(() => agents.report(), ({ totals }) => totals.restarts === 1);
    ok((await controller.get(`${path}/events`)).items.some(({ kind }: Json) => kind === "config_applied"));
  });

  const views: { name: string; args: string[]; out: RegExp; code?: number }[] = [
    { name: "status", args: ["status"], out: /^agents +40 of 40 connected$/m },
    { name: "agents list", args: ["agents", "list", "--selector", "label:ring=canary"], out: /ring=canary$/m },
    { name: "agents list for programs", args: ["agents", "list", "--json"], out: /^\[\{"uid"/ },
    { name: "configs list", args: ["configs", "list"], out: /^edge +\d+ /m },
    { name: "configs versions", args: ["configs", "versions", "edge"], out: /^edge +1 /m },
    { name: "configs diff", args: ["configs", "diff", "edge", "1", "2"], out: /^\+a: bad 0/m },
    { name: "configs show", args: ["configs", "show", "edge", "1"], out: /^a: 1$/m },
    { name: "selectors list", args: ["selectors", "list"], out: /^service\.name = opampagents +0 +edge \d+/m },
    { name: "selectors match", args: ["selectors", "match", "*"], out: /matches 40 agents/ },
    { name: "rollouts list", args: ["rollouts", "list"], out: /^ *1 +completed(?: \(not judged\))? +edge 1 /m },
    { name: "rollouts get", args: ["rollouts", "get", "2"], out: /rolled_back/ },
    { name: "rollouts agents", args: ["rollouts", "agents", "2"], out: /told to fail/ },
    { name: "events", args: ["events", "--rollout", "2"], out: /breached/ },
    { name: "tokens", args: ["tokens", "list"], out: /^ID +LABEL/ },
    { name: "audit", args: ["audit"], out: /startRollout/ },
    { name: "what there is not", args: ["rollouts", "get", "999"], out: /^$/, code: 1 },
  ];
  // Two at a time: most of it is the start of a process.
  const shown = views.map(() => Promise.withResolvers<Ended>());
  const show = async (from: number) => {
    for (let at = from; at < views.length; at += 2) shown[at]?.resolve(await controller.cli(...views[at]?.args ?? []));
  };
  const showing = [show(0), show(1)];
  for (const [at, { name, out, code = 0 }] of views.entries()) {
    await t.step(`the command line shows ${name}`, async () => {
      const ended = await shown[at]?.promise;
      strictEqual(ended?.code, code, ended?.stderr ?? "");
      match(ended.stdout, out);
    });
  }
  await Promise.all(showing);
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test({ name: "a controller that is killed in the middle of a rollout goes on where it was", ignore }, async () => {
  const stateDir = await Deno.makeTempDir();
  let controller = await ControllerProcess.start({ stateDir });
  const { port } = controller;
  try {
    await using agents = await Agents.start(controller, 30, "-delay", "300");
    await connected(controller, 30);
    await upload(controller, "edge", "a: 1\n");
    // Agents come back when they will: on a busy machine that takes them longer than the others' grace.
    const patience = { away_grace_ms: 60_000, apply_timeout_ms: 60_000 };
    const stages = [{ share: 0.2, soak_ms: 500 }, { share: 1, soak_ms: 100 }];
    const id = await rollOut(controller, { stages, ...patience });
    for (const waited of [300, 600, 1_200]) {
      await new Promise((resolve) => setTimeout(resolve, waited));
      await controller.kill();
      const { agents: all } = await agents.report();
      ok(all.length === 30);
      controller = await ControllerProcess.start({ stateDir, port });
    }
    const rollout = await ended(controller, id);
    strictEqual(rollout.state, "completed", rollout.reason);
    await until(
      () => agents.report(),
      ({ byHashAndStatus }) => byHashAndStatus[`${rollout.config.hash} APPLIED`] === 30,
    );
    ok((await kindsOf(controller, id)).includes("recovered"));
    const { agents: all } = await agents.report();
    ok(all.every(({ applies }: Json) => applies <= 2), "a version is applied once, or again where its answer was lost");
  } finally {
    await controller[Symbol.asyncDispose]();
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test({
  name: "rollouts over the same agents go one after the other, and who was away gets what it missed",
  ignore,
}, async () => {
  const stateDir = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir });
  await using agents = await Agents.start(controller, 10);
  await connected(controller, 10);
  await agents.behave({ from: 0, to: 2, disconnect: 4_000 });
  await connected(controller, 8);

  await upload(controller, "edge", "a: 1\n");
  const first = await rollOut(controller, { stages: [{ count: 3, soak_ms: 600_000 }, { share: 1 }] });
  const { hash: next } = await upload(controller, "edge", "a: 2\n");
  const again = { selector: "service.name=opampagents", config: { name: "edge" } };
  strictEqual((await controller.fetch("POST", "/api/v1/rollouts", again)).status, 409);
  const second = await rollOut(controller, { stages: [{ share: 1 }], on_conflict: "queue" });
  const { state, waits_for } = await controller.get(`/api/v1/rollouts/${second}`);
  deepStrictEqual([state, waits_for], ["queued", [first]]);

  const isSoaking = ({ stages, stage }: Json) => stages[stage].state === "soaking";
  await until(() => controller.get(`/api/v1/rollouts/${first}`), isSoaking);
  const has = (hash: string) => async () => (await agents.report()).byHashAndStatus[`${hash} APPLIED`] ?? 0;
  const { config: { hash } } = await controller.get(`/api/v1/rollouts/${first}`);
  strictEqual(await has(hash)(), 3, "no more than the stage reaches");
  await controller.ask("POST", `/api/v1/rollouts/${first}/promote`);
  strictEqual((await ended(controller, first)).state, "completed");
  strictEqual((await ended(controller, second)).state, "completed");
  await until(has(next), (agents) => agents === 10);
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test({ name: "tokens of agents and operators", ignore }, async (t) => {
  const stateDir = await Deno.makeTempDir();
  const made = async (name: string, scope: string) =>
    (await runMain(["admin", "token", "--name", name, "--scope", scope, "--tokens", `${stateDir}/operators`])).stdout
      .trim();
  const [writer, reader] = [await made("ann", "write"), await made("bob", "read")];
  const args = ["--tokens", `${stateDir}/operators`];
  await using controller = await ControllerProcess.start({ stateDir, args, token: writer });
  const { id, token } = await controller.ask("POST", "/api/v1/tokens", { label: "fleet" });
  await using outside = await Agents.start(controller, 2, "-token", "bad");
  await using inside = await Agents.start(controller, 3, "-token", token);

  await t.step("only agents with a good one come in", async () => {
    await connected(controller, 3);
    await until(() => outside.report(), ({ totals }) => totals.connectFailures > 0);
    strictEqual((await inside.report()).totals.connectFailures, 0);
  });

  await t.step("who may read may not write, and who has none may nothing", async () => {
    const ask = (method: string, path: string, credential?: string) =>
      fetch(`http://${controller.address}${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...credential === undefined ? {} : { authorization: `Bearer ${credential}` },
        },
        ...method === "GET" ? {} : { body: "{}" },
      }).then(async (response) => (await response.body?.cancel(), response.status));
    strictEqual(await ask("GET", "/api/v1/agents"), 401);
    strictEqual(await ask("GET", "/api/v1/agents", token), 401);
    strictEqual(await ask("GET", "/api/v1/agents", reader), 200);
    strictEqual(await ask("POST", "/api/v1/tokens", reader), 403);
    strictEqual(await ask("POST", "/v1/metrics", token), 401);
  });

  await t.step("one that is revoked cuts who came with it", async () => {
    await controller.ask("DELETE", `/api/v1/tokens/${id}`);
    await connected(controller, 0);
    await until(() => inside.report(), ({ totals }) => totals.connectFailures > 0);
    const { items } = await controller.get("/api/v1/audit");
    deepStrictEqual(items[0], { ...items[0], who: "ann", operation: "revokeToken", target: id });
  });

  await t.step("no token is in the log", () => {
    for (const secret of [writer, reader, token]) ok(!controller.process.stderr().includes(secret));
  });
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test("a configuration for gateways is refused with the places of what is wrong", async () => {
  const stateDir = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir });
  const text = "receivers: {otlp: {protocols: {http: {endpont: ''}}}}\nservice: {pipelines: {}}\n";
  const response = await controller.fetch("POST", "/api/v1/configs/edge/versions", { files: [{ text }] });
  const problem = await response.json();
  strictEqual(response.status, 422, JSON.stringify(problem));
  ok(problem.problems.some(({ path, line }: Json) => path.startsWith("receivers::otlp") && line === 1));
  const refused = await controller.fetch("POST", "/api/v1/rollouts", { selector: "a in (", config: { name: "edge" } });
  strictEqual(refused.status, 400);
  match((await refused.json()).problems[0].message, /\^|wanted/);
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test("two controllers do not share a directory; one that others reach wants tokens", async () => {
  const stateDir = await Deno.makeTempDir();
  await using _first = await ControllerProcess.start({ stateDir });
  const second = await runMain(["controller", "--listen", `127.0.0.1:${freePort()}`, "--state-dir", stateDir]);
  strictEqual(second.code, 1);
  match(second.stderr, /another controller runs/);
  const open = await runMain(["controller", "--listen", "0.0.0.0:0", "--state-dir", `${stateDir}/other`]);
  match(open.stderr, /wanted --tokens/);
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test("the controller answers whatever its document allows as the document says", async () => {
  const stateDir = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir });
  const document = await controller.get("/api/v1/openapi.json") as OpenApiDocument;
  const client = new OpenApiClient(document);
  strictEqual(client.operations.length, Object.keys(CONTROLLER_ENDPOINTS).length);
  await upload(controller, "edge", "a: 1\n");
  const ids = ["1", "0".repeat(32), "edge"];
  await fc.assert(
    fc.asyncProperty(client.requests(ids), async (made) => {
      const response = await fetch(`http://${controller.address}${made.target}`, {
        method: made.method,
        headers: made.headers,
        ...made.body === undefined ? {} : { body: made.body },
      });
      const type = response.headers.get("content-type") ?? "";
      deepStrictEqual(client.faults(made, response.status, type, await response.text()), []);
    }),
    { numRuns: 400 },
  );
  strictEqual((await controller.fetch("GET", "/api/v1/status")).status, 200);
  await Deno.remove(stateDir, { recursive: true });
});
