import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { NO_CONFIG } from "../../../opamp/rollouts/configs/configs.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "../../../opamp/rollouts/errors.ts";
import { MAX_FAILURE_EVENTS } from "../../../opamp/rollouts/stages/run.ts";
import type { RolloutRequest } from "../../../opamp/rollouts/stages/spec.ts";
import { type Answer, RolloutWorld } from "../../support/fleet.ts";

const MINUTE_MS = 60_000;

/** A fleet that has version 1, and a version 2 to come. */
function fleetWithBase(agents: number) {
  const world = new RolloutWorld();
  world.addAgents(agents);
  world.flush();
  const old = world.config("edge", "a: 1");
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  const fresh = world.config("edge", "a: 2");
  return { world, old, fresh };
}

const fails: Answer = () => ({ state: "failed", error: "no such exporter" });
/** Three stages and generous limits, so that every test knows its numbers: the defaults are tested in simulation_test.ts. */
const request = (more: Partial<RolloutRequest> = {}): RolloutRequest => ({
  selector: 'service.name = "sluice"',
  config: { name: "edge" },
  stages: [
    { share: 0.01, soakMs: 5 * MINUTE_MS, limits: { failed: 0 } },
    { share: 0.1, soakMs: 10 * MINUTE_MS },
    { share: 1, soakMs: 5 * MINUTE_MS },
  ],
  limits: { failed: 0.01, unhealthy: 0.01 },
  applyingGrowth: 1,
  ...more,
});

/** Fails the new version, applies any other. */
const failsOn = (hash: string, who: (uid: string) => boolean = () => true): Answer => (agent, version) =>
  version.hash === hash && who(agent.uid) ? fails(agent, version) : { state: "applied" };

Deno.test("a rollout goes through its stages", async (t) => {
  const { world, old, fresh } = fleetWithBase(1_000);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();

  await t.step("1 % first, and no more while they are watched", () => {
    strictEqual(world.with(fresh.hash).length, 10);
    world.advance(5 * MINUTE_MS - 1_000);
    strictEqual(world.with(fresh.hash).length, 10);
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, 1_000);
  });
  const canaries = world.with(fresh.hash);

  await t.step("then 10 %, the first among them", () => {
    world.advance(1_000);
    const agents = world.with(fresh.hash);
    strictEqual(agents.length, 100);
    ok(canaries.every((canary) => agents.includes(canary)));
    world.advance(10 * MINUTE_MS - 1_000);
    strictEqual(world.with(fresh.hash).length, 100);
  });

  await t.step("then all, and it is what they are assigned", () => {
    world.advance(1_000);
    strictEqual(world.with(fresh.hash).length, 1_000);
    world.advance(5 * MINUTE_MS);
    const { state, counts, stages } = world.rollouts.get(id);
    strictEqual(state, "completed");
    strictEqual(counts.applied, 1_000);
    ok(stages.every((stage) => stage.state === "passed"));
    const assignments = world.rollouts.assignments();
    deepStrictEqual(assignments.map(({ selector }) => selector), ["service.name = sluice", "*"]);
    strictEqual(assignments[0]?.config.version, 2);
  });

  await t.step("every decision is an event with its numbers", () => {
    deepStrictEqual(world.kinds(id), [
      "created",
      "started",
      "stage_started",
      "soak_started",
      "stage_passed",
      "stage_started",
      "soak_started",
      "stage_passed",
      "stage_started",
      "soak_started",
      "stage_passed",
      "completed",
    ]);
    const passed = world.eventsOf(id).find(({ kind }) => kind === "stage_passed");
    strictEqual(passed?.numbers.applied, 10);
    strictEqual(passed?.numbers.failed, 0);
    match(
      passed?.text ?? "",
      /^Stage 1 of 3 is passed by 10 agents; error rate not judged: no reports, and none of the agents is to report its own metrics$/,
    );
  });

  await t.step("the order does not change after a restart, and old agents keep what they have", () => {
    const offers = world.fleet.offers;
    world.crash();
    world.settle();
    strictEqual(world.fleet.offers, offers + 1_000);
    strictEqual(world.with(old.hash).length, 0);
  });
});

