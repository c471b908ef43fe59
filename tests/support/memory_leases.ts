/**
 * What `gateway/tenants/fleet/lease_script.ts` does, in memory and with a time that a test says: for simulations of many
 * replicas. `redis_test.ts` holds the two to the same answers.
 *
 * @module
 */

import { WHOLE_SHARE } from "../../pipeline/tenants/rates/cells.ts";
import type { LeaseAnswer, LeaseAsk } from "../../pipeline/tenants/fleet/leases.ts";

interface Part {
  readonly demand: number;
  readonly share: number;
  readonly endsMs: number;
}

interface Rate {
  readonly parts: Map<string, Part>;
  addUpAtMs: number;
}

export class MemoryLeases {
  readonly #leaseMs: number;
  readonly #replicas = new Map<string, number>();
  readonly #rates = new Map<string, Rate>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** All shares of a rate together, parts per million. */
  shared(rate: string): number {
    return sumOf(this.#rates.get(rate)?.parts ?? new Map(), "share");
  }

  flush(): void {
    this.#replicas.clear();
    this.#rates.clear();
  }

  lease(replica: string, asks: readonly LeaseAsk[], nowMs: number): LeaseAnswer {
    this.#replicas.set(replica, nowMs);
    for (const [name, seenMs] of this.#replicas) {
      if (seenMs <= nowMs - this.#leaseMs) this.#replicas.delete(name);
    }
    return { replicas: this.#replicas.size, shares: asks.map((ask) => this.#leaseOne(replica, ask, nowMs)) };
  }

  #leaseOne(replica: string, { rate: name, demand, held }: LeaseAsk, nowMs: number): number {
    let rate = this.#rates.get(name);
    if (rate === undefined) this.#rates.set(name, rate = { parts: new Map(), addUpAtMs: 0 });
    const { parts } = rate;
    if (nowMs >= rate.addUpAtMs) {
      for (const [other, { endsMs }] of parts) if (endsMs < nowMs) parts.delete(other);
      rate.addUpAtMs = nowMs + this.#leaseMs / 2;
    }
    const own = parts.get(replica);
    parts.delete(replica);
    if (demand < 0) return -1;
    const free = Math.max(0, WHOLE_SHARE - sumOf(parts, "share"));
    const wanted = own === undefined ? held : part(demand, sumOf(parts, "demand") + demand, parts.size + 1);
    const share = Math.min(free, wanted);
    parts.set(replica, { demand, share, endsMs: nowMs + this.#leaseMs });
    return own === undefined ? -1 : share;
  }
}

function sumOf(parts: ReadonlyMap<string, Part>, field: "demand" | "share"): number {
  let sum = 0;
  for (const each of parts.values()) sum += each[field];
  return sum;
}

function part(demand: number, all: number, count: number): number {
  const base = all >= WHOLE_SHARE
    ? WHOLE_SHARE * demand / all
    : all > 0
    ? demand + (WHOLE_SHARE - all) * (demand / all + 1 / count) / 2
    : WHOLE_SHARE / count;
  return Math.floor(0.99 * base + 0.01 * WHOLE_SHARE / count);
}
