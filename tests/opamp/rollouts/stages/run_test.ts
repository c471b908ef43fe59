/**
 * A rollout's decisions: when a stage is settled, what operators change, how it goes back, and all of it after a restart.
 *
 * @module
 */

import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { ConflictError } from "../../../../opamp/rollouts/errors.ts";
import type { RolloutRequest } from "../../../../opamp/rollouts/stages/spec.ts";
import { type Answer, type FakeAgent, RolloutWorld } from "../../../support/fleet.ts";

const MINUTE_MS = 60_000;
const ALL = 'service.name = "sluice"';
const SOAK_MS = 10 * MINUTE_MS;

/** A fleet that has version 1, and a version 2 to come. */
function fleetWithBase(agents: number) {
  const world = new RolloutWorld();
  world.addAgents(agents);
  world.flush();
  const old = world.config("edge", "a: 1");
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  const fresh = world.config("edge", "a: 2");
  const start = (more: Partial<RolloutRequest> = {}) => world.rollouts.start(request(more), "ann").id;
  return { world, old, fresh, start };
}

const request = (more: Partial<RolloutRequest> = {}): RolloutRequest => ({
  selector: ALL,
  config: { name: "edge" },
  stages: [{ share: 0.5, soakMs: SOAK_MS }, { share: 1, soakMs: SOAK_MS }],
  limits: { failed: 1, stuck: 1, silent: 1, unhealthy: 1, disconnected: 1 },
  ...more,
});

/** Hears nobody. */
const silence: Answer = () => undefined;

Deno.test("a soak", async (t) => {
  await t.step("that was paused when the controller died is paused after it, and begins anew", () => {
    const { world, start } = fleetWithBase(10);
    const id = start();
    world.advance(4 * MINUTE_MS);
    world.rollouts.pause(id, "bob");
    world.crash();
    world.advance(20 * MINUTE_MS, MINUTE_MS);
    deepStrictEqual([world.rollouts.get(id).state, world.rollouts.get(id).progress?.soakLeftMs], ["paused", SOAK_MS]);
    world.rollouts.resume(id, "bob");
    world.advance(SOAK_MS - 1_000);
    strictEqual(world.rollouts.get(id).stage, 0);
    world.advance(1_000);
    strictEqual(world.rollouts.get(id).stage, 1);
  });
  await t.step("is paused as often as it is asked for", () => {
    const { world, start } = fleetWithBase(10);
    const id = start();
    for (let times = 0; times < 3; times++) {
      world.advance(2 * MINUTE_MS);
      world.rollouts.pause(id, "bob");
      world.advance(7 * MINUTE_MS);
      world.rollouts.resume(id, "bob");
    }
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, 4 * MINUTE_MS);
  });
  await t.step("is told only while it goes on", () => {
    const { world, start } = fleetWithBase(10);
    world.answer = silence;
    const id = start();
    world.settle();
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, null);
    world.rollouts.abort(id, { rollback: true, reason: "" }, "bob");
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs ?? null, null);
  });
  await t.step("that is over has nothing left", () => {
    const { world, start } = fleetWithBase(10);
    const id = start();
    world.settle();
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: false });
    world.advance(SOAK_MS + 20_000);
    const { progress } = world.rollouts.get(id);
    strictEqual(
      progress?.soakLeftMs === null || progress?.soakLeftMs === 0 || world.rollouts.get(id).stage === 1,
      true,
    );
  });
});