Deno.test("a broken version is rolled back by itself", async (t) => {
  await t.step("one that everyone refuses meets two agents", () => {
    const { world, old, fresh } = fleetWithBase(20_000);
    world.answer = failsOn(fresh.hash);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    const met = [...world.fleet.agents()].filter(({ sent }) => sent.includes(fresh.hash));
    strictEqual(met.length, 2);
    const { state, reason } = world.rollouts.get(id);
    strictEqual(state, "rolled_back");
    strictEqual(reason, "2 of 200 agents failed (1 %); 0 % is allowed");
    strictEqual(world.with(old.hash).length, 20_000);
  });

  await t.step("one that agents become unhealthy from", () => {
    const { world, old, fresh } = fleetWithBase(1_000);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: false });
    world.advance(29_000);
    strictEqual(world.rollouts.get(id).state, "running");
    world.advance(1_000);
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    match(world.rollouts.get(id).reason, /^10 of 10 agents became unhealthy \(100 %\)/);
    strictEqual(world.with(old.hash).length, 1_000);
  });

  await t.step("a moment of bad health is none", () => {
    const { world, fresh } = fleetWithBase(1_000);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: false });
    world.advance(20_000);
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: true });
    world.advance(5 * MINUTE_MS);
    strictEqual(world.rollouts.get(id).stage, 1);
  });

  await t.step("one that agents do not come back from", () => {
    const { world, old, fresh } = fleetWithBase(1_000);
    world.answer = (agent, version) => {
      if (version.hash !== fresh.hash) return { state: "applied" };
      world.fleet.touch(agent, { connected: false });
      return undefined;
    };
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    world.advance(2 * MINUTE_MS);
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    const lost = [...world.fleet.agents()].filter(({ connected }) => !connected);
    strictEqual(lost.length, 2);
    for (const agent of lost) world.fleet.touch(agent, { connected: true });
    world.settle();
    strictEqual(world.with(old.hash).length, 1_000);
  });

  await t.step("one that agents are stuck in", () => {
    const { world, fresh } = fleetWithBase(1_000);
    world.answer = (_, version) => ({ state: version.hash === fresh.hash ? "applying" : "applied" });
    const { id } = world.rollouts.start(request(), "ann");
    world.advance(5 * MINUTE_MS);
    match(world.rollouts.get(id).reason, /^2 of 10 agents are stuck in APPLYING \(20 %\)/);
  });

  await t.step("one that agents fall silent at", () => {
    const { world, fresh } = fleetWithBase(1_000);
    world.answer = (_, version) => version.hash === fresh.hash ? undefined : { state: "applied" };
    const { id } = world.rollouts.start(request(), "ann");
    world.advance(5 * MINUTE_MS);
    match(world.rollouts.get(id).reason, /^2 of 10 agents have not answered \(20 %\)/);
  });

  await t.step("one that agents leave by themselves", () => {
    const { world, old, fresh } = fleetWithBase(1_000);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    const [agent] = world.with(fresh.hash);
    ok(agent);
    world.fleet.reports(agent, old.hash, "applied");
    world.settle();
    match(world.rollouts.get(id).reason, /^1 of 10 agents failed/);
    const failure = world.eventsOf(id).find(({ kind }) => kind === "agent_failed");
    match(failure?.text ?? "", /went back to another configuration by itself/);
  });

  await t.step("an agent without a configuration of ours gets the empty one back", () => {
    const world = new RolloutWorld();
    world.addAgents(10);
    world.flush();
    const fresh = world.config("edge", "a: 1");
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    strictEqual(world.with(fresh.hash).length, 1);
    strictEqual(world.fleet.offers, 1);
    world.rollouts.abort(id, { rollback: true, reason: "no" }, "ann");
    world.settle();
    strictEqual(world.rollouts.get(id).state, "aborted");
    strictEqual(world.with(NO_CONFIG.hash).length, 1);
    strictEqual(world.fleet.offers, 2);
  });
});

