/**
 * What waits for batches of its own: data with the same values of the metadata that keeps data apart.
 *
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { TENANT_METADATA, type TenantTag } from "../core/tenant.ts";
import type { Origin, Payload } from "../otlp/payload.ts";
import { FairQueue, TURN_QUANTUM, Waiting } from "./fair_queue.ts";
import type { Sizer } from "./settings.ts";

/** Sizes are in the unit of batches. */
export interface PartitionSettings {
  /** From which on it is ready; 0 sends as soon as a consumer is free. */
  readonly minSize: number;
  /** Of one batch; Infinity for no bound. A single item may be larger than a bound in bytes. */
  readonly maxSize: number;
  /** Of the turns that tenants take in it: the unit of batches, or the queue's where requests go one by one. */
  readonly turnSizer: Sizer;
}

/** Data that goes into one batch whole. */
export class Part<Owner> extends Waiting<Part<Owner>> {
  /** Where it waits; undefined when it does not yet, or no longer. */
  partition: Partition<Owner> | undefined;

  constructor(
    readonly owner: Owner,
    readonly payload: Payload,
    /** Of a batch, in its unit. */
    readonly size: number,
    readonly cost: number,
    readonly enteredMs: number,
  ) {
    super();
  }

  get tenant(): TenantTag | undefined {
    return this.payload.origin.tenant;
  }
}

/** It is among those that are ready, or it has a timer. */
export class Partition<Owner> extends Waiting<Partition<Owner>> {
  readonly parts: FairQueue<Part<Owner>>;
  size = 0;
  timer: Timer | undefined;

  constructor(readonly key: string, readonly origin: Origin, readonly settings: PartitionSettings) {
    super();
    this.parts = new FairQueue(TURN_QUANTUM[settings.turnSizer]);
  }

  /** All of it is of that one. */
  get tenant(): TenantTag | undefined {
    return this.origin.tenant;
  }

  /** Of its next batch. */
  get cost(): number {
    return this.costOf(Math.min(this.size, this.settings.maxSize));
  }

  costOf(batchSize: number): number {
    return Math.max(TURN_QUANTUM[this.settings.turnSizer], batchSize);
  }

  get isFilled(): boolean {
    return this.size >= this.settings.minSize;
  }

  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const { enteredMs } of this.parts.heads()) oldest = Math.min(oldest ?? Infinity, enteredMs);
    return oldest;
  }
}

/** Lengths keep values apart whatever is in them; absent is not empty. */
export function partitionKey({ metadata, tenant }: Origin, keys: readonly string[]): string {
  let key = tenant === undefined ? "" : `${tenant.slot}/`;
  for (const name of keys) {
    const values = metadata.get(name);
    key += values === undefined ? "-" : `${values.length};`;
    for (const value of values ?? []) key += `${value.length}:${value}`;
  }
  return key;
}

/** Of all that was known of the senders only what they have in common is kept: also whose it is, where all is one's. */
export function partitionOrigin({ metadata, tenant }: Origin, keys: readonly string[]): Origin {
  const common = new Map<string, readonly string[]>();
  for (const name of keys) {
    const values = metadata.get(name);
    if (values !== undefined) common.set(name, values);
  }
  if (tenant === undefined) return { metadata: common };
  const id = metadata.get(TENANT_METADATA);
  if (id !== undefined) common.set(TENANT_METADATA, id);
  return { metadata: common, tenant };
}
