/**
 * Which agent is to have which configuration, and the rollouts that change it.
 *
 * Everything is decided in memory, written in one transaction, and only then said to the fleet. When the write fails,
 * what was decided is forgotten and read anew from the store at the next tick, as after a crash: there is one way to recover.
 * Not reentrant: the fleet must not report from within `offer`.
 *
 * @module
 */

import { UnavailableError } from "../../pipeline/core/errors.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import { Repeated } from "../../pipeline/core/log/repeated.ts";
import { counted } from "../../pipeline/core/text.ts";
import type { AgentTraffic, ConfigVersionRef, FleetAgent } from "./agents.ts";
import { type AssignRequest, Decisions, type DecisionsParts } from "./decisions.ts";
import { ConflictError, UnknownNameError } from "./errors.ts";
import {
  type Assignment,
  ENDED,
  type EventQuery,
  MAX_PAGE,
  type MemberQuery,
  type MemberRecord,
  type RolloutEvent,
  type RolloutRecord,
  type RolloutStore,
} from "./records.ts";
import { explainAgent, syncOf } from "./rules/explain.ts";
import type { RolloutRun } from "./stages/run.ts";
import type { RolloutRequest } from "./stages/spec.ts";
import { TrafficMeter } from "./stages/traffic.ts";
import type { DriftView, DryRunView, ExplainView, RolloutView, SyncState } from "./views.ts";
import { rolloutView } from "./views.ts";

/** What rollouts are made of. */
export interface RolloutsParts extends Omit<DecisionsParts, "trafficOf"> {
  readonly store: RolloutStore;
  readonly logger: Logger;
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
  /** Undefined until it was read, and when it could not be written. */
  #decisions: Decisions | undefined;

  constructor(parts: RolloutsParts) {
    this.#parts = parts;
    this.#meter = new TrafficMeter(parts.clock);
  }

  // ---- Life

  /**
   * Reads what was decided, and says it to the fleet again. To be called once, when the fleet knows its agents.
   *
   * @throws {UnavailableError} The store cannot be read or written. `tick` tries again.
   */
  open(): void {
    this.#finish(this.#read());
  }

