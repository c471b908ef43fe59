import fc from "fast-check";
import { deepStrictEqual, ok } from "node:assert/strict";
import { ConflictError } from "../../../opamp/rollouts/errors.ts";
import { ENDED, type RolloutState } from "../../../opamp/rollouts/records.ts";
import { amountOf } from "../../../opamp/rollouts/stages/spec.ts";
import type { RolloutView } from "../../../opamp/rollouts/views.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { DiedError, type FakeAgent, RolloutWorld } from "../../support/fleet.ts";

/** What may be so, worked out from the agents alone. */
interface Model {
  readonly ended: Map<number, RolloutState>;
  /** The most agents that a stage of a rollout could ever have reached, by rollout and stage. */
  readonly reach: Map<string, number>;
  /** Agents that have a rollout's version, by rollout. */
  readonly holders: Map<number, ReadonlySet<string>>;
  /** The most agents that have ever applied the version at the same time, by rollout. */
  readonly applied: Map<number, number>;
  /** Rollouts that were on their way back. */
  readonly back: Set<number>;
  /** At some time nobody was selected: then two rollouts do not see that they would have the same agents. */
  hadNobody: boolean;
}

/** One thing that happens; failures of the test name it. */
class Step {
  readonly name: string;
  readonly run: (world: RolloutWorld) => void;

  constructor(name: string, run: (world: RolloutWorld) => void) {
    this.name = name;
    this.run = run;
  }

  [fc.toStringMethod](): string {
    return this.name;
  }
}

const pick = (world: RolloutWorld, index: number) => [...world.fleet.agents()][index % world.fleet.byUid.size];
const running = (world: RolloutWorld) => world.rollouts.list().filter(({ state }) => !ENDED.has(state));

/** Operators ask for what cannot be, and the store may fail: both are answers, not accidents. */
function tolerated(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof ConflictError) && !(thrown instanceof UnavailableError)) throw thrown;
  }
}

const onAgent = (name: string, act: (world: RolloutWorld, agent: FakeAgent) => void) =>
  fc.nat(50).map((index) =>
    new Step(`${name} ${index}`, (world) => {
      const agent = pick(world, index);
      if (agent !== undefined) act(world, agent);
      world.flush();
    })
  );

const onRollout = (name: string, act: (world: RolloutWorld, rollout: RolloutView) => void) =>
  fc.nat(5).map((index) =>
    new Step(`${name} ${index}`, (world) => {
      const rollouts = world.rollouts.list();
      const rollout = rollouts[index % Math.max(1, rollouts.length)];
      if (rollout !== undefined) tolerated(() => act(world, rollout));
    })
  );

/** What an agent was sent it reports, now or much later, once or again. */
const report = (state: "applied" | "applying" | "failed") =>
  onAgent(state, (world, agent) => {
    if (agent.desired === undefined || !agent.connected) return;
    world.fleet.offered.delete(agent);
    world.fleet.reports(agent, agent.desired.hash, state, state === "failed" ? "broken" : "");
  });

