/**
 * Agents of a rollout: how they are counted, to the millisecond of their graces, whatever they say.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ConfigState, ConfigVersionRef } from "../../../../opamp/rollouts/agents.ts";
import { MAX_ERROR_LENGTH, type MemberPhase, type MemberRecord } from "../../../../opamp/rollouts/records.ts";
import { type Counts, noCounts } from "../../../../opamp/rollouts/stages/member.ts";
import { Members } from "../../../../opamp/rollouts/stages/members.ts";
import { FakeAgent } from "../../../support/fleet.ts";

const OLD: ConfigVersionRef = { name: "edge", version: 1, hash: "old" };
const FRESH: ConfigVersionRef = { name: "edge", version: 2, hash: "fresh" };
const APPLY_MS = 100_000;
const AWAY_MS = 30_000;
const UNWELL_MS = 20_000;

/** Members that are watched, and what became of their phases. */
function setUp() {
  let timeMs = 1_000;
  const phases: [string, MemberPhase][] = [];
  const members = new Members({
    spec: { config: FRESH, applyTimeoutMs: APPLY_MS, awayGraceMs: AWAY_MS, unhealthyGraceMs: UNWELL_MS },
    seed: "seed",
    clock: { monotonicMs: () => timeMs, nowMs: () => 1_000_000 + timeMs },
    onPhase: ({ uid }, phase) => phases.push([uid, phase]),
  });
  members.mode = "watching";
  /** Joins with what is said of it. */
  const join = (uid: string, change: Partial<FakeAgent> = {}, base: ConfigVersionRef | undefined = OLD) => {
    const agent = Object.assign(new FakeAgent(uid), change);
    members.join(agent, base);
    return agent;
  };
  const says = (agent: FakeAgent, change: Partial<FakeAgent>) => members.observe(Object.assign(agent, change));
  const reports = (agent: FakeAgent, hash: string, state: ConfigState, error = "") =>
    says(agent, { report: { hash, state, error, revision: agent.report.revision + 1 } });
  /** Gives the version to who is next. */
  const release = (items = 0, errors = 0) => members.releaseNext(() => ({ items, errors }))?.uid;
  /** Joins and is given the version. */
  const released = (uid = "a", change: Partial<FakeAgent> = {}) => {
    const agent = join(uid, change);
    strictEqual(release(), uid);
    return agent;
  };
  const pass = (ms: number) => {
    timeMs += ms;
    members.expire();
  };
  return { members, phases, join, says, reports, release, released, pass };
}

/** All counts that are not 0. */
function counted({ members }: { readonly members: Members }): Partial<Counts> {
  return Object.fromEntries(Object.entries(members.counts).filter(([, count]) => count !== 0));
}

Deno.test("noCounts() counts nobody", () => {
  deepStrictEqual(new Set(Object.values(noCounts())), new Set([0]));
  deepStrictEqual(counted(setUp()), {});
});

Deno.test("who waits", async (t) => {
  const cases: { name: string; change?: Partial<FakeAgent>; base?: ConfigVersionRef; want: Partial<Counts> }[] = [
    { name: "connected", want: { members: 1, ready: 1, control: 1 } },
    { name: "away: it says nothing of the others", change: { connected: false }, want: { members: 1, away: 1 } },
    { name: "has it already", base: FRESH, want: { members: 1, unchanged: 1 } },
  ];
  for (const { name, change, base, want } of cases) {
    await t.step(name, () => {
      const world = setUp();
      world.join("a", change, base);
      deepStrictEqual(counted(world), want);
      strictEqual(world.release(), want.ready === 1 ? "a" : undefined);
    });
  }
  await t.step("is ill when it has been so for the grace, if it was well before", () => {
    for (const [healthy, ill] of [[true, 1], [undefined, 1], [false, 0]] as const) {
      const world = setUp();
      const agent = world.join("a", { healthy });
      world.pass(3 * UNWELL_MS);
      world.says(agent, { healthy: false });
      world.pass(UNWELL_MS - 1);
      world.says(agent, { healthy: false });
      strictEqual(world.members.counts.controlUnhealthy, 0);
      world.pass(1);
      strictEqual(world.members.counts.controlUnhealthy, ill, `${healthy}`);
      world.says(agent, { healthy: true });
      strictEqual(world.members.counts.controlUnhealthy, 0);
      world.pass(UNWELL_MS);
      strictEqual(world.members.counts.controlUnhealthy, 0);
      world.says(agent, { healthy: false });
      world.pass(UNWELL_MS - 1);
      strictEqual(world.members.counts.controlUnhealthy, 0, "its grace begins anew");
    }
  });
  await t.step("is lost when it has been away for the grace, if it was there", () => {
    const world = setUp();
    const [seen, never] = [world.join("a"), world.join("b", { connected: false })];
    world.pass(3 * AWAY_MS);
    world.says(seen, { connected: false });
    world.pass(AWAY_MS - 1);
    world.says(seen, { healthy: undefined });
    deepStrictEqual(counted(world), { members: 2, away: 2, control: 1 });
    world.pass(1);
    deepStrictEqual(counted(world), { members: 2, away: 2, control: 1, controlDisconnected: 1 });
    world.says(seen, { connected: true });
    world.says(never, { connected: true });
    deepStrictEqual(counted(world), { members: 2, ready: 2, control: 2 });
    world.says(never, { connected: false });
    world.pass(AWAY_MS);
    strictEqual(world.members.counts.controlDisconnected, 1);
  });
});

