/**
 * Which part of each rate of each tenant this replica has, of the fleet's limit: it follows what is asked for here.
 *
 * In rounds, apart from requests: what was asked of rates since the last round is told to the store that all replicas
 * share, and its answer is what a replica may let in until the next one. A rate of which nothing was asked for a while is
 * given back; then, and before the first answer, it has the share that all rates have: one part of so many replicas.
 *
 * @module
 */

import { SIGNAL_NAMES } from "../../otlp/signals.ts";
import { DEMAND_NS, type TenantCells, WHOLE_SHARE } from "../rates/cells.ts";
import { carryOver } from "../rates/gcra.ts";
import { Plans, type RateLimit } from "../plans.ts";
import type { TenantRow, TenantTable } from "../table/table.ts";

/** What is asked of the store for one rate of one tenant. */
export interface LeaseAsk {
  readonly rate: string;
  /** Asked of it here, parts per million of the fleet's limit; -1: none any more, the share is given back. */
  readonly demand: number;
  /** The share that it has, parts per million: kept, as far as it is free, where the store knows nothing. */
  readonly held: number;
}

export interface LeaseAnswer {
  /** Replicas that are there, this one among them. */
  readonly replicas: number;
  /** Parts per million, in the order of the asks; -1: as it is. Those of all replicas never add up to more than a whole. */
  readonly shares: readonly number[];
}

/** What all replicas share. */
export interface LeaseStore {
  /** @throws {Error} It cannot be reached, or not in time. */
  lease(asks: readonly LeaseAsk[]): Promise<LeaseAnswer>;
  close(): void;
}

/** Rates that may be leased at one time; others have the share that all have. */
const MAX_LEASES = 65_536;
/** A rate of which nothing was asked for so long is given back, milliseconds. */
export const IDLE_MS = 10_000;
/** What was asked a while ago counts less: after so many milliseconds, a third. */
const MEMORY_MS = 1_000;
/** More than this is all the same, parts per million: what is added up stays exact. */
const MAX_DEMAND = 1e9;

interface Lease {
  readonly id: string;
  readonly slot: number;
  limit: RateLimit;
  /** Parts per million of the limit, of the last second or so. */
  demand: number;
  askedAtMs: number;
}

export interface FleetLeasesOptions {
  readonly cells: TenantCells;
  /** Of this moment; undefined: there are no tenants. */
  readonly table: () => Pick<TenantTable, "at"> | undefined;
  /** Of the shared clock. */
  readonly nowNs: () => number;
  /** Default MAX_LEASES. */
  readonly maxLeases?: number;
}

export class FleetLeases {
  readonly #options: FleetLeasesOptions;
  readonly #leases = new Map<string, Lease>();
  readonly #plans = new Plans();
  #collectedAtMs: number | undefined;

  constructor(options: FleetLeasesOptions) {
    this.#options = options;
  }

  /** Rates of which it has, or asks for, a share of its own. */
  get size(): number {
    return this.#leases.size;
  }

  /** What to ask for now. @param nowMs Monotonic. */
  collect(nowMs: number): LeaseAsk[] {
    const tookMs = Math.max(1, nowMs - (this.#collectedAtMs ?? nowMs - MEMORY_MS));
    this.#collectedAtMs = nowMs;
    for (const lease of this.#leases.values()) lease.demand *= Math.exp(-tookMs / MEMORY_MS);
    const { cells, table } = this.#options;
    for (const slot of cells.takeAsked()) {
      const row = table()?.at(slot);
      if (row !== undefined) { for (const limit of this.#limitsOf(row)) this.#count(row, limit, tookMs, nowMs); }
    }
    return [...this.#leases].map(([rate, lease]) => this.#ask(rate, lease, nowMs));
  }

  /** Uses what was answered. @param asks As they were asked. */
  apply(asks: readonly LeaseAsk[], { replicas, shares }: LeaseAnswer): void {
    const { cells } = this.#options;
    cells.defaultShare = WHOLE_SHARE / Math.max(1, replicas);
    for (const [i, { rate, demand }] of asks.entries()) {
      const lease = this.#leases.get(rate);
      const share = shares[i] ?? -1;
      if (lease === undefined) continue;
      if (demand < 0) {
        this.#leases.delete(rate);
        this.#setShare(lease, undefined);
      } else if (share >= 0) this.#setShare(lease, share);
    }
  }

  /** Gives all back: asks that are told to the store, and that need no answer. */
  giveBack(): LeaseAsk[] {
    const asks = [...this.#leases.keys()].map((rate) => ({ rate, demand: -1, held: 0 }));
    for (const lease of this.#leases.values()) this.#setShare(lease, undefined);
    this.#leases.clear();
    return asks;
  }

  #count({ tag: { id, slot } }: TenantRow, limit: RateLimit, tookMs: number, nowMs: number): void {
    const askedNs = this.#options.cells.takeDemand(slot, limit.group, limit.rate) * DEMAND_NS;
    if (askedNs === 0) return;
    const asked = Math.min(MAX_DEMAND, askedNs / tookMs); // nanoseconds a millisecond are parts per million
    const name = `${limit.groupName}:${limit.rate}:${id}`;
    const lease = this.#leases.get(name);
    if (lease === undefined) {
      if (this.#leases.size >= (this.#options.maxLeases ?? MAX_LEASES)) return;
      this.#leases.set(name, { id, slot, limit, demand: asked, askedAtMs: nowMs });
      return;
    }
    lease.limit = limit;
    lease.demand += asked * (1 - Math.exp(-tookMs / MEMORY_MS));
    lease.askedAtMs = nowMs;
  }

  #ask(rate: string, lease: Lease, nowMs: number): LeaseAsk {
    const isIdle = nowMs - lease.askedAtMs > IDLE_MS || !this.#isOf(lease);
    const held = this.#options.cells.share(lease.slot, lease.limit.group, lease.limit.rate);
    return { rate, demand: isIdle ? -1 : Math.round(lease.demand), held };
  }

  /** Whether its slot is still its tenant's. */
  #isOf({ slot, id }: Lease): boolean {
    return this.#options.table()?.at(slot)?.tag.id === id;
  }

  #setShare(lease: Lease, share: number | undefined): void {
    if (!this.#isOf(lease)) return;
    const { cells, nowNs } = this.#options;
    const { slot, limit: { group, rate, burstNs } } = lease;
    const before = cells.share(slot, group, rate);
    cells.setShare(slot, group, rate, share);
    const after = cells.share(slot, group, rate);
    if (before !== after) carryOver(cells.times, cells.timeAt(slot, group, rate), burstNs, nowNs(), before / after);
  }

  #limitsOf(row: TenantRow): RateLimit[] {
    const plans = SIGNAL_NAMES.map((signal) => this.#plans.of(row, signal));
    return plans.flatMap(({ requests, items, bytes }, at) =>
      [...requests, ...items, ...bytes].filter(({ groupName }) => at === 0 || groupName !== "all")
    );
  }
}