Deno.test("a stage is passed", async (t) => {
  await t.step("without its soak when it was promoted before that began", () => {
    const { world, start } = fleetWithBase(10);
    world.answer = silence;
    const id = start();
    world.settle();
    world.rollouts.promote(id, "bob");
    world.answer = () => ({ state: "applied" });
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, {});
    world.settle();
    strictEqual(world.rollouts.get(id).stage, 1);
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, SOAK_MS, "the next has its own");
    match(world.eventsOf(id).find(({ kind }) => kind === "promoted")?.text ?? "", /soak of stage 1 is skipped/);
  });
  await t.step("not before all that can be reached have answered", () => {
    const { world, fresh, start } = fleetWithBase(10);
    const [slow] = world.fleet.agents();
    world.answer = (agent) => agent === slow ? undefined : { state: "applied" };
    const id = start({ stages: [{ share: 1, soakMs: 0 }], initialApplying: 10, maxApplying: { count: 10 } });
    world.settle();
    deepStrictEqual([world.with(fresh.hash).length, world.rollouts.get(id).state], [9, "running"]);
    strictEqual(world.kinds(id).includes("soak_started"), false);
    world.answer = () => ({ state: "applied" });
    world.fleet.touch(slow!, {});
    world.settle();
    strictEqual(world.rollouts.get(id).state, "completed");
  });
  await t.step("by as many verdicts as it wants, failures among them", () => {
    for (const [minAgents, stage] of [[5, 1], [6, 1]] as const) {
      const { world, fresh, start } = fleetWithBase(10);
      let answers = 0;
      world.answer = (_agent, { hash }) =>
        hash === fresh.hash && ++answers <= 2 ? { state: "failed", error: "no" } : { state: "applied" };
      const id = start({
        stages: [{ share: 0.5, soakMs: 0 }, { share: 1, soakMs: SOAK_MS }],
        limits: { ...request().limits, minAgents },
      });
      world.settle();
      strictEqual(world.rollouts.get(id).stage, stage, "of a smaller stage all");
    }
  });
  await t.step("when all have it already, and not when nobody is there", () => {
    const { world, fresh, start } = fleetWithBase(3);
    const agents = [...world.fleet.agents()];
    world.answer = silence;
    world.fleet.touch(agents[1]!, { connected: false });
    world.fleet.touch(agents[2]!, { revision: 2, attributes: { ...agents[2]!.attributes, env: "test" } });
    world.flush();
    const id = start({ priority: 1 });
    world.rollouts.assign({ selector: 'env = "test"', config: { name: "edge" } }, "ann");
    world.settle();
    const { state, counts } = world.rollouts.get(id);
    deepStrictEqual([state, counts.unchanged], ["running", 1], "one is offered it, one is away, one has it as its own");
    for (const agent of agents.slice(0, 2)) {
      world.fleet.byUid.delete(agent.uid);
      world.rollouts.onGone([agent.uid]);
    }
    strictEqual(world.rollouts.get(id).state, "completed");
    match(world.rollouts.events({ rollout: id, limit: 1 })[0]?.text ?? "", /All 1 agent have it already/);
    strictEqual(world.rollouts.get(id).judged, null, "nothing was to be judged");
    strictEqual(world.rollouts.get(id).config.hash, fresh.hash);
  });
  await t.step("by nobody while nobody is there", () => {
    const { world, start } = fleetWithBase(1);
    world.answer = silence;
    const id = start();
    const [agent] = world.fleet.agents();
    world.fleet.byUid.delete(agent!.uid);
    world.rollouts.onGone([agent!.uid]);
    world.advance(SOAK_MS);
    deepStrictEqual([world.rollouts.get(id).state, world.rollouts.get(id).stage], ["running", 0]);
  });
});

Deno.test("each stage counts its own traffic, and says whether that was enough", () => {
  const { world, start } = fleetWithBase(10);
  const id = start({ limits: { ...request().limits, minItems: 1_000 } });
  const agents = [...world.fleet.agents()];
  let items = 0;
  const handle = (more: number) => {
    items += more;
    for (const { uid } of agents) world.rollouts.onReport(uid, { items, errors: 0 });
  };
  handle(0);
  world.settle();
  handle(200);
  const figures = () => world.rollouts.get(id).progress!.figures.traffic;
  deepStrictEqual([figures().changed.items, figures().control.items], [1_000, 1_000]);
  world.advance(SOAK_MS);
  deepStrictEqual([world.rollouts.get(id).stage, figures().changed.items, figures().control.items], [1, 0, 0]);
  handle(50);
  strictEqual(figures().changed.items, 500);
  world.advance(SOAK_MS);
  const texts = world.eventsOf(id).filter(({ kind }) => kind === "stage_passed").map(({ text }) => text);
  deepStrictEqual(texts, [
    "Stage 1 of 2 is passed by 5 agents; error rate 0 % of 1000 items",
    "Stage 2 of 2 is passed by 10 agents; error rate not judged: 500 items are too few, wanted 1000",
  ]);
  const { judged, stages } = world.rollouts.get(id);
  deepStrictEqual([judged, stages.map((stage) => stage.judged)], [true, [true, false]]);
  const completed = world.eventsOf(id).find(({ kind }) => kind === "completed");
  strictEqual(completed?.text, "edge 2 is what these agents are assigned now");
});

