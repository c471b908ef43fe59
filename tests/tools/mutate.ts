/**
 * Mutation testing: `deno task mutate [target...] [--sample N] [--file PART] [--jobs N] [--all] [--smoke]`.
 *
 * Changes one thing at a time in the sources of a target, in a copy of the tree, and runs the target's tests: a change
 * that they do not notice is something that they do not test. Prints each mutant that survived, with `--all` the others
 * too, and closes with a table. Ends with 1 when one survived that is not explained in `mutate/explained.json`, or one
 * that is explained there was killed.
 *
 * @module
 */

import { setPriority } from "node:os";
import { parseArgs } from "node:util";
import { type Explanation, isExplained, readExplanations, staleExplanations } from "./mutate/explained.ts";
import type { Mutant } from "./mutate/mutants.ts";
import { runTarget, type Target, type Verdict } from "./mutate/target.ts";
import { SMOKE_TARGET, TARGETS } from "./mutate/targets.ts";

/** Whatever else runs here comes first. */
const LOWEST_PRIORITY = 19;

const EXPLANATIONS = new URL("./mutate/explained.json", import.meta.url);
const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

interface Options {
  readonly targets: Readonly<Record<string, Target>>;
  readonly sample: number;
  readonly file: string;
  readonly jobs: number;
  readonly printsAll: boolean;
}

/** What became of one target's mutants. */
interface Result {
  readonly verdicts: readonly Verdict[];
  readonly explained: number;
  readonly survived: number;
  readonly stale: readonly string[];
}

/** @throws {TypeError} An option or a target that does not exist, a number that is none. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sample: { type: "string" },
      file: { type: "string", default: "" },
      jobs: { type: "string", default: "2" },
      all: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
    },
  });
  return {
    targets: values.smoke ? { smoke: SMOKE_TARGET } : targetsOf(positionals),
    sample: values.sample === undefined ? Infinity : countOf("--sample", values.sample),
    file: values.file,
    jobs: countOf("--jobs", values.jobs),
    printsAll: values.all,
  };
}

function targetsOf(names: readonly string[]): Readonly<Record<string, Target>> {
  const wanted = names.length === 0 ? Object.keys(TARGETS) : names;
  return Object.fromEntries(wanted.map((name) => {
    const target = TARGETS[name];
    if (target === undefined) {
      throw new TypeError(`Cannot mutate ${name}: wanted one of ${Object.keys(TARGETS).join(", ")}`);
    }
    return [name, target];
  }));
}

function countOf(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new TypeError(`Cannot take ${option} ${text}: wanted 1 to 999999`);
  return Number(text);
}

/** Copies the tree but for what begins with a dot, which is no source. */
function copyTree(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
    if (name.startsWith(".") || name === "node_modules") continue;
    if (isDirectory) copyTree(`${from}/${name}`, `${to}/${name}`);
    if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

async function tryTarget(target: Target, options: Options, explanations: readonly Explanation[]): Promise<Result> {
  const root = Deno.makeTempDirSync({ prefix: "mutants_" });
  const verdicts: Verdict[] = [];
  const { sample, file, jobs, printsAll } = options;
  const onVerdict = (verdict: Verdict) => {
    verdicts.push(verdict);
    if (printsAll || isUnexplained(verdict, explanations)) print(lineOf(verdict, explanations));
  };
  try {
    copyTree(ROOT, root);
    const mutants = await runTarget(root, target, { sample, file, jobs, onVerdict });
    return resultOf(mutants, verdicts, explanations);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function resultOf(
  mutants: readonly Mutant[],
  verdicts: readonly Verdict[],
  explanations: readonly Explanation[],
): Result {
  const survivors = verdicts.filter(({ killedBy }) => killedBy === undefined);
  const survived = survivors.filter((verdict) => isUnexplained(verdict, explanations)).length;
  const stale = staleExplanations(explanations, mutants, verdicts);
  return { verdicts, explained: survivors.length - survived, survived, stale };
}

function isUnexplained({ mutant, killedBy }: Verdict, explanations: readonly Explanation[]): boolean {
  return killedBy === undefined && !isExplained(mutant, explanations);
}

function lineOf({ mutant, killedBy }: Verdict, explanations: readonly Explanation[]): string {
  const { path, line, column, scope, change } = mutant;
  const fate = killedBy !== undefined ? "killed" : isExplained(mutant, explanations) ? "explained" : "survived";
  const by = killedBy === undefined ? "" : ` [${killedBy}]`;
  return `${fate.padEnd(9)} ${path}:${line}:${column} ${scope}: ${change}${by}`;
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => at === 0 ? String(cell).padEnd(14) : String(cell).padStart(10)).join("");
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

async function main(): Promise<never> {
  setPriority(LOWEST_PRIORITY);
  const options = readOptions(Deno.args);
  const explanations = readExplanations(EXPLANATIONS);
  const results: [string, Result][] = [];
  for (const [name, target] of Object.entries(options.targets)) {
    results.push([name, await tryTarget(target, options, explanations)]);
  }
  const stale = results.flatMap(([, result]) => result.stale);
  for (const explanation of stale) print(`needs no explanation: ${explanation}`);
  print(`\n${row(["target", "mutants", "killed", "explained", "survived"])}`);
  for (const [name, { verdicts, explained, survived }] of results) {
    print(row([name, verdicts.length, verdicts.length - explained - survived, explained, survived]));
  }
  Deno.exit(stale.length === 0 && results.every(([, { survived }]) => survived === 0) ? 0 : 1);
}

if (import.meta.main) await main();
