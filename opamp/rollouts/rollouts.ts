/**
 * Which agent is to have which configuration, and the rollouts that change it.
 *
 * Everything is decided in memory, written in one transaction, and only then said to the fleet. When the write fails,
 * what was decided is forgotten and read anew from the store at the next tick, as after a crash: there is one way to recover.
 * Not reentrant: the fleet must not report from within `offer`.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import type { Logger } from "../../pipeline/core/log.ts";
import { describeError } from "../../pipeline/core/log.ts";
import { Repeated } from "../../pipeline/core/repeated.ts";
import { counted } from "../../pipeline/core/text.ts";
import type { AgentTraffic, ConfigVersionRef, FleetAgent, FleetPort } from "./agents.ts";
import { type ConfigCatalog, configText, NO_CONFIG } from "./configs/configs.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "./errors.ts";
import { PendingChanges } from "./journal.ts";
import {
  type Assignment,
  ENDED,
  type EventQuery,
  MAX_ENDED,
  MAX_PAGE,
  type MemberQuery,
  type MemberRecord,
  type Pin,
  type RolloutEvent,
  type RolloutRecord,
  type RolloutStore,
} from "./records.ts";
import { explainAgent, syncOf } from "./rules/explain.ts";
import { RuleBook } from "./rules/rule_book.ts";
import { type CompilePattern, parseSelector, type Selector } from "./rules/selector.ts";
import { type Plan, planRollout } from "./stages/plan.ts";
import { CONTROLLER, RolloutRun } from "./stages/run.ts";
import { readRequest, type RolloutRequest, type RolloutSpec } from "./stages/spec.ts";
import { TrafficMeter } from "./stages/traffic.ts";
import type { DriftView, DryRunView, ExplainView, RolloutView, SyncState } from "./views.ts";
import { rolloutView } from "./views.ts";

/** What rules may cost: each agent is held against each when rules change. */
export const RULE_LIMITS = {
  maxAssignments: 256,
  /** Rollouts that run, are paused, queued or on their way back. */
  maxActive: 32,
} as const;

/** What rollouts are made of. */
export interface RolloutsParts {
  readonly fleet: FleetPort;
  readonly store: RolloutStore;
  readonly catalog: ConfigCatalog;
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  readonly compilePattern: CompilePattern;
  readonly logger: Logger;
}

/** An assignment as it is asked for. */
export interface AssignRequest {
  readonly selector: string;
  readonly priority?: number | undefined;
  readonly config: { readonly name: string; readonly version?: number | undefined };
}

/** What is known of an agent besides its view. */
interface Tracked {
  revision: number;
  assignment: Assignment | undefined;
  run: RolloutRun | undefined;
  /** Hash of what the fleet was last told for it; undefined: nothing. */
  told: string | undefined;
}

/** How an abort ends. */
export interface AbortRequest {
  /** Agents get back what they had. Otherwise they keep the version until something else reaches them. */
  readonly rollback: boolean;
  readonly reason: string;
}

export class Rollouts {
  readonly #parts: RolloutsParts;
  readonly #meter: TrafficMeter;
  readonly #trouble = new Repeated();
  #isOpen = false;
  #pending: PendingChanges;
  /** All that are known, by id. */
  readonly #records = new Map<number, RolloutRecord>();
  /** Those that have not ended, by id, the queued included. */
  readonly #runs = new Map<number, RolloutRun>();
  #rules = new RuleBook();
  /** What a former process wrote of agents that have not shown yet, by rollout and uid. */
  readonly #stored = new Map<number, Map<string, MemberRecord>>();
  readonly #tracked = new Map<string, Tracked>();
  #sequence = 0;
  /** Something was queued or has ended since it was looked for what can start. */
  #mayStart = true;

  constructor(parts: RolloutsParts) {
    this.#parts = parts;
    this.#meter = new TrafficMeter(parts.clock);
    this.#pending = new PendingChanges(parts.clock);
  }

  // ---- Life

