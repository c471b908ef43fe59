/**
 * What rollouts cost the controller with 18,000 agents.
 *
 * @module
 */

import { RolloutWorld } from "../support/fleet.ts";

const AGENTS = 18_000;

/** A fleet in the middle of a rollout: a tenth has the new version and is watched. */
function worldInSoak(): RolloutWorld {
  const world = new RolloutWorld();
  world.addAgents(AGENTS);
  world.flush();
  world.config("edge", "version: 1");
  world.rollouts.assign({ selector: "*", config: { name: "edge" } }, "ann");
  world.settle();
  world.config("edge", "version: 2");
  const stages = [{ share: 0.1, soakMs: 600_000 }, { share: 1 }];
  world.rollouts.start({ selector: 'host.name =~ "gw-.*"', config: { name: "edge" }, stages }, "ann");
  world.settle();
  return world;
}

const world = worldInSoak();
const agents = [...world.fleet.agents()];

Deno.bench("tick() with nothing to do", () => world.rollouts.tick());

Deno.bench("onAgents() of 18,000 that report the same again", () => world.rollouts.onAgents(agents));

Deno.bench("onReport() of 18,000", () => {
  for (const agent of agents) world.rollouts.onReport(agent.uid, { ...agent.traffic });
});

Deno.bench("dryRun() over 18,000", () => {
  world.rollouts.dryRun({ selector: "service.name = sluice", config: { name: "edge", version: 2 } });
});

Deno.bench("open() with 18,000 agents, 1,800 of them in a rollout", () => world.crash());
