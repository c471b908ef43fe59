/**
 * A fleet of 20,000, the default's stages and gates, and versions that are bad for more or fewer of them.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { placeOf } from "../../../opamp/rollouts/stages/placement.ts";
import { AGENTS, type Damage, fleet, rollOut, unlucky } from "../../support/rollout_damage.ts";

/** 0.02 % of them. */
const TOLERABLE = 4;
/** The stage of the default that is watched for who fails of a hundred, from 0; before it is one agent alone. */
const CANARIES = 1;

const CAUGHT: readonly {
  readonly share: string;
  readonly perMillion: number;
  readonly times: number;
  /** Rollouts that may come past the canaries: as many do by chance. */
  readonly missed: number;
}[] = [
  { share: "1 %", perMillion: 10_000, times: 20, missed: 1 },
  { share: "5 %", perMillion: 50_000, times: 10, missed: 0 },
  { share: "half", perMillion: 500_000, times: 10, missed: 0 },
];

Deno.test("of 20,000 agents a version harms no more than 0.02 %", async (t) => {
  const world = fleet();
  const rollOutMany = (times: number, perMillion: number) =>
    Array.from({ length: times }, (_, index) => rollOut(world, unlucky(`bad ${index}`, perMillion)));

  for (const { share, perMillion, times, missed } of CAUGHT) {
    await t.step(`that ${share} of them refuse: it is caught at the canaries`, () => {
      const damages = rollOutMany(times, perMillion);
      const late = damages.filter(({ stage }) => stage > CANARIES).length;
      ok(late <= missed, `${late} of ${times} were caught later`);
      for (const damage of damages) wantTolerable(damage);
    });
  }

  await t.step("that 0.1 % of them refuse, wherever it is caught", () => {
    for (const damage of rollOutMany(5, 1_000)) wantTolerable(damage);
  });

  await t.step("that all of them refuse, or fall ill from: it meets one", () => {
    for (const badness of ["refused", "makes_ill"] as const) {
      deepStrictEqual(rollOut(world, () => true, { badness }), {
        stage: 0,
        state: "rolled_back",
        met: 1,
        failed: 1,
        broken: 0,
      });
    }
  });
  world.db.close();
});

function wantTolerable({ state, failed, broken }: Damage): void {
  strictEqual(state, "rolled_back");
  ok(failed <= TOLERABLE, `${failed} have ever failed`);
  strictEqual(broken, 0);
}

Deno.test("20,000 agents", async (t) => {
  const world = fleet();

  await t.step("what shows only after APPLIED harms canaries, and is healed by what they had", () => {
    const { stage, state, met, failed, broken } = rollOut(world, unlucky("ill", 10_000), { badness: "makes_ill" });
    deepStrictEqual({ stage, state, met, broken }, { stage: CANARIES, state: "rolled_back", met: 400, broken: 0 });
    ok(failed > 1 && failed < 10, `${failed} have been ill`);
  });

  await t.step("two that refuse are tolerated in the last stage", () => {
    const order = [...world.fleet.agents()].sort((a, b) => placeOf("seed", a.uid) - placeOf("seed", b.uid));
    const last = order.slice(-2);
    const { state, met, failed } = rollOut(world, (agent) => last.includes(agent), { seed: "seed" });
    deepStrictEqual({ state, met, failed }, { state: "completed", met: AGENTS, failed: 2 });
  });

  await t.step("more are when it was asked for, and it says who they are", () => {
    const isBad = unlucky("unlucky", 250);
    const bad = [...world.fleet.agents()].filter(isBad).length;
    ok(bad > TOLERABLE);
    const { state, met, failed, broken } = rollOut(world, isBad, { limits: { failed: 0.01 } });
    deepStrictEqual({ state, met, failed, broken }, { state: "completed", met: AGENTS, failed: bad, broken: bad });
  });

  await t.step("the controller dies in the middle, and it is caught all the same", () => {
    const { hash } = world.config("edge", "version: bad");
    world.answer = (agent, version) =>
      version.hash === hash && agent.uid.endsWith("5") ? { state: "failed", error: "x" } : { state: "applied" };
    const { id } = world.rollouts.start({ selector: "service.name = sluice", config: { name: "edge" } }, "ann");
    world.advance(60_000, 30_000);
    world.fleet.offersToLive = 1;
    try {
      world.advance(120_000, 30_000);
    } catch {
      world.crash();
    }
    world.advance(60_000, 30_000);
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    strictEqual(world.with(hash).length, 0);
  });
  world.db.close();
});
