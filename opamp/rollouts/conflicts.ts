/**
 * Which rollouts stand in each other's way: those that have some of the same agents.
 *
 * Agents move and go, so whether a queued one still has to wait is asked again and again. For each the first agent that
 * it shares with one before it is kept: as long as both select that agent, nothing is to be looked for.
 *
 * @module
 */

import type { FleetPort } from "./agents.ts";
import { ENDED } from "./records.ts";
import type { RolloutRun } from "./stages/run.ts";

/** What keeps a rollout from its start. */
interface Obstacle {
  readonly run: RolloutRun;
  /** An agent that both select. */
  readonly uid: string;
}

export class Conflicts {
  readonly #fleet: FleetPort;
  readonly #runs: ReadonlyMap<number, RolloutRun>;
  readonly #obstacles = new WeakMap<RolloutRun, Obstacle>();

  /** @param runs Those that have not ended, by id. */
  constructor(fleet: FleetPort, runs: ReadonlyMap<number, RolloutRun>) {
    this.#fleet = fleet;
    this.#runs = runs;
  }

  /** Rollouts before it that have some of the same agents. */
  of(run: RolloutRun): number[] {
    return this.#before(run).filter((other) => this.#shared(run, [other]) !== undefined).map(({ id }) => id);
  }

  /** Whether there are any. Costs a look at one agent while that one is shared, a look at all of them when it is not any more. */
  has(run: RolloutRun): boolean {
    const known = this.#obstacles.get(run);
    if (known !== undefined && this.#holds(run, known)) return true;
    const found = this.#shared(run, this.#before(run));
    if (found === undefined) return false;
    this.#obstacles.set(run, found);
    return true;
  }

  #before(run: RolloutRun): RolloutRun[] {
    return [...this.#runs.values()].filter(({ id, record }) => id < run.id && !ENDED.has(record.state));
  }

  #holds({ selector }: RolloutRun, { run, uid }: Obstacle): boolean {
    if (ENDED.has(run.record.state)) return false;
    const agent = this.#fleet.get(uid);
    return agent !== undefined && selector.matches(agent) && run.selector.matches(agent);
  }

  #shared({ selector }: RolloutRun, others: readonly RolloutRun[]): Obstacle | undefined {
    if (others.length === 0) return undefined;
    for (const agent of this.#fleet.agents()) {
      if (!selector.matches(agent)) continue;
      const run = others.find((other) => other.selector.matches(agent));
      if (run !== undefined) return { run, uid: agent.uid };
    }
    return undefined;
  }
}
