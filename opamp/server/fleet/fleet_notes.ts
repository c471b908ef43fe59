/**
 * What is told of agents: changes to listeners, a batch at a time; changes that last, and events, to the store.
 *
 * @module
 */

import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import { RemoteConfigStatuses } from "../../protocol/capabilities.ts";
import { type AgentChange, AgentChanges } from "../agents/agent_changes.ts";
import { type AgentRecord, isApplied } from "../agents/agent_record.ts";
import { FleetJournal } from "./fleet_journal.ts";
import type { EventKind, FleetMetrics } from "./fleet_metrics.ts";
import type { AgentRow, FleetStore } from "../store/fleet_store.ts";
import type { OpampServerSettings } from "../settings.ts";

export interface NotesDeps {
  readonly settings: OpampServerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: FleetMetrics;
  readonly store?: FleetStore | undefined;
  /** The agent as it is when it is written; undefined when it is not known any more. */
  readonly rowOf: (uid: string) => AgentRow | undefined;
}

type Listener = (changes: readonly AgentChange[]) => void;

export class FleetNotes {
  readonly #deps: NotesDeps;
  readonly #journal: FleetJournal | undefined;
  readonly #listeners = new Set<Listener>();
  /** Masks by uid. */
  #changed = new Map<string, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: NotesDeps) {
    this.#deps = deps;
    const { store, metrics: { droppedEvents } } = deps;
    this.#journal = store && new FleetJournal({ ...deps, store, droppedEvents });
  }

  /**
   * Calls `listener` with what changed, a batch at a time.
   *
   * @returns Ends it.
   */
  onChanges(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param changes Mask of `AgentChanges`. */
  changed({ key }: AgentRecord, changes: number): void {
    this.#changed.set(key, (this.#changed.get(key) ?? 0) | changes);
    if (!this.#isStopped) {
      this.#timer ??= this.#deps.clock.setTimer(() => this.#tell(), this.#deps.settings.changeDelayMs);
    }
    if (changes & PERSISTENT_CHANGES) this.#journal?.noteChanged(key);
  }

  /** What a report changed, with the events that are in it. */
  reported(agent: AgentRecord, changes: number): void {
    this.changed(agent, changes);
    if (changes & AgentChanges.remoteConfigStatus) this.#noteStatus(agent);
    if (changes & AgentChanges.connectionSettings) this.#noteConnection(agent);
  }

  removed(agent: AgentRecord): void {
    this.changed(agent, AgentChanges.removed);
    this.#journal?.noteRemoved(agent.key);
  }

  event({ uid }: AgentRecord, kind: EventKind, text: string): void {
    this.#deps.metrics.events[kind].add(1);
    this.#journal?.noteEvent({ atMs: this.#deps.clock.nowMs(), uid, kind, text });
  }

  /** Writes all now. @returns Whether all is written; what is not waits. */
  persist(): boolean {
    return this.#journal?.flush() ?? true;
  }

  /** Tells nobody anything from now on, and writes what is not written. */
  stop(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#isStopped = true;
    this.#journal?.stop();
  }

  #noteStatus(agent: AgentRecord): void {
    const { configStatus, desiredConfig, failedConfig } = agent;
    if (configStatus === undefined || configStatus.status === RemoteConfigStatuses.APPLYING) return;
    const { hash, status, error } = configStatus;
    if (status === RemoteConfigStatuses.FAILED) {
      this.event(agent, "config_failed", `${hash}: ${error.slice(0, MAX_EVENT_CHARS)}`);
    } else {
      const isRolledBack = failedConfig !== undefined && failedConfig === desiredConfig?.hash;
      this.event(agent, isRolledBack ? "config_rolled_back" : "config_applied", hash);
    }
  }

  #noteConnection(agent: AgentRecord): void {
    const { desiredConnection, connectionStatus } = agent;
    if (desiredConnection === undefined || !isApplied(connectionStatus, desiredConnection.hash)) return;
    this.event(agent, "connection_applied", desiredConnection.hash);
  }

  #tell(): void {
    this.#timer = undefined;
    const batch: AgentChange[] = [];
    this.#changed.forEach((changes, uid) => batch.push({ uid, changes }));
    this.#changed = new Map();
    for (const listener of this.#listeners) listener(batch);
  }
}

/** Of an agent's own words in an event. */
const MAX_EVENT_CHARS = 1_000;

/** What is written; the rest is reported again after a restart. */
const PERSISTENT_CHANGES = AgentChanges.connection | AgentChanges.description | AgentChanges.capabilities |
  AgentChanges.health | AgentChanges.remoteConfigStatus | AgentChanges.connectionSettings | AgentChanges.uid |
  AgentChanges.desired;
