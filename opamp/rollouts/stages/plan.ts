/**
 * What a rollout would do, before it does anything.
 *
 * @module
 */

import type { ConfigVersionRef, FleetAgent } from "../agents.ts";
import { type ConfigCatalog, configText } from "../configs/configs.ts";
import { diffFiles } from "../configs/diff.ts";
import { choose, compareRanks, type Rule } from "../rules/rules.ts";
import type { Selector } from "../rules/selector.ts";
import type { DryRunView, OriginView } from "../views.ts";
import { Line, type Placed, placeOf } from "./placement.ts";
import type { RolloutRun } from "./run.ts";
import { amountOf, type RolloutSpec } from "./spec.ts";

/** Agents that are named for each stage. */
const SHOWN_AGENTS = 20;
/** Configurations whose difference is shown; agents with others are counted all the same. */
const SHOWN_DIFFS = 20;

/** What a plan is made from. */
export interface PlanParts {
  readonly agents: Iterable<FleetAgent>;
  /** In the order of ranks. */
  readonly rules: readonly Rule[];
  /** Rollouts that have not ended. */
  readonly runs: readonly RolloutRun[];
  readonly catalog: ConfigCatalog;
  readonly pinOf: (uid: string) => ConfigVersionRef | undefined;
  readonly sequence: number;
  readonly seed: string;
}

/** A plan: why it would be refused, and on demand all that it would do. */
export interface Plan {
  readonly spec: RolloutSpec;
  readonly problems: readonly string[];
  view(): DryRunView;
}

interface Tally {
  matched: number;
  changingAway: number;
  unchanged: number;
  shadowed: number;
  incapable: number;
  readonly changing: Placed[];
  /** Agents by the name and version of what they have; the key "" is none of ours. */
  readonly origins: Map<string, { readonly config: ConfigVersionRef | undefined; agents: number }>;
  readonly conflicts: Set<number>;
}

/** @param selector Of the specification. */
export function planRollout(spec: RolloutSpec, selector: Selector, parts: PlanParts): Plan {
  const tally = countAgents(spec, selector, parts);
  const problems = problemsOf(spec, tally, parts);
  return { spec, problems, view: () => viewOf(spec, problems, tally, parts.catalog) };
}

function countAgents(spec: RolloutSpec, selector: Selector, parts: PlanParts): Tally {
  const tally: Tally = {
    matched: 0,
    changingAway: 0,
    unchanged: 0,
    shadowed: 0,
    incapable: 0,
    changing: [],
    origins: new Map(),
    conflicts: new Set(),
  };
  const rank = { priority: spec.priority, specificity: selector.specificity, sequence: parts.sequence };
  for (const agent of parts.agents) {
    if (!selector.matches(agent)) continue;
    tally.matched++;
    for (const run of parts.runs) if (run.selector.matches(agent)) tally.conflicts.add(run.id);
    const { assignment } = choose(parts.rules, agent);
    const rule = parts.rules.find((each) => each.assignment === assignment);
    if (!agent.followsConfig) tally.incapable++;
    else if (assignment !== undefined && rule !== undefined && compareRanks(rule, rank) < 0) tally.shadowed++;
    else countChange(tally, agent, parts.pinOf(agent.uid) ?? assignment?.config, spec, parts.seed);
  }
  return tally;
}

function countChange(
  tally: Tally,
  agent: FleetAgent,
  base: ConfigVersionRef | undefined,
  { config }: RolloutSpec,
  seed: string,
): void {
  if (base?.hash === config.hash) {
    tally.unchanged++;
    return;
  }
  if (agent.connected) tally.changing.push({ uid: agent.uid, place: placeOf(seed, agent.uid) });
  else tally.changingAway++;
  const key = base === undefined ? "" : configText(base);
  const origin = tally.origins.get(key) ?? { config: base, agents: 0 };
  origin.agents++;
  tally.origins.set(key, origin);
}

function problemsOf({ config, onConflict }: RolloutSpec, tally: Tally, { runs }: PlanParts): string[] {
  const problems: string[] = [];
  const { matched, changing, changingAway, unchanged, shadowed, incapable, conflicts } = tally;
  if (matched === 0) problems.push("the selector matches no agent");
  else if (changing.length + changingAway === 0) {
    problems.push(
      `it changes no agent: of ${matched} that match ${unchanged} have ${
        configText(config)
      } already, ${shadowed} have ` +
        `a stronger assignment, ${incapable} do not follow remote configuration`,
    );
  }
  if (conflicts.size > 0 && onConflict === "refuse") {
    const states = runs.filter(({ id }) => conflicts.has(id)).map(({ id, record }) => `${id} (${record.state})`);
    problems.push(`rollouts have some of the same agents: ${states.join(", ")}`);
  }
  return problems;
}

function viewOf(spec: RolloutSpec, problems: readonly string[], tally: Tally, catalog: ConfigCatalog): DryRunView {
  const { matched, changing, changingAway, unchanged, shadowed, incapable, conflicts } = tally;
  return {
    spec,
    problems,
    conflicts: [...conflicts],
    matched,
    changing: changing.length,
    changingAway,
    unchanged,
    shadowed,
    incapable,
    stages: stagesOf(spec, changing),
    origins: originsOf(spec, tally, catalog),
  };
}

function stagesOf({ stages }: RolloutSpec, changing: readonly Placed[]): DryRunView["stages"] {
  const line = new Line<Placed>();
  for (const agent of changing) line.push(agent);
  let reached = 0;
  return stages.map(({ reach }) => {
    const agents = amountOf(reach, changing.length);
    const first: string[] = [];
    for (; reached < agents; reached++) {
      const uid = line.pop()?.uid;
      if (uid !== undefined && first.length < SHOWN_AGENTS) first.push(uid);
    }
    return { reach, agents, first };
  });
}

function originsOf({ config }: RolloutSpec, { origins }: Tally, catalog: ConfigCatalog): OriginView[] {
  const after = catalog.get(config.name, config.version).contents;
  const sorted = [...origins.values()].sort((a, b) => b.agents - a.agents);
  return sorted.map((origin, index) => {
    const before = origin.config === undefined ? [] : catalog.get(origin.config.name, origin.config.version).contents;
    return {
      config: origin.config ?? null,
      agents: origin.agents,
      diff: index < SHOWN_DIFFS ? diffFiles(before, after) : [],
    };
  });
}