Deno.test("the error rate is compared", async (t) => {
  /** Canaries are there; everyone has had 1 % of errors. */
  function withTraffic() {
    const { world, fresh } = fleetWithBase(100);
    const serve = (items: number, errors: number, who = [...world.fleet.agents()]) => {
      for (const agent of who) {
        agent.traffic = { items: agent.traffic.items + items, errors: agent.traffic.errors + errors };
        world.rollouts.onReport(agent.uid, agent.traffic);
      }
    };
    serve(0, 0);
    serve(10_000, 100);
    const { id } = world.rollouts.start(request({ stages: [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
    world.settle();
    return { world, id, serve, canaries: world.with(fresh.hash) };
  }

  await t.step("worse than before and than the others: back", () => {
    const { world, id, serve, canaries } = withTraffic();
    serve(1_000, 10);
    serve(1_000, 100, canaries);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    strictEqual(
      world.rollouts.get(id).reason,
      "5.5 % of 20000 items went wrong, before 1 %, at the other agents 1 %; 1 % more is allowed",
    );
  });

  await t.step("as bad everywhere: an outage, not the configuration", () => {
    const { world, id, serve } = withTraffic();
    serve(1_000, 100);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "running");
  });

  await t.step("one percentage point more is allowed, a hair more is not", () => {
    const { world, id, serve, canaries } = withTraffic();
    serve(10_000, 200, canaries);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "running");
    serve(0, 1, canaries);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
  });

  await t.step("too few items say nothing", () => {
    const { world, id, serve, canaries } = withTraffic();
    serve(99, 99, canaries);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "running");
    serve(1, 1, canaries);
    world.tick();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
  });
});

Deno.test("an outage of everyone is not taken for a bad version", () => {
  const { world, fresh } = fleetWithBase(1_000);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: false });
  world.advance(3 * MINUTE_MS);
  strictEqual(world.rollouts.get(id).state, "running");
  for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: true });
  world.advance(5 * MINUTE_MS);
  strictEqual(world.rollouts.get(id).stage, 1);
  strictEqual(world.with(fresh.hash).length, 100);
});

Deno.test("agents that are away", async (t) => {
  await t.step("do not block, and get it when they return", () => {
    const { world, fresh } = fleetWithBase(100);
    const away = [...world.fleet.agents()].slice(0, 30);
    for (const agent of away) world.fleet.touch(agent, { connected: false });
    world.flush();
    const { id } = world.rollouts.start(request(), "ann");
    world.advance(21 * MINUTE_MS);
    strictEqual(world.rollouts.get(id).state, "completed");
    strictEqual(world.with(fresh.hash).length, 70);
    for (const agent of away) world.fleet.touch(agent, { connected: true });
    world.settle();
    strictEqual(world.with(fresh.hash).length, 100);
  });

  await t.step("a stage without anyone waits", () => {
    const { world, fresh } = fleetWithBase(3);
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: false });
    world.flush();
    const { id } = world.rollouts.start(request(), "ann");
    world.advance(30 * MINUTE_MS, MINUTE_MS);
    deepStrictEqual([world.rollouts.get(id).state, world.rollouts.get(id).stage], ["running", 0]);
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: true });
    world.settle();
    strictEqual(world.with(fresh.hash).length, 1);
  });
});

