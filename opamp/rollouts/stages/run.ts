/**
 * One rollout while it runs: gives the version to agents stage by stage, watches them, and goes on or back.
 *
 * It decides and says what it decided; the caller writes that down and only then acts upon it. Nothing here is sent,
 * stored or waited for. A status of one agent costs the same however many there are; `tick` looks at those whose time may run out.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import { counted } from "../../../pipeline/core/text.ts";
import type { ConfigVersionRef, FleetAgent } from "../agents.ts";
import { configText } from "../configs/configs.ts";
import { ConflictError } from "../errors.ts";
import { ENDED, type EventKind, type MemberPhase, type MemberRecord, type RolloutRecord } from "../records.ts";
import type { Selector } from "../rules/selector.ts";
import { Evidence } from "./evidence.ts";
import { type Breach, type GateFigures, judge, type Traffic } from "./gate.ts";
import type { Counts, Member } from "./member.ts";
import { isBack, Members, type MembersMode } from "./members.ts";
import { Soak } from "./soak.ts";
import { amountOf, amountText, type StageSpec } from "./spec.ts";

/** Who decides when no operator does. */
export const CONTROLLER = "controller";

/** Agents of one rollout whose failure is an event of its own; more are only counted. */
export const MAX_FAILURE_EVENTS = 50;

/** Where a rollout says what it decided. */
export interface Journal {
  record(run: RolloutRun): void;
  member(record: MemberRecord): void;
  memberRemoved(rollout: number, uid: string): void;
  event(rollout: number, kind: EventKind, who: string, text: string, numbers?: Readonly<Record<string, number>>): void;
  /**
   * What this agent is to have may be something else now.
   *
   * @param again Offer it even when the agent has reported FAILED for it.
   */
  offer(uid: string, again: boolean): void;
}

export interface RunParts {
  readonly journal: Journal;
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  /** What an agent has handled lately. */
  readonly trafficOf: (uid: string) => Traffic;
}

export class RolloutRun {
  readonly selector: Selector;
  readonly #parts: RunParts;
  readonly #members: Members;
  #record: RolloutRecord;
  readonly #evidence: Evidence;
  readonly #soak: Soak;
  #rollbackUntilMs = Infinity;
  #failureEvents = 0;

