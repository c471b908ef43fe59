/**
 * What operators ask for at its bounds, and what a controller does while its store has failed.
 *
 * @module
 */

import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { NO_CONFIG } from "../../../opamp/rollouts/configs/configs.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "../../../opamp/rollouts/errors.ts";
import { MAX_ENDED, MAX_PAGE } from "../../../opamp/rollouts/records.ts";
import { Rollouts } from "../../../opamp/rollouts/rollouts.ts";
import type { RolloutRequest } from "../../../opamp/rollouts/stages/spec.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { type LogFields, silentLogger } from "../../../pipeline/core/log/logger.ts";
import { compilePattern, type FakeAgent, RolloutWorld } from "../../support/fleet.ts";

const MINUTE_MS = 60_000;
const ALL = 'service.name = "sluice"';

/** A fleet that has version 1, and a version 2 to come. */
function fleetWithBase(agents: number) {
  const world = new RolloutWorld();
  world.addAgents(agents);
  world.flush();
  world.config("edge", "a: 1");
  world.rollouts.assign({ selector: ALL, config: { name: "edge" } }, "ann");
  world.settle();
  const fresh = world.config("edge", "a: 2");
  return { world, fresh };
}

const request = (more: Partial<RolloutRequest> = {}): RolloutRequest => ({
  selector: ALL,
  config: { name: "edge" },
  stages: [{ share: 1, soakMs: MINUTE_MS }],
  ...more,
});

/** Hears nobody. */
const silence = () => undefined;

Deno.test("there are 256 assignments at the most, and any of them may change", () => {
  const world = new RolloutWorld();
  world.config("edge", "a: 1");
  const assign = (number: number) =>
    world.rollouts.assign({ selector: `env = "e${number}"`, config: { name: "edge" } }, "ann");
  for (let number = 0; number < 256; number++) assign(number);
  throws(() => assign(256), ConflictError);
  assign(7);
  strictEqual(world.rollouts.assignments().length, 256);
});

Deno.test("32 rollouts may go on at the same time, and one more when one has ended", () => {
  const { world } = fleetWithBase(0);
  for (let number = 0; number < 33; number++) world.addAgents(1, { region: `r${number}` });
  world.settle();
  world.answer = silence;
  const start = (number: number) => world.rollouts.start(request({ selector: `region = "r${number}"` }), "ann").id;
  const ids = Array.from({ length: 32 }, (_, number) => start(number));
  throws(() => start(32), ConflictError);
  strictEqual(world.rollouts.list().length, 32);
  world.rollouts.abort(ids[0]!, { rollback: false, reason: "" }, "bob");
  deepStrictEqual([start(32), world.rollouts.list()[0]?.id], [33, 33], "the newest comes first");
});

Deno.test("of those that have ended the newest are kept", () => {
  const { world } = fleetWithBase(1);
  world.answer = silence;
  for (let number = 0; number < MAX_ENDED + 2; number++) {
    const { id } = world.rollouts.start(request(), "ann");
    world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
    world.rollouts.unpin(id, "bob");
  }
  const ids = world.rollouts.list().map(({ id }) => id);
  deepStrictEqual([ids.length, ids[0], ids.at(-1)], [MAX_ENDED, MAX_ENDED + 2, 3]);
});

