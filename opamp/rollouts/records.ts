/**
 * What outlives the process, and what keeps it.
 *
 * A decision is written before it is acted upon, in one transaction, and every act can be done twice: whoever starts
 * again reads what was decided and does the rest.
 *
 * @module
 */

import type { ConfigVersionRef } from "./agents.ts";
import type { RolloutSpec } from "./stages/spec.ts";

/** One file, section or object of a configuration, as agents are given it. */
export interface ConfigFile {
  /** The key in the `AgentConfigMap`; may be empty, unique in a configuration. */
  readonly name: string;
  readonly body: Uint8Array;
  /** MIME type; may be empty. */
  readonly contentType: string;
  /** The protocol's `role`; may be empty. */
  readonly role: string;
}

/** What is known of a version without its files. */
export interface ConfigInfo extends ConfigVersionRef {
  /** Names, in order. */
  readonly files: readonly string[];
  /** Of all bodies. */
  readonly byteLength: number;
  readonly createdMs: number;
  readonly who: string;
  readonly note: string;
}

/** What an operator, or a completed rollout, has said that agents shall have. */
export interface Assignment {
  /** Canonical; with the priority it names the assignment. */
  readonly selector: string;
  readonly priority: number;
  readonly config: ConfigVersionRef;
  /** Grows with every change of any rule: of two that are as close to an agent, the newer wins. */
  readonly sequence: number;
  readonly changedMs: number;
  readonly who: string;
}

/** One agent that keeps what an aborted rollout gave it. */
export interface Pin {
  readonly uid: string;
  readonly config: ConfigVersionRef;
  readonly rollout: number;
}

/**
 * Where a rollout is. `queued` > `running` <> `paused`, then `completed`, or by way of `rolling_back` to `rolled_back`
 * (by a breach) or `aborted` (by an operator); without rollback straight to `aborted`.
 */
export type RolloutState =
  | "queued"
  | "running"
  | "paused"
  | "rolling_back"
  | "completed"
  | "rolled_back"
  | "aborted";

/** States that are not left again. */
export const ENDED: ReadonlySet<RolloutState> = new Set<RolloutState>(["completed", "rolled_back", "aborted"]);

/** Rollouts that have ended and are kept; the oldest are forgotten above it, their agents and events with them. */
export const MAX_ENDED = 200;

/** A rollout as it is stored. */
export interface RolloutRecord {
  /** From 1. */
  readonly id: number;
  readonly spec: RolloutSpec;
  /** Chooses the order of the agents; a retry has the seed of what it retries, so that the same agents come first. */
  readonly seed: string;
  /** As that of an assignment. */
  readonly sequence: number;
  readonly state: RolloutState;
  /** Index into the stages. */
  readonly stage: number;
  /** Whether the agents of the stage are still being given the version, or only watched. */
  readonly phase: "releasing" | "soaking";
  /** The soak of this stage is skipped: an operator promoted it. */
  readonly isPromoted: boolean;
  readonly who: string;
  readonly createdMs: number;
  /** 0 while queued. */
  readonly startedMs: number;
  readonly stageStartedMs: number;
  /** 0 until it has ended. */
  readonly endedMs: number;
  /** Why it is rolled back or aborted; otherwise empty. */
  readonly reason: string;
  /** What was known of the error rate when its gate was looked at last, for people; absent until then. */
  readonly errorRate?: string;
  /**
   * Of the stages that were passed those, by index, in which enough was handled for the error rate to be judged; absent
   * until one was passed, and of what an older program has written.
   */
  readonly judgedStages?: readonly number[];
  /** What it becomes when everyone is back. */
  readonly backTo: "rolled_back" | "aborted";
  /** The rollout that it tries again; 0: none. */
  readonly retryOf: number;
  /** How many agents were in which phase when it ended; empty until then. */
  readonly totals: Readonly<Record<string, number>>;
}

/** How far an agent is that was given the version. */
export type MemberPhase = "applying" | "applied" | "failed" | "stuck" | "silent";

/** An agent that was given the version of a rollout. Those that wait have no record. */
export interface MemberRecord {
  readonly rollout: number;
  readonly uid: string;
  readonly phase: MemberPhase;
  readonly releasedMs: number;
  /** Its health when it was given the version; unknown counts as healthy. */
  readonly wasHealthy: boolean;
  /** What it handled in the time before. */
  readonly beforeItems: number;
  readonly beforeErrors: number;
  /** Of FAILED, cut to `MAX_ERROR_LENGTH`; otherwise empty. */
  readonly error: string;
}

/** Characters of an agent's error that are kept. */
export const MAX_ERROR_LENGTH = 500;

/** What happened: the names of decisions. */
export type EventKind =
  | "created"
  | "queued"
  | "started"
  | "stage_started"
  | "soak_started"
  | "stage_passed"
  | "promoted"
  | "paused"
  | "resumed"
  | "retried"
  | "agent_failed"
  | "breached"
  | "rollback_started"
  | "rolled_back"
  | "aborted"
  | "completed"
  | "recovered"
  | "assigned"
  | "unassigned"
  | "unpinned"
  | "config_added";

/** One decision, with the numbers that led to it. */
export interface RolloutEvent {
  /** From 1, in order. */
  readonly id: number;
  /** 0: of no rollout. */
  readonly rollout: number;
  readonly atMs: number;
  readonly kind: EventKind;
  /** An operator, or `controller`. */
  readonly who: string;
  /** For people. */
  readonly text: string;
  readonly numbers: Readonly<Record<string, number>>;
}

/** What one transaction writes. */
export interface Changes {
  readonly rollouts: readonly RolloutRecord[];
  readonly members: readonly MemberRecord[];
  /** Agents that a rollout no longer has. */
  readonly removedMembers: readonly { readonly rollout: number; readonly uid: string }[];
  /** Rollouts that have ended: of their agents those are kept that did not come to APPLIED. */
  readonly ended: readonly number[];
  readonly assignments: readonly Assignment[];
  readonly removedAssignments: readonly Pick<Assignment, "selector" | "priority">[];
  readonly pins: readonly Pin[];
  readonly removedPins: readonly string[];
  readonly events: readonly Omit<RolloutEvent, "id">[];
}

/** Everything that decisions need: no files, no events. */
export interface StoredState {
  readonly rollouts: readonly RolloutRecord[];
  /** Of rollouts that have not ended. */
  readonly members: readonly MemberRecord[];
  readonly assignments: readonly Assignment[];
  readonly pins: readonly Pin[];
}

/** Events or agents of one answer. */
export const MAX_PAGE = 1_000;

/** Which events are wanted, the newest first. */
export interface EventQuery {
  readonly rollout?: number | undefined;
  /** Only those before this id. */
  readonly before?: number | undefined;
  /** 1 to `MAX_PAGE`. */
  readonly limit: number;
}

/** Which agents of a rollout are wanted, in the order of uids. */
export interface MemberQuery {
  readonly phase?: MemberPhase | undefined;
  /** Only those after this uid. */
  readonly after?: string | undefined;
  /** 1 to `MAX_PAGE`. */
  readonly limit: number;
}

/** Keeps decisions. What is written is wholly there, or, when a method throws, not at all. */
export interface RolloutStore {
  load(): StoredState;
  commit(changes: Changes): void;
  events(query: EventQuery): RolloutEvent[];
  members(rollout: number, query: MemberQuery): MemberRecord[];
  /** @throws Also when that version is there. */
  addConfig(info: ConfigInfo, files: readonly ConfigFile[]): void;
  configs(): ConfigInfo[];
  /** In the order of names; empty when there is no such version. */
  configFiles(name: string, version: number): ConfigFile[];
}
