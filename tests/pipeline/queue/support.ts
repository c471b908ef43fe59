/**
 * What tests of the sender chain are made of: payloads, tenants, and a destination whose answers a test gives.
 *
 * @module
 */

import type { Consumer, Outcome } from "../../../pipeline/contract/consumer.ts";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { type Origin, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";

/** One call of a destination. */
export interface Call {
  readonly payload: Payload;
  readonly abort: AbortSignal;
  readonly answer: (answer: Outcome | Error) => void;
}

/** Keeps calls open until the test answers them; or answers each by itself. */
export class Destination implements Consumer {
  readonly calls: Call[] = [];
  /** Answers a call when it comes; undefined leaves it open. */
  answer: (payload: Payload, call: number) => Outcome | Error | undefined = () => undefined;

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const settle = (answer: Outcome | Error) => answer instanceof Error ? reject(answer) : resolve(answer);
      this.calls.push({ payload, abort, answer: settle });
      const answer = this.answer(payload, this.calls.length);
      if (answer !== undefined) settle(answer);
    });
  }

  /** Items of each call. */
  get items(): number[] {
    return this.calls.map(({ payload }) => payload.itemCount);
  }
}

/** A payload of `items` items and ten bytes each, of a sender with `metadata`. */
export function payloadWith(
  items: number,
  metadata: Readonly<Record<string, readonly string[]>> = {},
  signal: Signal = "traces",
): Payload {
  const origin: Origin = { metadata: new Map(Object.entries(metadata)) };
  return payloadOf(signal, new Uint8Array(items * 10), items, origin);
}

/** A tenant; what is not said is as by default. */
export function tenantTag(slot: number, values: Partial<TenantTag> = {}): TenantTag {
  return { id: `tenant-${slot}`, slot, weight: 1, priority: 5, maxQueueShare: 1, ...values };
}

/** A payload of `tenant` of `items` items and ten bytes each. */
export function payloadFrom(
  tenant: TenantTag,
  items: number,
  metadata: Readonly<Record<string, readonly string[]>> = {},
): Payload {
  const payload = payloadWith(items, metadata);
  return { ...payload, origin: { ...payload.origin, tenant } };
}