Deno.test("agents that join and leave", async (t) => {
  await t.step("one that joins is placed among the others", () => {
    const { world, fresh } = fleetWithBase(100);
    world.rollouts.start(request({ stages: [{ share: 0.5, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
    world.settle();
    world.addAgents(100);
    world.settle();
    strictEqual(world.with(fresh.hash).length, 50);
    world.advance(MINUTE_MS);
    strictEqual(world.with(fresh.hash).length, 200);
  });

  await t.step("one that leaves the selection gets back what it had", () => {
    const { world, old, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ selector: "env = prod" }), "ann");
    world.settle();
    const [canary] = world.with(fresh.hash);
    ok(canary);
    world.fleet.touch(canary, { attributes: { ...canary.attributes, env: "dev" }, revision: 2 });
    world.settle();
    strictEqual(canary.report.hash, old.hash);
    strictEqual(world.rollouts.get(id).counts.members, 99);
    strictEqual(world.with(fresh.hash).length, 0);
  });

  await t.step("one that is removed is forgotten", () => {
    const { world, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    const [canary] = world.with(fresh.hash);
    ok(canary);
    world.fleet.byUid.delete(canary.uid);
    world.rollouts.onGone([canary.uid]);
    strictEqual(world.rollouts.get(id).counts.members, 99);
    strictEqual(world.rollouts.desired(canary.uid), undefined);
    deepStrictEqual(world.rollouts.members(id, { limit: 10 }), []);
  });
});

Deno.test("operators", async (t) => {
  const stages = [{ share: 0.1, soakMs: 10 * MINUTE_MS }, { share: 1 }];

  await t.step("pause stops the clock of the soak, resume goes on with what is left", () => {
    const { world } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.advance(4 * MINUTE_MS);
    world.rollouts.pause(id, "bob");
    world.advance(60 * MINUTE_MS, MINUTE_MS);
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, 6 * MINUTE_MS);
    world.rollouts.resume(id, "bob");
    world.advance(6 * MINUTE_MS - 1_000);
    strictEqual(world.rollouts.get(id).stage, 0);
    world.advance(1_000);
    strictEqual(world.rollouts.get(id).state, "completed");
  });

  await t.step("a paused rollout goes back all the same when its gate is breached", () => {
    const { world, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    world.rollouts.pause(id, "bob");
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: false });
    world.advance(MINUTE_MS);
    strictEqual(world.rollouts.get(id).state, "rolled_back");
  });

  await t.step("promote skips the soak, never the gate", () => {
    const { world, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: false });
    world.flush();
    world.rollouts.promote(id, "bob");
    world.settle();
    strictEqual(world.rollouts.get(id).stage, 0);
    for (const agent of world.with(fresh.hash)) world.fleet.touch(agent, { healthy: true });
    world.settle();
    strictEqual(world.with(fresh.hash).length, 100);
  });

  await t.step("abort with rollback", () => {
    const { world, old } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    world.rollouts.abort(id, { rollback: true, reason: "wrong day" }, "bob");
    strictEqual(world.rollouts.get(id).state, "rolling_back");
    world.settle();
    deepStrictEqual(
      [world.rollouts.get(id).state, world.rollouts.get(id).reason],
      ["aborted", "by bob: wrong day"],
    );
    strictEqual(world.with(old.hash).length, 100);
  });

  await t.step("abort in place, until something else reaches the agents", () => {
    const { world, old, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
    world.crash();
    world.settle();
    strictEqual(world.rollouts.get(id).state, "aborted");
    strictEqual(world.with(fresh.hash).length, 10);
    strictEqual(world.rollouts.unpin(id, "bob"), 10);
    world.settle();
    strictEqual(world.with(old.hash).length, 100);
  });

  await t.step("retry of one that was rolled back meets the same agents first", () => {
    const { world, fresh } = fleetWithBase(100);
    world.answer = failsOn(fresh.hash);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    const met = [...world.fleet.agents()].filter(({ sent }) => sent.includes(fresh.hash));
    world.answer = () => ({ state: "applied" });
    const retry = world.rollouts.retry(id, "bob");
    deepStrictEqual([retry.retryOf, retry.state], [id, "running"]);
    world.settle();
    deepStrictEqual(world.with(fresh.hash), met);
  });

  await t.step("retry of one that runs gives it again to those that failed", () => {
    const { world, fresh } = fleetWithBase(100);
    let isBroken = true;
    world.answer = (agent, version) =>
      isBroken && version.hash === fresh.hash && agent.uid.endsWith("2a")
        ? fails(agent, version)
        : { state: "applied" };
    const { id } = world.rollouts.start(request({ stages: [{ share: 1, soakMs: MINUTE_MS }] }), "ann");
    world.settle();
    deepStrictEqual(world.rollouts.members(id, { phase: "failed", limit: 10 }).map(({ error }) => error), [
      "no such exporter",
    ]);
    isBroken = false;
    world.rollouts.retry(id, "bob");
    world.settle();
    strictEqual(world.with(fresh.hash).length, 100);
    strictEqual(world.rollouts.get(id).counts.failed, 0);
  });

  await t.step("what does not fit the state is refused", () => {
    const { world } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages }), "ann");
    throws(() => world.rollouts.resume(id, "bob"), ConflictError);
    throws(() => world.rollouts.pause(99, "bob"), UnknownNameError);
    world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
    for (const verb of ["pause", "resume", "promote"] as const) {
      throws(() => world.rollouts[verb](id, "bob"), ConflictError);
    }
    throws(() => world.rollouts.abort(id, { rollback: true, reason: "" }, "bob"), ConflictError);
  });
});