Deno.test("who comes next is connected, waits and is changed by it", () => {
  const world = setUp();
  const agents = ["a", "b", "c", "d"].map((uid) => world.join(uid));
  world.says(agents[0]!, { connected: false });
  world.members.leave("b");
  world.members.rebase("c", FRESH);
  deepStrictEqual([world.release(), world.release()], ["d", undefined]);
  world.says(agents[0]!, { connected: true });
  world.members.rebase("c", OLD);
  world.join("b");
  deepStrictEqual([world.release(), world.release(), world.release()].sort(), ["a", "b", "c"]);
  strictEqual(world.release(), undefined);
});

Deno.test("what agents say of the version", async (t) => {
  const says: { name: string; reports: [string, ConfigState, string?][]; phase: MemberPhase; phases: MemberPhase[] }[] =
    [
      { name: "nothing yet", reports: [], phase: "applying", phases: [] },
      { name: "APPLIED", reports: [["fresh", "applied"]], phase: "applied", phases: ["applied"] },
      { name: "FAILED", reports: [["fresh", "failed", "no"]], phase: "failed", phases: ["failed"] },
      {
        name: "FAILED twice",
        reports: [["fresh", "failed"], ["fresh", "failed"]],
        phase: "failed",
        phases: ["failed"],
      },
      { name: "APPLYING", reports: [["fresh", "applying"]], phase: "applying", phases: [] },
      { name: "of another version", reports: [["old", "applied"]], phase: "applying", phases: [] },
      {
        name: "APPLYING again after APPLIED",
        reports: [["fresh", "applied"], ["fresh", "applying"]],
        phase: "applying",
        phases: ["applied", "applying"],
      },
      {
        name: "gone back to another one by itself",
        reports: [["fresh", "applied"], ["old", "applied"]],
        phase: "failed",
        phases: ["applied", "failed"],
      },
      {
        name: "lost what it had",
        reports: [["fresh", "applied"], ["", "unset"]],
        phase: "applying",
        phases: ["applied", "applying"],
      },
      {
        name: "FAILED, and APPLIED later",
        reports: [["fresh", "failed", "no"], ["fresh", "applied"]],
        phase: "applied",
        phases: ["failed", "applied"],
      },
    ];
  for (const { name, reports, phase, phases } of says) {
    await t.step(name, () => {
      const world = setUp();
      const agent = world.released();
      for (const report of reports) world.reports(agent, ...report);
      strictEqual(world.members.get("a")?.phase, phase);
      deepStrictEqual(world.phases.map(([, phase]) => phase), ["applying", ...phases]);
      deepStrictEqual(counted(world), { members: 1, released: 1, [phase]: 1 });
    });
  }
  await t.step("what it said before it was given it does not count", () => {
    const world = setUp();
    const agent = world.join("a", { report: { hash: "fresh", state: "failed", error: "no", revision: 7 } });
    world.release();
    world.says(agent, {});
    strictEqual(world.members.get("a")?.phase, "applying");
    world.reports(agent, "fresh", "failed", "no");
    strictEqual(world.members.get("a")?.phase, "failed");
  });
  await t.step("nor what it said while it waited", () => {
    const world = setUp();
    const agent = world.join("a");
    world.reports(agent, "fresh", "failed", "no");
    world.release();
    world.says(agent, {});
    strictEqual(world.members.get("a")?.phase, "applying");
  });
  await t.step("who runs it already has applied it", () => {
    const world = setUp();
    world.released("a", { report: { hash: "fresh", state: "applied", error: "", revision: 7 } });
    deepStrictEqual(world.phases, [["a", "applied"]]);
  });
  await t.step("a record that is older than its verdict takes nothing back", () => {
    const world = setUp();
    const agent = world.released();
    world.reports(agent, "fresh", "applied");
    world.says(agent, { report: { hash: "old", state: "applied", error: "", revision: 0 } });
    strictEqual(world.members.get("a")?.phase, "applied");
  });
  await t.step("its error is kept, cut, and gone with the next verdict", () => {
    const world = setUp();
    const agent = world.released();
    world.reports(agent, "fresh", "failed", "x".repeat(MAX_ERROR_LENGTH + 1));
    strictEqual(world.members.get("a")?.error, "x".repeat(MAX_ERROR_LENGTH));
    world.reports(agent, "fresh", "failed", "once more");
    strictEqual(world.members.get("a")?.error, "x".repeat(MAX_ERROR_LENGTH), "the first is told");
    world.reports(agent, "fresh", "applied");
    strictEqual(world.members.get("a")?.error, "");
    world.reports(agent, "old", "applied");
    strictEqual(world.members.get("a")?.error, "it went back to another configuration by itself");
  });
});