Deno.test("that nobody has reported an error rate is said in the event, and stays to be seen", async (t) => {
  const none = "not judged: no reports, and none of the agents is to report its own metrics";
  const cases: { name: string; reporting: number; reports: "none" | "nothing handled"; want: string }[] = [
    { name: "nobody is to report", reporting: 0, reports: "none", want: none },
    {
      name: "some are to report, and none does",
      reporting: 3,
      reports: "none",
      want: "NOT JUDGED: no reports, of 3 agents that are to report their own metrics",
    },
    {
      name: "they report that they have handled nothing",
      reporting: 3,
      reports: "nothing handled",
      want: "not judged: 0 items are too few, wanted 1000",
    },
  ];
  for (const { name, reporting, reports, want } of cases) {
    await t.step(name, () => {
      const { world, start } = fleetWithBase(10);
      const agents = [...world.fleet.agents()];
      for (const agent of agents.slice(0, reporting)) world.fleet.touch(agent, { reportsMetrics: true });
      world.flush();
      const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }], limits: { ...request().limits, minItems: 1_000 } });
      world.settle();
      if (reports !== "none") { for (const { uid } of agents) world.rollouts.onReport(uid, undefined); }
      strictEqual(world.rollouts.get(id).errorRate, want);
      world.advance(SOAK_MS);
      const passed = world.eventsOf(id).find(({ kind }) => kind === "stage_passed");
      strictEqual(passed?.text, `Stage 1 of 1 is passed by 10 agents; error rate ${want}`);
      const { state, errorRate } = world.rollouts.get(id);
      deepStrictEqual([state, errorRate], ["completed", want]);
    });
  }
});

Deno.test("a rollout whose error rate was judged nowhere says so when it has completed", async (t) => {
  const unjudged = () => {
    const { world, start } = fleetWithBase(10);
    const id = start({ limits: { ...request().limits, minItems: 1_000 } });
    const judgedOf = () => {
      const { judged, stages } = world.rollouts.get(id);
      return [judged, ...stages.map((stage) => stage.judged)];
    };
    return { world, id, judgedOf };
  };
  await t.step("from the first stage that is passed", () => {
    const { world, id, judgedOf } = unjudged();
    deepStrictEqual(judgedOf(), [null, null, null]);
    world.advance(SOAK_MS);
    deepStrictEqual(judgedOf(), [false, false, null]);
    world.advance(SOAK_MS);
    deepStrictEqual(judgedOf(), [false, false, false]);
    const completed = world.eventsOf(id).find(({ kind }) => kind === "completed");
    strictEqual(
      completed?.text,
      "edge 2 is what these agents are assigned now; the error rate was judged in no stage",
    );
  });
  await t.step("and after a restart", () => {
    const { world, judgedOf } = unjudged();
    world.advance(SOAK_MS);
    world.crash();
    deepStrictEqual(judgedOf(), [false, false, null]);
    world.advance(2 * SOAK_MS);
    deepStrictEqual(judgedOf(), [false, false, false]);
  });
});

Deno.test("what is known of the error rate", async (t) => {
  const none = "not judged: no reports, and none of the agents is to report its own metrics";
  /** Half of the fleet has the version; `sends` has an agent of either half report. */
  const halfway = (minItems: number) => {
    const { world, fresh, start } = fleetWithBase(10);
    const id = start({ limits: { ...request().limits, minItems } });
    world.settle();
    const holder = world.with(fresh.hash)[0]!;
    const other = [...world.fleet.agents()].find(({ report }) => report.hash !== fresh.hash)!;
    let handled = 0;
    const sends = (agent: FakeAgent, items: number) =>
      world.rollouts.onReport(agent.uid, { items: handled += items, errors: 0 });
    return { world, holder, other, sends, rate: () => world.rollouts.get(id).errorRate, id };
  };
  await t.step("reports of agents that have it are heard", () => {
    const { holder, other, sends, rate } = halfway(10);
    sends(other, 1);
    strictEqual(rate(), none);
    sends(holder, 1);
    strictEqual(rate(), "not judged: 0 items are too few, wanted 10");
  });
  await t.step("in each stage anew, and in another process", () => {
    const { world, holder, sends, rate } = halfway(10);
    sends(holder, 1);
    world.crash();
    strictEqual(rate(), none);
    sends(holder, 1);
    world.advance(SOAK_MS);
    strictEqual(rate(), none);
  });
  await t.step("of nothing there is no rate, of one item there is", () => {
    const { world, id, holder, sends, rate } = halfway(0);
    sends(holder, 1);
    strictEqual(rate(), "not judged: 0 items are too few, wanted 0");
    sends(holder, 1);
    strictEqual(rate(), "0 % of 1 item");
    world.advance(SOAK_MS);
    strictEqual(world.rollouts.get(id).judged, true);
  });
  await t.step("who is to report is counted as it is, and as it changes", () => {
    const { world, start } = fleetWithBase(1);
    world.answer = silence;
    const [agent] = world.fleet.agents();
    world.fleet.touch(agent!, { reportsMetrics: true });
    const id = start();
    const missing = "NOT JUDGED: no reports, of 1 agent that are to report their own metrics";
    strictEqual(world.rollouts.get(id).errorRate, missing, "as it joins");
    world.fleet.touch(agent!, { reportsMetrics: false });
    world.flush();
    strictEqual(world.rollouts.get(id).errorRate, none);
    world.fleet.touch(agent!, { reportsMetrics: true });
    world.flush();
    strictEqual(world.rollouts.get(id).errorRate, missing);
  });
});