Deno.test("two rollouts", async (t) => {
  await t.step("over the same agents: the second is refused", () => {
    const { world } = fleetWithBase(10);
    world.rollouts.start(request(), "ann");
    throws(
      () => world.rollouts.start(request({ selector: "env = prod" }), "bob"),
      (thrown: unknown) => thrown instanceof ConflictError && /same agents: 1 \(running\)$/.test(thrown.message),
    );
  });

  await t.step("or queued, and starts when the first has ended", () => {
    const { world, fresh } = fleetWithBase(10);
    const first = world.rollouts.start(request(), "ann");
    const newer = world.config("edge", "a: 3");
    const second = world.rollouts.start(request({ selector: "env = prod", onConflict: "queue" }), "bob");
    deepStrictEqual([second.state, second.waitsFor], ["queued", [first.id]]);
    world.crash();
    world.settle();
    strictEqual(world.with(fresh.hash).length, 1);
    world.rollouts.abort(first.id, { rollback: true, reason: "" }, "ann");
    world.settle();
    strictEqual(world.rollouts.get(second.id).state, "running");
    strictEqual(world.with(newer.hash).length, 1);
  });

  await t.step("a queued one can be aborted", () => {
    const { world } = fleetWithBase(10);
    world.rollouts.start(request(), "ann");
    const { id } = world.rollouts.start(request({ onConflict: "queue" }), "bob");
    strictEqual(world.rollouts.abort(id, { rollback: true, reason: "" }, "bob").state, "aborted");
  });

  await t.step("over others: both run", () => {
    const { world } = fleetWithBase(10);
    world.addAgents(10, { env: "dev" });
    world.settle();
    world.rollouts.start(request({ selector: "env = prod" }), "ann");
    strictEqual(world.rollouts.start(request({ selector: "env = dev" }), "ann").state, "running");
  });
});

Deno.test("a rollout is not held by what does not change", async (t) => {
  await t.step("agents that have the version already are no canaries", () => {
    const { world, fresh } = fleetWithBase(100);
    world.rollouts.assign({ selector: 'agent:uid !~ ".*0"', config: { name: "edge" } }, "ann");
    world.settle();
    const { id } = world.rollouts.start(request({ stages: [{ count: 3 }, { share: 1 }] }), "ann");
    world.settle();
    const { counts } = world.rollouts.get(id);
    strictEqual(counts.unchanged, 93);
    ok(world.with(fresh.hash).length >= 96);
  });

  await t.step("one that would change nobody is refused", () => {
    const { world } = fleetWithBase(10);
    throws(() => world.rollouts.start(request({ config: { name: "edge", version: 1 } }), "ann"), /it changes no agent/);
    throws(() => world.rollouts.start(request({ selector: "env = moon" }), "ann"), /the selector matches no agent/);
    throws(() => world.rollouts.start(request({ config: { name: "core" } }), "ann"), UnknownNameError);
    throws(() => world.rollouts.start(request({ stages: [] }), "ann"), InvalidRequestError);
  });

  await t.step("agents with a stronger assignment keep it", () => {
    const { world, old, fresh } = fleetWithBase(10);
    world.config("debug", "d: 1");
    world.rollouts.assign({ selector: "env = prod, host.name = gw-3", config: { name: "debug" } }, "ann");
    const { id } = world.rollouts.start(request({ stages: [{ share: 1 }] }), "ann");
    world.settle();
    deepStrictEqual([world.rollouts.get(id).state, world.with(fresh.hash).length], ["completed", 9]);
    strictEqual(world.with(old.hash).length, 0);
  });
});

Deno.test("a dry run says who would change, and how", () => {
  const { world, old } = fleetWithBase(100);
  world.addAgents(10, { env: "dev" }).forEach((agent) => agent.followsConfig = false);
  world.settle();
  const view = world.rollouts.dryRun(request());
  const { matched, changing, changingAway, unchanged, shadowed, incapable, problems } = view;
  deepStrictEqual(
    { matched, changing, changingAway, unchanged, shadowed, incapable, problems },
    { matched: 110, changing: 100, changingAway: 0, unchanged: 0, shadowed: 0, incapable: 10, problems: [] },
  );
  deepStrictEqual(view.stages.map(({ agents }) => agents), [1, 10, 100]);
  deepStrictEqual(view.origins, [{
    config: { name: "edge", version: 1, hash: old.hash, ...view.origins[0]?.config },
    agents: 100,
    diff: [{ file: "", change: "changed", diff: "@@ -1 +1 @@\n-a: 1\n+a: 2", isCut: false }],
  }]);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  deepStrictEqual(world.rollouts.members(id, { limit: 10 }).map(({ uid }) => uid), view.stages[0]?.first);
  match(world.rollouts.dryRun(request()).problems[0] ?? "", /same agents/);
});