Deno.test("who does not answer", async (t) => {
  await t.step("is silent when its time is over, or stuck when it had begun", () => {
    for (const phase of ["silent", "stuck"] as const) {
      const world = setUp();
      const agent = world.released();
      if (phase === "stuck") world.reports(agent, "fresh", "applying");
      world.pass(APPLY_MS - 1);
      deepStrictEqual(counted(world), { members: 1, released: 1, applying: 1 });
      world.pass(1);
      deepStrictEqual(counted(world), { members: 1, released: 1, [phase]: 1 });
      world.reports(agent, "fresh", "applied");
      deepStrictEqual(counted(world), { members: 1, released: 1, applied: 1 });
    }
  });
  await t.step("is known by when it was given the version", () => {
    const world = setUp();
    world.pass(500);
    world.released();
    strictEqual(world.members.get("a")?.releasedMs, 1_001_500);
  });
  await t.step("has no more time by saying the same again", () => {
    const world = setUp();
    const agent = world.released();
    world.pass(APPLY_MS - 1);
    world.says(agent, {});
    world.pass(1);
    deepStrictEqual(counted(world), { members: 1, released: 1, silent: 1 });
    world.reports(agent, "fresh", "applying");
    deepStrictEqual(counted(world), { members: 1, released: 1, silent: 1 }, "too late to have begun");
  });
  await t.step("is silent after it came back without what it had begun", () => {
    const world = setUp();
    const agent = world.released();
    world.reports(agent, "fresh", "applying");
    world.says(agent, { connected: false });
    world.says(agent, { connected: true, report: { hash: "old", state: "applied", error: "", revision: 9 } });
    world.pass(APPLY_MS);
    deepStrictEqual(world.phases, [["a", "applying"], ["a", "silent"]], "told once, though its time began anew");
  });
  await t.step("is lost when it is away for the grace, and applying no longer", () => {
    const world = setUp();
    const agent = world.released();
    world.says(agent, { connected: false });
    world.pass(AWAY_MS - 1);
    deepStrictEqual(counted(world), { members: 1, released: 1, applying: 1 });
    world.pass(1);
    deepStrictEqual(counted(world), { members: 1, released: 1, disconnected: 1 });
  });
  await t.step("is lost when its time is over and it is away, whatever the grace", () => {
    const world = setUp();
    const agent = world.released();
    world.pass(APPLY_MS - 10);
    world.says(agent, { connected: false });
    world.pass(10);
    deepStrictEqual(counted(world), { members: 1, released: 1, disconnected: 1 });
    strictEqual(world.members.get("a")?.phase, "applying");
  });
  await t.step("has its time again when it comes back, without a verdict", () => {
    const world = setUp();
    const agent = world.released();
    world.reports(agent, "fresh", "applying");
    world.pass(APPLY_MS - 1);
    world.says(agent, { connected: false });
    world.says(agent, { connected: true });
    world.pass(APPLY_MS - 1);
    deepStrictEqual(counted(world), { members: 1, released: 1, applying: 1 });
    world.pass(1);
    deepStrictEqual(counted(world), { members: 1, released: 1, stuck: 1 });
    world.says(agent, { connected: false });
    world.says(agent, { connected: true });
    deepStrictEqual(counted(world), { members: 1, released: 1, applying: 1 });
  });
});

