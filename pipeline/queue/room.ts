/**
 * The room of a queue: what is held of its capacity, by whom, and who waits for more.
 *
 * Who is first come takes what there is, with two bounds for a tenant, so that one that floods the queue finds itself
 * refused and not the others: its `maxQueueShare`, and, in a queue where nobody waits for room, eight times what is still
 * free. So one tenant alone fills eight ninths, and whoever comes then finds room; who holds the most is refused first.
 * Where senders wait for room they come in by turns of their tenants.
 * Source: Choudhury, Hahne: Dynamic Queue Length Thresholds for Shared-Memory Packet Switches (1998).
 *
 * @module
 */

import type { TenantDepth } from "../contract/queue_control.ts";
import type { Random } from "../core/clock.ts";
import type { GatewayError } from "../core/errors.ts";
import type { Gauge } from "../core/telemetry/meter.ts";
import type { TenantTag } from "../core/tenant.ts";
import { FairQueue, TURN_QUANTUM } from "./fair_queue.ts";
import { queueFull, tenantShareUsed, tooLargeForShare, tooLargeToQueue } from "./refusals.ts";
import type { Holding, Request } from "./request.ts";
import type { Sizer } from "./settings.ts";

/** A tenant holds no more than so many times what is free. */
const TIMES_FREE = 8;

export interface RoomSettings {
  /** Of `capacity`. */
  readonly sizer: Sizer;
  /** Largest sum of the sizes of what is queued and in flight. */
  readonly capacity: number;
  /** Whether a sender waits for room; otherwise it is refused. */
  readonly blockOnOverflow: boolean;
}

export interface RoomDeps {
  readonly random: Random;
  /** What is held, in the sizer's unit. */
  readonly size: Gauge;
}

/** Why something is not taken: there is no room for anybody, or none for its tenant. */
export interface Refusal {
  readonly error: GatewayError;
  readonly isTenants: boolean;
}

export class Room {
  readonly #settings: RoomSettings;
  readonly #deps: RoomDeps;
  readonly #waiting: FairQueue<Request>;
  /** By the tenant's slot. */
  readonly #holdings = new Map<number, Holding>();
  #used = 0;
  #waitingRequests = 0;

  constructor(settings: RoomSettings, deps: RoomDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#waiting = new FairQueue(TURN_QUANTUM[settings.sizer]);
  }

  /** What is queued and in flight, in the sizer's unit. */
  get used(): number {
    return this.#used;
  }

  get waitingRequests(): number {
    return this.#waitingRequests;
  }

  /** How full it is, 0 to 1. */
  get fill(): number {
    return this.#used / this.#settings.capacity;
  }

  /** When the request came that has waited for room longest, on the monotonic clock, ms. */
  get oldestWaitingMs(): number | undefined {
    let oldest: number | undefined;
    for (const { enteredMs } of this.#waiting.heads()) oldest = Math.min(oldest ?? Infinity, enteredMs);
    return oldest;
  }

  /** Why something of that size can neither come nor wait; undefined when it can. */
  refusal(size: number, tenant: TenantTag | undefined): Refusal | undefined {
    const { capacity, sizer, blockOnOverflow } = this.#settings;
    if (size > capacity) return { error: tooLargeToQueue(size, sizer, capacity), isTenants: false };
    const pastShare = tenant && this.#pastShare(size, tenant);
    if (pastShare !== undefined) return { error: pastShare, isTenants: true };
    if (blockOnOverflow) return undefined;
    if (!this.hasRoom(size)) return { error: queueFull(this.#deps.random), isTenants: false };
    const pastFree = tenant && this.#pastFree(size, tenant);
    return pastFree && { error: pastFree, isTenants: true };
  }

  /** Who waits for room already comes first. */
  hasRoom(size: number): boolean {
    return this.#waitingRequests === 0 && this.#used + size <= this.#settings.capacity;
  }

  take(request: Request): void {
    this.#add(request.size);
    if (request.tenant === undefined) return;
    request.holding = this.#holdingOf(request.tenant);
    request.holding.size += request.size;
  }

  giveBack(request: Request): void {
    this.#add(-request.size);
    const { holding, size } = request;
    request.size = 0;
    if (holding === undefined) return;
    holding.size -= size;
    this.#forget(holding);
  }

  /** Puts a request among those that wait for room. */
  wait(request: Request): void {
    this.#waiting.append(request);
    this.#waitingRequests++;
    if (request.tenant === undefined) return;
    const holding = this.#holdingOf(request.tenant);
    holding.waitingSize += request.size;
    holding.waitingRequests++;
  }

  /** Takes out one that waits for room, in vain or not. */
  waitsNoLonger(request: Request): void {
    this.#waiting.remove(request);
    this.#isNoLongerWaiting(request);
  }

  #isNoLongerWaiting(request: Request): void {
    this.#waitingRequests--;
    if (request.tenant === undefined) return;
    const holding = this.#holdingOf(request.tenant);
    holding.waitingSize -= request.size;
    holding.waitingRequests--;
    this.#forget(holding);
  }

  /** Takes out the one that waits and whose turn it is, if there is room for it now. */
  nextWithRoom(): Request | undefined {
    const next = this.#waiting.peek();
    if (next === undefined || this.#used + next.size > this.#settings.capacity) return undefined;
    return this.nextWaiting();
  }

  /** Takes out the one that waits and whose turn it is. */
  nextWaiting(): Request | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#isNoLongerWaiting(next);
    return next;
  }

  /** Those that hold the most, first. */
  tenants(limit: number): readonly TenantDepth[] {
    return [...this.#holdings.values()].sort((a, b) => b.size - a.size).slice(0, limit)
      .map(({ tenant, size, waitingRequests }) => ({ id: tenant.id, depth: size, waitingRequests }));
  }

  /** What it has waiting counts: it would come later, and be too much then. */
  #pastShare(size: number, { slot, maxQueueShare }: TenantTag): GatewayError | undefined {
    if (maxQueueShare >= 1) return undefined;
    const { capacity, sizer } = this.#settings;
    const share = Math.max(1, Math.floor(capacity * maxQueueShare));
    if (size > share) return tooLargeForShare(size, sizer, share);
    const holding = this.#holdings.get(slot);
    const held = holding === undefined ? 0 : holding.size + holding.waitingSize;
    return held + size <= share ? undefined : tenantShareUsed(share, sizer, this.#deps.random);
  }

  #pastFree(size: number, { slot }: TenantTag): GatewayError | undefined {
    const holding = this.#holdings.get(slot);
    const most = TIMES_FREE * (this.#settings.capacity - this.#used);
    if (holding === undefined || holding.size + size <= most) return undefined;
    return tenantShareUsed(most, this.#settings.sizer, this.#deps.random);
  }

  #holdingOf(tenant: TenantTag): Holding {
    const known = this.#holdings.get(tenant.slot);
    if (known !== undefined) {
      known.tenant = tenant;
      return known;
    }
    const made = { tenant, size: 0, waitingSize: 0, waitingRequests: 0 };
    this.#holdings.set(tenant.slot, made);
    return made;
  }

  #forget(holding: Holding): void {
    if (holding.size === 0 && holding.waitingRequests === 0) this.#holdings.delete(holding.tenant.slot);
  }

  #add(size: number): void {
    this.#used += size;
    this.#deps.size.add(size);
  }
}