Deno.test("a rollout says where it comes from, and what it waits for", async (t) => {
  const { world } = fleetWithBase(10);
  world.answer = silence;
  const first = world.rollouts.start(request(), "ann");
  const second = world.rollouts.start(request({ onConflict: "queue" }), "ann");
  const textsOf = (id: number, kind: string) =>
    world.eventsOf(id).filter((event) => event.kind === kind).map(({ text }) => text);
  await t.step("one that starts at once", () => {
    deepStrictEqual([first.state, first.waitsFor, first.retryOf, first.startedMs], ["running", [], 0, world.timeMs]);
    deepStrictEqual(textsOf(first.id, "created"), ["edge 2 to agents with service.name = sluice"]);
    deepStrictEqual(textsOf(first.id, "queued"), []);
  });
  await t.step("one that is queued", () => {
    deepStrictEqual([second.state, second.stage, second.waitsFor], ["queued", 0, [first.id]]);
    deepStrictEqual([second.startedMs, second.stageStartedMs, second.endedMs], [0, 0, 0]);
    deepStrictEqual(textsOf(second.id, "queued"), [`It waits for rollouts ${first.id}`]);
  });
  await t.step("read again, only the one that runs has recovered", () => {
    world.crash();
    deepStrictEqual([textsOf(first.id, "recovered").length, textsOf(second.id, "recovered")], [1, []]);
    match(textsOf(first.id, "recovered")[0]!, /in stage 1, releasing;/);
    deepStrictEqual(world.rollouts.get(second.id).waitsFor, [first.id]);
  });
  await t.step("one that tries another again", () => {
    world.rollouts.abort(second.id, { rollback: true, reason: "" }, "bob");
    world.rollouts.abort(first.id, { rollback: false, reason: "" }, "bob");
    world.rollouts.unpin(first.id, "bob");
    const retry = world.rollouts.retry(first.id, "bob");
    strictEqual(retry.retryOf, first.id);
    match(textsOf(retry.id, "created")[0]!, /, tries rollout 1 again$/);
    throws(() => world.rollouts.retry(first.id, "bob"), ConflictError, "its agents are in one already");
  });
  await t.step("what is read again of one that has ended", () => {
    const before = world.rollouts.list();
    world.crash();
    deepStrictEqual(
      world.rollouts.list().map(({ id, state }) => [id, state]),
      before.map(({ id, state }) => [id, state]),
    );
    deepStrictEqual(textsOf(first.id, "recovered").length, 1);
  });
});

Deno.test("what is completed is not tried again", () => {
  const { world } = fleetWithBase(10);
  const { id } = world.rollouts.start(request(), "ann");
  world.advance(MINUTE_MS);
  strictEqual(world.rollouts.get(id).state, "completed");
  throws(() => world.rollouts.retry(id, "bob"), ConflictError);
  world.rollouts.assign({ selector: ALL, config: { name: "edge", version: 1 } }, "ann");
  world.settle();
  throws(() => world.rollouts.retry(id, "bob"), ConflictError, "though it would change something again");
  strictEqual(world.rollouts.list().length, 1);
});

Deno.test("who wants to change what has ended is told what it is, and of what has completed the way back", async (t) => {
  const { world } = fleetWithBase(3);
  const other = 'host.name = "gw-0"';
  const rollOut = (version: number, selector = ALL) => {
    const { id } = world.rollouts.start(request({ selector, config: { name: "edge", version } }), "ann");
    world.settle();
    return id;
  };
  const complete = (version: number, selector = ALL) => {
    const id = rollOut(version, selector);
    world.advance(MINUTE_MS);
    return id;
  };
  const told = (id: number) => {
    try {
      world.rollouts.pause(id, "bob");
    } catch (thrown) {
      if (thrown instanceof ConflictError) return thrown.message;
      throw thrown;
    }
    throw new Error("it has not ended");
  };
  const back = (id: number, version: string) =>
    `Cannot change rollout ${id}: it is completed; to go back: sluice controller rollouts start 'service.name = sluice' ${version}`;
  for (const version of [3, 4, 5, 6]) world.config("edge", `a: ${version}`);
  const first = complete(3);
  await t.step("nothing before it: the version before", () => strictEqual(told(first), back(first, "edge@2")));
  complete(2, other);
  const aborted = rollOut(4);
  world.rollouts.abort(aborted, { rollback: true, reason: "" }, "bob");
  world.settle();
  await t.step("one that was aborted", () => {
    strictEqual(told(aborted), `Cannot change rollout ${aborted}: it is aborted`);
  });
  const second = complete(1);
  const third = complete(5);
  await t.step("what completed before it for the same agents", () => {
    deepStrictEqual([told(second), told(third)], [back(second, "edge@3"), back(third, "edge@1")]);
  });
  await t.step("another version than its own", () => {
    complete(6);
    complete(1);
    const again = complete(5);
    world.rollouts.assign({ selector: ALL, config: { name: "edge", version: 2 } }, "ann");
    world.settle();
    strictEqual(told(complete(5)), back(again + 1, "edge@1"));
  });
});

Deno.test("the newest of equal rules is the stronger one, also in a plan", () => {
  const { world } = fleetWithBase(10);
  const { changing, shadowed } = world.rollouts.dryRun(request());
  deepStrictEqual([changing, shadowed], [10, 0]);
});

