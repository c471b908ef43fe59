/**
 * What changed about the fleet and is not written yet. Written some at a time, so that a transaction of thousands of rows
 * does not hold up the agents; what cannot be written waits and is tried again.
 *
 * @module
 */

import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../../pipeline/core/log/logger.ts";
import type { Counter } from "../../../pipeline/core/telemetry/meter.ts";
import { hexToBytes } from "../../protocol/hashes.ts";
import type { AgentEvent, AgentRow, FleetStore } from "../store/fleet_store.ts";
import type { OpampServerSettings } from "../settings.ts";

/** What a journal is made with. */
export interface JournalDeps {
  readonly store: FleetStore;
  readonly settings: Pick<OpampServerSettings, "maxRowsPerWrite" | "maxPendingEvents" | "persistIntervalMs">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts events for which there was no room. */
  readonly droppedEvents: Counter;
  /** The agent as it is when it is written; undefined when it is not known any more. */
  readonly rowOf: (uid: string) => AgentRow | undefined;
}

/** Between two writes of many, for everything else to go on. */
const WRITE_PAUSE_MS = 20;

export class FleetJournal {
  readonly #deps: JournalDeps;
  /** Uids in hexadecimal; an agent is in one of the two at most. */
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #events: AgentEvent[] = [];
  #timer: Timer | undefined;
  #isFailing = false;
  #isStopped = false;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  /** @param uid In hexadecimal. */
  noteChanged(uid: string): void {
    this.#removed.delete(uid);
    this.#changed.add(uid);
    this.#schedule();
  }

  /** @param uid In hexadecimal. */
  noteRemoved(uid: string): void {
    this.#changed.delete(uid);
    this.#removed.add(uid);
    this.#schedule();
  }

  noteEvent(event: AgentEvent): void {
    if (this.#events.length >= this.#deps.settings.maxPendingEvents) this.#deps.droppedEvents.add(1);
    else this.#events.push(event);
    this.#schedule();
  }

  /** Writes everything now. @returns Whether all is written; what is not waits. */
  flush(): boolean {
    while (this.#waiting > 0) if (!this.#write()) return false;
    return true;
  }

  /** Writes what it can, and nothing from then on. */
  stop(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#isStopped = true;
    this.flush();
  }

  get #waiting(): number {
    return this.#changed.size + this.#removed.size + this.#events.length;
  }

  #schedule(delayMs = this.#deps.settings.persistIntervalMs): void {
    if (!this.#isStopped) this.#timer ??= this.#deps.clock.setTimer(() => this.#onTimer(), delayMs);
  }

  /** Writes some and, when that went well, the rest soon. */
  #onTimer(): void {
    this.#timer = undefined;
    const isWritten = this.#write();
    if (this.#waiting > 0) this.#schedule(isWritten ? WRITE_PAUSE_MS : undefined);
  }

  /** One transaction. @returns Whether it is written. */
  #write(): boolean {
    const { store, settings, clock, logger, rowOf } = this.#deps;
    const changed = firstOf(this.#changed, settings.maxRowsPerWrite);
    const removed = firstOf(this.#removed, settings.maxRowsPerWrite);
    const events = this.#events.slice(0, settings.maxRowsPerWrite);
    const agents = changed.map(rowOf).filter((row) => row !== undefined);
    try {
      store.write({ agents, removed: removed.map(hexToBytes), events, nowMs: clock.nowMs() });
    } catch (error) {
      if (!this.#isFailing) logger.error("cannot keep the fleet's state", { error: describeError(error) });
      this.#isFailing = true;
      return false;
    }
    if (this.#isFailing) logger.info("the fleet's state is kept again");
    this.#isFailing = false;
    for (const uid of changed) this.#changed.delete(uid);
    for (const uid of removed) this.#removed.delete(uid);
    this.#events.splice(0, events.length);
    return true;
  }
}

function firstOf(keys: Iterable<string>, count: number): string[] {
  const first: string[] = [];
  for (const key of keys) {
    if (first.length >= count) break;
    first.push(key);
  }
  return first;
}