  /**
   * Reads what was decided, and says it to the fleet again. To be called once, when the fleet knows its agents.
   *
   * @throws {UnavailableError} The store cannot be read or written. `tick` tries again.
   */
  open(): void {
    this.#forget();
    const { rollouts, members, assignments, pins } = this.#parts.store.load();
    for (const assignment of assignments) this.#keepAssignment(assignment);
    for (const pin of pins) this.#rules.pin(pin);
    for (const record of rollouts) this.#restore(record);
    for (const record of members) this.#keepStored(record);
    this.#sequence = Math.max(0, ...[...assignments, ...rollouts].map(({ sequence }) => sequence));
    this.#isOpen = true;
    for (const run of this.#runs.values()) {
      if (run.isActive) this.#pending.event(run.id, "recovered", CONTROLLER, recoveredText(run));
    }
    this.#placeAll();
    this.#finish();
  }

  #forget(): void {
    this.#isOpen = false;
    this.#mayStart = true;
    this.#pending = new PendingChanges(this.#parts.clock);
    this.#rules = new RuleBook();
    for (const map of [this.#records, this.#runs, this.#stored, this.#tracked]) map.clear();
  }

  #restore(record: RolloutRecord): void {
    this.#records.set(record.id, record);
    if (!ENDED.has(record.state)) this.#addRun(record);
  }

