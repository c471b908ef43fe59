/**
 * One agent in a rollout, and the counts over all of them, kept up to date by taking an agent out before it changes and
 * putting it in again after.
 *
 * @module
 */

import type { ConfigState } from "../agents.ts";
import type { MemberPhase } from "../records.ts";
import type { Traffic } from "./gate.ts";
import type { Placed } from "./placement.ts";

/** An agent of a rollout; times are monotonic, milliseconds. */
export interface Member extends Placed {
  /** `waiting`: it was not given the version. */
  phase: "waiting" | MemberPhase;
  /** Hash of what it is to have without the rollout. */
  baseHash: string;
  /** What it has without the rollout is something else. */
  changes: boolean;
  /** Waits in the line of those that come next. */
  isInLine: boolean;
  connected: boolean;
  /** Was connected at some time since it is watched: one that has been away all along says nothing. */
  wasSeen: boolean;
  awaySinceMs: number;
  /** Away for longer than the grace. */
  isLost: boolean;
  /** Is to report its own metrics. */
  reportsMetrics: boolean;
  healthy: boolean;
  /** Its health when the rollout met it; when it was given the version: its health then. */
  wasHealthy: boolean;
  unhealthySinceMs: number;
  /** Unhealthy for longer than the grace. */
  isSick: boolean;
  /** The last report of its configuration. */
  reportHash: string;
  reportState: ConfigState;
  reportRevision: number;
  /** The newest report that was there when it was given the version: what it says is of an earlier offer. */
  oldRevision: number | undefined;
  /** Has reported APPLYING since. */
  hasAnswered: boolean;
  applyingSinceMs: number;
  /** Since 1970. */
  releasedMs: number;
  before: Traffic;
  error: string;
}

/** How many agents are how. */
export interface Counts {
  members: number;
  /** Have the same configuration without the rollout. */
  unchanged: number;
  /** Wait, and are connected. */
  ready: number;
  /** Wait, and are not connected. */
  away: number;
  /** Were given the version. */
  released: number;
  /** Were offered it, are not lost and have given no verdict: what the budget bounds. */
  applying: number;
  applied: number;
  failed: number;
  stuck: number;
  silent: number;
  /** Gone for longer than the grace, while they applied it or after. */
  disconnected: number;
  /** Of `applied`: unhealthy for longer than the grace, and healthy before. */
  unhealthy: number;
  /** Of `applied`: away or unhealthy within the grace; not known yet what becomes of them. */
  undecidedAway: number;
  undecidedUnhealthy: number;
  /** Wait and have been seen: what the others are compared with. */
  control: number;
  controlDisconnected: number;
  controlUnhealthy: number;
}

export function noCounts(): Counts {
  return {
    members: 0,
    unchanged: 0,
    ready: 0,
    away: 0,
    released: 0,
    applying: 0,
    applied: 0,
    failed: 0,
    stuck: 0,
    silent: 0,
    disconnected: 0,
    unhealthy: 0,
    undecidedAway: 0,
    undecidedUnhealthy: 0,
    control: 0,
    controlDisconnected: 0,
    controlUnhealthy: 0,
  };
}

/** Puts an agent into the counts (1), or takes it out (-1). */
export function tally(counts: Counts, member: Member, sign: 1 | -1): void {
  counts.members += sign;
  if (member.phase === "waiting") tallyWaiting(counts, member, sign);
  else tallyReleased(counts, member, member.phase, sign);
}

function tallyWaiting(counts: Counts, member: Member, sign: 1 | -1): void {
  if (!member.changes) {
    counts.unchanged += sign;
    return;
  }
  if (member.connected) counts.ready += sign;
  else counts.away += sign;
  if (!member.wasSeen) return;
  counts.control += sign;
  if (member.isLost) counts.controlDisconnected += sign;
  else if (member.isSick && member.wasHealthy) counts.controlUnhealthy += sign;
}

function tallyReleased(counts: Counts, member: Member, phase: MemberPhase, sign: 1 | -1): void {
  counts.released += sign;
  if (member.isLost && (phase === "applying" || phase === "applied")) counts.disconnected += sign;
  if (phase !== "applying" || !member.isLost) counts[phase] += sign;
  if (phase !== "applied" || member.isLost) return;
  if (!member.connected) counts.undecidedAway += sign;
  else if (!member.healthy && member.wasHealthy) {
    if (member.isSick) counts.unhealthy += sign;
    else counts.undecidedUnhealthy += sign;
  }
}
