/**
 * A fleet of 20,000 and a version that is bad for one agent in a hundred.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert/strict";
import { placeOf } from "../../../opamp/rollouts/stages/placement.ts";
import { type FakeAgent, RolloutWorld } from "../../support/fleet.ts";

const AGENTS = 20_000;

interface Damage {
  /** Stage that the rollout came to, from 0. */
  readonly stage: number;
  readonly state: string;
  /** Agents that were ever given the version. */
  readonly met: number;
  /** Of them that ever failed. */
  readonly failed: number;
}

/** Rolls out over `world` a version that `isBad` agents cannot apply, and one that is healed by what comes after. */
function rollOut(world: RolloutWorld, isBad: (agent: FakeAgent) => boolean): Damage {
  const { hash } = world.config("edge", `version: ${world.catalog.versions("edge").length + 1}`);
  const [met, failed] = [new Set<FakeAgent>(), new Set<FakeAgent>()];
  world.answer = (agent, version) => {
    if (version.hash !== hash) return { state: "applied" };
    met.add(agent);
    if (!isBad(agent)) return { state: "applied" };
    failed.add(agent);
    return { state: "failed", error: "no such file" };
  };
  const { id } = world.rollouts.start({ selector: "service.name = sluice", config: { name: "edge" } }, "ann");
  world.advance(25 * 60_000, 15_000);
  const { stage, state } = world.rollouts.get(id);
  return { stage, state, met: met.size, failed: failed.size };
}

Deno.test("20,000 agents", async (t) => {
  const world = new RolloutWorld();
  world.addAgents(AGENTS);
  world.flush();
  world.config("edge", "version: 1");
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  const old = world.catalog.info("edge").hash;

  await t.step("a version that is bad for 1 % of them is caught at the canaries", () => {
    const isBad = ({ uid }: FakeAgent) => placeOf("bad", uid) % 100 === 0;
    strictEqual([...world.fleet.agents()].filter(isBad).length, 188);
    const { stage, state, failed, met } = rollOut(world, isBad);
    strictEqual(state, "rolled_back");
    strictEqual(stage, 0);
    ok(failed <= AGENTS * 0.0002, `${failed} have failed`);
    ok(met <= AGENTS * 0.01, `${met} have met it`);
    strictEqual(world.with(old).length, AGENTS);
  });

  await t.step("one that is bad for all of them meets two", () => {
    const { stage, state, failed, met } = rollOut(world, () => true);
    strictEqual(`${state} at ${stage}: ${failed} of ${met}`, "rolled_back at 0: 2 of 2");
    strictEqual(world.with(old).length, AGENTS);
  });

  await t.step("one that is bad for a few in ten thousand goes out, and says who they are", () => {
    const isBad = ({ uid }: FakeAgent) => placeOf("unlucky", uid) % 4_000 === 0;
    const bad = [...world.fleet.agents()].filter(isBad).length;
    const { state, failed, met } = rollOut(world, isBad);
    strictEqual(state, "completed");
    strictEqual(met, AGENTS);
    strictEqual(failed, bad);
    ok(bad > 0);
  });

  await t.step("the controller dies in the middle, and it is caught all the same", () => {
    const { hash } = world.config("edge", "version: bad");
    world.answer = (agent, version) =>
      version.hash === hash && agent.uid.endsWith("5") ? { state: "failed", error: "x" } : { state: "applied" };
    const { id } = world.rollouts.start({ selector: "service.name = sluice", config: { name: "edge" } }, "ann");
    world.fleet.offersToLive = 1;
    try {
      world.settle();
    } catch {
      world.crash();
    }
    world.settle();
    strictEqual(world.rollouts.get(id).state, "rolled_back");
    strictEqual(world.with(hash).length, 0);
  });
  world.db.close();
});
