/**
 * One request at the gate of tenants, from its head to its answer: what it holds, what it was charged, and what is given
 * back.
 *
 * Everything is taken or nothing: what a later limit refuses is given back to the earlier ones.
 *
 * @module
 */

import type { Identity, Taken, Visit } from "../contract/tenants.ts";
import { type GatewayError, UnavailableError } from "../core/errors.ts";
import { TENANT_METADATA } from "../core/tenant.ts";
import type { Origin, Payload } from "../otlp/payload.ts";
import { SIGNALS } from "../otlp/signals.ts";
import { firstItems } from "../otlp/split.ts";
import {
  flightError,
  giveBackRates,
  type NoRoom,
  rateError,
  takeCounted,
  takeFittingRates,
  takeRates,
  waitMsOf,
} from "./admission.ts";
import { MAX_HELD, type Refusal, type TenantCells } from "./rates/cells.ts";
import type { DoorUsage } from "./usage/door_usage.ts";
import type { FlightLimit, Plan, RateLimit } from "./plans.ts";
import type { SharedClock } from "./rates/shared_clock.ts";
import type { Shedder } from "./shedding.ts";
import type { Stamper } from "./stamp.ts";

/** What a visit needs of the gate that it is at. */
export interface VisitedGate {
  readonly cells: TenantCells;
  readonly clock: SharedClock;
  readonly stamper: Stamper;
  readonly shedder: Shedder | undefined;
  readonly usage: DoorUsage | undefined;
  /** Counts one request. @returns `error`. */
  refusal(reason: Refusal, plan: Plan, error: GatewayError): GatewayError;
  /** Counts items that are cut off a request. @param message What its sender is told. */
  reject(reason: Refusal, plan: Plan, items: number, message: string): void;
  /** Notes a request that was let in, and was not kept. */
  failed(plan: Plan, status: number): void;
}