Deno.test("what a stage is judged by while it is watched are the agents that were given the version", () => {
  const { world, start, fresh } = fleetWithBase(10);
  const id = start({ limits: { ...request().limits, failed: 0.1 } });
  world.settle();
  strictEqual(world.rollouts.get(id).counts.released, 5);
  world.answer = silence;
  world.addAgents(30);
  world.settle();
  const [agent] = world.with(fresh.hash);
  world.fleet.reports(agent!, fresh.hash, "failed", "it broke");
  world.flush();
  strictEqual(world.rollouts.get(id).state, "rolling_back", "1 of 5, though the stage would reach 20 by now");
});

Deno.test("one that has the version already and one that is away do not end a rollout for the one that waits", () => {
  const { world, fresh, start } = fleetWithBase(3);
  const [has, away] = [...world.fleet.agents()];
  world.fleet.touch(has!, { attributes: { ...has!.attributes, env: "has" }, revision: 2 });
  world.fleet.touch(away!, { connected: false });
  world.rollouts.assign({ selector: "env = has", config: { name: "edge", version: fresh.version } }, "ann");
  world.settle();
  world.answer = silence;
  const id = start({ priority: 1 });
  const { state, counts: { unchanged, released } } = world.rollouts.get(id);
  deepStrictEqual([state, unchanged, released], ["running", 1, 1]);
});

Deno.test("nobody's time runs out on the way back: an agent that applies the version still is told as that", () => {
  const { world, start } = fleetWithBase(1);
  world.answer = () => ({ state: "applying" });
  const id = start({ applyTimeoutMs: 10_000 });
  world.advance(5_000);
  world.rollouts.abort(id, { rollback: true, reason: "" }, "bob");
  world.advance(10_000);
  const { state, counts: { applying, stuck } } = world.rollouts.get(id);
  deepStrictEqual([state, applying, stuck], ["aborted", 1, 0]);
});

Deno.test("an agent that waits for its second try is not offered again what it has refused before the rollout", () => {
  const { world, old, fresh, start } = fleetWithBase(1);
  const [agent] = world.fleet.agents();
  world.answer = (_, { hash }) => ({ state: hash === fresh.hash ? "failed" : "applied" });
  const id = start();
  world.settle();
  agent!.refused.add(old.hash);
  world.rollouts.pause(id, "bob");
  world.rollouts.retry(id, "bob");
  deepStrictEqual([agent!.desired?.hash, agent!.refused.has(old.hash)], [old.hash, true]);
});

Deno.test("what an agent has below the rollout may change while it waits", () => {
  const { world, start } = fleetWithBase(10);
  world.answer = silence;
  const id = start();
  world.settle();
  const { released, ready } = world.rollouts.get(id).counts;
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  const after = world.rollouts.get(id).counts;
  deepStrictEqual([after.released, after.ready, after.unchanged], [released, 0, ready]);
});