Deno.test("who has applied it", async (t) => {
  const applied = (change: Partial<FakeAgent> = {}) => {
    const world = setUp();
    const agent = world.released("a", change);
    world.reports(agent, "fresh", "applied");
    return { ...world, agent };
  };
  const base = { members: 1, released: 1, applied: 1 };
  await t.step("may be away for the grace", () => {
    const world = applied();
    world.says(world.agent, { connected: false });
    deepStrictEqual(counted(world), { ...base, undecidedAway: 1 });
    world.pass(AWAY_MS - 1);
    deepStrictEqual(counted(world), { ...base, undecidedAway: 1 });
    world.pass(1);
    deepStrictEqual(counted(world), { ...base, disconnected: 1 });
    world.says(world.agent, { connected: true });
    deepStrictEqual([counted(world), world.members.get("a")?.phase], [base, "applied"]);
  });
  await t.step("may be ill for the grace", () => {
    const world = applied();
    world.says(world.agent, { healthy: false });
    deepStrictEqual(counted(world), { ...base, undecidedUnhealthy: 1 });
    world.pass(UNWELL_MS - 1);
    deepStrictEqual(counted(world), { ...base, undecidedUnhealthy: 1 });
    world.pass(1);
    deepStrictEqual(counted(world), { ...base, unhealthy: 1 });
    world.says(world.agent, { connected: false });
    deepStrictEqual(counted(world), { ...base, undecidedAway: 1 }, "away it is not ill");
    world.pass(AWAY_MS);
    deepStrictEqual(counted(world), { ...base, disconnected: 1 });
    world.says(world.agent, { connected: true, healthy: true });
    deepStrictEqual(counted(world), base);
  });
  await t.step("is not ill by it when it was so before", () => {
    const world = applied({ healthy: false });
    world.pass(10 * UNWELL_MS);
    deepStrictEqual(counted(world), base);
  });
  await t.step("is held against its health when it was given it", () => {
    const world = setUp();
    const agent = world.join("a", { healthy: false });
    world.says(agent, { healthy: true });
    world.release();
    world.reports(agent, "fresh", "applied");
    world.says(agent, { healthy: false });
    world.pass(UNWELL_MS);
    deepStrictEqual(counted(world), { ...base, unhealthy: 1 });
  });
  await t.step("failed: whether it is there or well says nothing of the version", () => {
    const world = applied();
    world.reports(world.agent, "fresh", "failed");
    world.says(world.agent, { connected: false, healthy: false });
    world.pass(10 * AWAY_MS);
    deepStrictEqual(counted(world), { members: 1, released: 1, failed: 1 });
  });
});

Deno.test("an agent that leaves is forgotten", () => {
  for (const isReleased of [false, true]) {
    const world = setUp();
    const agent = world.join("a");
    if (isReleased) world.release(50, 5);
    world.says(agent, { healthy: false, connected: false });
    deepStrictEqual([world.members.leave("a"), world.members.leave("a")], [isReleased, false]);
    world.pass(10 * APPLY_MS);
    world.says(agent, { connected: true });
    world.members.rebase("a", FRESH);
    world.members.takeBack({ uid: "a" } as Parameters<Members["takeBack"]>[0]);
    deepStrictEqual([counted(world), world.members.get("a"), world.release()], [{}, undefined, undefined]);
    deepStrictEqual([...world.members.released(), world.members.before], [{ items: 0, errors: 0 }]);
  }
});

Deno.test("what an agent has without the rollout may become the version itself", () => {
  const world = setUp();
  world.join("a", {}, undefined);
  deepStrictEqual(counted(world), { members: 1, ready: 1, control: 1 });
  world.members.rebase("a", FRESH);
  deepStrictEqual(counted(world), { members: 1, unchanged: 1 });
  world.members.rebase("a", undefined);
  deepStrictEqual(counted(world), { members: 1, ready: 1, control: 1 });
});

