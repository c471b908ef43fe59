/**
 * The agents of a rollout: who comes next, who has answered what, whose time runs out.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import type { ConfigVersionRef, FleetAgent } from "../agents.ts";
import { NO_CONFIG } from "../configs/configs.ts";
import { MAX_ERROR_LENGTH, type MemberPhase, type MemberRecord } from "../records.ts";
import type { Traffic } from "./gate.ts";
import { type Counts, type Member, noCounts, tally } from "./member.ts";
import { Line, placeOf } from "./placement.ts";
import type { RolloutSpec } from "./spec.ts";

const NOTHING: Traffic = { items: 0, errors: 0 };

/**
 * What reports mean: `watching` they are verdicts about the version; `returning` they are looked through for what the
 * agent had before; `idle` nothing.
 */
export type MembersMode = "idle" | "watching" | "returning";

export interface MembersParts {
  readonly spec: Pick<RolloutSpec, "config" | "applyTimeoutMs" | "awayGraceMs" | "unhealthyGraceMs">;
  /** Chooses the order. */
  readonly seed: string;
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  /** An agent has come to another phase. */
  readonly onPhase: (member: Member, phase: MemberPhase) => void;
}

export class Members {
  readonly counts: Counts = noCounts();
  /** What agents with the version handled before they had it. */
  readonly before = { ...NOTHING };
  readonly #parts: MembersParts;
  readonly #byUid = new Map<string, Member>();
  /** Who comes next, in the order of places. */
  readonly #line = new Line<Member>();
  /** Agents whose time may run out. */
  readonly #applying = new Set<Member>();
  readonly #absent = new Set<Member>();
  readonly #unwell = new Set<Member>();
  /** Agents that are connected and have not come back from the version yet; only while returning. */
  readonly #owing = new Set<Member>();
  #mode: MembersMode = "idle";

  constructor(parts: MembersParts) {
    this.#parts = parts;
  }

  get mode(): MembersMode {
    return this.#mode;
  }

  set mode(mode: MembersMode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    for (const member of this.released()) this.#file(member);
  }

  /** Agents that have not come back yet, and are connected. */
  get owing(): number {
    return this.#owing.size;
  }

  get(uid: string): Readonly<Member> | undefined {
    return this.#byUid.get(uid);
  }