Deno.test("an assignment that is taken back", () => {
  const { world } = fleetWithBase(10);
  world.rollouts.unassign(ALL, 0, "bob");
  world.settle();
  deepStrictEqual(world.rollouts.assignments(), []);
  strictEqual(world.rollouts.drift().unmanaged, 10);
  for (const { desired } of world.fleet.agents()) strictEqual(desired?.hash, NO_CONFIG.hash, "they are told so");
  deepStrictEqual(world.kinds(0).slice(-2), ["assigned", "unassigned"]);
  world.crash();
  deepStrictEqual(world.rollouts.assignments(), []);
  throws(() => world.rollouts.unassign(ALL, 0, "bob"), UnknownNameError);
});

Deno.test("agents are unpinned once", () => {
  const { world } = fleetWithBase(10);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
  strictEqual(world.rollouts.unpin(id, "bob"), 10);
  strictEqual(world.rollouts.unpin(id, "bob"), 0);
  const events = world.eventsOf(id).filter(({ kind }) => kind === "unpinned");
  deepStrictEqual(events.map(({ text }) => text), ["10 agents follow the rules again"]);
});

Deno.test("one that is unpinned alone is told too", () => {
  const { world } = fleetWithBase(1);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
  strictEqual(world.rollouts.unpin(id, "bob"), 1);
  strictEqual(world.kinds(id).at(-1), "unpinned");
});

Deno.test("a queued rollout that nothing is in the way of any more starts when a controller does", () => {
  const { world } = fleetWithBase(0);
  for (const region of ["a", "both", "b"]) world.addAgents(1, { region });
  world.settle();
  world.answer = silence;
  const start = (pattern: string) =>
    world.rollouts.start(request({ selector: `region =~ "${pattern}"`, priority: 1, onConflict: "queue" }), "ann").id;
  const [first, second] = [start("a|both"), start("b|both")];
  deepStrictEqual([first, second].map((id) => world.rollouts.get(id).state), ["running", "queued"]);
  const [, both] = [...world.fleet.byUid.keys()];
  world.fleet.byUid.delete(both!);
  world.rollouts.onGone([both!]);
  world.crash();
  deepStrictEqual([first, second].map((id) => world.rollouts.get(id).state), ["running", "running"]);
});

Deno.test("a queued rollout starts by the next tick when the agents that were in its way are not any more", async (t) => {
  const cases: { name: string; more?: string[]; change: (world: RolloutWorld, both: FakeAgent) => void }[] = [
    {
      name: "moved",
      change: ({ fleet }, both) => fleet.touch(both, { attributes: { ...both.attributes, region: "b" }, revision: 2 }),
    },
    {
      name: "moved out of its own selection",
      change: ({ fleet }, both) => fleet.touch(both, { attributes: { ...both.attributes, region: "a" }, revision: 2 }),
    },
    {
      name: "removed",
      change: ({ fleet, rollouts }, { uid }) => {
        fleet.byUid.delete(uid);
        rollouts.onGone([uid]);
      },
    },
  ];
  const queued = (regions: string[]) => {
    const { world } = fleetWithBase(0);
    for (const region of regions) world.addAgents(1, { region });
    world.settle();
    world.answer = silence;
    const [first, second] = ["a|both", "b|both"].map((pattern) =>
      world.rollouts.start(request({ selector: `region =~ "${pattern}"`, priority: 1, onConflict: "queue" }), "ann").id
    );
    const shared = [...world.fleet.agents()].filter(({ attributes }) => attributes.region === "both");
    const states = () => [first, second].map((id) => world.rollouts.get(id!).state);
    deepStrictEqual(states(), ["running", "queued"]);
    return { world, shared, states };
  };
  for (const { name, change } of cases) {
    await t.step(name, () => {
      const { world, shared: [both], states } = queued(["a", "both", "b"]);
      change(world, both!);
      world.flush();
      world.rollouts.tick();
      deepStrictEqual(states(), ["running", "running"]);
    });
  }
  await t.step("not while there is another one", () => {
    const { world, shared: [one, two], states } = queued(["a", "both", "both", "b"]);
    for (const [agent, want] of [[one, "queued"], [two, "running"]] as const) {
      world.fleet.touch(agent!, { attributes: { ...agent!.attributes, region: "a" }, revision: 2 });
      world.flush();
      world.rollouts.tick();
      deepStrictEqual(states(), ["running", want]);
    }
  });
});

