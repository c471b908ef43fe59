/**
 * A controller that rolls out one version after another over a fleet in memory and says on its output what it offers,
 * until it is killed: `deno run rollout_process.ts DATABASE`.
 *
 * @module
 */

import { writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { RolloutWorld } from "./fleet.ts";

const STAGES = [{ share: 0.2, soakMs: 1_000 }, { share: 1, soakMs: 1_000 }];

if (import.meta.main) {
  const db = new DatabaseSync(Deno.args[0] ?? "");
  db.exec("PRAGMA journal_mode = WAL");
  const world = new RolloutWorld(db);
  const offer = world.fleet.offer.bind(world.fleet);
  world.fleet.offer = (uid, version, again) => {
    offer(uid, version, again);
    writeSync(1, `${uid} ${version.version}\n`);
  };
  world.addAgents(50);
  world.flush();
  for (let version = 1;; version++) {
    world.config("edge", `version: ${version}`);
    world.answer = (agent, { version }) => ({
      state: version % 3 === 0 && agent.uid.endsWith("7") ? "failed" : "applied",
    });
    world.rollouts.start({ selector: "*", config: { name: "edge" }, stages: STAGES }, "ann");
    world.advance(3_000);
  }
}