  /** Agents that were given the version. */
  *released(): Iterable<Member> {
    for (const member of this.#byUid.values()) if (member.phase !== "waiting") yield member;
  }

  /**
   * Takes an agent in.
   *
   * @param base What it has without the rollout.
   * @param stored What a former process wrote of it, when it had the version.
   */
  join(agent: FleetAgent, base: ConfigVersionRef | undefined, stored?: MemberRecord): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const baseHash = (base ?? NO_CONFIG).hash;
    const member: Member = {
      uid: agent.uid,
      place: placeOf(this.#parts.seed, agent.uid),
      phase: stored?.phase ?? "waiting",
      baseHash,
      changes: baseHash !== this.#parts.spec.config.hash,
      isInLine: false,
      connected: agent.connected,
      wasSeen: agent.connected,
      awaySinceMs: nowMs,
      isLost: false,
      reportsMetrics: agent.reportsMetrics,
      healthy: agent.healthy !== false,
      wasHealthy: stored?.wasHealthy ?? agent.healthy !== false,
      unhealthySinceMs: nowMs,
      isSick: false,
      reportHash: agent.report.hash,
      reportState: agent.report.state,
      reportRevision: agent.report.revision,
      // What a former process gave may have been answered since.
      oldRevision: undefined,
      hasAnswered: false,
      applyingSinceMs: nowMs,
      releasedMs: stored?.releasedMs ?? 0,
      before: stored === undefined ? NOTHING : { items: stored.beforeItems, errors: stored.beforeErrors },
      error: stored?.error ?? "",
    };
    this.#byUid.set(member.uid, member);
    this.#count(member, 1);
    this.#file(member);
    if (stored !== undefined) this.observe(agent);
  }

  /** Lets an agent go. @returns Whether it had the version. */
  leave(uid: string): boolean {
    const member = this.#byUid.get(uid);
    if (member === undefined) return false;
    this.#count(member, -1);
    this.#byUid.delete(uid);
    for (const set of [this.#applying, this.#absent, this.#unwell, this.#owing]) set.delete(member);
    return member.phase !== "waiting";
  }

  /** What an agent has without the rollout is something else now. */
  rebase(uid: string, base: ConfigVersionRef | undefined): void {
    const member = this.#byUid.get(uid);
    if (member === undefined) return;
    this.#update(member, () => {
      member.baseHash = (base ?? NO_CONFIG).hash;
      member.changes = member.baseHash !== this.#parts.spec.config.hash;
    });
  }

  /** Takes in how an agent is now. */
  observe(agent: FleetAgent): void {
    const member = this.#byUid.get(agent.uid);
    if (member === undefined) return;
    this.#update(member, () => {
      member.reportsMetrics = agent.reportsMetrics;
      this.#seePresence(member, agent.connected);
      this.#seeHealth(member, agent.healthy !== false);
      this.#seeReport(member, agent);
    });
  }

  /** Gives the version to who comes next; undefined when nobody is there. */
  releaseNext(trafficOf: (uid: string) => Traffic): Readonly<Member> | undefined {
    for (let member = this.#line.pop(); member !== undefined; member = this.#line.pop()) {
      member.isInLine = false;
      const isHere = this.#byUid.get(member.uid) === member && member.connected;
      if (!isHere || member.phase !== "waiting" || !member.changes) continue;
      this.#update(member, () => this.#release(member, trafficOf(member.uid)));
      return member;
    }
    return undefined;
  }

  /** An agent that had the version waits again, at its old place. */
  takeBack({ uid }: Readonly<Member>): void {
    const member = this.#byUid.get(uid);
    if (member === undefined) return;
    this.#update(member, () => Object.assign(member, { phase: "waiting", error: "", before: NOTHING }));
  }

  /** Looks whose time has run out. */
  expire(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const { applyTimeoutMs, awayGraceMs, unhealthyGraceMs } = this.#parts.spec;
    for (const member of this.#absent) {
      if (nowMs - member.awaySinceMs >= awayGraceMs) this.#update(member, () => member.isLost = true);
    }
    for (const member of this.#unwell) {
      if (nowMs - member.unhealthySinceMs >= unhealthyGraceMs) this.#update(member, () => member.isSick = true);
    }
    for (const member of this.#applying) {
      if (nowMs - member.applyingSinceMs >= applyTimeoutMs) this.#update(member, () => this.#runOutOfTime(member));
    }
  }

  /** An agent that is away is no silent one: it is lost, whatever the grace. */
  #runOutOfTime(member: Member): void {
    if (!member.connected) member.isLost = true;
    else this.#enter(member, member.hasAnswered ? "stuck" : "silent");
  }

  #release(member: Member, before: Traffic): void {
    const { config } = this.#parts.spec;
    member.wasHealthy = member.healthy;
    member.isSick = false;
    member.unhealthySinceMs = this.#parts.clock.monotonicMs();
    member.releasedMs = this.#parts.clock.nowMs();
    member.before = before;
    member.oldRevision = member.reportRevision;
    const hasItAlready = member.reportHash === config.hash && member.reportState === "applied";
    this.#enter(member, hasItAlready ? "applied" : "applying");
  }

  #seePresence(member: Member, connected: boolean): void {
    if (connected === member.connected) return;
    const nowMs = this.#parts.clock.monotonicMs();
    member.connected = connected;
    if (!connected) {
      member.awaySinceMs = nowMs;
      return;
    }
    member.wasSeen = true;
    member.isLost = false;
    // What it was offered, it is offered again: it gets its time again.
    const hasVerdict = member.phase === "applied" || member.phase === "failed" || member.phase === "waiting";
    if (!hasVerdict && this.#mode === "watching") this.#enter(member, "applying");
  }

  #seeHealth(member: Member, healthy: boolean): void {
    if (healthy === member.healthy) return;
    member.healthy = healthy;
    member.isSick = false;
    if (!healthy) member.unhealthySinceMs = this.#parts.clock.monotonicMs();
  }

  #seeReport(member: Member, { report }: FleetAgent): void {
    member.reportHash = report.hash;
    member.reportState = report.state;
    member.reportRevision = report.revision;
    const isVerdict = this.#mode === "watching" && member.phase !== "waiting" && report.revision !== member.oldRevision;
    if (!isVerdict) return;
    const { hash } = this.#parts.spec.config;
    if (report.hash === hash) this.#seeVerdict(member, report.state, report.error);
    // What is kept of an agent may be older than its verdict, which is written apart: only its own word takes that back.
    else if (report.revision === 0) return;
    else if (member.phase === "applied" && report.hash === "") this.#enter(member, "applying");
    else if (member.phase === "applied") this.#fail(member, "it went back to another configuration by itself");
  }

  #seeVerdict(member: Member, state: Member["reportState"], error: string): void {
    if (state === "applied") this.#enter(member, "applied");
    else if (state === "failed") this.#fail(member, error);
    else if (state === "applying") {
      if (member.phase === "applied") this.#enter(member, "applying");
      member.hasAnswered = true;
    }
  }

  #fail(member: Member, error: string): void {
    if (member.phase === "failed") return;
    member.error = error.slice(0, MAX_ERROR_LENGTH);
    this.#enter(member, "failed");
  }

  #enter(member: Member, phase: MemberPhase): void {
    if (phase === "applying") {
      member.applyingSinceMs = this.#parts.clock.monotonicMs();
      member.hasAnswered = false;
    }
    if (phase !== "failed") member.error = "";
    if (phase === member.phase) return;
    member.phase = phase;
    this.#parts.onPhase(member, phase);
  }

  /** Changes an agent, with all that is kept about it. */
  #update(member: Member, change: () => void): void {
    this.#count(member, -1);
    change();
    this.#count(member, 1);
    this.#file(member);
  }

  /** Puts an agent where it will be looked for. */
  #file(member: Member): void {
    const isWaiting = member.phase === "waiting";
    toggle(this.#applying, member, member.phase === "applying");
    toggle(this.#absent, member, !member.connected && !member.isLost && (member.wasSeen || !isWaiting));
    toggle(this.#unwell, member, !member.healthy && !member.isSick);
    const isReturning = this.#mode === "returning";
    toggle(this.#owing, member, isReturning && !isWaiting && member.connected && !isBack(member));
    if (isWaiting && member.changes && member.connected && !member.isInLine) {
      member.isInLine = true;
      this.#line.push(member);
    }
  }

  #count(member: Member, sign: 1 | -1): void {
    tally(this.counts, member, sign);
    addTraffic(this.before, member.before, sign);
  }
}

/** Adds to a sum, or takes off. */
export function addTraffic(sum: { items: number; errors: number }, { items, errors }: Traffic, sign: 1 | -1): void {
  sum.items += sign * items;
  sum.errors += sign * errors;
}

/** It runs again what it had before, or said that it cannot. */
export function isBack({ reportHash, reportState, baseHash }: Readonly<Member>): boolean {
  return reportHash === baseHash && reportState !== "applying";
}

function toggle<Item>(set: Set<Item>, item: Item, isIn: boolean): void {
  if (isIn) set.add(item);
  else set.delete(item);
}
