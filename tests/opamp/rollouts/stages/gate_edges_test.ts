/**
 * Gates by their defaults, at the limit and past it; the soak's clock; what counts as evidence.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ConfigVersionRef } from "../../../../opamp/rollouts/agents.ts";
import { Evidence } from "../../../../opamp/rollouts/stages/evidence.ts";
import { DEFAULT_LIMITS, type GateFigures, judge } from "../../../../opamp/rollouts/stages/gate.ts";
import { Members } from "../../../../opamp/rollouts/stages/members.ts";
import { Soak } from "../../../../opamp/rollouts/stages/soak.ts";
import { FakeAgent } from "../../../support/fleet.ts";

const NONE = { items: 0, errors: 0 };

function figures(agents: number, more: Partial<GateFigures> = {}): GateFigures {
  return {
    ...{ agents, failed: 0, stuck: 0, silent: 0, unhealthy: 0, disconnected: 0 },
    control: { agents: 0, unhealthy: 0, disconnected: 0 },
    traffic: { changed: NONE, before: NONE, control: NONE },
    ...more,
  };
}

/** Each limit's default: so many agents of so many are allowed, and one more is not. */
const defaults = [
  { limit: "failed", agents: 10_000, allowed: 1 },
  { limit: "failed", agents: 9_999, allowed: 0 },
  { limit: "stuck", agents: 1_000, allowed: 10 },
  { limit: "silent", agents: 1_000, allowed: 10 },
  { limit: "unhealthy", agents: 1_000, allowed: 2 },
  { limit: "disconnected", agents: 1_000, allowed: 10 },
] as const;

Deno.test("a gate's defaults", async (t) => {
  for (const { limit, agents, allowed } of defaults) {
    await t.step(`${allowed} ${limit} of ${agents}`, () => {
      deepStrictEqual(judge(DEFAULT_LIMITS, figures(agents, { [limit]: allowed })), []);
      const [breach] = judge(DEFAULT_LIMITS, figures(agents, { [limit]: allowed + 1 }));
      deepStrictEqual([breach?.limit, breach?.allowed], [limit, DEFAULT_LIMITS[limit]]);
      strictEqual(breach?.observed, (allowed + 1) / agents);
    });
  }
  await t.step("one point of errors more, of a thousand items at the least", () => {
    const of = (items: number, errors: number) => {
      return judge(
        DEFAULT_LIMITS,
        figures(1, { traffic: { changed: { items, errors }, before: NONE, control: NONE } }),
      );
    };
    deepStrictEqual([of(1_000, 10), of(999, 999)], [[], []]);
    deepStrictEqual(of(1_000, 11).map(({ limit, observed }) => [limit, observed]), [["errorRate", 0.011]]);
  });
  await t.step("of the first item where none are wanted, with nothing to compare it with", () => {
    const of = (errors: number) => {
      const limits = { ...DEFAULT_LIMITS, minItems: 0 };
      return judge(limits, figures(1, { traffic: { changed: { items: 1, errors }, before: NONE, control: NONE } }));
    };
    deepStrictEqual([of(0), of(1).map(({ limit, observed }) => [limit, observed])], [[], [["errorRate", 1]]]);
  });
  strictEqual(DEFAULT_LIMITS.minAgents, 1);
});

Deno.test("what is observed is what the others do not have", () => {
  const control = { agents: 100, unhealthy: 10, disconnected: 0 };
  const [breach] = judge(DEFAULT_LIMITS, figures(100, { unhealthy: 60, control }));
  strictEqual(breach?.observed, 0.5);
});

Deno.test("Soak", async (t) => {
  const setUp = () => {
    const clock = { nowMs: 1_000, monotonicMs: () => clock.nowMs };
    return { clock, soak: new Soak(clock) };
  };
  await t.step("that has not begun is not over", () => {
    const { soak } = setUp();
    deepStrictEqual([soak.isOver, soak.leftMs], [false, Infinity]);
  });
  await t.step("is over when its time is", () => {
    const { clock, soak } = setUp();
    soak.begin(500);
    clock.nowMs += 499;
    deepStrictEqual([soak.isOver, soak.leftMs], [false, 1]);
    clock.nowMs += 1;
    deepStrictEqual([soak.isOver, soak.leftMs], [true, 0]);
    clock.nowMs += 100;
    deepStrictEqual([soak.isOver, soak.leftMs], [true, 0]);
    soak.reset();
    deepStrictEqual([soak.isOver, soak.leftMs], [false, Infinity]);
  });
  await t.step("stands still while it is paused, as often as that is", () => {
    const { clock, soak } = setUp();
    soak.begin(500);
    for (const leftMs of [400, 300]) {
      clock.nowMs += 100;
      soak.pause();
      clock.nowMs += 1_000;
      strictEqual(soak.leftMs, leftMs);
      soak.resume();
      strictEqual(soak.leftMs, leftMs);
    }
    clock.nowMs += 10;
    strictEqual(soak.leftMs, 290);
  });
  await t.step("goes on as it is when it was not paused", () => {
    const { clock, soak } = setUp();
    soak.begin(500);
    clock.nowMs += 100;
    soak.resume();
    strictEqual(soak.leftMs, 400);
  });
});

Deno.test("Evidence", async (t) => {
  const OLD: ConfigVersionRef = { name: "edge", version: 1, hash: "old" };
  const FRESH: ConfigVersionRef = { name: "edge", version: 2, hash: "fresh" };
  const setUp = () => {
    const members = new Members({
      spec: { config: FRESH, applyTimeoutMs: 1_000, awayGraceMs: 100, unhealthyGraceMs: 100 },
      seed: "seed",
      clock: { monotonicMs: () => 0, nowMs: () => 0 },
      onPhase: () => {},
    });
    members.mode = "watching";
    const [applied, applying] = ["a", "b"].map((uid) => new FakeAgent(uid));
    for (const agent of [applied, applying]) members.join(agent!, OLD);
    while (members.releaseNext(() => ({ items: 7, errors: 3 })) !== undefined);
    members.observe(Object.assign(applied!, { report: { hash: "fresh", state: "applied", error: "", revision: 2 } }));
    members.join(new FakeAgent("waiting"), OLD);
    members.join(new FakeAgent("unchanged"), FRESH);
    return { members, evidence: new Evidence(members), applied: applied! };
  };
  await t.step("is what agents handle that have applied it, beside those that wait for it", () => {
    const { members, evidence } = setUp();
    for (const [uid, items] of [["a", 100], ["b", 1_000], ["waiting", 20], ["unchanged", 5_000]] as const) {
      evidence.addReport(members.get(uid), { items, errors: items / 10 });
    }
    evidence.addReport(undefined, { items: 1, errors: 1 });
    deepStrictEqual(evidence.figures(2).traffic, {
      changed: { items: 100, errors: 10 },
      before: { items: 14, errors: 6 },
      control: { items: 20, errors: 2 },
    });
    evidence.restart();
    deepStrictEqual(evidence.figures(2).traffic, { changed: NONE, before: { items: 14, errors: 6 }, control: NONE });
    deepStrictEqual(NONE, { items: 0, errors: 0 });
  });
  await t.step("strictly, whoever is away or ill for a moment counts", () => {
    const { members, evidence, applied } = setUp();
    members.observe(Object.assign(applied, { healthy: false }));
    deepStrictEqual([evidence.figures(2).unhealthy, evidence.figures(2, true).unhealthy], [0, 1]);
    members.observe(Object.assign(applied, { connected: false }));
    deepStrictEqual([evidence.figures(2).disconnected, evidence.figures(2, true).disconnected], [0, 1]);
  });
});