Deno.test("explain() names every rule", () => {
  const { world, old, fresh } = fleetWithBase(100);
  world.rollouts.assign({ selector: "env = moon", priority: 5, config: { name: "edge" } }, "ann");
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  const [canary] = world.with(fresh.hash);
  const other = world.with(old.hash)[0];
  ok(canary && other);
  const shown = (uid: string) =>
    world.rollouts.explain(uid).rules.map(({ kind, selector, matches, wins, why }) =>
      [kind, selector, matches, wins, why] as const
    );
  deepStrictEqual(shown(canary.uid), [
    ["assignment", "env = moon", false, false, "env = moon does not hold: the agent has prod"],
    ["rollout", "service.name = sluice", true, true, "it is the strongest rule that holds for the agent"],
    ["assignment", "*", true, false, `rollout ${id} is stronger`],
  ]);
  deepStrictEqual(shown(other.uid).slice(1), [
    ["rollout", "service.name = sluice", true, false, `rollout ${id} has not reached it`],
    ["assignment", "*", true, true, "it is the strongest rule that holds for the agent"],
  ]);
  const { assigned, sync, reported } = world.rollouts.explain(canary.uid);
  deepStrictEqual([assigned?.version, sync], [2, "in_sync"]);
  deepStrictEqual(reported.config, { name: "edge", version: 2, hash: fresh.hash });
  throws(() => world.rollouts.explain("nobody"), UnknownNameError);
});

Deno.test("of a completed rollout the way back is told", async (t) => {
  const { world } = fleetWithBase(3);
  const complete = (more: Partial<RolloutRequest> = {}) => {
    const { id } = world.rollouts.start(request({ stages: [{ share: 1, soakMs: 0 }], ...more }), "ann");
    world.settle();
    world.tick();
    strictEqual(world.rollouts.get(id).state, "completed");
    return id;
  };
  const refusal = (verb: string, id: number, way: string) => ({
    name: "ConflictError",
    message: `Cannot ${verb} rollout ${id}: it is completed; to go back: sluice controller rollouts start ` +
      `'service.name = sluice' ${way}`,
  });
  await t.step("the version before, where no rollout says more", () => {
    const id = complete();
    throws(() => world.rollouts.abort(id, { rollback: true, reason: "" }, "ann"), refusal("change", id, "edge@1"));
    throws(() => world.rollouts.retry(id, "ann"), refusal("retry", id, "edge@1"));
  });
  await t.step("what a rollout over the same agents had brought", () => {
    world.config("edge", "a: 3");
    world.config("edge", "a: 4");
    const id = complete();
    throws(() => world.rollouts.retry(id, "ann"), refusal("retry", id, "edge@2"));
  });
  await t.step("a version to be named, where there is no older one", () => {
    const { world: fresh } = fleetWithBase(1);
    fresh.config("other", "b: 1");
    const { id } = fresh.rollouts.start(
      request({ config: { name: "other" }, stages: [{ share: 1, soakMs: 0 }] }),
      "ann",
    );
    fresh.settle();
    fresh.tick();
    throws(() => fresh.rollouts.retry(id, "ann"), refusal("retry", id, "other@VERSION"));
  });
});

Deno.test("drift is counted", () => {
  const { world, old } = fleetWithBase(6);
  const [a, b, c, d] = [...world.fleet.agents()];
  ok(a && b && c && d);
  world.fleet.reports(a, "abcd", "applied");
  world.fleet.reports(b, old.hash, "failed", "x");
  world.fleet.reports(c, old.hash, "applying");
  d.followsConfig = false;
  world.fleet.touch(d, { revision: 2 });
  world.flush();
  deepStrictEqual(world.rollouts.drift(), {
    unmanaged: 1,
    in_sync: 2,
    pending: 0,
    applying: 1,
    failed: 1,
    drifted: 1,
  });
});