Deno.test("what queued rollouts cost is a look at one agent each, until that one is not in the way any more", () => {
  const { world } = fleetWithBase(500);
  world.answer = silence;
  for (let times = 0; times < 5; times++) world.rollouts.start(request({ onConflict: "queue" }), "ann");
  let looks = 0;
  const agents = world.fleet.agents.bind(world.fleet);
  world.fleet.agents = () => {
    looks++;
    return agents();
  };
  const [first] = agents();
  for (let times = 0; times < 100; times++) world.rollouts.tick();
  strictEqual(looks, 0);
  world.fleet.touch(first!, { attributes: {}, revision: 2 });
  world.flush();
  world.rollouts.tick();
  strictEqual(looks, 4, "each of the four that wait looks for another agent");
  world.rollouts.tick();
  strictEqual(looks, 4);
});

Deno.test("pages have one entry at the least", () => {
  const { world } = fleetWithBase(10);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  for (const [limit, want] of [[-5, 1], [0, 1], [1, 1], [2.9, 2], [MAX_PAGE, 3], [Infinity, 3]] as const) {
    strictEqual(world.rollouts.events({ rollout: id, limit }).length >= want, true, `${limit}`);
    if (want < 3) strictEqual(world.rollouts.events({ rollout: id, limit }).length, want);
  }
  strictEqual(world.rollouts.members(id, { limit: 0 }).length, 1);
  throws(() => world.rollouts.members(99, { limit: 1 }), UnknownNameError);
});

Deno.test("what an agent handled before it was known is not its doing", async (t) => {
  const itemsOf = (world: RolloutWorld, id: number) => world.rollouts.get(id).progress?.figures.traffic.changed.items;
  await t.step("of one that nobody knew", () => {
    const { world } = fleetWithBase(1);
    const uid = "1".padStart(32, "0");
    world.rollouts.onReport(uid, { items: 1_000, errors: 0 });
    world.addAgents(1);
    world.settle();
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    world.rollouts.onReport(uid, { items: 3_000, errors: 0 });
    strictEqual(itemsOf(world, id), 0);
    world.rollouts.onReport(uid, { items: 3_500, errors: 0 });
    strictEqual(itemsOf(world, id), 500);
  });
  await t.step("of one that was removed and has come back", () => {
    const { world } = fleetWithBase(1);
    const [agent] = world.fleet.agents();
    world.rollouts.onReport(agent!.uid, { items: 1_000, errors: 0 });
    world.fleet.byUid.delete(agent!.uid);
    world.rollouts.onGone([agent!.uid]);
    world.fleet.add(agent!);
    world.settle();
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    world.rollouts.onReport(agent!.uid, { items: 3_000, errors: 0 });
    strictEqual(itemsOf(world, id), 0);
  });
});

Deno.test("while the store has failed nothing is decided, and all of it is read when it works again", async (t) => {
  const { world } = fleetWithBase(10);
  const errors: [string, LogFields][] = [];
  const { fleet, store, catalog, clock } = world;
  const error = (message: string, fields: LogFields = {}) => void errors.push([message, fields]);
  const logger = { ...silentLogger, error };
  const rollouts = new Rollouts({ fleet, store, catalog, clock, compilePattern, logger });
  rollouts.open();
  const [agent] = world.addAgents(1);
  const { id } = rollouts.start(request(), "ann");
  await t.step("an operator is told", () => {
    world.failingWrites = 1;
    throws(() => rollouts.pause(id, "bob"), UnavailableError);
    throws(() => rollouts.pause(id, "bob"), UnavailableError);
    deepStrictEqual([rollouts.list(), rollouts.assignments(), rollouts.desired(agent!.uid)], [[], [], undefined]);
  });
  await t.step("what the fleet says is heard later", () => {
    rollouts.onAgents([agent!]);
    rollouts.onGone([agent!.uid]);
    rollouts.onReport(agent!.uid, { items: 1, errors: 0 });
  });
  await t.step("the next tick reads all of it", () => {
    rollouts.tick();
    deepStrictEqual(rollouts.list().map(({ state }) => state), ["running"]);
    strictEqual(rollouts.assignments().length, 1);
    deepStrictEqual(errors, []);
  });
  await t.step("the log tells it once in ten seconds, with how often it was", () => {
    world.failingWrites = 4;
    throws(() => rollouts.pause(id, "bob"), UnavailableError);
    const startMs = world.timeMs;
    for (const atMs of [0, 9_999, 10_000]) {
      world.timeMs = startMs + atMs;
      rollouts.tick();
    }
    deepStrictEqual(errors.map(([, { times }]) => times), [1, 2]);
    rollouts.tick();
    deepStrictEqual([rollouts.get(id).state, errors.length], ["running", 2]);
  });
});

