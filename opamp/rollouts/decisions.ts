/**
 * All that is decided, in memory: rollouts, assignments, the places of agents, and what of it is not written yet.
 *
 * Nothing here is written or said to the fleet. Whoever cannot write what was decided lets the whole of it go, and
 * reads another from the store.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { counted } from "../../pipeline/core/text.ts";
import type { ConfigVersionRef, FleetPort } from "./agents.ts";
import { type ConfigCatalog, configText } from "./configs/configs.ts";
import { Conflicts } from "./conflicts.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "./errors.ts";
import { PendingChanges } from "./journal.ts";
import { Placements } from "./placements.ts";
import { type Assignment, ENDED, MAX_ENDED, type RolloutRecord, type StoredState } from "./records.ts";
import { RuleBook } from "./rules/rule_book.ts";
import { type CompilePattern, parseSelector, type Selector } from "./rules/selector.ts";
import type { Traffic } from "./stages/gate.ts";
import { type Plan, planRollout } from "./stages/plan.ts";
import { CONTROLLER, RolloutRun } from "./stages/run.ts";
import { readRequest, type RolloutRequest, type RolloutSpec } from "./stages/spec.ts";

/** What rules may cost: each agent is held against each when rules change. */
export const RULE_LIMITS = {
  maxAssignments: 256,
  /** Rollouts that run, are paused, queued or on their way back. */
  maxActive: 32,
} as const;

/** What decisions are made of. */
export interface DecisionsParts {
  readonly fleet: FleetPort;
  readonly catalog: ConfigCatalog;
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  readonly compilePattern: CompilePattern;
  /** What an agent has handled lately. */
  readonly trafficOf: (uid: string) => Traffic;
}

/** An assignment as it is asked for. */
export interface AssignRequest {
  readonly selector: string;
  readonly priority?: number | undefined;
  readonly config: { readonly name: string; readonly version?: number | undefined };
}

export class Decisions {
  readonly pending: PendingChanges;
  readonly rules = new RuleBook();
  readonly placements: Placements;
  readonly #parts: DecisionsParts;
  /** All that were written, by id. */
  readonly #records = new Map<number, RolloutRecord>();
  /** Those that have not ended, by id, the queued included. */
  readonly #runs = new Map<number, RolloutRun>();
  readonly #conflicts: Conflicts;
  #sequence: number;
  /** It is to be looked for what can start: something was queued or has ended, or time has passed. */
  #mayStart = true;

