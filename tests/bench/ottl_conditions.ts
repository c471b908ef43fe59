/**
 * Conditions on a span beside the collector's own engine: `tests/peers/ottlengine` runs the same conditions over the same
 * span, by turns with ours, some milliseconds each, so that both have whatever the machine does meanwhile. Ours has the
 * span's bytes and looks into them anew each time; the engine has it decoded, which is not in its figures.
 *
 *   deno run -A --config deno.json tests/bench/ottl_conditions.ts [ROUNDS]
 *
 * Printed are medians with the best tenth in brackets, and the median of the ratios of turns one behind the other. Wanted,
 * where the engine takes 55 ns for a condition: 80 ns on an unread item, 30 ns where its fields are found, 150 ns for five
 * keys in one walk, 60 us to compile a statement.
 *
 * @module
 */

import { type Answered, type Asked, CASE_NAMES } from "./ottl_conditions_worker.ts";
import { median } from "./tenants_support.ts";

const [rounds = "60"] = Deno.args;

/** `120 (98)`: the median, and the best tenth. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${median(values).toFixed(0)} (${sorted[Math.floor(values.length / 10)]!.toFixed(0)})`;
}

function measured(name: string): Promise<Answered> {
  const asked: Asked = { name, rounds: Number(rounds) };
  const url = new URL("./ottl_conditions_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", name: JSON.stringify(asked) });
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  worker.onmessage = ({ data }: MessageEvent<Answered>) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  return promise.finally(() => worker.terminate());
}

function print(line: string): void {
  // deno-lint-ignore no-console -- what a benchmark is for
  console.log(line);
}

print("| ns | Sluice | Collector's engine | Ratio |\n| --- | --- | --- | --- |");
for (const name of CASE_NAMES) {
  const { ours, theirs } = await measured(name);
  const ratio = median(theirs.map((ns, at) => ns / ours[at]!));
  print(`| ${name} | ${spread(ours)} | ${spread(theirs)} | ${ratio.toFixed(2)} |`);
}
