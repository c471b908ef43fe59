/**
 * What each tenant was refused lately, and why, for operators, and whose credentials were: kept in the thread that refused
 * it, within bounds.
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
/** Addresses of a thread whose credentials were refused, by the same rule. */
export const MAX_REFUSED_ADDRESSES = 500;
/** Of an address, which a proxy may have told, characters. */
const MAX_ADDRESS_CHARS = 64;
/** Entries of a tenant, or an address. */
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

/** Of senders that are not known, by their address. Structured clone takes it. */
export interface UnknownRefusal extends RecentRefusal {
  /** As `peerOf` has it; "" where it is not known. */
  readonly address: string;
}

/** As `together`, of each address. */
export function togetherByAddress(refusals: readonly UnknownRefusal[]): readonly UnknownRefusal[] {
  const byAddress = Map.groupBy(refusals, ({ address }) => address);
  return [...byAddress].flatMap(([address, own]) => together(own).map((refusal) => ({ ...refusal, address })));
}

export class RecentRefusals {
  readonly #tenants: Entries;
  readonly #addresses: Entries;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#tenants = new Entries(clock, MAX_REFUSED_TENANTS);
    this.#addresses = new Entries(clock, MAX_REFUSED_ADDRESSES);
  }

  note({ id }: TenantTag, signal: Signal | undefined, reason: string, items: number, message: string): void {
    this.#tenants.note(id, signal, reason, items, message);
  }

  /** A credential that was refused. @param address Of who sent it, as `peerOf` has it: a host is one. */
  noteUnknown(address: string, signal: Signal | undefined, reason: string, message: string): void {
    this.#addresses.note(address.slice(0, MAX_ADDRESS_CHARS), signal, reason, 0, message);
  }

  /** Of a tenant, those that began last first. */
  of(id: string): readonly RecentRefusal[] {
    return this.#tenants.of(id);
  }

  /** Of all addresses. */
  unknown(): readonly UnknownRefusal[] {
    return this.#addresses.all().flatMap(([address, own]) => own.map((refusal) => ({ ...refusal, address })));
  }
}

type Entry = { -readonly [Key in keyof RecentRefusal]: RecentRefusal[Key] };

/** Refusals by whom they concern, so many of them. */
class Entries {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #most: number;
  readonly #byName = new Map<string, Entry[]>();

  constructor(clock: Pick<Clock, "nowMs">, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  note(name: string, signal: Signal | undefined, reason: string, items: number, message: string): void {
    const nowMs = this.#clock.nowMs();
    const entries = this.#byName.get(name);
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
      name,
      [{ ...entry, message: message.slice(0, MAX_MESSAGE_CHARS) }, ...entries ?? []].slice(0, MAX_REFUSALS),
    );
  }

  of(name: string): readonly RecentRefusal[] {
    return this.#byName.get(name) ?? [];
  }

  all(): readonly (readonly [name: string, refusals: readonly RecentRefusal[]])[] {
    return [...this.#byName];
  }

  #add(name: string, entries: Entry[]): void {
    this.#byName.delete(name);
    this.#byName.set(name, entries);
    const [silent] = this.#byName.keys();
    if (this.#byName.size > this.#most && silent !== undefined) this.#byName.delete(silent);
  }
}
