/**
 * What was decided and is not written yet, and whom it concerns.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import type { Assignment, Changes, EventKind, MemberRecord, Pin, RolloutEvent } from "./records.ts";
import type { Journal, RolloutRun } from "./stages/run.ts";

/** Gathers decisions until they are written in one transaction and said, and then is empty again. */
export class PendingChanges implements Journal {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #runs = new Set<RolloutRun>();
  readonly #members = new Map<string, MemberRecord>();
  readonly #removedMembers = new Map<string, { readonly rollout: number; readonly uid: string }>();
  #ended: number[] = [];
  #assignments: Assignment[] = [];
  #removedAssignments: Pick<Assignment, "selector" | "priority">[] = [];
  #pins: Pin[] = [];
  #removedPins: string[] = [];
  #events: Omit<RolloutEvent, "id">[] = [];
  /** Agents to whom something may have to be said, and whether again. */
  readonly #offers = new Map<string, boolean>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  record(run: RolloutRun): void {
    this.#runs.add(run);
  }

  member(record: MemberRecord): void {
    const key = `${record.rollout} ${record.uid}`;
    this.#removedMembers.delete(key);
    this.#members.set(key, record);
  }

  memberRemoved(rollout: number, uid: string): void {
    const key = `${rollout} ${uid}`;
    this.#members.delete(key);
    this.#removedMembers.set(key, { rollout, uid });
  }

  event(rollout: number, kind: EventKind, who: string, text: string, numbers: RolloutEvent["numbers"] = {}): void {
    this.#events.push({ rollout, atMs: this.#clock.nowMs(), kind, who, text, numbers });
  }

  offer(uid: string, again: boolean): void {
    this.#offers.set(uid, again || this.#offers.get(uid) === true);
  }

  ended(rollout: number): void {
    this.#ended.push(rollout);
  }

  assigned(assignment: Assignment): void {
    this.#assignments.push(assignment);
  }

  unassigned(assignment: Pick<Assignment, "selector" | "priority">): void {
    this.#removedAssignments.push(assignment);
  }

  pinned(pin: Pin): void {
    this.#pins.push(pin);
  }

  unpinned(uid: string): void {
    this.#removedPins.push(uid);
  }

  /** Everything for one transaction; undefined when there is nothing to write. */
  changes(): Changes | undefined {
    const changes: Changes = {
      rollouts: [...this.#runs].map(({ record }) => record),
      members: [...this.#members.values()],
      removedMembers: [...this.#removedMembers.values()],
      ended: this.#ended,
      assignments: this.#assignments,
      removedAssignments: this.#removedAssignments,
      pins: this.#pins,
      removedPins: this.#removedPins,
      events: this.#events,
    };
    return Object.values(changes).some((rows) => rows.length > 0) ? changes : undefined;
  }

  /** Agents to whom something may have to be said. */
  offers(): ReadonlyMap<string, boolean> {
    return this.#offers;
  }

  clear(): void {
    for (const gathered of [this.#runs, this.#members, this.#removedMembers, this.#offers]) gathered.clear();
    [this.#ended, this.#assignments, this.#removedAssignments] = [[], [], []];
    [this.#pins, this.#removedPins, this.#events] = [[], [], []];
  }
}
