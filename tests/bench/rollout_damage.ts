/**
 * How many agents of 20,000 a bad version harms by the default's stages and gates, over many rollouts in memory:
 *
 *     deno run -A tests/bench/rollout_damage.ts [ROLLOUTS]
 *
 * Prints a Markdown table: by how many of the fleet it is bad for, where it is caught and whom it harms until then.
 *
 * @module
 */

import { AGENTS, type Badness, type Damage, fleet, rollOut, unlucky } from "../support/rollout_damage.ts";

const times = Number(Deno.args[0] ?? 100);
const ROWS: readonly { readonly what: string; readonly perMillion: number; readonly badness: Badness }[] = [
  { what: "all refuse it", perMillion: 1_000_000, badness: "refused" },
  { what: "10 % refuse it", perMillion: 100_000, badness: "refused" },
  { what: "1 % refuse it", perMillion: 10_000, badness: "refused" },
  { what: "0.1 % refuse it", perMillion: 1_000, badness: "refused" },
  { what: "all fall ill from it", perMillion: 1_000_000, badness: "makes_ill" },
  { what: "1 % fall ill from it", perMillion: 10_000, badness: "makes_ill" },
];

const line = (cells: readonly unknown[]) => print(`| ${cells.join(" | ")} |`);
const world = fleet();
line([`${AGENTS} agents, ${times} rollouts`, "caught in stage 1, 2, 3, 4", "ever failed: mean", "most", "at the end"]);
line(["---", "---", "---", "---", "---"]);
for (const { what, perMillion, badness } of ROWS) {
  const damages = Array.from(
    { length: times },
    (_, index) => rollOut(world, unlucky(`${what} ${index}`, perMillion), { badness }),
  );
  line([what, ...summary(damages)]);
}
world.db.close();

function summary(damages: readonly Damage[]): string[] {
  const caught = [0, 1, 2, 3].map((stage) =>
    damages.filter((damage) => damage.state === "rolled_back" && damage.stage === stage).length
  );
  const failed = damages.map((damage) => damage.failed);
  const most = Math.max(...failed);
  const mean = failed.reduce((sum, count) => sum + count, 0) / damages.length;
  const broken = Math.max(...damages.map((damage) => damage.broken));
  return [caught.join(", "), mean.toFixed(1), `${most} (${(100 * most / AGENTS).toFixed(3)} %)`, `${broken}`];
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