const steps: fc.Arbitrary<Step>[] = [
  report("applied"),
  report("applied"),
  report("applying"),
  report("failed"),
  onAgent("reports an older version", (world, agent) => {
    if (agent.connected) world.fleet.reports(agent, agent.sent.at(-2) ?? "", "applied");
  }),
  onAgent("forgets", (world, agent) => world.fleet.reports(agent, "", "unset")),
  onAgent("disconnects", (world, agent) => world.fleet.touch(agent, { connected: false })),
  onAgent("connects", (world, agent) => world.fleet.touch(agent, { connected: true })),
  onAgent("is well or not", (world, agent) => world.fleet.touch(agent, { healthy: !agent.healthy })),
  onAgent("moves", (world, agent) => {
    const env = agent.attributes.env === "prod" ? "dev" : "prod";
    world.fleet.touch(agent, { attributes: { ...agent.attributes, env }, revision: agent.revision + 1 });
  }),
  onAgent("joins", (world) => world.addAgents(1)),
  fc.record({
    share: fc.constantFrom(0.1, 0.3, 0.5),
    budget: fc.integer({ min: 1, max: 5 }),
    growth: fc.constantFrom(0, 0.25, 1),
    queue: fc.boolean(),
  }).map(
    ({ share, budget, growth, queue }) =>
      new Step(`start ${share} ${budget} ${growth}${queue ? " queued" : ""}`, (world) => {
        world.config("edge", `version: ${world.catalog.versions("edge").length + 1}`);
        tolerated(() =>
          world.rollouts.start({
            selector: "env = prod",
            config: { name: "edge" },
            stages: [{ share, soakMs: 60_000 }, { share: 0.8, soakMs: 60_000 }, { share: 1 }],
            limits: { failed: 0.2, unhealthy: 0.2, disconnected: 0.3 },
            maxApplying: { count: budget },
            applyingGrowth: growth,
            onConflict: queue ? "queue" : "refuse",
          }, "ann")
        );
      }),
  ),
  onRollout("pause", (world, { id }) => world.rollouts.pause(id, "ann")),
  onRollout("resume", (world, { id }) => world.rollouts.resume(id, "ann")),
  onRollout("promote", (world, { id }) => world.rollouts.promote(id, "ann")),
  onRollout("retry", (world, { id }) => world.rollouts.retry(id, "ann")),
  onRollout("abort", (world, { id }) => world.rollouts.abort(id, { rollback: true, reason: "" }, "ann")),
  fc.constant(new Step("everyone applies", (world) => world.settle())),
  fc.constantFrom(1_000, 30_000, 60_000, 300_000).map((ms) =>
    new Step(`${ms} ms pass`, (world) => {
      world.timeMs += ms;
      world.rollouts.tick();
      for (const { id, state, waitsFor } of running(world)) {
        ok(state !== "queued" || waitsFor.length > 0, `rollout ${id} waits for nobody`);
      }
    })
  ),
  fc.constant(new Step("a write fails", (world) => world.failingWrites = 1)),
  fc.constant(new Step("crash", crash)),
  fc.integer({ min: 0, max: 5 }).map((offers) =>
    new Step(`the process will die after ${offers} offers`, (world) => world.fleet.offersToLive = offers)
  ),
];

/** What was said is said again, and nothing else. */
function crash(world: RolloutWorld): void {
  world.failingWrites = 0;
  world.rollouts.tick();
  const before = [...world.fleet.agents()].map(({ desired }) => desired?.hash);
  const states = world.rollouts.list().map(({ id, state, stage }) => ({ id, state, stage }));
  world.crash();
  deepStrictEqual([...world.fleet.agents()].map(({ desired }) => desired?.hash), before, "a crash changes nobody");
  deepStrictEqual(world.rollouts.list().map(({ id, state, stage }) => ({ id, state, stage })), states);
}

/** When the process dies in the middle, another begins. @returns Whether it has died. */
function live(world: RolloutWorld, act: () => void): boolean {
  try {
    act();
    return false;
  } catch (thrown) {
    if (!(thrown instanceof DiedError)) throw thrown;
    world.failingWrites = 0;
    world.crash();
    return true;
  }
}

function check(world: RolloutWorld, model: Model, hasDied: boolean): void {
  const isSelected = ({ attributes }: FakeAgent) => attributes.env === "prod";
  model.hadNobody ||= ![...world.fleet.agents()].some(isSelected);
  const begun = running(world).filter(({ state }) => state !== "queued");
  ok(begun.length <= 1 || model.hadNobody, `rollouts ${begun.map(({ id }) => id).join(", ")} have the same agents`);
  for (const rollout of world.rollouts.list()) {
    checkEnd(world, rollout, model);
    if (rollout.state === "running" || rollout.state === "paused") checkRunning(world, rollout, model, hasDied);
  }
}

/** States that end stay, and what was rolled back is wanted of nobody any more. */
function checkEnd(world: RolloutWorld, { id, state, config }: RolloutView, { ended, back }: Model): void {
  const end = ended.get(id);
  ok(end === undefined || end === state, `rollout ${id} was ${end} and is ${state}`);
  if (ENDED.has(state)) ended.set(id, state);
  if (state === "rolling_back") back.add(id);
  const isForward = state === "running" || state === "paused" || state === "completed";
  ok(!isForward || !back.has(id), `rollout ${id} was on its way back and is ${state}`);
  const isBack = (view: RolloutView) => ["rolling_back", "rolled_back", "aborted"].includes(view.state);
  // One that tries it again may have given it to them.
  if (!world.rollouts.list().filter((other) => other.config.hash === config.hash).every(isBack)) return;
  for (const agent of world.fleet.agents()) {
    ok(agent.desired?.hash !== config.hash, `${agent.uid} keeps what rollout ${id} took back`);
  }
}

