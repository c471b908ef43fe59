/**
 * Every agent in its place: the rule that it follows, the rollout that it is in, and what it was told to have.
 *
 * @module
 */

import type { ConfigVersionRef, FleetAgent, FleetPort } from "./agents.ts";
import { type ConfigCatalog, NO_CONFIG } from "./configs/configs.ts";
import type { PendingChanges } from "./journal.ts";
import type { Assignment, MemberRecord, Pin } from "./records.ts";
import type { RuleBook } from "./rules/rule_book.ts";
import type { RolloutRun } from "./stages/run.ts";

/** What is known of an agent besides its view. */
interface Tracked {
  revision: number;
  assignment: Assignment | undefined;
  run: RolloutRun | undefined;
  /** Hash of what the fleet was last told for it; undefined: nothing. */
  told: string | undefined;
}

export interface PlacementsParts {
  readonly fleet: FleetPort;
  readonly catalog: Pick<ConfigCatalog, "byHash">;
  readonly rules: RuleBook;
  /** Those that have not ended, by id. */
  readonly runs: ReadonlyMap<number, RolloutRun>;
  readonly pending: PendingChanges;
}

export class Placements {
  readonly #parts: PlacementsParts;
  readonly #tracked = new Map<string, Tracked>();
  /** What a former process wrote of agents that have not shown yet, by rollout and uid. */
  readonly #stored = new Map<number, Map<string, MemberRecord>>();

  constructor(parts: PlacementsParts) {
    this.#parts = parts;
  }

  // ---- What a former process wrote

  keepStored(record: MemberRecord): void {
    const ofRollout = this.#stored.get(record.rollout) ?? new Map<string, MemberRecord>();
    this.#stored.set(record.rollout, ofRollout.set(record.uid, record));
  }

  /** The rollout has ended: what is kept of its agents is not needed any more. */
  forgetStored(rollout: number): void {
    this.#stored.delete(rollout);
  }

  /** An agent that has gone elsewhere while nobody wrote it down does not come back to what it had there. */
  #forgetElsewhere(uid: string, run: RolloutRun | undefined): void {
    for (const [rollout, ofRollout] of this.#stored) {
      if (rollout !== run?.id && ofRollout.delete(uid)) this.#parts.pending.memberRemoved(rollout, uid);
    }
  }

  #takeStored(rollout: number, uid: string): MemberRecord | undefined {
    const ofRollout = this.#stored.get(rollout);
    const record = ofRollout?.get(uid);
    ofRollout?.delete(uid);
    return record;
  }

  // ---- Agents

  has(uid: string): boolean {
    return this.#tracked.has(uid);
  }

  /** The rollout that an agent is in. */
  runOf(uid: string): RolloutRun | undefined {
    return this.#tracked.get(uid)?.run;
  }

  /** Takes in how an agent is now: it keeps its place unless what selectors look at has changed. */
  observe(agent: FleetAgent): void {
    const tracked = this.#tracked.get(agent.uid);
    if (tracked === undefined || tracked.revision !== agent.revision) this.#place(agent);
    else tracked.run?.observe(agent);
  }

  /** An operator has removed an agent from the fleet. */
  remove(uid: string): void {
    this.runOf(uid)?.leave(uid);
    this.#tracked.delete(uid);
    if (this.#parts.rules.unpin(uid)) this.#parts.pending.unpinned(uid);
  }

  /** Rules have changed: every agent finds its own again. */
  placeAll(): void {
    const { rules, runs, fleet } = this.#parts;
    rules.rank(runs.values());
    for (const agent of fleet.agents()) this.#place(agent);
  }

  #place(agent: FleetAgent): void {
    const { rules, runs, pending } = this.#parts;
    const { uid, revision } = agent;
    const { assignment, run } = rules.choose(agent);
    const tracked = this.#tracked.get(uid) ?? { revision, assignment: undefined, run: undefined, told: undefined };
    const before = tracked.run;
    this.#tracked.set(uid, Object.assign(tracked, { revision, assignment, run }));
    if (agent.isDescribed) this.#forgetElsewhere(uid, run);
    const base = rules.baseOf(uid, assignment);
    if (before !== run) {
      if (before !== undefined && runs.has(before.id)) before.leave(uid);
      run?.join(agent, base, this.#takeStored(run.id, uid));
    } else {
      run?.rebase(uid, base);
      run?.observe(agent);
    }
    pending.offer(uid, false);
  }

  // ---- Pins

  /** These agents keep the version of a rollout. */
  pin(run: RolloutRun, uids: readonly string[]): void {
    const { rules, pending } = this.#parts;
    for (const uid of uids) {
      const pin: Pin = { uid, config: run.record.spec.config, rollout: run.id };
      rules.pin(pin);
      pending.pinned(pin);
    }
  }

  /** An agent follows the rules again. */
  unpin(uid: string): void {
    const { rules, pending } = this.#parts;
    if (!rules.unpin(uid)) return;
    pending.unpinned(uid);
    pending.offer(uid, false);
    const tracked = this.#tracked.get(uid);
    tracked?.run?.rebase(uid, rules.baseOf(uid, tracked.assignment));
  }

  // ---- What agents are to have

  /** What an agent is to have now; undefined: nothing of ours. */
  desired(uid: string): ConfigVersionRef | undefined {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined) return undefined;
    if (tracked.run?.holds(uid)) return tracked.run.record.spec.config;
    return this.#parts.rules.baseOf(uid, tracked.assignment);
  }

  /** Says to the fleet what an agent is to have, unless it was said. @param again Say it all the same. */
  tell(uid: string, again: boolean): void {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined) return;
    const desired = this.desired(uid) ?? this.#nothingFor(uid, tracked);
    if (desired === undefined || (desired.hash === tracked.told && !again)) return;
    tracked.told = desired.hash;
    this.#parts.fleet.offer(uid, desired, again);
  }

  /** An agent that has something of ours and is to have nothing is told so; any other is left alone. */
  #nothingFor(uid: string, { told }: Tracked): ConfigVersionRef | undefined {
    const { fleet, catalog } = this.#parts;
    const agent = fleet.get(uid);
    if (agent === undefined || !agent.followsConfig) return undefined;
    const isOurs = told !== undefined || catalog.byHash(agent.report.hash) !== undefined;
    return isOurs ? NO_CONFIG : undefined;
  }
}
