/**
 * Which rule an agent follows: assignments, and rollouts that are about to become one.
 *
 * Of the rules whose selector matches, the one with the highest priority holds; of several that with the most specific
 * selector; of several the newest. A rollout is a rule that comes into force agent by agent: to an agent that it has not
 * reached yet the next rule applies, and when it is over it is an assignment, or gone.
 *
 * @module
 */

import type { FleetAgent } from "../agents.ts";
import type { Assignment } from "../records.ts";
import type { RolloutRun } from "../stages/run.ts";
import type { Selector } from "./selector.ts";

/** What decides between two rules that match. */
export interface Rank {
  readonly priority: number;
  readonly specificity: number;
  /** Grows with every change of a rule. */
  readonly sequence: number;
}

/** An assignment or a rollout, as far as choosing goes. */
export interface Rule extends Rank {
  readonly selector: Selector;
  readonly assignment: Assignment | undefined;
  readonly run: RolloutRun | undefined;
}

/** What an agent follows. */
export interface Choice {
  readonly assignment: Assignment | undefined;
  /** The rollout that it is an agent of, reached or not. */
  readonly run: RolloutRun | undefined;
}

const NOTHING: Choice = { assignment: undefined, run: undefined };

export function ruleOfRun(run: RolloutRun): Rule {
  const { spec: { priority }, sequence } = run.record;
  const { selector } = run;
  return { selector, priority, specificity: selector.specificity, sequence, assignment: undefined, run };
}

export function ruleOfAssignment(assignment: Assignment, selector: Selector): Rule {
  const { priority, sequence } = assignment;
  return { selector, priority, specificity: selector.specificity, sequence, assignment, run: undefined };
}

/** Below 0: `a` comes first. */
export function compareRanks(a: Rank, b: Rank): number {
  return b.priority - a.priority || b.specificity - a.specificity || b.sequence - a.sequence;
}

/** @param rules In the order of ranks. */
export function choose(rules: readonly Rule[], agent: FleetAgent): Choice {
  if (!agent.followsConfig) return NOTHING;
  let run: RolloutRun | undefined;
  for (const rule of rules) {
    if ((rule.run !== undefined && run !== undefined) || !rule.selector.matches(agent)) continue;
    if (rule.assignment !== undefined) return { assignment: rule.assignment, run };
    run = rule.run;
  }
  return { assignment: undefined, run };
}