  #keepStored(record: MemberRecord): void {
    const ofRollout = this.#stored.get(record.rollout) ?? new Map<string, MemberRecord>();
    this.#stored.set(record.rollout, ofRollout.set(record.uid, record));
  }

  /** Looks whose time has run out. To be called about once a second; never throws for a store that fails. */
  tick(): void {
    this.#observing(() => {
      if (!this.#isOpen) this.open();
      for (const run of this.#runs.values()) run.tick();
    });
  }

  // ---- What the fleet reports

  /** Takes in agents that are new or have changed: what they are now, each once. */
  onAgents(agents: Iterable<FleetAgent>): void {
    // All of them are read when the store works again.
    if (!this.#isOpen) return;
    this.#observing(() => {
      for (const agent of agents) this.#onAgent(agent);
    });
  }

  /** An operator has removed these agents from the fleet. */
  onGone(uids: Iterable<string>): void {
    if (!this.#isOpen) return;
    this.#observing(() => {
      for (const uid of uids) this.#onGone(uid);
    });
  }

  /** Takes in what an agent has handled since its process started. */
  onTraffic(uid: string, traffic: AgentTraffic): void {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined) return;
    const delta = this.#meter.add(uid, traffic);
    if (delta !== undefined) tracked.run?.addTraffic(uid, delta);
  }

  #onAgent(agent: FleetAgent): void {
    const tracked = this.#tracked.get(agent.uid);
    if (tracked === undefined || tracked.revision !== agent.revision) this.#place(agent);
    else tracked.run?.observe(agent);
  }

  #onGone(uid: string): void {
    this.#tracked.get(uid)?.run?.leave(uid);
    this.#tracked.delete(uid);
    this.#meter.forget(uid);
    if (this.#rules.unpin(uid)) this.#pending.unpinned(uid);
  }

  // ---- What operators ask for

  /** What a rollout would do. @throws {InvalidRequestError | UnknownNameError} The request makes no sense. */
  dryRun(request: RolloutRequest): DryRunView {
    this.#wantOpen();
    return this.#plan(request).view();
  }

  /**
   * Starts a rollout, or queues it.
   *
   * @throws {InvalidRequestError | UnknownNameError} The request makes no sense.
   * @throws {ConflictError} Another rollout has some of the same agents, or there are too many.
   * @throws {UnavailableError} It could not be written: nothing has started.
   */
  start(request: RolloutRequest, who: string): RolloutView {
    const id = this.#operating(() => {
      const plan = this.#plan(request);
      if (plan.problems.length > 0) throw new ConflictError(`Cannot start the rollout: ${plan.problems.join("; ")}`);
      return this.#create(plan.spec, request.seed, 0, who);
    });
    return this.get(id);
  }

  pause(id: number, who: string): RolloutView {
    return this.#changing(id, (run) => run.pause(who));
  }

  /** Goes on with a paused rollout. */
  resume(id: number, who: string): RolloutView {
    return this.#changing(id, (run) => run.resume(who));
  }

  /** Skips the soak of the stage that it is in. */
  promote(id: number, who: string): RolloutView {
    return this.#changing(id, (run) => run.promote(who));
  }

  abort(id: number, { rollback, reason }: AbortRequest, who: string): RolloutView {
    return this.#changing(id, (run) => {
      const text = `by ${who}${reason === "" ? "" : `: ${reason.slice(0, 500)}`}`;
      if (rollback || run.record.state === "queued") run.abort(who, text);
      else this.#pin(run, run.abortInPlace(who, text));
    });
  }

  /**
   * Of a rollout that runs: gives the version again to agents that have not applied it. Of one that was rolled back or
   * aborted: starts a new one like it, which meets the agents in the same order.
   *
   * @returns The one that runs.
   */
  retry(id: number, who: string): RolloutView {
    const { state, spec, seed } = this.#recordOf(id);
    if (!ENDED.has(state)) return this.#changing(id, (run) => run.retryAgents(who));
    if (state === "completed") throw new ConflictError(`Cannot retry rollout ${id}: it is completed`);
    const retryId = this.#operating(() => {
      const { problems } = planRollout(spec, this.#selector(spec.selector), this.#planParts(seed));
      if (problems.length > 0) throw new ConflictError(`Cannot retry rollout ${id}: ${problems.join("; ")}`);
      return this.#create(spec, seed, id, who);
    });
    return this.get(retryId);
  }

  /** Says what agents shall have, all of them at once; a rollout is the careful way. */
  assign(request: AssignRequest, who: string): Assignment {
    return this.#operating(() => {
      const { text, priority, config } = this.#readAssignment(request);
      const assignment: Assignment = {
        selector: text,
        priority,
        config,
        sequence: ++this.#sequence,
        changedMs: this.#parts.clock.nowMs(),
        who,
      };
      this.#wantNoRollout(assignment);
      this.#setAssignment(assignment);
      this.#pending.event(0, "assigned", who, `${configText(config)} to agents with ${text}`, { priority });
      this.#placeAll();
      return assignment;
    });
  }

  /** Takes an assignment back: its agents follow the next rule, or get the empty configuration. @throws {UnknownNameError} */
  unassign(selector: string, priority: number, who: string): void {
    this.#operating(() => {
      const { text } = this.#selector(selector);
      if (!this.#rules.unassign(text, priority)) {
        throw new UnknownNameError(`Cannot find the assignment "${text}" of priority ${priority}: there is none`);
      }
      this.#pending.unassigned({ selector: text, priority });
      this.#pending.event(0, "unassigned", who, `No configuration any more by ${text}`, { priority });
      this.#placeAll();
    });
  }

  /** Agents that keep what an aborted rollout gave them follow the rules again. @returns How many. */
  unpin(rollout: number, who: string): number {
    return this.#operating(() => {
      const pinned = this.#rules.pinsOf(rollout);
      for (const { uid } of pinned) this.#unpin(uid);
      if (pinned.length > 0) {
        this.#pending.event(rollout, "unpinned", who, `${counted(pinned.length, "agents")} follow the rules again`);
      }
      return pinned.length;
    });
  }

  // ---- What is shown

  /** What an agent is to have now; undefined: nothing of ours. */
  desired(uid: string): ConfigVersionRef | undefined {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined) return undefined;
    if (tracked.run?.holds(uid)) return tracked.run.record.spec.config;
    return this.#rules.baseOf(uid, tracked.assignment);
  }

  /** Why an agent is to have what it is to have: every rule. @throws {UnknownNameError} There is no such agent. */
  explain(uid: string): ExplainView {
    this.#wantOpen();
    const agent = this.#parts.fleet.get(uid);
    if (agent === undefined) throw new UnknownNameError(`Cannot find agent ${uid}: it is not known`);
    return explainAgent(agent, this.desired(uid), {
      rules: this.#rules.rules,
      pin: this.#rules.pinOf(uid),
      byHash: (hash) => this.#parts.catalog.byHash(hash),
    });
  }

  /** How many agents have what they are to have. */
  drift(): DriftView {
    const counts: Record<SyncState, number> = {
      unmanaged: 0,
      in_sync: 0,
      pending: 0,
      applying: 0,
      failed: 0,
      drifted: 0,
    };
    for (const agent of this.#parts.fleet.agents()) counts[syncOf(agent, this.desired(agent.uid))]++;
    return counts;
  }

  /** The strongest first. */
  assignments(): Assignment[] {
    return this.#rules.assignments;
  }

  /** The newest first. */
  list(): RolloutView[] {
    return [...this.#records.values()].sort((a, b) => b.id - a.id).map((record) => this.#view(record));
  }

  /** @throws {UnknownNameError} */
  get(id: number): RolloutView {
    return this.#view(this.#recordOf(id));
  }

  events(query: EventQuery): RolloutEvent[] {
    return this.#parts.store.events({ ...query, limit: pageOf(query) });
  }

  /** Agents that were given the version; of a rollout that has ended those that did not come to APPLIED. */
  members(id: number, query: MemberQuery): MemberRecord[] {
    this.#recordOf(id);
    return this.#parts.store.members(id, { ...query, limit: pageOf(query) });
  }

  #view(record: RolloutRecord): RolloutView {
    const run = this.#runs.get(record.id);
    const waitsFor = record.state === "queued" && run !== undefined ? this.#conflictsOf(run) : [];
    return rolloutView(run?.record ?? record, run, waitsFor);
  }

  #recordOf(id: number): RolloutRecord {
    const record = this.#runs.get(id)?.record ?? this.#records.get(id);
    if (record === undefined) throw new UnknownNameError(`Cannot find rollout ${id}: there is none`);
    return record;
  }

  // ---- Decide, write, act

  /** An operator's request: what goes wrong is the operator's to know. */
  #operating<Result>(act: () => Result): Result {
    this.#wantOpen();
    const result = act();
    this.#finish();
    return result;
  }

  #changing(id: number, act: (run: RolloutRun) => void): RolloutView {
    this.#operating(() => {
      const run = this.#runs.get(id);
      if (run === undefined) throw new ConflictError(`Cannot change rollout ${id}: it is ${this.#recordOf(id).state}`);
      act(run);
    });
    return this.get(id);
  }

  /** What the fleet or time brings: a store that fails is told in the log, and all of it is read again. */
  #observing(act: () => void): void {
    try {
      act();
      this.#finish();
    } catch (thrown) {
      if (!(thrown instanceof UnavailableError)) throw thrown;
      const times = this.#trouble.note(this.#parts.clock.monotonicMs());
      if (times === undefined) return;
      const error = describeError(thrown);
      this.#parts.logger.error("Rollouts stand still until decisions can be written", { error, times });
    }
  }

  #wantOpen(): void {
    if (!this.#isOpen) throw new UnavailableError("Cannot decide about rollouts: the store has failed, try again");
  }

  #finish(): void {
    this.#drive();
    this.#commit();
    this.#tell();
  }

  /** Until nothing more can be decided. */
  #drive(): void {
    for (;;) {
      for (const run of this.#runs.values()) if (run.isActive) run.drive();
      const ended = [...this.#runs.values()].filter(({ record }) => ENDED.has(record.state));
      for (const run of ended) this.#close(run);
      const started = this.#startQueued();
      if (ended.length === 0 && !started) return;
      this.#placeAll();
    }
  }

  #commit(): void {
    const changes = this.#pending.changes();
    if (changes === undefined) return;
    try {
      this.#parts.store.commit(changes);
    } catch (thrown) {
      this.#forget();
      throw thrown;
    }
    for (const record of changes.rollouts) this.#records.set(record.id, record);
    if (changes.ended.length > 0) this.#forgetEnded();
  }

  #forgetEnded(): void {
    const ended = [...this.#records.values()].filter(({ state }) => ENDED.has(state));
    for (const { id } of ended.slice(0, -MAX_ENDED)) this.#records.delete(id);
  }

  #tell(): void {
    const offers = this.#pending.offers();
    this.#pending = new PendingChanges(this.#parts.clock);
    for (const [uid, again] of offers) this.#tellAgent(uid, again);
  }

  #tellAgent(uid: string, again: boolean): void {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined) return;
    const desired = this.desired(uid) ?? this.#nothingFor(uid, tracked);
    if (desired === undefined || (desired.hash === tracked.told && !again)) return;
    tracked.told = desired.hash;
    this.#parts.fleet.offer(uid, desired, again);
  }

  /** An agent that has something of ours and is to have nothing is told so; any other is left alone. */
  #nothingFor(uid: string, { told }: Tracked): ConfigVersionRef | undefined {
    const agent = this.#parts.fleet.get(uid);
    if (agent === undefined || !agent.followsConfig) return undefined;
    const isOurs = told !== undefined || this.#parts.catalog.byHash(agent.report.hash) !== undefined;
    return isOurs ? NO_CONFIG : undefined;
  }

  // ---- Rollouts

  #plan(request: RolloutRequest): Plan {
    const selector = this.#selector(request.selector);
    const { name, version } = request.config;
    const spec = readRequest(request, selector.text, refOf(this.#parts.catalog.info(name, version)));
    return planRollout(spec, selector, this.#planParts(request.seed));
  }

  #planParts(seed = this.#seed()) {
    const { fleet, catalog } = this.#parts;
    return {
      agents: fleet.agents(),
      rules: this.#rules.rules,
      runs: [...this.#runs.values()],
      catalog,
      pinOf: (uid: string) => this.#rules.pinOf(uid)?.config,
      sequence: this.#sequence + 1,
      seed,
    };
  }

  #nextId(): number {
    return Math.max(0, ...this.#records.keys(), ...this.#runs.keys()) + 1;
  }

  #seed(): string {
    return `rollout ${this.#nextId()}`;
  }

  /** @returns Its id. */
  #create(spec: RolloutSpec, seed: string | undefined, retryOf: number, who: string): number {
    const { maxActive } = RULE_LIMITS;
    if (this.#runs.size >= maxActive) {
      throw new ConflictError(`Cannot start the rollout: ${counted(maxActive, "rollouts")} have not ended, the most`);
    }
    const id = this.#nextId();
    const run = this.#addRun({
      id,
      spec,
      seed: seed ?? this.#seed(),
      sequence: ++this.#sequence,
      state: "queued",
      stage: 0,
      phase: "releasing",
      isPromoted: false,
      who,
      createdMs: this.#parts.clock.nowMs(),
      startedMs: 0,
      stageStartedMs: 0,
      endedMs: 0,
      reason: "",
      backTo: "rolled_back",
      retryOf,
      totals: {},
    });
    this.#pending.record(run);
    const again = retryOf === 0 ? "" : `, tries rollout ${retryOf} again`;
    this.#pending.event(id, "created", who, `${configText(spec.config)} to agents with ${spec.selector}${again}`);
    const conflicts = this.#conflictsOf(run);
    if (conflicts.length > 0) {
      this.#pending.event(id, "queued", who, `It waits for rollouts ${conflicts.join(", ")}`);
    }
    this.#mayStart = true;
    return id;
  }

  #addRun(record: RolloutRecord): RolloutRun {
    const run = new RolloutRun(record, this.#selector(record.spec.selector), {
      clock: this.#parts.clock,
      journal: this.#journal,
      trafficOf: (uid) => this.#meter.recent(uid),
    });
    this.#runs.set(record.id, run);
    return run;
  }

  /** Handed to every run: what is pending changes with every transaction. */
  readonly #journal = {
    record: (run: RolloutRun) => this.#pending.record(run),
    member: (record: MemberRecord) => this.#pending.member(record),
    memberRemoved: (rollout: number, uid: string) => this.#pending.memberRemoved(rollout, uid),
    event: (...event: Parameters<PendingChanges["event"]>) => this.#pending.event(...event),
    offer: (uid: string, again: boolean) => this.#pending.offer(uid, again),
  };

  /** Rollouts before it that have some of the same agents. */
  #conflictsOf(run: RolloutRun): number[] {
    const others = [...this.#runs.values()].filter((other) => other.id < run.id && !ENDED.has(other.record.state));
    return others.filter((other) => this.#overlap(run.selector, other.selector)).map(({ id }) => id);
  }

  #overlap(a: Selector, b: Selector): boolean {
    for (const agent of this.#parts.fleet.agents()) if (a.matches(agent) && b.matches(agent)) return true;
    return false;
  }

  /** @returns Whether any has started. */
  #startQueued(): boolean {
    if (!this.#mayStart) return false;
    this.#mayStart = false;
    let hasStarted = false;
    for (const run of this.#runs.values()) {
      if (run.record.state !== "queued" || this.#conflictsOf(run).length > 0) continue;
      // Its agents must be its own before it counts them.
      this.#sequence++;
      run.enlist(this.#sequence);
      this.#placeAll();
      run.start();
      hasStarted = true;
    }
    return hasStarted;
  }

  #close(run: RolloutRun): void {
    this.#runs.delete(run.id);
    this.#stored.delete(run.id);
    this.#pending.ended(run.id);
    this.#mayStart = true;
    if (run.record.state === "completed") this.#makeAssignment(run);
  }

  /** What a completed rollout leaves: what its agents have from now on, those that were away included. */
  #makeAssignment(run: RolloutRun): void {
    const { spec: { selector, priority, config }, who } = run.record;
    for (const { uid } of run.released()) this.#unpin(uid);
    const changedMs = this.#parts.clock.nowMs();
    this.#setAssignment({ selector, priority, config, sequence: ++this.#sequence, changedMs, who });
  }

  // ---- Rules

  #selector(text: string): Selector {
    return parseSelector(text, this.#parts.compilePattern);
  }

  #readAssignment({ selector, priority = 0, config: { name, version } }: AssignRequest) {
    const { text } = this.#selector(selector);
    const config = refOf(this.#parts.catalog.info(name, version));
    if (!Number.isSafeInteger(priority)) {
      throw new InvalidRequestError("assign", [{
        path: "priority",
        message: `it is ${priority}, wanted a whole number`,
      }]);
    }
    const isNew = !this.#rules.hasAssignment(text, priority);
    if (isNew && this.#rules.assignmentCount >= RULE_LIMITS.maxAssignments) {
      throw new ConflictError(
        `Cannot assign: there are ${counted(RULE_LIMITS.maxAssignments, "assignments")}, the most`,
      );
    }
    return { text, priority, config };
  }

  /** What a rollout completes to, or falls back to, is not changed below it. */
  #wantNoRollout({ selector, priority }: Assignment): void {
    for (const { id, record: { spec } } of this.#runs.values()) {
      if (spec.selector !== selector || spec.priority !== priority) continue;
      throw new ConflictError(`Cannot assign to "${selector}": rollout ${id} changes it, wanted its end`);
    }
  }

  #setAssignment(assignment: Assignment): void {
    this.#keepAssignment(assignment);
    this.#pending.assigned(assignment);
  }

  #keepAssignment(assignment: Assignment): void {
    this.#rules.assign(assignment, this.#selector(assignment.selector));
  }

  #pin(run: RolloutRun, uids: readonly string[]): void {
    for (const uid of uids) {
      const pin: Pin = { uid, config: run.record.spec.config, rollout: run.id };
      this.#rules.pin(pin);
      this.#pending.pinned(pin);
    }
  }

  #unpin(uid: string): void {
    if (!this.#rules.unpin(uid)) return;
    this.#pending.unpinned(uid);
    this.#pending.offer(uid, false);
    const tracked = this.#tracked.get(uid);
    tracked?.run?.rebase(uid, this.#rules.baseOf(uid, tracked.assignment));
  }

  /** Rules have changed: every agent finds its own again. */
  #placeAll(): void {
    this.#rules.rank(this.#runs.values());
    for (const agent of this.#parts.fleet.agents()) this.#place(agent);
  }

  #place(agent: FleetAgent): void {
    const { uid, revision } = agent;
    const { assignment, run } = this.#rules.choose(agent);
    const tracked = this.#tracked.get(uid) ?? { revision, assignment: undefined, run: undefined, told: undefined };
    const before = tracked.run;
    this.#tracked.set(uid, Object.assign(tracked, { revision, assignment, run }));
    const base = this.#rules.baseOf(uid, assignment);
    if (before !== run) {
      if (before !== undefined && this.#runs.has(before.id)) before.leave(uid);
      run?.join(agent, base, this.#takeStored(run.id, uid));
    } else {
      run?.rebase(uid, base);
      run?.observe(agent);
    }
    this.#pending.offer(uid, false);
  }

  #takeStored(rollout: number, uid: string): MemberRecord | undefined {
    const ofRollout = this.#stored.get(rollout);
    const record = ofRollout?.get(uid);
    ofRollout?.delete(uid);
    return record;
  }
}

function refOf({ name, version, hash }: ConfigVersionRef): ConfigVersionRef {
  return { name, version, hash };
}

function pageOf({ limit }: { readonly limit: number }): number {
  return Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE);
}

function recoveredText({ record: { state, stage, phase } }: RolloutRun): string {
  const place = state === "rolling_back" ? "the rollback" : `stage ${stage + 1}, ${phase}`;
  return `Read again from the store in ${place}; what is to be watched is watched from the beginning`;
}
