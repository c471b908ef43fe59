/**
 * Keeps the shares of a replica up to date: a round a while. When the store is lost, what there is is kept, that is told,
 * and it is tried again.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../core/clock.ts";
import { describeError, type Logger } from "../../core/log/logger.ts";
import type { Meter } from "../../core/telemetry/meter.ts";
import type { FleetLeases, LeaseAsk, LeaseStore } from "./leases.ts";

/** Rates of one call. */
export const BATCH = 256;
/** Between two tries while the store is lost, milliseconds, at the most. */
const MAX_BACKOFF_MS = 5_000;
/** A part of the interval that is left to chance, so that replicas do not come all at once. */
const JITTER = 0.2;

/** How a fleet's limits are shared now, for people. */
export interface FleetStatus {
  readonly mode: "local" | "divided" | "redis";
  /** Whether the last round had its answer; always, where there are no rounds. */
  readonly connected: boolean;
  /** Since when it is so, milliseconds since 1970; undefined where there are no rounds. */
  readonly sinceMs: number | undefined;
  readonly replicas: number;
  /** Rates that have a share of their own here. */
  readonly leases: number;
}

export interface LeaseRoundsOptions {
  readonly leases: FleetLeases;
  readonly store: LeaseStore;
  readonly intervalMs: number;
  /** What is supposed until the store has told. */
  readonly replicas: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export class LeaseRounds {
  readonly #options: LeaseRoundsOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #connected: boolean | undefined;
  #sinceMs: number;
  #replicas: number;
  #failures = 0;

  constructor(options: LeaseRoundsOptions) {
    this.#options = options;
    this.#replicas = options.replicas;
    this.#sinceMs = options.clock.nowMs();
  }

  get status(): FleetStatus {
    return {
      mode: "redis",
      connected: this.#connected ?? false,
      sinceMs: this.#sinceMs,
      replicas: this.#replicas,
      leases: this.#options.leases.size,
    };
  }

  /** Settles after the first round, whatever came of it: a store that is lost keeps nobody from starting. */
  start(): Promise<void> {
    return this.#running = this.#round();
  }

  /** Gives all shares back. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    await this.#running;
    const { leases, store } = this.#options;
    const asks = leases.giveBack();
    if (this.#connected === true) await this.#tell(asks).catch(() => {}); // they end by themselves
    store.close();
  }

  async #round(): Promise<void> {
    const { leases, clock } = this.#options;
    try {
      await this.#tell(leases.collect(clock.monotonicMs()), true);
      this.#failures = 0;
      this.#setConnected(true);
    } catch (thrown) {
      this.#failures++;
      this.#setConnected(false, thrown);
    }
    this.#count();
    if (this.#isStopped) return;
    this.#timer = clock.setTimer(() => this.#running = this.#round(), this.#delayMs());
  }

  /** A round without any rate is told too: the replica is there. */
  async #tell(asks: readonly LeaseAsk[], apply = false): Promise<void> {
    const { leases, store } = this.#options;
    for (let at = 0; at === 0 || at < asks.length; at += BATCH) {
      const batch = asks.slice(at, at + BATCH);
      const answer = await store.lease(batch);
      if (apply) leases.apply(batch, answer);
      this.#replicas = answer.replicas;
    }
  }

  #delayMs(): number {
    const { intervalMs, random } = this.#options;
    const backoffMs = Math.min(MAX_BACKOFF_MS, intervalMs * 2 ** Math.min(16, this.#failures));
    const delayMs = this.#failures === 0 ? intervalMs : Math.max(intervalMs, backoffMs);
    return delayMs * (1 - JITTER / 2 + JITTER * random());
  }

  /** Told once a change. */
  #setConnected(connected: boolean, reason?: unknown): void {
    if (this.#connected === connected) return;
    const isFirst = this.#connected === undefined;
    this.#connected = connected;
    this.#sinceMs = this.#options.clock.nowMs();
    const { logger } = this.#options;
    if (!connected) {
      logger.error("The limits of the fleet cannot be shared: each rate goes on with its last share", {
        error: describeError(reason),
      });
    } else if (!isFirst) logger.info("The limits of the fleet are shared again");
  }

  #count(): void {
    const { meter, leases } = this.#options;
    meter.counter("sluice_fleet_rounds", { outcome: this.#connected === true ? "success" : "failure" }).add(1);
    meter.gauge("sluice_fleet_connected", {}).set(this.#connected === true ? 1 : 0);
    meter.gauge("sluice_fleet_replicas", {}).set(this.#replicas);
    meter.gauge("sluice_fleet_leases", {}).set(leases.size);
  }
}