Deno.test("a rollback", async (t) => {
  const BROKEN = { failed: 0 };
  /** Most apply the version, two fail it, and it goes back. */
  const broken = (answerBack: Answer) => {
    const { world, old, fresh, start } = fleetWithBase(10);
    world.answer = (agent, version) => {
      if (version.hash !== fresh.hash) return answerBack(agent, version);
      return { state: /[89]$/.test(agent.uid) ? "failed" : "applied", error: "no" };
    };
    const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }], limits: BROKEN, applyTimeoutMs: 5 * MINUTE_MS });
    world.settle();
    return { world, old, fresh, id };
  };
  await t.step("is decided once, with its reason and numbers", () => {
    const { world, id } = broken(() => ({ state: "applied" }));
    const kinds = world.kinds(id);
    deepStrictEqual(kinds.slice(kinds.indexOf("breached")), ["breached", "rollback_started", "rolled_back"]);
    const [breached, started, ended] = world.eventsOf(id).slice(-3);
    match(breached?.text ?? "", /^Stage 1: \d+ of 10 agents failed/);
    strictEqual(started?.numbers.released, started?.numbers.released);
    deepStrictEqual([ended?.numbers.back, ended?.numbers.owing, ended?.numbers.away], [
      started?.numbers.released,
      0,
      0,
    ]);
  });
  await t.step("waits for who is connected, for as long as an agent has to apply, also after a restart", () => {
    for (const crashes of [false, true]) {
      const { world, id } = broken(silence);
      strictEqual(world.rollouts.get(id).state, "rolling_back");
      world.advance(MINUTE_MS);
      if (crashes) world.crash();
      world.advance(5 * MINUTE_MS - (crashes ? 1_000 : MINUTE_MS + 1_000));
      strictEqual(world.rollouts.get(id).state, "rolling_back", `${crashes}`);
      world.advance(1_000);
      strictEqual(world.rollouts.get(id).state, "rolled_back", `${crashes}`);
      const ended = world.eventsOf(id).at(-1);
      deepStrictEqual([ended?.kind, ended?.numbers.back, ended?.numbers.away], ["rolled_back", 0, 0]);
      strictEqual((ended?.numbers.owing ?? 0) > 0, true);
    }
  });
  await t.step("is over with the decision when nobody is there", () => {
    const { world, start } = fleetWithBase(1);
    const id = start({ limits: { disconnected: 0 } });
    world.settle();
    for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: false });
    world.flush();
    world.timeMs += 10 * MINUTE_MS;
    world.rollouts.tick();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
  });
  await t.step("offers what they had also to those that have refused it once", () => {
    const { world, old, start } = fleetWithBase(10);
    const id = start();
    world.settle();
    for (const agent of world.fleet.agents()) agent.refused.add(old.hash);
    world.rollouts.abort(id, { rollback: true, reason: "" }, "bob");
    world.settle();
    strictEqual(world.with(old.hash).length, 10);
  });
  await t.step("does not wait for who is away", () => {
    const { world, id, fresh } = broken(silence);
    const given = [...world.fleet.agents()].filter(({ sent }) => sent.includes(fresh.hash));
    for (const agent of given) world.fleet.touch(agent, { connected: false });
    world.flush();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    const ended = world.eventsOf(id).at(-1);
    deepStrictEqual([ended?.numbers.back, ended?.numbers.owing, ended?.numbers.away], [0, 0, given.length]);
  });
});

Deno.test("what operators do is told, with who and when", () => {
  const { world, start } = fleetWithBase(10);
  const id = start();
  world.settle();
  for (const verb of ["pause", "resume", "promote"] as const) world.rollouts[verb](id, "bob");
  const told = world.eventsOf(id).filter(({ who }) => who === "bob");
  deepStrictEqual(told.map(({ kind, numbers }) => [kind, numbers.released]), [
    ["paused", 5],
    ["resumed", 5],
    ["promoted", 5],
  ]);
});

Deno.test("what does not fit the state is refused", async (t) => {
  const verbs = {
    pause: (world: RolloutWorld, id: number) => world.rollouts.pause(id, "bob"),
    resume: (world: RolloutWorld, id: number) => world.rollouts.resume(id, "bob"),
    promote: (world: RolloutWorld, id: number) => world.rollouts.promote(id, "bob"),
    retry: (world: RolloutWorld, id: number) => world.rollouts.retry(id, "bob"),
    abort: (world: RolloutWorld, id: number) => world.rollouts.abort(id, { rollback: true, reason: "" }, "bob"),
    leave: (world: RolloutWorld, id: number) => world.rollouts.abort(id, { rollback: false, reason: "" }, "bob"),
  };
  const allowed = {
    running: ["pause", "promote", "retry", "abort", "leave"],
    paused: ["resume", "retry", "abort", "leave"],
    queued: ["abort", "leave"],
    rolling_back: [] as string[],
  };
  for (const [state, names] of Object.entries(allowed)) {
    for (const [name, act] of Object.entries(verbs)) {
      await t.step(`${name} while ${state}`, () => {
        const { world, start } = fleetWithBase(10);
        world.answer = silence;
        let id = start();
        if (state === "queued") id = start({ onConflict: "queue" });
        if (state === "paused") world.rollouts.pause(id, "ann");
        if (state === "rolling_back") {
          world.answer = () => ({ state: "applied" });
          for (const agent of world.fleet.agents()) world.fleet.touch(agent, {});
          world.settle();
          world.answer = silence;
          world.rollouts.abort(id, { rollback: true, reason: "" }, "ann");
        }
        strictEqual(world.rollouts.get(id).state, state);
        if (names.includes(name)) act(world, id);
        else throws(() => act(world, id), ConflictError);
      });
    }
  }
});