Deno.test("of many failures the first are events", () => {
  const { world, fresh } = fleetWithBase(MAX_FAILURE_EVENTS + 1);
  world.answer = failsOn(fresh.hash);
  const limits = { failed: 1 };
  const { id } = world.rollouts.start(request({ stages: [{ share: 1 }], limits, initialApplying: 1_000 }), "ann");
  world.settle();
  strictEqual(world.kinds(id).filter((kind) => kind === "agent_failed").length, MAX_FAILURE_EVENTS);
  strictEqual(world.rollouts.get(id).counts.failed, MAX_FAILURE_EVENTS + 1);
});

Deno.test("the budget", async (t) => {
  await t.step("is never passed, and grows with what succeeds", () => {
    const { world, fresh } = fleetWithBase(100);
    world.answer = () => undefined;
    const { id } = world.rollouts.start(request({ stages: [{ share: 1 }], maxApplying: { count: 5 } }), "ann");
    const applying = () => world.rollouts.get(id).counts.applying;
    strictEqual(applying(), 2);
    const answerOne = () => {
      const [agent] = [...world.fleet.agents()].filter(({ desired, report }) =>
        desired?.hash === fresh.hash && report.hash !== fresh.hash
      );
      ok(agent);
      world.fleet.reports(agent, fresh.hash, "applied");
      world.flush();
    };
    const seen: unknown[] = [];
    for (let round = 0; round < 5; round++) {
      answerOne();
      seen.push(applying());
    }
    deepStrictEqual(seen, [3, 4, 5, 5, 5]);
  });

  await t.step("grows by what was asked for: by one when four have succeeded", () => {
    const { world, fresh } = fleetWithBase(100);
    world.answer = () => undefined;
    const { id } = world.rollouts.start(request({ stages: [{ share: 1 }], applyingGrowth: 0.25 }), "ann");
    const windows = Array.from({ length: 9 }, () => {
      const { progress, counts } = world.rollouts.get(id);
      strictEqual(counts.applying, progress?.window);
      const agent = [...world.fleet.agents()].find(({ desired, report }) =>
        desired?.hash === fresh.hash && report.hash !== fresh.hash
      );
      ok(agent);
      world.fleet.reports(agent, fresh.hash, "applied");
      world.flush();
      return progress?.window;
    });
    deepStrictEqual(windows, [2, 2, 2, 2, 3, 3, 3, 3, 4]);
  });

  await t.step("is given back by those that run out of time", () => {
    const { world, fresh } = fleetWithBase(100);
    world.answer = (agent) => agent.uid.endsWith("1") ? undefined : { state: "applied" };
    const limits = { silent: 0.5 };
    const { id } = world.rollouts.start(request({ stages: [{ share: 1 }], limits, maxApplying: { count: 1 } }), "ann");
    world.advance(40 * MINUTE_MS, MINUTE_MS);
    strictEqual(world.rollouts.get(id).counts.silent, 7);
    strictEqual(world.with(fresh.hash).length, 93);
  });
});

Deno.test("a stage is not passed on less than it wants", () => {
  const { world } = fleetWithBase(100);
  const away = new Set<string>();
  world.answer = (agent) => {
    if (away.size >= 3) return { state: "applied" };
    away.add(agent.uid);
    world.fleet.touch(agent, { connected: false });
    return undefined;
  };
  const limits = { disconnected: 0.5, minAgents: 8 };
  const stages = [{ share: 0.1, soakMs: 0 }, { share: 1 }];
  const { id } = world.rollouts.start(request({ stages, limits, initialApplying: 10 }), "ann");
  world.advance(10 * MINUTE_MS, 10_000);
  deepStrictEqual([world.rollouts.get(id).stage, world.rollouts.get(id).counts.applied], [0, 7]);
  for (const uid of [...away].slice(0, 1)) world.fleet.touch(world.fleet.byUid.get(uid)!, { connected: true });
  world.settle();
  strictEqual(world.rollouts.get(id).stage, 1);
});