  #read(): Decisions {
    const trafficOf = (uid: string) => this.#meter.recent(uid);
    this.#decisions = new Decisions({ ...this.#parts, trafficOf }, this.#parts.store.load());
    return this.#decisions;
  }

  /** Looks whose time has run out. To be called about once a second; never throws for a store that fails. */
  tick(): void {
    this.#observing(() => {
      const decisions = this.#decisions ?? this.#read();
      decisions.tick();
      return decisions;
    });
  }

  // ---- What the fleet reports

  /** Takes in agents that are new or have changed: what they are now, each once. */
  onAgents(agents: Iterable<FleetAgent>): void {
    const decisions = this.#decisions;
    // All of them are read when the store works again.
    if (decisions === undefined) return;
    this.#observing(() => {
      for (const agent of agents) decisions.placements.observe(agent);
      return decisions;
    });
  }

  /** An operator has removed these agents from the fleet. */
  onGone(uids: Iterable<string>): void {
    const decisions = this.#decisions;
    if (decisions === undefined) return;
    this.#observing(() => {
      for (const uid of uids) {
        decisions.placements.remove(uid);
        this.#meter.forget(uid);
      }
      return decisions;
    });
  }

  /**
   * Takes in a report of an agent's own metrics.
   *
   * @param traffic What it has handled since its process started; undefined: it does not say.
   */
  onReport(uid: string, traffic: AgentTraffic | undefined): void {
    const placements = this.#decisions?.placements;
    if (placements === undefined || !placements.has(uid)) return;
    const delta = traffic && this.#meter.add(uid, traffic); // also of agents that are in no rollout: what was before
    placements.runOf(uid)?.addReport(uid, delta);
  }

  // ---- What operators ask for

  /** What a rollout would do. @throws {InvalidRequestError | UnknownNameError} The request makes no sense. */
  dryRun(request: RolloutRequest): DryRunView {
    return this.#opened().plan(request).view();
  }

  /**
   * Starts a rollout, or queues it.
   *
   * @throws {InvalidRequestError | UnknownNameError} The request makes no sense.
   * @throws {ConflictError} Another rollout has some of the same agents, or there are too many.
   * @throws {UnavailableError} It could not be written: nothing has started.
   */
  start(request: RolloutRequest, who: string): RolloutView {
    const id = this.#operating((decisions) => {
      const { spec, problems } = decisions.plan(request);
      if (problems.length > 0) throw new ConflictError(`Cannot start the rollout: ${problems.join("; ")}`);
      return decisions.create(spec, request.seed, 0, who);
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
    return this.#changing(id, (run, { placements }) => {
      const text = `by ${who}${reason === "" ? "" : `: ${reason.slice(0, 500)}`}`;
      if (rollback || run.record.state === "queued") run.abort(who, text);
      else placements.pin(run, run.abortInPlace(who, text));
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
    if (state === "completed") throw new ConflictError(`Cannot retry rollout ${id}: ${this.#endedText(id)}`);
    const retryId = this.#operating((decisions) => {
      const { problems } = decisions.planSpec(spec, seed);
      if (problems.length > 0) throw new ConflictError(`Cannot retry rollout ${id}: ${problems.join("; ")}`);
      return decisions.create(spec, seed, id, who);
    });
    return this.get(retryId);
  }

  /** Says what agents shall have, all of them at once; a rollout is the careful way. */
  assign(request: AssignRequest, who: string): Assignment {
    return this.#operating((decisions) => decisions.assign(request, who));
  }

  /** Takes an assignment back: its agents follow the next rule, or get the empty configuration. @throws {UnknownNameError} */
  unassign(selector: string, priority: number, who: string): void {
    this.#operating((decisions) => decisions.unassign(selector, priority, who));
  }

  /** Agents that keep what an aborted rollout gave them follow the rules again. @returns How many. */
  unpin(rollout: number, who: string): number {
    return this.#operating(({ rules, placements, pending }) => {
      const pinned = rules.pinsOf(rollout);
      for (const { uid } of pinned) placements.unpin(uid);
      if (pinned.length > 0) {
        pending.event(rollout, "unpinned", who, `${counted(pinned.length, "agents")} follow the rules again`);
      }
      return pinned.length;
    });
  }

  // ---- What is shown

  /** What an agent is to have now; undefined: nothing of ours. */
  desired(uid: string): ConfigVersionRef | undefined {
    return this.#decisions?.placements.desired(uid);
  }

  /** Why an agent is to have what it is to have: every rule. @throws {UnknownNameError} There is no such agent. */
  explain(uid: string): ExplainView {
    const { rules } = this.#opened();
    const { fleet, catalog } = this.#parts;
    const agent = fleet.get(uid);
    if (agent === undefined) throw new UnknownNameError(`Cannot find agent ${uid}: it is not known`);
    return explainAgent(agent, this.desired(uid), {
      rules: rules.rules,
      pin: rules.pinOf(uid),
      byHash: (hash) => catalog.byHash(hash),
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
    return this.#decisions?.rules.assignments ?? [];
  }

  /** The newest first. */
  list(): RolloutView[] {
    return (this.#decisions?.records ?? []).map((record) => this.#view(record));
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
    const run = this.#decisions?.run(record.id);
    const waitsFor = run?.record.state === "queued" ? this.#decisions?.conflictsOf(run) : [];
    return rolloutView(run?.record ?? record, run, waitsFor ?? []);
  }

  #recordOf(id: number): RolloutRecord {
    return this.#opened().recordOf(id);
  }

  /** Of a rollout that has ended: that, and of a completed one the way back. */
  #endedText(id: number): string {
    const { state, spec: { selector, config } } = this.#recordOf(id);
    if (state !== "completed") return `it is ${state}`;
    const before = this.#opened().records.find((other) =>
      other.id < id && other.state === "completed" && other.spec.selector === selector &&
      other.spec.config.hash !== config.hash
    )?.spec.config;
    const older = config.version > 1 ? `${config.name}@${config.version - 1}` : `${config.name}@VERSION`;
    const version = before === undefined || before.version === 0 ? older : `${before.name}@${before.version}`;
    return `it is completed; to go back: sluice controller rollouts start '${selector}' ${version}`;
  }

  // ---- Decide, write, act

  #opened(): Decisions {
    if (this.#decisions !== undefined) return this.#decisions;
    throw new UnavailableError("Cannot decide about rollouts: the store has failed, try again");
  }

  /** An operator's request: what goes wrong is the operator's to know. */
  #operating<Result>(act: (decisions: Decisions) => Result): Result {
    const decisions = this.#opened();
    const result = act(decisions);
    this.#finish(decisions);
    return result;
  }

  #changing(id: number, act: (run: RolloutRun, decisions: Decisions) => void): RolloutView {
    this.#operating((decisions) => {
      const run = decisions.run(id);
      if (run === undefined) throw new ConflictError(`Cannot change rollout ${id}: ${this.#endedText(id)}`);
      act(run, decisions);
    });
    return this.get(id);
  }

  /** What the fleet or time brings: a store that fails is told in the log, and all of it is read again. */
  #observing(act: () => Decisions): void {
    try {
      this.#finish(act());
    } catch (thrown) {
      if (!(thrown instanceof UnavailableError)) throw thrown;
      const times = this.#trouble.note(this.#parts.clock.monotonicMs());
      if (times === undefined) return;
      const error = describeError(thrown);
      this.#parts.logger.error("Rollouts stand still until decisions can be written", { error, times });
    }
  }

  #finish(decisions: Decisions): void {
    decisions.drive();
    this.#commit(decisions);
    const offers = [...decisions.pending.offers()];
    decisions.pending.clear();
    for (const [uid, again] of offers) decisions.placements.tell(uid, again);
  }

  #commit(decisions: Decisions): void {
    const changes = decisions.pending.changes();
    if (changes === undefined) return;
    try {
      this.#parts.store.commit(changes);
    } catch (thrown) {
      this.#decisions = undefined;
      throw thrown;
    }
    decisions.keep(changes.rollouts);
  }
}

function pageOf({ limit }: { readonly limit: number }): number {
  return Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE);
}
