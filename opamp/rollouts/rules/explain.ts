/**
 * Why an agent has the configuration that it has.
 *
 * @module
 */

import type { ConfigVersionRef, FleetAgent } from "../agents.ts";
import type { Pin } from "../records.ts";
import type { ExplainView, RuleView, SyncState } from "../views.ts";
import type { Rule } from "./rules.ts";

/** What holds for the agent. */
export interface ExplainParts {
  /** In the order of ranks. */
  readonly rules: readonly Rule[];
  readonly pin: Pin | undefined;
  readonly byHash: (hash: string) => ConfigVersionRef | undefined;
}

/** Every rule with its result, rollouts that have reached the agent before what an aborted one has left, then the rest. */
export function explainAgent(
  agent: FleetAgent,
  assigned: ConfigVersionRef | undefined,
  parts: ExplainParts,
): ExplainView {
  const { report } = agent;
  return {
    uid: agent.uid,
    assigned: assigned ?? null,
    reported: {
      hash: report.hash,
      state: report.state,
      error: report.error,
      config: refOf(parts.byHash(report.hash)),
    },
    effectiveHash: agent.effectiveHash ?? null,
    sync: syncOf(agent, assigned),
    rules: rulesOf(agent, parts),
  };
}

/** The name alone: what a catalog knows besides is not told here. */
function refOf(config: ConfigVersionRef | undefined): ConfigVersionRef | null {
  return config === undefined ? null : { name: config.name, version: config.version, hash: config.hash };
}

/** How what an agent reports compares with what it is to have. */
export function syncOf({ report }: FleetAgent, assigned: ConfigVersionRef | undefined): SyncState {
  if (assigned === undefined) return "unmanaged";
  if (report.hash !== assigned.hash) return report.state === "applied" && report.hash !== "" ? "drifted" : "pending";
  if (report.state === "applied") return "in_sync";
  return report.state === "unset" ? "pending" : report.state;
}

function rulesOf(agent: FleetAgent, { rules, pin }: ExplainParts): RuleView[] {
  const reached = rules.find(({ run }) => run?.holds(agent.uid));
  const views: RuleView[] = [];
  let winner: string | undefined = reached === undefined ? undefined : ruleName(reached);
  if (pin !== undefined) {
    views.push(pinView(pin, winner));
    winner ??= `the pin of rollout ${pin.rollout}`;
  }
  for (const rule of rules) {
    const view = ruleView(agent, rule, rule === reached, winner);
    views.push(view);
    if (view.wins) winner = ruleName(rule);
  }
  return views;
}

function pinView({ rollout, config, uid }: Pin, winner: string | undefined): RuleView {
  return {
    kind: "pin",
    rollout,
    selector: `agent:uid = ${uid}`,
    priority: 0,
    specificity: 0,
    config,
    matches: true,
    wins: winner === undefined,
    why: winner === undefined ? `rollout ${rollout} was aborted in place` : `${winner} is stronger`,
    conditions: [],
  };
}

function ruleView(agent: FleetAgent, rule: Rule, isReached: boolean, winner: string | undefined): RuleView {
  const { selector, priority, specificity, assignment, run } = rule;
  const config = run?.record.spec.config ?? assignment?.config;
  if (config === undefined) throw new TypeError("Cannot explain a rule: it is neither a rollout nor an assignment");
  const matches = agent.followsConfig && selector.matches(agent);
  const wins = isReached || (assignment !== undefined && matches && winner === undefined);
  return {
    kind: run === undefined ? "assignment" : "rollout",
    rollout: run?.id ?? 0,
    selector: selector.text,
    priority,
    specificity,
    config,
    matches,
    wins,
    why: wins ? "it is the strongest rule that holds for the agent" : whyNot(agent, rule, matches, winner),
    conditions: selector.explain(agent),
  };
}

function whyNot(agent: FleetAgent, { run, selector }: Rule, matches: boolean, winner: string | undefined): string {
  if (!agent.followsConfig) return "the agent does not accept remote configuration, or does not report on it";
  if (!matches) {
    const failed = selector.explain(agent).find(({ holds }) => !holds);
    return `${failed?.condition ?? ""} does not hold: the agent has ${failed?.value ?? "none"}`;
  }
  if (run?.has(agent.uid)) {
    const { state } = run.record;
    return state === "rolling_back" ? `rollout ${run.id} is being rolled back` : `rollout ${run.id} has not reached it`;
  }
  return `${winner ?? "another rule"} is stronger`;
}

function ruleName({ run, selector }: Rule): string {
  return run === undefined ? `the assignment "${selector.text}"` : `rollout ${run.id}`;
}
