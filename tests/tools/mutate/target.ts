/**
 * One target: its sources, instrumented in a copy of the tree, and what becomes of each of their mutants.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";
import { HostProcess, type Reply } from "./host_process.ts";
import type { Measured } from "./messages.ts";
import { type Mutant, mutate } from "./mutants.ts";

/** Sources, and the tests that must notice every change of them. Paths from the root of the tree. */
export interface Target {
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

export interface Verdict {
  readonly mutant: Mutant;
  /** The test that failed, or what else gave it away; undefined when it survived. */
  readonly killedBy: string | undefined;
}

export interface RunOptions {
  /** Processes at a time. */
  readonly jobs: number;
  /** At most so many mutants, the same ones each time. */
  readonly sample: number;
  /** Only mutants of sources whose path has this in it. */
  readonly file: string;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** A test that takes longer than so many times its time without a mutant hangs, with an allowance for the machine. */
const TIME_FACTOR = 4;
const TIME_ALLOWANCE_MS = 5_000;

/** The same for turns of loops. */
const TURN_FACTOR = 10;
const TURN_ALLOWANCE = 1_000;

/** Tests without a mutant, milliseconds. */
const MEASURE_LIMIT_MS = 300_000;

const SWITCH = "tests/tools/mutate/switch.ts";

/** Tests that reach a mutant. */
interface Plan {
  readonly tests: readonly number[];
  /** Whether it has its effect, or a part of it, when its source is loaded. */
  readonly isStatic: boolean;
}

/**
 * Tries the mutants of a target. The sources in `root` are instrumented ones afterwards.
 *
 * @param root Of a copy of the tree, which is nobody else's.
 * @returns Every mutant there is, tried or not.
 * @throws {TypeError} A source is not there, or a test fails without a mutant.
 */
export async function runTarget(root: string, target: Target, options: RunOptions): Promise<readonly Mutant[]> {
  const mutants = instrument(root, target.sources);
  const coverage = await measure(root, target.tests);
  const chosen = sampled(mutants.filter(({ path }) => path.includes(options.file)), options.sample);
  const waiting = chosen.values();
  await Promise.all(Array.from({ length: options.jobs }, async () => {
    const runner = new Runner(root, target.tests, coverage);
    for (const mutant of waiting) options.onVerdict({ mutant, killedBy: await runner.killerOf(mutant.id) });
    await runner.end();
  }));
  return mutants;
}

function instrument(root: string, sources: readonly string[]): Mutant[] {
  const all: Mutant[] = [];
  for (const path of sources) {
    const file = join(root, path);
    const switchPath = relative(dirname(path), SWITCH);
    const { mutants, instrumented } = mutate(path, Deno.readTextFileSync(file), all.length + 1, switchPath);
    Deno.writeTextFileSync(file, instrumented);
    all.push(...mutants);
  }
  return all;
}

/** Spread evenly and always the same: in the order of a multiplicative hash of the number. */
function sampled(mutants: readonly Mutant[], count: number): readonly Mutant[] {
  if (mutants.length <= count) return mutants;
  const hash = ({ id }: Mutant) => Math.imul(id, 0x9e3779b1) >>> 0;
  return mutants.toSorted((a, b) => hash(a) - hash(b)).slice(0, count).toSorted((a, b) => a.id - b.id);
}

class Coverage {
  readonly #measured: readonly Measured[];
  readonly #reached: readonly ReadonlySet<number>[];
  readonly #loaded: ReadonlySet<number>;

  constructor(measured: readonly Measured[], loaded: readonly number[]) {
    this.#measured = measured;
    this.#reached = measured.map(({ reached }) => new Set(reached));
    this.#loaded = new Set(loaded);
  }

