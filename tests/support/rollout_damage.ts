/**
 * What a version does to a fleet of 20,000 in memory by the default's stages and gates, when it is bad for some of them.
 *
 * @module
 */

import { placeOf } from "../../opamp/rollouts/stages/placement.ts";
import type { LimitsRequest } from "../../opamp/rollouts/stages/spec.ts";
import { type FakeAgent, RolloutWorld } from "./fleet.ts";

/** Agents of the fleet. */
export const AGENTS = 20_000;

export interface Damage {
  /** Stage that the rollout came to. */
  readonly stage: number;
  readonly state: string;
  /** Agents that were ever given the version. */
  readonly met: number;
  /** Of them that ever failed. */
  readonly failed: number;
  /** Agents that do not run what they are to have when it is over. */
  readonly broken: number;
}

/** How a version is bad for an agent. */
export type Badness = "refused" | "makes_ill";

/** Rolls out over `world` a version that is bad for agents that `isBad`, to the end of it. */
export function rollOut(
  world: RolloutWorld,
  isBad: (agent: FakeAgent) => boolean,
  { badness = "refused", limits = {}, seed }: { badness?: Badness; limits?: LimitsRequest; seed?: string } = {},
): Damage {
  const { hash } = world.config("edge", `version: ${world.catalog.versions("edge").length + 1}`);
  const [met, failed] = [new Set<FakeAgent>(), new Set<FakeAgent>()];
  world.answer = (agent, version) => {
    const isHarmed = version.hash === hash && isBad(agent);
    if (version.hash === hash) met.add(agent);
    if (isHarmed) failed.add(agent);
    if (badness === "makes_ill") world.fleet.touch(agent, { healthy: !isHarmed });
    return isHarmed && badness === "refused" ? { state: "failed", error: "no such file" } : { state: "applied" };
  };
  const request = { selector: "service.name = sluice", config: { name: "edge" }, limits, seed };
  const { id } = world.rollouts.start(request, "ann");
  for (let minutes = 0; minutes < 60 && world.rollouts.get(id).endedMs === 0; minutes++) world.advance(60_000, 30_000);
  const { stage, state } = world.rollouts.get(id);
  const isBroken = ({ uid, report, healthy }: FakeAgent) =>
    report.hash !== world.rollouts.desired(uid)?.hash || report.state !== "applied" || healthy === false;
  const broken = [...world.fleet.agents()].filter(isBroken).length;
  return { stage, state, met: met.size, failed: failed.size, broken };
}

/** A fleet that has its first version. */
export function fleet(): RolloutWorld {
  const world = new RolloutWorld();
  world.addAgents(AGENTS);
  world.flush();
  world.config("edge", "version: 1");
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  return world;
}

/** So many of a million agents, others for each name. */
export const unlucky = (name: string, perMillion: number) => ({ uid }: FakeAgent) =>
  placeOf(name, uid) % 1e6 < perMillion;
