/**
 * What a REST API shows of configurations, rules and rollouts: plain JSON, times in milliseconds since 1970, hashes and uids in hex.
 *
 * @module
 */

import type { ConfigState, ConfigVersionRef } from "./agents.ts";
import type { RolloutRecord, RolloutState } from "./records.ts";
import type { ConditionResult } from "./rules/selector.ts";
import type { GateFigures, GateLimits } from "./stages/gate.ts";
import type { Counts } from "./stages/member.ts";
import type { RolloutRun } from "./stages/run.ts";
import type { Amount, RolloutSpec, StageSpec } from "./stages/spec.ts";

/** One stage of a rollout. */
export interface StageView {
  readonly reach: Amount;
  readonly soakMs: number;
  readonly limits: GateLimits;
  readonly state: "waiting" | "releasing" | "soaking" | "passed" | "stopped";
  /** Enough was handled for the error rate to be judged; null when it was not passed, or is of an older program. */
  readonly judged: boolean | null;
}

/** A rollout. */
export interface RolloutView {
  readonly id: number;
  readonly name: string;
  readonly state: RolloutState;
  readonly selector: string;
  readonly priority: number;
  readonly config: ConfigVersionRef;
  readonly stages: readonly StageView[];
  /** Index into the stages. */
  readonly stage: number;
  readonly spec: RolloutSpec;
  readonly who: string;
  readonly reason: string;
  readonly createdMs: number;
  readonly startedMs: number;
  readonly stageStartedMs: number;
  readonly endedMs: number;
  readonly retryOf: number;
  /** Of agents with the version, or why it is not judged, for people; empty before there are any. */
  readonly errorRate: string;
  /** The error rate was judged in one of the stages that were passed; null as long as none was. */
  readonly judged: boolean | null;
  /** How many agents are how; when it has ended, as they were then. */
  readonly counts: Readonly<Record<string, number>>;
  /** Only while it runs. */
  readonly progress?: {
    /** Agents that the stage is to reach. */
    readonly target: number;
    /** Agents that may be applying at the same time now. */
    readonly window: number;
    /** What is left of the soak, milliseconds; null outside of one. */
    readonly soakLeftMs: number | null;
    readonly figures: GateFigures;
  };
  /** Rollouts that it waits for, while it is queued. */
  readonly waitsFor: readonly number[];
}

/** One rule that was asked about an agent, the strongest first. */
export interface RuleView {
  readonly kind: "rollout" | "pin" | "assignment";
  /** Of the rollout, or of the one that has left the pin; 0 for an assignment. */
  readonly rollout: number;
  readonly selector: string;
  readonly priority: number;
  readonly specificity: number;
  readonly config: ConfigVersionRef;
  readonly matches: boolean;
  /** Its configuration is what the agent is to have. */
  readonly wins: boolean;
  /** Why it wins or does not. */
  readonly why: string;
  readonly conditions: readonly ConditionResult[];
}

/**
 * How what an agent has compares with what it is to have: `unmanaged` no rule is for it; `in_sync` it has applied it;
 * `pending` it has not answered; `applying`, `failed` as it reports; `drifted` it has applied something else.
 */
export type SyncState = "unmanaged" | "in_sync" | "pending" | "applying" | "failed" | "drifted";

/** Why an agent has the configuration that it has. */
export interface ExplainView {
  readonly uid: string;
  readonly assigned: ConfigVersionRef | null;
  readonly reported: {
    readonly hash: string;
    readonly state: ConfigState;
    readonly error: string;
    /** The version that it is, when it is one of ours. */
    readonly config: ConfigVersionRef | null;
  };
  /** Hash of the effective configuration; an agent that merges ours with its own has another than we gave it. */
  readonly effectiveHash: string | null;
  readonly sync: SyncState;
  readonly rules: readonly RuleView[];
}

/** How many agents are in which state. */
export type DriftView = Readonly<Record<SyncState, number>>;

/** How a file of a configuration changes. */
export interface FileDiff {
  readonly file: string;
  readonly change: "added" | "removed" | "changed";
  /** Unified; empty when it is no text. */
  readonly diff: string;
  /** The diff was cut. */
  readonly isCut: boolean;
}

/** Agents that have the same configuration now. */
export interface OriginView {
  /** null: none of ours. */
  readonly config: ConfigVersionRef | null;
  readonly agents: number;
  readonly diff: readonly FileDiff[];
}

/** What a rollout would do if it started now. */
export interface DryRunView {
  readonly spec: RolloutSpec;
  /** Why it would be refused; empty when it would not. */
  readonly problems: readonly string[];
  /** Rollouts with some of the same agents. */
  readonly conflicts: readonly number[];
  /** That the selector matches: the sum of the next five. */
  readonly matched: number;
  readonly changing: number;
  readonly changingAway: number;
  readonly unchanged: number;
  /** A stronger assignment is for them. */
  readonly shadowed: number;
  /** They do not accept remote configuration, or do not report on it. */
  readonly incapable: number;
  readonly stages: readonly {
    readonly reach: Amount;
    /** Connected agents, earlier stages included. */
    readonly agents: number;
    /** The first of those that this stage adds. */
    readonly first: readonly string[];
  }[];
  readonly origins: readonly OriginView[];
}

/** @param run Absent when the rollout has ended. */
export function rolloutView(
  record: RolloutRecord,
  run: RolloutRun | undefined,
  waitsFor: readonly number[],
): RolloutView {
  const { id, spec, state, stage, who, reason, createdMs, startedMs, stageStartedMs, endedMs, retryOf } = record;
  const isWatched = run?.isActive && record.state !== "rolling_back";
  return {
    id,
    name: spec.name,
    state,
    selector: spec.selector,
    priority: spec.priority,
    config: spec.config,
    stages: spec.stages.map((each, index) => stageView(record, each, index)),
    stage,
    spec,
    who,
    reason,
    createdMs,
    startedMs,
    stageStartedMs,
    endedMs,
    retryOf,
    errorRate: isWatched ? run.errorRate : record.errorRate ?? "",
    judged: record.judgedStages === undefined ? null : record.judgedStages.length > 0,
    counts: run === undefined ? record.totals : { ...run.counts satisfies Counts },
    ...run?.isActive ? { progress: progressOf(run) } : {},
    waitsFor,
  };
}

function progressOf(run: RolloutRun): NonNullable<RolloutView["progress"]> {
  const { target, window, soakLeftMs = null } = run;
  return { target, window, soakLeftMs, figures: run.figures() };
}

function stageView(record: RolloutRecord, stage: StageSpec, index: number): StageView {
  const state = stageState(record, index);
  const judged = state === "passed" ? record.judgedStages?.includes(index) ?? null : null;
  return { ...stage, state, judged };
}

function stageState({ state, stage, phase }: RolloutRecord, index: number): StageView["state"] {
  if (state === "completed" || index < stage) return "passed";
  if (index > stage || state === "queued") return "waiting";
  return state === "running" || state === "paused" ? phase : "stopped";
}