  /** The quickest tests come first. */
  planOf(id: number): Plan {
    const isStatic = this.#loaded.has(id);
    const tests = [...this.#measured.keys()].filter((at) => isStatic || this.#reached[at]!.has(id))
      .toSorted((a, b) => this.#measured[a]!.ms - this.#measured[b]!.ms);
    return { tests, isStatic };
  }

  /** A test, and the bounds of its run. */
  boundsOf(test: number): { readonly name: string; readonly limitMs: number; readonly maxTurns: number } {
    const { name, ms, turns } = this.#measured[test]!;
    const limitMs = ms * TIME_FACTOR + TIME_ALLOWANCE_MS;
    return { name, limitMs, maxTurns: turns * TURN_FACTOR + TURN_ALLOWANCE };
  }
}

async function measure(root: string, tests: readonly string[]): Promise<Coverage> {
  const host = new HostProcess(root, tests, 0);
  try {
    const loaded = await host.loaded();
    const reply = await host.ask({ mutant: 0, test: 0, maxTurns: 0 }, MEASURE_LIMIT_MS);
    if (typeof loaded === "string" || typeof reply === "string" || reply.measured === undefined) {
      throw new TypeError(`Cannot run ${tests.join(", ")}: without a mutant they end with ${JSON.stringify(reply)}`);
    }
    const failed = reply.measured.find(({ isFailed }) => isFailed);
    if (failed !== undefined) throw new TypeError(`Cannot mutate: without a mutant "${failed.name}" fails`);
    return new Coverage(reply.measured, loaded.loaded ?? []);
  } finally {
    await host.end();
  }
}

/** Tries mutants one after the other, in one process as long as that is trusted. */
class Runner {
  readonly #root: string;
  readonly #tests: readonly string[];
  readonly #coverage: Coverage;
  #host: HostProcess | undefined;

  constructor(root: string, tests: readonly string[], coverage: Coverage) {
    this.#root = root;
    this.#tests = tests;
    this.#coverage = coverage;
  }

  /** What gave the mutant away. */
  async killerOf(id: number): Promise<string | undefined> {
    const { tests, isStatic } = this.#coverage.planOf(id);
    if (isStatic) return await this.#killerInFresh(id, tests);
    for (const test of tests) {
      const reply = await this.#try(this.#host ??= await this.#started(), id, test);
      const isDoubtful = typeof reply === "string" || reply.isSure === false;
      if (!isDoubtful && reply.failure === undefined) continue;
      // Earlier mutants may have left something behind: the process is trusted no more, and this one is tried anew.
      if (isDoubtful) await this.end();
      const killer = isDoubtful ? await this.#killerInFresh(id, [test]) : this.#coverage.boundsOf(test).name;
      if (killer !== undefined) return killer;
    }
    return undefined;
  }

  async end(): Promise<void> {
    await this.#host?.end();
    this.#host = undefined;
  }

  /** In a process in which the mutant is alive from the start, and no other was. */
  async #killerInFresh(id: number, tests: readonly number[]): Promise<string | undefined> {
    const host = new HostProcess(this.#root, this.#tests, id);
    try {
      if (typeof await host.loaded() === "string") return "loading it";
      for (const test of tests) {
        const killer = this.#killer(test, await this.#try(host, id, test));
        if (killer !== undefined) return killer;
      }
      return undefined;
    } finally {
      await host.end();
    }
  }

  async #started(): Promise<HostProcess> {
    const host = new HostProcess(this.#root, this.#tests, 0);
    await host.loaded();
    return host;
  }

  #try(host: HostProcess, mutant: number, test: number): Promise<Reply> {
    const { maxTurns, limitMs } = this.#coverage.boundsOf(test);
    return host.ask({ mutant, test, maxTurns }, limitMs);
  }

  #killer(test: number, reply: Reply): string | undefined {
    const { name } = this.#coverage.boundsOf(test);
    if (typeof reply === "string") return `${name}: ${reply}`;
    if (reply.failure === undefined) return undefined;
    return reply.failure === "failed" ? name : `${name}: ${reply.failure}`;
  }
}