function checkRunning(world: RolloutWorld, rollout: RolloutView, model: Model, hasDied: boolean): void {
  const { id, config, spec, stage, counts } = rollout;
  const agents = [...world.fleet.agents()].filter(({ attributes }) => attributes.env === "prod");
  const holders = agents.filter(({ desired }) => desired?.hash === config.hash);
  const { reach, limits } = spec.stages[stage] ?? {};
  ok(reach !== undefined && limits !== undefined);

  const reachable = agents.filter((agent) => agent.connected || holders.includes(agent)).length;
  for (let each = 0; each <= stage; each++) {
    const key = `${id} ${each}`;
    const now = amountOf(spec.stages[each]?.reach ?? { share: 1 }, reachable);
    model.reach.set(key, Math.max(model.reach.get(key) ?? 0, now));
  }
  const allowed = Math.max(...Array.from({ length: stage + 1 }, (_, each) => model.reach.get(`${id} ${each}`) ?? 0));
  ok(
    holders.length <= allowed,
    `rollout ${id} has reached ${holders.length} in stage ${stage}, allowed are ${allowed}`,
  );

  const failed = holders.filter(({ report }) => report.hash === config.hash && report.state === "failed").length;
  const most = Math.max(holders.length, amountOf(reach, reachable));
  ok(failed / most <= limits.failed, `rollout ${id} goes on although ${failed} of ${most} have failed`);

  deepStrictEqual(counts.released, holders.length, `rollout ${id} counts whom it has given the version`);
  ok(failed <= (counts.failed ?? 0), `rollout ${id} counts ${counts.failed} that have failed, ${failed} say so`);

  checkBudget(rollout, holders, model, hasDied);
  model.holders.set(id, new Set(holders.map(({ uid }) => uid)));
}

/** Whoever is given the version is given it within the budget, which grows with what was applied. */
function checkBudget(
  { id, spec, counts }: RolloutView,
  holders: readonly FakeAgent[],
  model: Model,
  hasDied: boolean,
): void {
  const { applied = 0 } = counts;
  // Who had been away for too long was none of them; another process waits for him from the beginning.
  const lost = hasDied ? holders.filter(({ connected }) => !connected).length : 0;
  const applying = (counts.applying ?? 0) - lost;
  // Counted before and after the step: of the agents that a step has seen applied, one may have lost it again.
  const most = Math.max(model.applied.get(id) ?? 0, applied);
  model.applied.set(id, most);
  const before = model.holders.get(id) ?? new Set();
  if (!holders.some(({ uid }) => !before.has(uid))) return;
  const budget = "count" in spec.maxApplying ? spec.maxApplying.count : Infinity;
  const allowed = Math.min(budget, spec.initialApplying + Math.floor(spec.applyingGrowth * most));
  ok(applying <= allowed, `rollout ${id} has ${applying} applying, allowed are ${allowed}`);
}

Deno.test("whatever happens in whatever order, a rollout keeps its promises", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...steps), { minLength: 20, maxLength: 80 }), (chosen) => {
      const world = new RolloutWorld();
      world.addAgents(12);
      world.config("edge", "version: 1");
      world.flush();
      world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
      world.settle();
      const model: Model = {
        ended: new Map(),
        reach: new Map(),
        holders: new Map(),
        applied: new Map(),
        back: new Set(),
        hadNobody: false,
      };
      for (const step of chosen) {
        const hasDied = live(world, () => step.run(world));
        check(world, model, hasDied);
      }
      checkThatAllEnds(world);
      world.db.close();
    }),
    { numRuns: 150 },
  );
});

/** When everyone is there and applies what it is given, every rollout comes to its end, and everyone has what it is to have. */
function checkThatAllEnds(world: RolloutWorld): void {
  world.failingWrites = 0;
  world.fleet.offersToLive = Infinity;
  world.rollouts.tick();
  for (const agent of world.fleet.agents()) world.fleet.touch(agent, { connected: true, healthy: true });
  for (const { id, state } of world.rollouts.list()) if (state === "paused") world.rollouts.resume(id, "ann");
  for (const agent of world.fleet.agents()) {
    if (agent.report.state === "applying") world.fleet.reports(agent, agent.report.hash, "applied");
    if (agent.isOffered) world.fleet.offered.add(agent);
  }
  world.advance(60 * 60_000, 60_000);
  deepStrictEqual(running(world).map(({ id, state }) => ({ id, state })), []);
  for (const agent of world.fleet.agents()) {
    const desired = world.rollouts.desired(agent.uid);
    ok(agent.desired?.hash === desired?.hash, `${agent.uid} was not told`);
    const { hash, state } = agent.report;
    const hasIt = hash === desired?.hash && state === "applied";
    ok(desired === undefined || hasIt || agent.refused.has(desired.hash), `${agent.uid} has ${hash}, ${state}`);
  }
}