Deno.test("what agents with the version handled before is a sum", () => {
  const world = setUp();
  for (const uid of ["a", "b"]) world.join(uid);
  const first = world.release(100, 10)!;
  world.release(20, 3);
  deepStrictEqual(world.members.before, { items: 120, errors: 13 });
  world.members.takeBack(world.members.get(first)!);
  deepStrictEqual(world.members.before, { items: 20, errors: 3 });
  deepStrictEqual(counted(world), { members: 2, released: 1, applying: 1, ready: 1, control: 1 });
  strictEqual(world.release(), first, "it is given it in its turn");
});

const stored: MemberRecord = {
  ...{ rollout: 1, uid: "a", phase: "applying", releasedMs: 77, wasHealthy: true },
  ...{ beforeItems: 50, beforeErrors: 5, error: "" },
};

Deno.test("what a former process wrote", async (t) => {
  await t.step("is as it was, but for its times", () => {
    const world = setUp();
    world.members.join(Object.assign(new FakeAgent("a"), { healthy: false }), OLD, { ...stored, phase: "applied" });
    deepStrictEqual(counted(world), { members: 1, released: 1, applied: 1, undecidedUnhealthy: 1 });
    deepStrictEqual([world.members.before, world.members.get("a")?.releasedMs], [{ items: 50, errors: 5 }, 77]);
    world.pass(UNWELL_MS);
    strictEqual(world.members.counts.unhealthy, 1);
  });
  await t.step("of one that has not shown yet", () => {
    const world = setUp();
    world.members.join(Object.assign(new FakeAgent("a"), { connected: false }), OLD, { ...stored, phase: "applied" });
    deepStrictEqual(counted(world), { members: 1, released: 1, applied: 1, undecidedAway: 1 });
    world.pass(AWAY_MS);
    deepStrictEqual(counted(world), { members: 1, released: 1, applied: 1, disconnected: 1 });
  });
  await t.step("of one that was ill already", () => {
    const world = setUp();
    world.members.join(new FakeAgent("a"), OLD, { ...stored, phase: "failed", wasHealthy: false, error: "no" });
    deepStrictEqual([world.members.get("a")?.wasHealthy, world.members.get("a")?.error], [false, "no"]);
  });
  await t.step("what it has said meanwhile counts", () => {
    const world = setUp();
    const agent = new FakeAgent("a");
    agent.report = { hash: "fresh", state: "applied", error: "", revision: 3 };
    world.members.join(agent, OLD, stored);
    deepStrictEqual([counted(world), world.phases], [{ members: 1, released: 1, applied: 1 }, [["a", "applied"]]]);
  });
  await t.step("its time to apply begins anew", () => {
    const world = setUp();
    world.members.join(new FakeAgent("a"), OLD, stored);
    world.pass(APPLY_MS - 1);
    strictEqual(world.members.counts.applying, 1);
    world.pass(1);
    strictEqual(world.members.counts.silent, 1);
  });
});

Deno.test("on the way back", async (t) => {
  const back = (agent: FakeAgent, world: ReturnType<typeof setUp>) => {
    world.reports(agent, "fresh", "applied");
    world.members.mode = "returning";
  };
  await t.step("agents that are connected owe what they had", () => {
    const world = setUp();
    const [first, second] = [world.released("a"), world.released("b")];
    world.join("c");
    strictEqual(world.members.owing, 0);
    world.members.mode = "returning";
    strictEqual(world.members.owing, 2);
    world.reports(first, "old", "applying");
    strictEqual(world.members.owing, 2, "it has begun");
    world.reports(first, "old", "applied");
    strictEqual(world.members.owing, 1);
    world.says(second, { connected: false });
    strictEqual(world.members.owing, 0);
    world.says(second, { connected: true });
    strictEqual(world.members.owing, 1);
    world.reports(second, "old", "failed");
    strictEqual(world.members.owing, 0, "it has said that it cannot");
  });
  await t.step("what they report is no verdict", () => {
    const world = setUp();
    const agent = world.released();
    back(agent, world);
    world.reports(agent, "fresh", "failed");
    strictEqual(world.members.get("a")?.phase, "applied");
  });
  await t.step("nobody owes anything once it is over, or who has left", () => {
    for (const end of ["mode", "leave"] as const) {
      const world = setUp();
      back(world.released(), world);
      strictEqual(world.members.owing, 1);
      if (end === "mode") world.members.mode = "idle";
      else world.members.leave("a");
      strictEqual(world.members.owing, 0);
    }
  });
});