Deno.test("a stage is not passed while an agent applies the version again", () => {
  const { world, fresh } = fleetWithBase(100);
  const { id } = world.rollouts.start(request({ stages: [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
  world.settle();
  world.answer = () => undefined;
  const [agent] = world.with(fresh.hash);
  ok(agent);
  // It has lost its disk, and says that it has received nothing yet.
  world.fleet.reports(agent, "", "unset");
  world.advance(2 * MINUTE_MS);
  deepStrictEqual([world.rollouts.get(id).stage, world.rollouts.get(id).counts.applying], [0, 1]);
  world.fleet.reports(agent, fresh.hash, "applied");
  world.settle();
  strictEqual(world.rollouts.get(id).stage, 1);
});

Deno.test("a controller that starts again", async (t) => {
  await t.step("watches a soak from its beginning: what it did not see it does not count", () => {
    const { world, fresh } = fleetWithBase(1_000);
    const { id } = world.rollouts.start(request(), "ann");
    world.advance(4 * MINUTE_MS);
    world.timeMs += 60 * MINUTE_MS;
    world.crash();
    world.advance(5 * MINUTE_MS - 1_000);
    strictEqual(world.rollouts.get(id).stage, 0);
    world.advance(1_000);
    deepStrictEqual([world.rollouts.get(id).stage, world.with(fresh.hash).length], [1, 100]);
    ok(world.kinds(id).includes("recovered"));
  });

  await t.step("believes no report from before that is older than the verdict; the agent's own word it does", () => {
    const { world, old, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    const [agent] = world.with(fresh.hash);
    ok(agent);
    // The verdict was written, and the process died before the agent's row was.
    agent.connected = false;
    agent.report = { hash: old.hash, state: "applied", error: "", revision: 0 };
    world.crash();
    world.tick();
    deepStrictEqual([world.rollouts.get(id).state, world.rollouts.get(id).counts.failed], ["running", 0]);
    world.answer = () => undefined;
    world.fleet.touch(agent, { connected: true });
    world.tick();
    strictEqual(world.rollouts.get(id).state, "running");
    world.fleet.reports(agent, old.hash, "applied");
    world.tick();
    match(world.rollouts.get(id).reason, /failed/);
  });

  await t.step("does not take agents that have not come back yet for lost", () => {
    const { world } = fleetWithBase(1_000);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: false });
    world.fleet.touched.clear();
    world.crash();
    world.advance(MINUTE_MS);
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: true });
    world.advance(5 * MINUTE_MS);
    deepStrictEqual([world.rollouts.get(id).state, world.rollouts.get(id).stage], ["running", 1]);
  });

  await t.step("knows who has failed, though the agent says something else by now", () => {
    const { world, old, fresh } = fleetWithBase(100);
    world.answer = failsOn(fresh.hash, (uid) => uid.endsWith("7"));
    const stages = [{ share: 1, soakMs: MINUTE_MS, limits: { failed: 0.5 } }];
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    const failed = [...world.fleet.agents()].filter(({ report }) => report.state === "failed");
    // The collector's supervisor goes back by itself, and says so.
    for (const agent of failed) {
      world.fleet.touch(agent, { report: { ...agent.report, hash: old.hash, state: "applied" } });
    }
    world.flush();
    world.crash();
    strictEqual(world.rollouts.get(id).counts.failed, failed.length);
    deepStrictEqual(failed.map(({ sent }) => sent.filter((hash) => hash === fresh.hash).length), failed.map(() => 1));
  });

  await t.step("goes on with a rollback", () => {
    const { world, old, fresh } = fleetWithBase(100);
    const { id } = world.rollouts.start(request({ stages: [{ share: 0.5, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
    world.settle();
    world.rollouts.abort(id, { rollback: true, reason: "" }, "ann");
    world.fleet.offered.clear();
    world.crash();
    strictEqual(world.rollouts.get(id).state, "rolling_back");
    world.settle();
    deepStrictEqual([world.rollouts.get(id).state, world.with(old.hash).length], ["aborted", 100]);
    strictEqual(world.with(fresh.hash).length, 0);
  });
});

Deno.test("a rollback does not wait for those that never answer", () => {
  const { world, fresh } = fleetWithBase(100);
  const { id } = world.rollouts.start(request({ stages: [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
  world.settle();
  world.answer = () => undefined;
  world.rollouts.abort(id, { rollback: true, reason: "" }, "ann");
  world.advance(5 * MINUTE_MS - 1_000);
  strictEqual(world.rollouts.get(id).state, "rolling_back");
  world.advance(1_000);
  strictEqual(world.rollouts.get(id).state, "aborted");
  strictEqual(world.eventsOf(id).at(-1)?.numbers.owing, 10);
  strictEqual(world.with(fresh.hash).length, 10);
});
