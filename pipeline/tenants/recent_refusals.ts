/**
 * What each tenant was refused lately, and why, for operators: kept in the thread that refused it, within bounds.
 *
 * Refusals of one minute, signal and reason are one entry with a count, so that a flood of them costs a look-up each and
 * drives out nothing: neither other reasons of the tenant, nor other tenants.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { TenantTag } from "../core/tenant.ts";
import type { Signal } from "../otlp/signals.ts";

/** Tenants of a thread; the one whose last entry began longest ago makes room. */
export const MAX_REFUSED_TENANTS = 500;
/** Entries of a tenant. */
export const MAX_REFUSALS = 20;
/** Of an entry's message, characters. */
const MAX_MESSAGE_CHARS = 300;
/** Refusals that are one entry came within so long, milliseconds. */
const TOGETHER_MS = 60_000;

/** Refusals of one kind. Structured clone takes it. */
export interface RecentRefusal {
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Requests. */
  readonly times: number;
  /** Undefined: it was refused before that was looked at. */
  readonly signal: Signal | undefined;
  readonly reason: string;
  /** That were cut off; 0 of what was refused whole. */
  readonly items: number;
  /** What the last of them was told. */
  readonly message: string;
}

/** What several threads were told, those of one kind and minute as one. */
export function together(refusals: readonly RecentRefusal[]): readonly RecentRefusal[] {
  const merged: RecentRefusal[] = [];
  for (const refusal of refusals.toSorted((a, b) => a.firstMs - b.firstMs)) {
    const at = merged.findLastIndex(({ signal, reason, firstMs }) =>
      signal === refusal.signal && reason === refusal.reason && refusal.firstMs - firstMs < TOGETHER_MS
    );
    const same = merged[at];
    if (same === undefined) merged.push(refusal);
    else merged[at] = joined(same, refusal);
  }
  return merged;
}

function joined(first: RecentRefusal, second: RecentRefusal): RecentRefusal {
  const last = second.lastMs >= first.lastMs ? second : first;
  return {
    ...last,
    firstMs: first.firstMs,
    times: first.times + second.times,
    items: first.items + second.items,
  };
}

export class RecentRefusals {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #byTenant = new Map<string, { -readonly [Key in keyof RecentRefusal]: RecentRefusal[Key] }[]>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  note({ id }: TenantTag, signal: Signal | undefined, reason: string, items: number, message: string): void {
    const nowMs = this.#clock.nowMs();
    const entries = this.#byTenant.get(id);
    const same = entries?.find((entry) =>
      entry.reason === reason && entry.signal === signal && Math.abs(nowMs - entry.firstMs) < TOGETHER_MS
    );
    if (same !== undefined) {
      same.times++;
      same.items += items;
      same.lastMs = nowMs;
      same.message = message.slice(0, MAX_MESSAGE_CHARS);
      return;
    }
    const entry = { firstMs: nowMs, lastMs: nowMs, times: 1, signal, reason, items, message };
    this.#add(
      id,
      [{ ...entry, message: message.slice(0, MAX_MESSAGE_CHARS) }, ...entries ?? []].slice(0, MAX_REFUSALS),
    );
  }

  /** Of a tenant, those that began last first. */
  of(id: string): readonly RecentRefusal[] {
    return this.#byTenant.get(id) ?? [];
  }

  #add(id: string, entries: RecentRefusal[]): void {
    this.#byTenant.delete(id);
    this.#byTenant.set(id, entries);
    const [silent] = this.#byTenant.keys();
    if (this.#byTenant.size > MAX_REFUSED_TENANTS && silent !== undefined) this.#byTenant.delete(silent);
  }
}