Deno.test("a rollout that is left where it is", () => {
  const { world, fresh, start } = fleetWithBase(10);
  world.answer = (agent, { hash }) =>
    hash === fresh.hash && agent.uid.endsWith("3") ? { state: "failed" } : { state: "applied" };
  const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }] });
  world.settle();
  const { offers } = world.fleet;
  const view = world.rollouts.abort(id, { rollback: false, reason: "enough" }, "bob");
  deepStrictEqual([view.state, view.reason], ["aborted", "by bob: enough"]);
  strictEqual(world.eventsOf(id).at(-1)?.numbers.kept, 9);
  world.settle();
  deepStrictEqual(
    [world.with(fresh.hash).length, world.fleet.offers],
    [9, offers + 1],
    "the one that failed has its old one",
  );
});

Deno.test("agents are given the version again", async (t) => {
  await t.step("those that failed, and no others", () => {
    const { world, fresh, start } = fleetWithBase(10);
    let isBroken = true;
    world.answer = (agent, { hash }) =>
      isBroken && hash === fresh.hash && agent.uid.endsWith("3")
        ? { state: "failed", error: "no" }
        : { state: "applied" };
    const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }] });
    world.advance(MINUTE_MS);
    isBroken = false;
    world.rollouts.retry(id, "bob");
    strictEqual(
      world.eventsOf(id).filter(({ kind }) => kind === "retried")[0]?.text,
      "1 agent are given the version again",
    );
    world.settle();
    deepStrictEqual([world.with(fresh.hash).length, world.rollouts.get(id).progress?.soakLeftMs], [10, SOAK_MS]);
  });
  await t.step("in their turn: until then they have what they had, also after a restart", () => {
    const { world, old, fresh, start } = fleetWithBase(10);
    world.answer = (agent, { hash }) => ({
      state: hash === fresh.hash && agent.uid.endsWith("3") ? "failed" : "applied",
    });
    const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }] });
    world.settle();
    world.rollouts.pause(id, "bob");
    world.rollouts.retry(id, "bob");
    world.settle();
    deepStrictEqual(world.with(old.hash).map(({ uid }) => uid.at(-1)), ["3"]);
    world.crash();
    world.settle();
    const { released, applied, failed } = world.rollouts.get(id).counts;
    deepStrictEqual([released, applied, failed], [9, 9, 0]);
  });
  await t.step("nobody: the soak goes on", () => {
    const { world, start } = fleetWithBase(10);
    const id = start();
    world.advance(MINUTE_MS);
    world.rollouts.retry(id, "bob");
    strictEqual(world.rollouts.get(id).progress?.soakLeftMs, SOAK_MS - MINUTE_MS);
  });
  await t.step("not those that are at it", () => {
    const { world, start } = fleetWithBase(10);
    world.answer = silence;
    const id = start();
    world.settle();
    world.rollouts.retry(id, "bob");
    strictEqual(
      world.eventsOf(id).find(({ kind }) => kind === "retried")?.text,
      "0 agents are given the version again",
    );
  });
});

Deno.test("50 failures are told one by one, more are only counted", () => {
  const { world, fresh, start } = fleetWithBase(60);
  world.answer = (_agent, { hash }) => hash === fresh.hash ? { state: "failed", error: "no" } : { state: "applied" };
  const id = start({ stages: [{ share: 1, soakMs: SOAK_MS }] });
  world.settle();
  strictEqual(world.rollouts.get(id).counts.failed, 60);
  strictEqual(world.kinds(id).filter((kind) => kind === "agent_failed").length, 50);
});
