/**
 * A fleet of replicas that share one tenant's rate, in simulated time: the real cells, buckets and leases of each, a store
 * in memory, and requests as they come by chance.
 *
 * @module
 */

import { bytesFor, TenantCells, WHOLE_SHARE } from "../../pipeline/tenants/rates/cells.ts";
import { takeRates } from "../../pipeline/tenants/admission.ts";
import { FleetLeases } from "../../pipeline/tenants/fleet/leases.ts";
import { Plans } from "../../pipeline/tenants/plans.ts";
import { rowOf } from "../pipeline/tenants/support.ts";
import { MemoryLeases } from "./memory_leases.ts";

export interface Simulation {
  readonly replicas: number;
  /** Requests a second of the whole fleet. */
  readonly limit: number;
  readonly burstMs: number;
  /** All requests that come, as a part of the limit. */
  readonly load: number;
  /** Which part of them comes to each replica, at a time. */
  readonly skew: (replica: number, replicas: number, atMs: number) => number;
  readonly seconds: number;
  readonly mode: "local" | "divided" | "redis";
  /** Between 0 and 1; a simulation with the same is the same. */
  readonly random: () => number;
  /** What happens, and whether a replica reaches the store now. */
  readonly trouble?: (atMs: number, leases: MemoryLeases) => (replica: number) => boolean;
}

export interface Simulated {
  /** What was let in and could have been, by second. */
  readonly admitted: readonly number[];
  readonly offered: readonly number[];
  /** The most that all replicas' shares together ever were, of those that follow the store; 1 is whole. */
  readonly mostShared: number;
}

const STEP_MS = 10;
const INTERVAL_MS = 250;
const LEASE_MS = 2_000;
const RATE = "all:0:acme";

interface Replica {
  readonly cells: TenantCells;
  readonly leases: FleetLeases;
  roundAtMs: number;
}

export function simulate(settings: Simulation): Simulated {
  const { replicas, limit, burstMs, load, skew, seconds, mode, random, trouble } = settings;
  const row = rowOf("acme", 0, { limits: { all: { requestsPerSecond: limit, burstMs } } });
  const { requests } = new Plans().of(row, "logs");
  const store = new MemoryLeases(LEASE_MS);
  let nowNs = 0;
  const fleet = Array.from({ length: replicas }, (): Replica => {
    const cells = new TenantCells(new SharedArrayBuffer(bytesFor(1)));
    cells.countsDemand = mode === "redis";
    cells.defaultShare = mode === "local" ? WHOLE_SHARE : WHOLE_SHARE / replicas;
    const leases = new FleetLeases({ cells, table: () => ({ at: () => row }), nowNs: () => nowNs });
    return { cells, leases, roundAtMs: random() * INTERVAL_MS };
  });
  const admitted = new Array<number>(seconds).fill(0);
  const offered = new Array<number>(seconds).fill(0);
  let mostShared = 0;
  for (let atMs = 0; atMs < seconds * 1_000; atMs += STEP_MS) {
    nowNs = atMs * 1_000_000;
    const second = Math.floor(atMs / 1_000);
    const reaches = trouble?.(atMs, store) ?? (() => true);
    for (const [number, replica] of fleet.entries()) {
      const mean = limit * load * skew(number, replicas, atMs) * STEP_MS / 1_000;
      for (let left = poisson(mean, random); left > 0; left--) {
        offered[second]!++;
        if (takeRates(replica.cells, requests, 0, 1, nowNs) === undefined) admitted[second]!++;
      }
      if (mode !== "redis" || atMs < replica.roundAtMs) continue;
      replica.roundAtMs += INTERVAL_MS * (0.9 + 0.2 * random());
      const asks = replica.leases.collect(atMs);
      if (reaches(number)) replica.leases.apply(asks, store.lease(String(number), asks, atMs));
    }
    mostShared = Math.max(mostShared, store.shared(RATE) / WHOLE_SHARE);
  }
  return { admitted, offered, mostShared };
}

/** What was let in over ten seconds, by what the limit would have let in of what came: the furthest from 1. */
export function worstWindows(
  { admitted, offered }: Simulated,
  limit: number,
  fromSecond: number,
): { readonly under: number; readonly over: number } {
  let under = 0, over = 0;
  for (let at = fromSecond; at + 10 <= admitted.length; at++) {
    const sum = (list: readonly number[]) => list.slice(at, at + 10).reduce((a, b) => a + b, 0);
    const may = Math.min(10 * limit, sum(offered));
    over = Math.max(over, sum(admitted) / (10 * limit) - 1);
    under = Math.max(under, 1 - sum(admitted) / may);
  }
  return { under, over };
}

export const SKEWS = {
  even: (_: number, replicas: number) => 1 / replicas,
  /** The first third of the replicas by 80 %, the others by the rest. */
  "80/10/10": (replica: number, replicas: number) => {
    const hot = Math.max(1, Math.round(replicas / 3));
    return replica < hot ? 0.8 / hot : 0.2 / (replicas - hot);
  },
  zipf: (replica: number, replicas: number) => 1 / (replica + 1) / harmonic(replicas),
  /** Nine of ten requests come to one replica, every 20 s to another one. */
  "moving hot spot": (replica: number, replicas: number, atMs: number) =>
    replica === Math.floor(atMs / 20_000) % replicas ? 0.9 : 0.1 / (replicas - 1),
} as const;

const harmonics = new Map<number, number>();

function harmonic(n: number): number {
  let sum = harmonics.get(n);
  if (sum === undefined) {
    sum = 0;
    for (let i = 1; i <= n; i++) sum += 1 / i;
    harmonics.set(n, sum);
  }
  return sum;
}

/** How many come when `mean` do on average. Source: Knuth, TAOCP 2, 3.4.1; the normal one for many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > end; product *= random()) count++;
  return count;
}

/** A generator that is the same at every run. Source: mulberry32, by T. Ettinger. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4_294_967_296;
  };
}
