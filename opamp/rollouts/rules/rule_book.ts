/**
 * All rules that hold: assignments, pins, and the rollouts that run.
 *
 * @module
 */

import type { ConfigVersionRef, FleetAgent } from "../agents.ts";
import type { Assignment, Pin } from "../records.ts";
import type { RolloutRun } from "../stages/run.ts";
import { type Choice, choose, compareRanks, type Rule, ruleOfAssignment, ruleOfRun } from "./rules.ts";
import type { Selector } from "./selector.ts";

export class RuleBook {
  readonly #assignments = new Map<string, Rule>();
  /** By uid. */
  readonly #pins = new Map<string, Pin>();
  #rules: readonly Rule[] = [];

  /** In the order of ranks. */
  get rules(): readonly Rule[] {
    return this.#rules;
  }

  get assignmentCount(): number {
    return this.#assignments.size;
  }

  /** The strongest first. */
  get assignments(): Assignment[] {
    return [...this.#assignments.values()].sort(compareRanks).flatMap(({ assignment }) => assignment ?? []);
  }

  hasAssignment(selector: string, priority: number): boolean {
    return this.#assignments.has(assignmentKey(selector, priority));
  }

  /** In the place of one with the same selector and priority. @param selector That of the assignment. */
  assign(assignment: Assignment, selector: Selector): void {
    const key = assignmentKey(selector.text, assignment.priority);
    this.#assignments.set(key, ruleOfAssignment(assignment, selector));
  }

  /** @returns Whether there was one. */
  unassign(selector: string, priority: number): boolean {
    return this.#assignments.delete(assignmentKey(selector, priority));
  }

  pinOf(uid: string): Pin | undefined {
    return this.#pins.get(uid);
  }

  pinsOf(rollout: number): Pin[] {
    return [...this.#pins.values()].filter((pin) => pin.rollout === rollout);
  }

  pin(pin: Pin): void {
    this.#pins.set(pin.uid, pin);
  }

  /** @returns Whether there was one. */
  unpin(uid: string): boolean {
    return this.#pins.delete(uid);
  }

  /** Puts assignments and these rollouts in order; until then agents are held against the former rules. */
  rank(runs: Iterable<RolloutRun>): void {
    const rollouts = [...runs].filter(({ isActive }) => isActive).map(ruleOfRun);
    this.#rules = [...this.#assignments.values(), ...rollouts].sort(compareRanks);
  }

  choose(agent: FleetAgent): Choice {
    return choose(this.#rules, agent);
  }

  /** What an agent has where no rollout has reached it. */
  baseOf(uid: string, assignment: Assignment | undefined): ConfigVersionRef | undefined {
    return this.#pins.get(uid)?.config ?? assignment?.config;
  }
}

function assignmentKey(selector: string, priority: number): string {
  return `${priority} ${selector}`;
}
