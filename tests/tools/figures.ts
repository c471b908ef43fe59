/**
 * All figures of README and docs from one task:
 *
 *     deno task figures                           measures everything, into docs/figures.json
 *     deno task figures --budget 25m              as much of it as there is time for
 *     deno task figures --resume --budget 25m     goes on where the last run ended
 *     deno task figures --scenarios p1,p100 --parts validate --programs tenants_cost
 *     deno task figures --write                   writes the tables from docs/figures.json
 *
 * Two gateways, one core each for gateway and load, take turns in rounds (`tests/peers/measure`); then come `deno bench` of
 * tests/bench and the programs there that print figures. What is measured goes at once to a journal in tests/.cache and after
 * each round to docs/figures.json, where rows that were not renewed stay as they are, with their own commit.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeDocuments } from "./figures/documents.ts";
import { environmentNow, measuredCommit } from "./figures/environment.ts";
import { Journal, resultsOf } from "./figures/journal.ts";
import { onceUnits, PROGRAMS, QUICK_TIMING, SCENARIOS, secondsOf, TIMING } from "./figures/plan.ts";
import { mergeResults, NO_RESULTS, parseResults, printResults, RESULTS, type Results } from "./figures/results.ts";
import { Runner } from "./figures/runs.ts";
import { Session, type SessionPlan, unitsOf } from "./figures/session.ts";

const USAGE = `usage: deno task figures [options]
  --rounds N             of requests, at the most; default 5
  --budget 25m           time for all of it: whole rounds as there is time, then parts and programs
  --scenarios a,b        of tests/peers/measure; these three name what is run, and without any it is everything
  --parts a,b            files of tests/bench that deno bench runs, without _bench.ts
  --programs a,b         programs of tests/bench that print figures
  --quick                a short look whether all of it runs, into tests/.cache, not into docs
  --resume               goes on with the run before
  --quiet-wait SECONDS   before each measurement, until others use less than half a core; default 20
  --write                measures nothing, writes the tables of README and docs
`;

const BENCHES = new URL("../bench/", import.meta.url);
const CACHE = new URL("../.cache/", import.meta.url);

/** @throws {TypeError} An option that there is not. */
export function optionsOf(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      budget: { type: "string" },
      scenarios: { type: "string" },
      parts: { type: "string" },
      programs: { type: "string" },
      quick: { type: "boolean", default: false },
      resume: { type: "boolean", default: false },
      "quiet-wait": { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}

type Options = ReturnType<typeof optionsOf>;

/**
 * Those of `all` that a list names; all of them without any list, none where other lists are.
 *
 * @throws {RangeError} It names something else.
 */
export function named<Each>(
  all: readonly Each[],
  nameOf: (each: Each) => string,
  list: string | undefined,
  isListed: boolean,
): readonly Each[] {
  if (list === undefined) return isListed ? [] : all;
  return list.split(",").map((name) => {
    const found = all.find((each) => nameOf(each) === name);
    if (found !== undefined) return found;
    throw new RangeError(`Cannot run "${name}": there is no such thing, wanted one of ${all.map(nameOf).join(", ")}`);
  });
}

/** @throws {RangeError} A name, a number or a duration that is none. */
export function planOf(
  { rounds, budget, scenarios, parts, programs, quick }: Options,
  benches: readonly string[],
): SessionPlan {
  const isListed = scenarios !== undefined || parts !== undefined || programs !== undefined;
  if (!/^[1-9]\d?$/.test(rounds)) throw new RangeError(`Cannot run ${rounds} rounds: wanted 1 to 99`);
  return {
    scenarios: named(SCENARIOS, ({ name }) => name, scenarios, isListed),
    once: onceUnits(
      named(benches, (file) => file.replace("_bench.ts", ""), parts, isListed),
      named(PROGRAMS, ({ name }) => name, programs, isListed).map((program) =>
        quick ? { ...program, args: program.quickArgs } : program
      ),
    ),
    rounds: Number(rounds),
    timing: quick ? QUICK_TIMING : TIMING,
    budgetSeconds: budget === undefined ? Infinity : secondsOf(budget),
  };
}

async function measure(chosen: Options): Promise<void> {
  const benches = [...Deno.readDirSync(BENCHES)].map(({ name }) => name).filter((name) => name.endsWith("_bench.ts"));
  const plan = planOf(chosen, benches.sort());
  const [commit, environment] = [await measuredCommit(), await environmentNow()];
  await Deno.mkdir(CACHE, { recursive: true });
  const head = { commit, ...plan.timing };
  const path = new URL(chosen.quick ? "figures_quick.jsonl" : "figures.jsonl", CACHE).pathname;
  const journal = await (chosen.resume ? Journal.resume(path, head) : Journal.create(path, head));
  const results = chosen.quick ? new URL("figures_quick.json", CACHE) : RESULTS;
  const before = await readResults(results);
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  await using runner = new Runner(plan.timing, Number(chosen["quiet-wait"] ?? (chosen.quick ? 0 : 20)));
  const session = new Session(plan, {
    run: (unit) => runner.run(unit),
    journal,
    nowMs: () => performance.now(),
    tell,
    save: (failures) => {
      const fresh = resultsOf(journal, unitsOf(plan), environment, failures);
      return Deno.writeTextFile(results, printResults(mergeResults(before, fresh)));
    },
    abort: abort.signal,
  });
  const failures = await session.measure();
  Deno.removeSignalListener("SIGINT", onSignal);
  tell(`${results.pathname} is written; not measured: ${failures.map(({ what }) => what).join(", ") || "nothing"}`);
}

/** None where there is no file yet. */
async function readResults(file: URL): Promise<Results> {
  try {
    return parseResults(await Deno.readTextFile(file));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return NO_RESULTS;
    throw thrown;
  }
}

function tell(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  const chosen = optionsOf(Deno.args);
  if (chosen.help) tell(USAGE);
  else if (chosen.write) await writeDocuments(await readResults(RESULTS));
  else await measure(chosen);
}