Deno.test("what rollouts give up or complete to is not assigned below them", () => {
  const { world } = fleetWithBase(10);
  world.answer = silence;
  world.rollouts.start(request(), "ann");
  const assign = (selector: string, priority: number) =>
    world.rollouts.assign({ selector, priority, config: { name: "edge" } }, "bob");
  throws(() => assign(ALL, 0), ConflictError);
  for (const [selector, priority] of [[ALL, 1], ['env = "prod"', 0]] as const) assign(selector, priority);
  for (const priority of [1.5, NaN, 2 ** 53]) throws(() => assign("*", priority), InvalidRequestError);
});

Deno.test("of two equal rules the newer one holds", async (t) => {
  await t.step("of two assignments", () => {
    const { world, fresh } = fleetWithBase(10);
    world.rollouts.assign({ selector: 'env = "prod"', config: { name: "edge" } }, "ann");
    world.settle();
    strictEqual(world.with(fresh.hash).length, 10);
  });
  await t.step("what a completed rollout leaves is newer than what was there", () => {
    const { world } = fleetWithBase(10);
    world.rollouts.assign({ selector: 'env = "prod"', config: { name: "edge", version: 1 } }, "ann");
    const { hash } = world.config("edge", "a: 3");
    world.rollouts.start(request(), "ann");
    world.advance(MINUTE_MS);
    strictEqual(world.with(hash).length, 10);
    world.crash();
    world.advance(MINUTE_MS);
    strictEqual(world.with(hash).length, 10);
  });
  await t.step("and than what came while it ran", () => {
    const { world, fresh } = fleetWithBase(10);
    world.rollouts.start(request(), "ann");
    world.settle();
    world.rollouts.assign({ selector: 'env = "prod"', config: { name: "edge", version: 1 } }, "ann");
    world.settle();
    world.advance(MINUTE_MS);
    strictEqual(world.with(fresh.hash).length, 10);
  });
});

Deno.test("agents keep what an aborted rollout has given them", async (t) => {
  const aborted = () => {
    const { world, fresh } = fleetWithBase(10);
    const { id } = world.rollouts.start(request(), "ann");
    world.settle();
    world.rollouts.abort(id, { rollback: false, reason: "" }, "bob");
    world.settle();
    return { world, fresh, id };
  };
  await t.step("also without a restart", () => {
    const { world, fresh } = aborted();
    strictEqual(world.with(fresh.hash).length, 10);
  });
  await t.step("until they are unpinned, also after a restart", () => {
    const { world, fresh, id } = aborted();
    world.rollouts.unpin(id, "bob");
    world.crash();
    world.settle();
    strictEqual(world.with(fresh.hash).length, 0);
  });
  await t.step("until they are removed from the fleet, also after a restart", () => {
    const { world, fresh, id } = aborted();
    const [agent] = world.fleet.agents();
    world.fleet.byUid.delete(agent!.uid);
    world.rollouts.onGone([agent!.uid]);
    world.fleet.add(agent!);
    world.settle();
    strictEqual(world.with(fresh.hash).length, 9);
    world.crash();
    world.settle();
    deepStrictEqual([world.with(fresh.hash).length, world.rollouts.unpin(id, "bob")], [9, 9]);
  });
  await t.step("until another one has given them something", () => {
    const { world, id } = aborted();
    const { hash } = world.config("edge", "a: 3");
    world.rollouts.start(request(), "ann");
    world.advance(MINUTE_MS);
    deepStrictEqual([world.with(hash).length, world.rollouts.unpin(id, "bob")], [10, 0]);
  });
});

Deno.test("each rollout meets the agents in an order of its own", () => {
  const { world, fresh } = fleetWithBase(200);
  const stages = [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1, soakMs: MINUTE_MS }];
  const firstOf = (hash: string) => {
    const { id } = world.rollouts.start(request({ stages }), "ann");
    world.settle();
    const uids = world.with(hash).map(({ uid }) => uid);
    world.rollouts.abort(id, { rollback: true, reason: "" }, "bob");
    world.settle();
    return uids;
  };
  const [one, two] = [firstOf(fresh.hash), firstOf(fresh.hash)];
  deepStrictEqual([one.length, two.length], [20, 20]);
  strictEqual(one.every((uid) => two.includes(uid)), false);
});