  constructor(parts: DecisionsParts, { rollouts, members, assignments, pins }: StoredState) {
    this.#parts = parts;
    this.#conflicts = new Conflicts(parts.fleet, this.#runs);
    this.pending = new PendingChanges(parts.clock);
    const { pending, rules } = this;
    this.placements = new Placements({ ...parts, rules, runs: this.#runs, pending });
    for (const assignment of assignments) this.#keepAssignment(assignment);
    for (const pin of pins) rules.pin(pin);
    for (const record of rollouts) this.#restore(record);
    for (const record of members) this.placements.keepStored(record);
    this.#sequence = Math.max(0, ...[...assignments, ...rollouts].map(({ sequence }) => sequence));
    for (const run of this.#runs.values()) {
      if (run.isActive) pending.event(run.id, "recovered", CONTROLLER, recoveredText(run));
    }
    this.placements.placeAll();
  }

  #restore(record: RolloutRecord): void {
    this.#records.set(record.id, record);
    if (!ENDED.has(record.state)) this.#addRun(record);
  }

  // ---- What there is

  /** The newest first; of those that have not ended as they were last written. */
  get records(): RolloutRecord[] {
    return [...this.#records.values()].sort((a, b) => b.id - a.id);
  }

  /** Undefined when it has ended, or there is none. */
  run(id: number): RolloutRun | undefined {
    return this.#runs.get(id);
  }

  /** @throws {UnknownNameError} */
  recordOf(id: number): RolloutRecord {
    const record = this.#runs.get(id)?.record ?? this.#records.get(id);
    if (record === undefined) throw new UnknownNameError(`Cannot find rollout ${id}: there is none`);
    return record;
  }

  /** Rollouts before it that have some of the same agents. */
  conflictsOf(run: RolloutRun): number[] {
    return this.#conflicts.of(run);
  }

  // ---- Rollouts

  /** Looks whose time has run out, and who waits for agents that have moved or gone. Then it is to be driven. */
  tick(): void {
    for (const run of this.#runs.values()) run.tick();
    this.#mayStart = true;
  }

  /** Decides until nothing more can be decided. */
  drive(): void {
    for (;;) {
      for (const run of this.#runs.values()) if (run.isActive) run.drive();
      const ended = [...this.#runs.values()].filter(({ record }) => ENDED.has(record.state));
      for (const run of ended) this.#close(run);
      const started = this.#startQueued();
      if (ended.length === 0 && !started) return;
      this.placements.placeAll();
    }
  }

  /** These were written. */
  keep(records: readonly RolloutRecord[]): void {
    for (const record of records) this.#records.set(record.id, record);
    const ended = [...this.#records.values()].filter(({ state }) => ENDED.has(state));
    for (const { id } of ended.slice(0, -MAX_ENDED)) this.#records.delete(id);
  }

  /** What a request would do. @throws {InvalidRequestError | UnknownNameError} It makes no sense. */
  plan(request: RolloutRequest): Plan {
    const { text } = this.#selector(request.selector);
    const { name, version } = request.config;
    const spec = readRequest(request, text, refOf(this.#parts.catalog.info(name, version)));
    return this.planSpec(spec, request.seed);
  }

  planSpec(spec: RolloutSpec, seed: string = this.#nextSeed()): Plan {
    const { fleet, catalog } = this.#parts;
    return planRollout(spec, this.#selector(spec.selector), {
      agents: fleet.agents(),
      rules: this.rules.rules,
      runs: [...this.#runs.values()],
      catalog,
      pinOf: (uid) => this.rules.pinOf(uid)?.config,
      sequence: this.#sequence + 1,
      seed,
    });
  }

  /**
   * A new rollout, queued: it starts with the next decision when nothing is in its way.
   *
   * @param retryOf 0: of none.
   * @returns Its id.
   * @throws {ConflictError} There are too many.
   */
  create(spec: RolloutSpec, seed: string | undefined, retryOf: number, who: string): number {
    const { maxActive } = RULE_LIMITS;
    if (this.#runs.size >= maxActive) {
      throw new ConflictError(`Cannot start the rollout: ${counted(maxActive, "rollouts")} have not ended, the most`);
    }
    const run = this.#addRun(this.#newRecord(spec, seed ?? this.#nextSeed(), retryOf, who));
    this.pending.record(run);
    const again = retryOf === 0 ? "" : `, tries rollout ${retryOf} again`;
    this.pending.event(run.id, "created", who, `${configText(spec.config)} to agents with ${spec.selector}${again}`);
    const conflicts = this.conflictsOf(run);
    if (conflicts.length > 0) {
      this.pending.event(run.id, "queued", who, `It waits for rollouts ${conflicts.join(", ")}`);
    }
    this.#mayStart = true;
    return run.id;
  }

  #newRecord(spec: RolloutSpec, seed: string, retryOf: number, who: string): RolloutRecord {
    return {
      id: this.#nextId(),
      spec,
      seed,
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
    };
  }

  #nextId(): number {
    return Math.max(0, ...this.#records.keys(), ...this.#runs.keys()) + 1;
  }

  #nextSeed(): string {
    return `rollout ${this.#nextId()}`;
  }

  #addRun(record: RolloutRecord): RolloutRun {
    const { clock, trafficOf } = this.#parts;
    const run = new RolloutRun(record, this.#selector(record.spec.selector), {
      clock,
      journal: this.pending,
      trafficOf,
    });
    this.#runs.set(record.id, run);
    return run;
  }

  /** @returns Whether any has started. */
  #startQueued(): boolean {
    if (!this.#mayStart) return false;
    this.#mayStart = false;
    let hasStarted = false;
    for (const run of this.#runs.values()) {
      if (run.record.state !== "queued" || this.#conflicts.has(run)) continue;
      // Its agents must be its own before it counts them.
      run.enlist(++this.#sequence);
      this.placements.placeAll();
      run.start();
      hasStarted = true;
    }
    return hasStarted;
  }

  #close(run: RolloutRun): void {
    this.#runs.delete(run.id);
    this.placements.forgetStored(run.id);
    this.pending.ended(run.id);
    this.#mayStart = true;
    if (run.record.state === "completed") this.#makeAssignment(run);
  }

  /** What a completed rollout leaves: what its agents have from now on, those that were away included. */
  #makeAssignment(run: RolloutRun): void {
    const { spec: { selector, priority, config }, who } = run.record;
    for (const { uid } of run.released()) this.placements.unpin(uid);
    const changedMs = this.#parts.clock.nowMs();
    this.#setAssignment({ selector, priority, config, sequence: ++this.#sequence, changedMs, who });
  }

  // ---- Assignments

  /** @throws {InvalidRequestError | UnknownNameError | ConflictError} */
  assign(request: AssignRequest, who: string): Assignment {
    const { text, priority, config } = this.#readAssignment(request);
    const changedMs = this.#parts.clock.nowMs();
    const assignment = { selector: text, priority, config, sequence: ++this.#sequence, changedMs, who };
    this.#wantNoRollout(assignment);
    this.#setAssignment(assignment);
    this.pending.event(0, "assigned", who, `${configText(config)} to agents with ${text}`, { priority });
    this.placements.placeAll();
    return assignment;
  }

  /** @throws {UnknownNameError} */
  unassign(selector: string, priority: number, who: string): void {
    const { text } = this.#selector(selector);
    if (!this.rules.unassign(text, priority)) {
      throw new UnknownNameError(`Cannot find the assignment "${text}" of priority ${priority}: there is none`);
    }
    this.pending.unassigned({ selector: text, priority });
    this.pending.event(0, "unassigned", who, `No configuration any more by ${text}`, { priority });
    this.placements.placeAll();
  }

  #readAssignment({ selector, priority = 0, config: { name, version } }: AssignRequest) {
    const { text } = this.#selector(selector);
    const config = refOf(this.#parts.catalog.info(name, version));
    if (!Number.isSafeInteger(priority)) {
      const message = `it is ${priority}, wanted a whole number`;
      throw new InvalidRequestError("assign", [{ path: "priority", message }]);
    }
    const isNew = !this.rules.hasAssignment(text, priority);
    if (isNew && this.rules.assignmentCount >= RULE_LIMITS.maxAssignments) {
      const most = counted(RULE_LIMITS.maxAssignments, "assignments");
      throw new ConflictError(`Cannot assign: there are ${most}, the most`);
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
    this.pending.assigned(assignment);
  }

  #keepAssignment(assignment: Assignment): void {
    this.rules.assign(assignment, this.#selector(assignment.selector));
  }

  #selector(text: string): Selector {
    return parseSelector(text, this.#parts.compilePattern);
  }
}

function refOf({ name, version, hash }: ConfigVersionRef): ConfigVersionRef {
  return { name, version, hash };
}

function recoveredText({ record: { state, stage, phase } }: RolloutRun): string {
  const place = state === "rolling_back" ? "the rollback" : `stage ${stage + 1}, ${phase}`;
  return `Read again from the store in ${place}; what is to be watched is watched from the beginning`;
}