  /** @param record As it was made or read. Its agents are to `join`, and then it is to be driven. */
  constructor(record: RolloutRecord, selector: Selector, parts: RunParts) {
    this.#record = record;
    this.selector = selector;
    this.#parts = parts;
    this.#members = new Members({
      spec: record.spec,
      seed: record.seed,
      clock: parts.clock,
      onPhase: (member, phase) => this.#onPhase(member, phase),
    });
    this.#members.mode = modeOf(record);
    this.#evidence = new Evidence(this.#members);
    this.#soak = new Soak(parts.clock);
    if (record.phase === "soaking") this.#soak.begin(this.#soakMs);
    if (record.state === "paused") this.#soak.pause();
    if (record.state === "rolling_back") this.#rollbackUntilMs = this.#rollbackEndMs();
  }

  get record(): RolloutRecord {
    return this.#record;
  }

  get id(): number {
    return this.#record.id;
  }

  get isActive(): boolean {
    return this.#record.state !== "queued" && !ENDED.has(this.#record.state);
  }

  get stage(): StageSpec {
    const { spec: { stages }, stage } = this.#record;
    const found = stages[stage];
    if (found === undefined) throw new RangeError(`Cannot find stage ${stage}: there are ${stages.length}`);
    return found;
  }

  get #soakMs(): number {
    return this.#record.isPromoted ? 0 : this.stage.soakMs;
  }

  /** What is known of the error rate of agents with the version, for people. */
  get errorRate(): string {
    return this.#evidence.errorRate(this.stage.limits);
  }

  get counts(): Readonly<Counts> {
    return this.#members.counts;
  }

  /** What is left of the soak, milliseconds; undefined outside of one. */
  get soakLeftMs(): number | undefined {
    const { state, phase } = this.#record;
    return phase === "soaking" && (state === "running" || state === "paused") ? this.#soak.leftMs : undefined;
  }

  /** How many agents the stage is to reach. */
  get target(): number {
    return amountOf(this.stage.reach, this.counts.ready + this.counts.released);
  }

  /** How many may be applying now. */
  get window(): number {
    const { maxApplying, initialApplying, applyingGrowth } = this.#record.spec;
    const most = amountOf(maxApplying, this.counts.ready + this.counts.released);
    return Math.min(most, initialApplying + Math.floor(applyingGrowth * this.counts.applied));
  }

  has(uid: string): boolean {
    return this.#members.get(uid) !== undefined;
  }

  /** Whether the agent is to have this rollout's version now. */
  holds(uid: string): boolean {
    const phase = this.#members.get(uid)?.phase;
    return this.#members.mode === "watching" && phase !== undefined && phase !== "waiting";
  }

  /** Agents that were given the version. */
  released(): Iterable<Member> {
    return this.#members.released();
  }

  // ---- Agents

  /**
   * Takes an agent in.
   *
   * @param base What it has without the rollout.
   * @param stored What a former process wrote of it, when it had the version.
   */
  join(agent: FleetAgent, base: ConfigVersionRef | undefined, stored?: MemberRecord): void {
    this.#members.join(agent, base, stored);
  }

  /** Lets an agent go: it has left the selection or the fleet. */
  leave(uid: string): void {
    if (this.#members.leave(uid)) this.#parts.journal.memberRemoved(this.id, uid);
  }

  /** What an agent has without the rollout is something else now. */
  rebase(uid: string, base: ConfigVersionRef | undefined): void {
    this.#members.rebase(uid, base);
  }

  /** Takes in how an agent is now. */
  observe(agent: FleetAgent): void {
    this.#members.observe(agent);
  }

  /** Takes in a report of an agent's own metrics. @param traffic What it has handled since the last, where that is known. */
  addReport(uid: string, traffic: Traffic | undefined): void {
    this.#evidence.addReport(this.#members.get(uid), traffic);
  }

  #onPhase(member: Member, phase: MemberPhase): void {
    this.#parts.journal.member(this.#memberRecord(member, phase));
    if (phase !== "failed" || this.#failureEvents++ >= MAX_FAILURE_EVENTS) return;
    const text = `Agent ${member.uid} could not apply ${configText(this.#record.spec.config)}: ${member.error}`;
    this.#event("agent_failed", CONTROLLER, text);
  }

  // ---- Time

  /** Looks whose time has run out; then it is to be driven. */
  tick(): void {
    const { state } = this.#record;
    if (state === "running" || state === "paused") this.#members.expire();
  }

  /** Decides all that can be decided now. */
  drive(): void {
    while (this.#step());
  }

  /** One decision. @returns Whether there may be another. */
  #step(): boolean {
    const { state } = this.#record;
    if (state === "rolling_back") return this.#finishRollback();
    if (state !== "running" && state !== "paused") return false;
    const breaches = judge(this.stage.limits, this.figures());
    if (breaches.length > 0) return this.#breach(breaches);
    if (state === "paused") return false;
    return this.#record.phase === "releasing" ? this.#goOnReleasing() : this.#goOnSoaking();
  }

  /** What the gate looks at now. @param strict Agents within a grace count as what they may become. */
  figures(strict = false): GateFigures {
    return this.#evidence.figures(this.#judged, strict);
  }

  /** Agents that shares are of: while the version is given to them all that the stage is to reach. */
  get #judged(): number {
    const { released } = this.counts;
    return this.#record.phase === "releasing" ? Math.max(released, this.target) : released;
  }

  // ---- Forward

  /**
   * Becomes a rule, the newest: from now on agents join it. Then it is to be started.
   *
   * @param sequence Of the rule.
   */
  enlist(sequence: number): void {
    this.#write({ state: "running", startedMs: this.#parts.clock.nowMs(), sequence });
  }

  /** Begins with the first stage, when its agents have joined. */
  start(): void {
    const { spec } = this.#record;
    const { members, unchanged, ready, away } = this.counts;
    const text = `${configText(spec.config)} goes to ${counted(ready + away, "agents")} in ` +
      `${counted(spec.stages.length, "stages")}`;
    this.#event("started", CONTROLLER, text, { members, unchanged, ready, away });
    this.#beginStage(0);
  }

  #beginStage(stage: number): void {
    this.#write({ stage, phase: "releasing", isPromoted: false, stageStartedMs: this.#parts.clock.nowMs() });
    this.#evidence.restart();
    this.#soak.reset();
    const { ready, released } = this.counts;
    const text = `Stage ${stage + 1} of ${this.#record.spec.stages.length} (${amountText(this.stage.reach)}): ` +
      `${released} of ${counted(ready + released, "connected agents")} have it, wanted ${this.target}`;
    this.#event("stage_started", CONTROLLER, text, { target: this.target, released, ready });
  }

  #goOnReleasing(): boolean {
    const { released, ready, away, unchanged } = this.counts;
    if (released + ready + away === 0 && unchanged > 0) {
      this.#end("completed", `All ${counted(unchanged, "agents")} have it already`);
      return false;
    }
    this.#releaseNext();
    if (!this.#isSettled()) return false;
    const soakMs = this.#soakMs;
    this.#write({ phase: "soaking" });
    this.#soak.begin(soakMs);
    const { applied } = this.counts;
    const text = `${
      counted(this.counts.released, "agents")
    } have answered, ${applied} with APPLIED; watched for ${soakMs} ms`;
    this.#event("soak_started", CONTROLLER, text, { ...this.#numbers(), soakMs });
    return true;
  }

  #releaseNext(): void {
    while (this.counts.released < this.target && this.counts.applying < this.window) {
      const member = this.#members.releaseNext(this.#parts.trafficOf);
      if (member === undefined) return;
      this.#parts.journal.offer(member.uid, true);
    }
  }

  /** Everyone that can be reached now was given the version and has said how it went, and enough have. */
  #isSettled(): boolean {
    const { released, ready, applying, applied, failed } = this.counts;
    if (released === 0 || applying > 0 || (released < this.target && ready > 0)) return false;
    return applied + failed >= Math.min(this.stage.limits.minAgents, this.target);
  }

  #goOnSoaking(): boolean {
    if (!this.#soak.isOver || this.counts.applying > 0) return false;
    // An agent that is away or unhealthy for a moment only: what becomes of it is waited for.
    if (judge(this.stage.limits, this.figures(true)).length > 0) return false;
    this.#pass();
    return true;
  }

  #pass(): void {
    const { stage, spec } = this.#record;
    const text = `Stage ${stage + 1} of ${spec.stages.length} is passed by ` +
      `${counted(this.counts.released, "agents")}; error rate ${this.errorRate}`;
    this.#event("stage_passed", CONTROLLER, text, this.#numbers());
    const judgedStages = [
      ...this.#record.judgedStages ?? [],
      ...this.#evidence.isJudged(this.stage.limits) ? [stage] : [],
    ];
    this.#write({ judgedStages });
    if (stage + 1 < spec.stages.length) return this.#beginStage(stage + 1);
    const unjudged = judgedStages.length === 0 ? "; the error rate was judged in no stage" : "";
    this.#end("completed", `${configText(spec.config)} is what these agents are assigned now${unjudged}`);
  }

  // ---- Back

  #breach(breaches: readonly Breach[]): boolean {
    const reason = breaches.map(({ text }) => text).join("; ");
    this.#event("breached", CONTROLLER, `Stage ${this.#record.stage + 1}: ${reason}`, this.#numbers());
    this.#rollBack("rolled_back", reason, CONTROLLER);
    return true;
  }

  #rollBack(backTo: "rolled_back" | "aborted", reason: string, who: string): void {
    this.#write({ state: "rolling_back", reason, backTo, errorRate: this.errorRate });
    this.#rollbackUntilMs = this.#rollbackEndMs();
    for (const { uid } of this.released()) this.#parts.journal.offer(uid, true);
    const text = `${counted(this.counts.released, "agents")} get back what they had`;
    this.#event("rollback_started", who, text, { released: this.counts.released });
  }

  #rollbackEndMs(): number {
    return this.#parts.clock.monotonicMs() + this.#record.spec.applyTimeoutMs;
  }

  /** A rollback waits for who is connected, and for nobody longer than an agent has to apply a configuration. */
  #finishRollback(): boolean {
    const isOver = this.#members.owing === 0 || this.#parts.clock.monotonicMs() >= this.#rollbackUntilMs;
    if (!isOver) return false;
    let [back, owing, away] = [0, 0, 0];
    for (const member of this.released()) {
      if (isBack(member)) back++;
      else if (member.connected) owing++;
      else away++;
    }
    const text = `${back} of ${counted(back + owing + away, "agents")} are back; ${owing} have not answered, ` +
      `${away} are away and get it when they return`;
    this.#end(this.#record.backTo, text, { back, owing, away });
    return false;
  }

  #end(state: "completed" | "rolled_back" | "aborted", text: string, numbers: Record<string, number> = {}): void {
    const { errorRate = this.errorRate } = this.#record;
    this.#write({ state, endedMs: this.#parts.clock.nowMs(), totals: { ...this.counts }, errorRate });
    this.#event(state, CONTROLLER, text, { ...this.#numbers(), ...numbers });
  }

  // ---- Operators

  /** @throws {ConflictError} It does not run. */
  pause(who: string): void {
    this.#want(["running"], "pause");
    this.#soak.pause();
    this.#write({ state: "paused" });
    this.#event(
      "paused",
      who,
      "No agent is given the version until it is resumed; the gate stays watched",
      this.#numbers(),
    );
  }

  /** What is left of a soak is watched from now. @throws {ConflictError} It is not paused. */
  resume(who: string): void {
    this.#want(["paused"], "resume");
    this.#soak.resume();
    this.#write({ state: "running" });
    this.#event("resumed", who, "It goes on", this.#numbers());
  }

  /** Skips what is left of the soak; the gate must be open all the same. @throws {ConflictError} It does not run. */
  promote(who: string): void {
    this.#want(["running"], "promote");
    this.#write({ isPromoted: true });
    if (this.#record.phase === "soaking") this.#soak.begin(0);
    this.#event("promoted", who, `The soak of stage ${this.#record.stage + 1} is skipped`, this.#numbers());
  }

  /**
   * Gives back what the agents had.
   *
   * @throws {ConflictError} It is over, or on its way back.
   */
  abort(who: string, reason: string): void {
    this.#want(["queued", "running", "paused"], "abort");
    this.#rollBack("aborted", reason, who);
  }

  /**
   * Ends it and leaves the version where it is.
   *
   * @returns Agents that keep it: not those that reported FAILED.
   * @throws {ConflictError} It is over, or on its way back.
   */
  abortInPlace(who: string, reason: string): string[] {
    this.#want(["running", "paused"], "abort");
    const kept = [...this.released()].filter(({ phase }) => phase !== "failed").map(({ uid }) => uid);
    for (const { uid } of this.released()) this.#parts.journal.offer(uid, false);
    this.#write({ reason });
    this.#end("aborted", `By ${who}: ${counted(kept.length, "agents")} keep the version`, { kept: kept.length });
    return kept;
  }

  /**
   * Lets agents that have not come to APPLIED have what they had, and gives them the version again in their turn.
   *
   * @throws {ConflictError} It does not run.
   */
  retryAgents(who: string): void {
    this.#want(["running", "paused"], "retry");
    const again = [...this.released()].filter(({ phase }) => phase !== "applied" && phase !== "applying");
    for (const member of again) {
      this.#parts.journal.memberRemoved(this.id, member.uid);
      this.#parts.journal.offer(member.uid, false);
      this.#members.takeBack(member);
    }
    if (again.length > 0 && this.#record.phase === "soaking") this.#write({ phase: "releasing" });
    this.#event("retried", who, `${counted(again.length, "agents")} are given the version again`, this.#numbers());
  }

  #want(states: readonly RolloutRecord["state"][], verb: string): void {
    const { state, id } = this.#record;
    if (states.includes(state)) return;
    throw new ConflictError(`Cannot ${verb} rollout ${id}: it is ${state}, wanted ${states.join(" or ")}`);
  }

  // ---- What is written

  #write(change: Partial<RolloutRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#members.mode = modeOf(this.#record);
    this.#parts.journal.record(this);
  }

  #event(kind: EventKind, who: string, text: string, numbers: Readonly<Record<string, number>> = {}): void {
    this.#parts.journal.event(this.id, kind, who, text, numbers);
  }

  #memberRecord({ uid, releasedMs, wasHealthy, before, error }: Member, phase: MemberPhase): MemberRecord {
    return {
      rollout: this.id,
      uid,
      phase,
      releasedMs,
      wasHealthy,
      beforeItems: before.items,
      beforeErrors: before.errors,
      error,
    };
  }

  #numbers(): Record<string, number> {
    return this.#evidence.numbers(this.#judged);
  }
}

function modeOf({ state }: RolloutRecord): MembersMode {
  if (state === "rolling_back") return "returning";
  return state === "running" || state === "paused" ? "watching" : "idle";
}