Deno.test("a rollout knows its agents when it begins, and forgets those that applied when it ends", () => {
  const { world, fresh } = fleetWithBase(10);
  world.answer = (agent, { hash }) =>
    hash === fresh.hash && agent.uid.endsWith("3") ? { state: "failed" } : { state: "applied" };
  const { id } = world.rollouts.start(request({ limits: { failed: 1 } }), "ann");
  const started = world.eventsOf(id).find(({ kind }) => kind === "started");
  deepStrictEqual([started?.numbers.members, started?.numbers.ready], [10, 10]);
  world.advance(MINUTE_MS);
  strictEqual(world.rollouts.get(id).state, "completed");
  deepStrictEqual(world.rollouts.members(id, { limit: 99 }).map(({ phase }) => phase), ["failed"]);
});

Deno.test("an agent that changes and stays in its rollout stays what it is there", () => {
  const { world, fresh } = fleetWithBase(10);
  const { id } = world.rollouts.start(request(), "ann");
  world.settle();
  const { offers } = world.fleet;
  const [agent] = world.fleet.agents();
  world.fleet.touch(agent!, { revision: 2, attributes: { ...agent!.attributes, env: "test" } });
  world.settle();
  const { applied, released } = world.rollouts.get(id).counts;
  deepStrictEqual([applied, released, world.fleet.offers, world.with(fresh.hash).length], [10, 10, offers, 10]);
});

Deno.test("an agent that follows no remote configuration is told nothing", () => {
  const { world } = fleetWithBase(10);
  const [agent] = world.fleet.agents();
  const { offers } = world.fleet;
  world.fleet.touch(agent!, { revision: 2, followsConfig: false });
  world.settle();
  strictEqual(world.fleet.offers, offers);
  world.rollouts.unassign(ALL, 0, "bob");
  world.settle();
  strictEqual(world.fleet.offers, offers + 9);
});

Deno.test("an agent that returns with something of ours is told that it is to have nothing, also after a restart", () => {
  const { world } = fleetWithBase(2);
  const [ours, other] = [...world.fleet.agents()];
  for (const agent of [ours!, other!]) world.fleet.touch(agent, { connected: false });
  world.rollouts.unassign(ALL, 0, "bob");
  for (const agent of [ours!, other!]) world.fleet.touch(agent, { desired: undefined });
  world.fleet.touch(other!, { report: { hash: "another's", state: "applied", error: "", revision: 9 } });
  world.crash();
  for (const agent of [ours!, other!]) world.fleet.touch(agent, { connected: true });
  world.settle();
  deepStrictEqual([ours, other].map((agent) => agent?.desired?.hash), [NO_CONFIG.hash, undefined]);
});

Deno.test("an agent that moves while nothing can be written is one of the stage no more when it comes back", async (t) => {
  for (
    const [name, isDescribed, released] of [
      ["it has said what it is", true, 1],
      ["it is not known what it is until it has come back", false, 2],
    ] as const
  ) {
    await t.step(name, () => {
      const { world, fresh } = fleetWithBase(10);
      const { id } = world.rollouts.start(
        request({ stages: [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1 }] }),
        "ann",
      );
      const agent = [...world.fleet.agents()].find(({ desired }) => desired?.hash === fresh.hash);
      const { attributes } = agent!;
      world.failingWrites = 1;
      world.fleet.touch(agent!, { revision: 2, isDescribed, attributes: { ...attributes, "service.name": "other" } });
      world.flush();
      world.crash();
      world.fleet.touch(agent!, { revision: 3, isDescribed: true, attributes });
      world.flush();
      strictEqual(world.rollouts.get(id).counts.released, released);
    });
  }
  await t.step("nor when the controller has died once more", () => {
    const { world, fresh } = fleetWithBase(10);
    const { id } = world.rollouts.start(request({ stages: [{ share: 0.1, soakMs: MINUTE_MS }, { share: 1 }] }), "ann");
    const agent = [...world.fleet.agents()].find(({ desired }) => desired?.hash === fresh.hash);
    const { attributes } = agent!;
    world.failingWrites = 1;
    world.fleet.touch(agent!, { revision: 2, attributes: { ...attributes, "service.name": "other" } });
    world.flush();
    world.crash();
    world.fleet.touch(agent!, { revision: 3, isDescribed: false });
    world.crash();
    world.fleet.touch(agent!, { revision: 4, isDescribed: true, attributes });
    world.flush();
    strictEqual(world.rollouts.get(id).counts.released, 1);
  });
});
