/**
 * How components tell what became of a tenant's data, for bills and for the tenant itself.
 *
 * Handles are made once, when a component is created; adding is a look-up and three additions, called once a request and
 * not once an item.
 *
 * @module
 */

import type { TenantTag } from "../core/tenant.ts";
import type { Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";

/** What one sum is of. Few of them, whatever the tenants: each name is of a configuration or of the code. */
export interface UsageSeries {
  readonly signal: Signal;
  /** The exporter's id; "" at the door. */
  readonly destination: string;
  /**
   * At the door: accepted, refused (whole requests), rejected and shed (items of requests that were let in), filtered (by
   * processors). At a destination: sent, and failed or refused, which the sender may have sent again.
   */
  readonly outcome: "accepted" | "refused" | "rejected" | "shed" | "filtered" | "sent" | "failed";
  /** Why, in a word; "" when the outcome says it all. */
  readonly reason: string;
}

/** Adds to one sum of each tenant. */
export interface UsageCounter {
  /** @param bytes As received at the door, as compressed as they came; at a destination of protobuf, not compressed. */
  add(tenant: TenantTag, requests: number, items: number, bytes: number): void;
}

/** Tells of the items of a payload that a processor, named as the reason, took out of it. Nothing where there are none. */
export function tellFiltered(
  counter: UsageCounter | undefined,
  { origin, itemCount }: Payload,
  leftItems: number,
): void {
  if (origin.tenant !== undefined && leftItems < itemCount) counter?.add(origin.tenant, 0, itemCount - leftItems, 0);
}

export interface UsageMeter {
  /** The same series gives the same sums. */
  counter(series: UsageSeries): UsageCounter;
}