/** Answers that a sender retries. Source: OTLP 1.11.0 "Retryable Response Codes". */
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class TenantVisit implements Visit {
  readonly identity: Identity;
  readonly #gate: VisitedGate;
  readonly #plan: Plan;
  readonly #slot: number;
  /** When it came: one look at the clock has to do for a request that has room. */
  readonly #nowNs: number;
  /** HOLDS. */
  #holds = 0;
  #heldBytes = 0;
  #entry = -1;
  #isAnnounced = false;
  #chargedBytes = 0;
  #chargedItems = 0;
  #isTaken = false;
  /** Of the payload as it came. */
  #offeredItems = 0;
  /** Of those, what did not go on. */
  #cutItems = 0;
  /** It was let in, and then refused here: that is counted. */
  #isRefused = false;
  /** What is said of the items that a rate had no room for. */
  #cutText = "";

  /** @param nowNs Of the shared clock. */
  constructor(gate: VisitedGate, identity: Identity, plan: Plan, nowNs: number) {
    this.#gate = gate;
    this.identity = identity;
    this.#plan = plan;
    this.#slot = identity.tenant.slot;
    this.#nowNs = nowNs;
  }

  get maxBodyBytes(): number {
    return this.#plan.maxBodyBytes;
  }

  get owner(): string {
    return this.identity.tenant.id;
  }

  originOf(origin: Origin): Origin {
    const { tenant, attributes } = this.identity;
    const metadata = this.#metadataOf(origin);
    if (attributes.size === 0) return { ...origin, tenant, metadata };
    return { ...origin, tenant, metadata, client: { ...origin.client, authAttributes: attributes } };
  }

  #metadataOf({ metadata }: Origin): Origin["metadata"] {
    if (metadata.size === 0) return this.#plan.metadata;
    return new Map([...metadata, [TENANT_METADATA, [this.identity.tenant.id]]]);
  }

  /** @throws {GatewayError} It has no room: then it holds nothing, and nothing is charged. */
  begin(announcedBytes: number | undefined): void {
    try {
      if (this.#plan.holds) {
        this.#note();
        this.#holdEach("concurrent_requests", this.#plan.concurrentRequests, 0);
        if (announcedBytes !== undefined) this.#holdBytes(announcedBytes);
      }
      this.#chargeRequest(announcedBytes ?? 0);
      if (announcedBytes !== undefined) this.#chargeBytes(announcedBytes, true, this.#nowNs);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  read(receivedBytes: number): void {
    if (this.#isAnnounced) return;
    if (this.#plan.holds) this.#holdBytes(receivedBytes);
    this.#chargeBytes(receivedBytes, false, this.#gate.clock.nowNs());
  }

  take(payload: Payload): Taken {
    this.#offeredItems = payload.itemCount;
    const shed = this.#gate.shedder?.shed(payload, this.identity.tenant);
    if (shed !== undefined) this.#gate.reject("shed", this.#plan, shed.items, shed.message);
    const left = shed?.payload ?? payload;
    const fitting = left.itemCount === 0 ? 0 : this.#chargeItems(left);
    this.#isTaken = true;
    if (fitting === payload.itemCount) return this.#taken(payload, 0, "");
    const cut = left.itemCount - fitting;
    const messages = [shed?.message ?? "", this.#cutText];
    const message = messages.filter((each) => each !== "").join("; ");
    const kept = cut === 0 ? left : firstItems(left, fitting);
    return this.#taken(kept, payload.itemCount - fitting, message);
  }

  leave(status: number, rejectedItems: number): void {
    this.#tellUsage(status, rejectedItems);
    if (this.#isTaken && RETRIED.has(status)) {
      const { items, bytes } = this.#plan;
      giveBackRates(this.#gate.cells, items, this.#slot, this.#chargedItems);
      giveBackRates(this.#gate.cells, bytes, this.#slot, this.#chargedBytes);
    }
    this.#release();
  }

  #tellUsage(status: number, rejectedItems: number): void {
    if (this.#isRefused) return;
    if (status !== 200) this.#gate.failed(this.#plan, status);
    const { usage } = this.#gate;
    if (usage === undefined) return;
    const { tenant } = this.identity;
    const { signal } = this.#plan;
    const [items, bytes] = [this.#offeredItems, this.#chargedBytes];
    if (status === 200 && rejectedItems === 0) return usage.accepted(tenant, signal, items, bytes);
    usage.ended(tenant, signal, { status, items, bytes, rejectedItems, cutItems: this.#cutItems });
  }

  #taken(payload: Payload, rejectedItems: number, message: string): Taken {
    this.#cutItems = rejectedItems;
    const { isStamped, row } = this.#plan;
    const stamped = isStamped && payload.itemCount > 0 ? this.#gate.stamper.stamp(payload, row) : payload;
    return { payload: stamped, rejectedItems, message };
  }

  /** Writes down that it will hold something, before it does: what dies in between is given back and not lost. */
  #note(): void {
    const { group } = this.#plan;
    this.#entry = this.#gate.cells.note({ slot: this.#slot, group, counts: 0, bytes: 0 });
    if (this.#entry !== -1) return;
    throw new UnavailableError(`Cannot take the request: ${MAX_HELD} are being answered, the limit of a thread`, {
      retryAfterMs: 1_000,
    });
  }

  #holdBytes(bytes: number): void {
    this.#heldBytes = bytes;
    this.#holdEach("bytes_in_flight", this.#plan.bytesInFlight, bytes);
  }

  #holdEach(name: "concurrent_requests" | "bytes_in_flight", limits: readonly FlightLimit[], bytes: number): void {
    const { cells } = this.#gate;
    for (const limit of limits) {
      cells.renote(this.#entry, this.#holds | limit.holds, this.#heldBytes);
      const isHeld = name === "concurrent_requests"
        ? cells.tryHoldRequest(this.#slot, limit.group, limit.limit)
        : cells.tryHoldBytes(this.#slot, limit.group, bytes, limit.limit);
      if (!isHeld) {
        cells.renote(this.#entry, this.#holds, this.#heldBytes);
        this.#isRefused = true;
        throw this.#gate.refusal(name, this.#plan, flightError(this.#plan, limit, name, bytes <= limit.limit));
      }
      this.#holds |= limit.holds;
    }
  }

  #chargeRequest(bytes: number): void {
    const { advance, aheadBytes, requests } = this.#plan;
    if (advance.take(this.#gate.cells, 0, aheadBytes, 1, this.#nowNs)) return;
    const found = takeRates(this.#gate.cells, requests, this.#slot, 1, this.#nowNs);
    if (found !== undefined) throw this.#refusal(found, 1, "requests", bytes);
  }

  /** @param withRequest Without room for the bytes, the request is given back as well. */
  #chargeBytes(bytes: number, withRequest: boolean, nowNs: number): void {
    this.#isAnnounced = true;
    this.#chargedBytes = bytes;
    const { advance, aheadBytes, aheadItems, bytes: limits } = this.#plan;
    if (advance.take(this.#gate.cells, aheadBytes, aheadItems, bytes, nowNs)) return;
    const found = takeRates(this.#gate.cells, limits, this.#slot, bytes, nowNs);
    if (found === undefined) return;
    this.#chargedBytes = 0;
    if (withRequest) giveBackRates(this.#gate.cells, this.#plan.requests, this.#slot, 1);
    throw this.#refusal(found, bytes, "bytes", bytes);
  }

  /** @returns How many of them go on. @throws {GatewayError} None do. */
  #chargeItems(payload: Payload): number {
    const { advance, aheadItems, items, row, signal } = this.#plan;
    const { cells, clock } = this.#gate;
    const { itemCount } = payload;
    if (advance.take(cells, aheadItems, advance.ahead.length, itemCount, this.#nowNs)) {
      return this.#chargedItems = itemCount;
    }
    const early = takeRates(cells, items, this.#slot, itemCount, this.#nowNs);
    if (early === undefined) return this.#chargedItems = itemCount;
    const nowNs = clock.nowNs(); // its body may have taken its time, in which there came room
    const found = early.waitMs === Infinity ? early : takeCounted(cells, items, this.#slot, itemCount, nowNs);
    if (found === undefined) return this.#chargedItems = itemCount;
    const mayCut = row.overLimit === "partial" && SIGNALS[signal].mergeable;
    const fitting = mayCut ? takeFittingRates(cells, items, this.#slot, itemCount, nowNs) : 0;
    if (fitting > 0) {
      const cut = payload.itemCount - fitting;
      this.#cutText = this.#cutMessage(cut, payload, found.limit);
      this.#gate.reject("items_per_second", this.#plan, cut, this.#cutText);
      return this.#chargedItems = fitting;
    }
    const noRoom = mayCut ? { ...found, waitMs: waitMsOf(cells, items, this.#slot, itemCount, nowNs) } : found;
    throw this.#refusal(noRoom, payload.itemCount, SIGNALS[signal].itemName, this.#chargedBytes);
  }

  /** The wait is for the whole request: when it comes again it is charged anew for all that it was charged for. */
  #refusal(found: NoRoom, units: number, what: string, bytes: number): GatewayError {
    const { cells, clock } = this.#gate;
    const { requests, bytes: byteLimits } = this.#plan;
    const nowNs = clock.nowNs();
    const waitMs = Math.max(
      found.waitMs,
      waitMsOf(cells, requests, this.#slot, 1, nowNs),
      waitMsOf(cells, byteLimits, this.#slot, bytes, nowNs),
    );
    const { name } = found.limit;
    this.#isRefused = true;
    return this.#gate.refusal(name, this.#plan, rateError(this.#plan, { ...found, waitMs }, units, what));
  }

  /** @param cut How many are not taken, which is as many as there will be room for. */
  #cutMessage(cut: number, { itemCount }: Payload, { perSecond, name, most }: RateLimit): string {
    const { items, row, signal } = this.#plan;
    const waitMs = waitMsOf(this.#gate.cells, items, this.#slot, cut, this.#gate.clock.nowNs());
    return `${cut} of ${itemCount} ${SIGNALS[signal].itemName} are not taken: the limit of ${perSecond} ${name} of ` +
      `tenant ${row.tag.id} is reached, there is room for ${Math.min(cut, most)} in ${waitMs} ms`;
  }

  #release(): void {
    if (this.#entry === -1) return;
    const { group } = this.#plan;
    this.#gate.cells.release({ slot: this.#slot, group, counts: this.#holds, bytes: this.#heldBytes }, this.#entry);
    this.#entry = -1;
  }
}
