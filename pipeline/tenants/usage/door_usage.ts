/**
 * What a thread's gate tells of tenants' requests: each request once, as accepted or as refused, and the items of those
 * that were let in as accepted, rejected or shed.
 *
 * @module
 */

import type { UsageCounter, UsageMeter, UsageSeries } from "../../contract/usage.ts";
import type { TenantTag } from "../../core/tenant.ts";
import type { Signal } from "../../otlp/signals.ts";
import type { Untimely } from "../identity/refused.ts";
import type { Refusal } from "../rates/cells.ts";

/** Why a request that was let in is not answered with 200, or items of it are not kept behind the gate. */
type Behind = "not_kept" | "invalid" | "pipeline";

/** One request that was let in, as it ended. */
export interface Ended {
  readonly status: number;
  /** Counted in it; 0 when nobody got so far. */
  readonly items: number;
  /** As it came. */
  readonly bytes: number;
  /** Of its items, those that its sender was told of. */
  readonly rejectedItems: number;
  /** Of those, the ones that the gate cut off, and has told of already. */
  readonly cutItems: number;
}

/** Why a request that was let in has another status than 200. */
export function behindReason(status: number): "not_kept" | "invalid" {
  return status >= 500 || status === 429 ? "not_kept" : "invalid";
}

export class DoorUsage {
  readonly #meter: UsageMeter;
  readonly #counters = new Map<string, UsageCounter>();
  readonly #accepted: Partial<Record<Signal, UsageCounter>> = {};

  constructor(meter: UsageMeter) {
    this.#meter = meter;
  }

  /** A request that is refused whole, by a limit or for the time of its credential. */
  refused(tenant: TenantTag, signal: Signal, reason: Refusal | Untimely, items: number): void {
    this.#counter(signal, "refused", reason).add(tenant, 1, items, 0);
  }

  /** Items that are cut off a request that goes on. */
  cut(tenant: TenantTag, signal: Signal, reason: Refusal, items: number): void {
    const counter = reason === "shed" ? this.#counter(signal, "shed", "") : this.#counter(signal, "rejected", reason);
    counter.add(tenant, 0, items, 0);
  }

  /** A request of which everything was kept: nearly all are, so nothing is looked up for them but the tenant. */
  accepted(tenant: TenantTag, signal: Signal, items: number, bytes: number): void {
    const counter = this.#accepted[signal] ??= this.#counter(signal, "accepted", "");
    counter.add(tenant, 1, items, bytes);
  }

  /** A request that was let in. */
  ended(tenant: TenantTag, signal: Signal, { status, items, bytes, rejectedItems, cutItems }: Ended): void {
    if (status !== 200) {
      return this.#counter(signal, "refused", behindReason(status)).add(tenant, 1, items, bytes);
    }
    this.accepted(tenant, signal, items - rejectedItems, bytes);
    const behind = rejectedItems - cutItems;
    if (behind > 0) this.#counter(signal, "rejected", "pipeline").add(tenant, 0, behind, 0);
  }

  #counter(signal: Signal, outcome: UsageSeries["outcome"], reason: Refusal | Untimely | Behind | ""): UsageCounter {
    const key = `${signal}${outcome}${reason}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.#meter.counter({ signal, destination: "", outcome, reason });
      this.#counters.set(key, counter);
    }
    return counter;
  }
}
