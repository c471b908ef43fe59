// deno-lint-ignore-file no-console
/**
 * Prints how exactly a fleet keeps one tenant's limit, by replicas, skew and mode: the table of docs/tenants.md.
 *
 *     deno run tests/bench/fleet_simulation.ts
 *
 * @module
 */

import { seeded, simulate, SKEWS, worstWindows } from "../support/fleet_simulation.ts";

const LIMIT = 3_000;
const SECONDS = 90;
/** When a fleet has settled. */
const FROM_SECOND = 15;

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;

console.log("| Replicas | Skew | `local`: over | `divided`: under | `redis`: under | `redis`: over | most shared |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const replicas of [3, 30, 300]) {
  for (const [name, skew] of Object.entries(SKEWS)) {
    const run = (mode: "local" | "divided" | "redis") => {
      const settings = { replicas, limit: LIMIT, burstMs: 2_000, load: 1.3, skew, seconds: SECONDS, mode };
      const simulated = simulate({ ...settings, random: seeded(replicas) });
      return { ...worstWindows(simulated, LIMIT, FROM_SECOND), mostShared: simulated.mostShared };
    };
    const [local, divided, redis] = [run("local"), run("divided"), run("redis")];
    const cells = [
      percent(local.over),
      percent(divided.under),
      percent(redis.under),
      percent(redis.over),
      percent(redis.mostShared),
    ];
    console.log(`| ${replicas} | ${name} | ${cells.join(" | ")} |`);
  }
}
