/**
 * The gate of one thread: whose a request is, whether it has room, and what of it goes on.
 *
 * Before the body is read: identity, the allowed signals, the size, what is in flight, requests and bytes. Then the
 * bytes that were not announced; and once the items are counted: shedding, items, the tenant's attributes.
 * Everything is taken or nothing: what a later limit refuses is given back to the earlier ones.
 *
 * @module
 */

import type { ComponentDeps } from "../contract/component.ts";
import type { PressureGauge } from "../contract/pressure.ts";
import type { Identifier, Identity, Sender, Taken, TenantGate, Visit } from "../contract/tenants.ts";
import { type GatewayError, LimitExceededError, PermissionDeniedError, UnavailableError } from "../core/errors.ts";
import type { Counter } from "../core/telemetry.ts";
import { TENANT_METADATA, type TenantTag } from "../core/tenant.ts";
import type { Origin, Payload } from "../otlp/payload.ts";
import { type Signal, SIGNALS } from "../otlp/signals.ts";
import { firstItems } from "../otlp/split.ts";
import {
  type Ask,
  flightError,
  giveBackRates,
  type NoRoom,
  rateError,
  takeFittingRates,
  takeRates,
  waitMsOf,
} from "./admission.ts";
import { behindReason, DoorUsage } from "./door_usage.ts";
import { MAX_HELD, type Refusal, REFUSALS, TenantCells } from "./cells.ts";
import { type FlightLimit, type Plan, Plans, type RateLimit } from "./plans.ts";
import { ThreadPressure } from "./pressure.ts";
import { SharedClock } from "./shared_clock.ts";
import type { RecentRefusals } from "./recent_refusals.ts";
import { Shedder, type SheddingRule } from "./shedding.ts";
import { Stamper } from "./stamp.ts";
import type { TenantRow, TenantTable } from "./table.ts";

type CommonDeps = Pick<ComponentDeps, "clock" | "logger" | "meter" | "memory" | "random" | "usage">;

export interface TenantGateDeps extends CommonDeps {
  readonly identifier: Identifier;
  /** Of the latest snapshot. */
  readonly table: () => Pick<TenantTable, "at">;
  /** The memory of all snapshots: it is asked for once. */
  readonly cells: () => SharedArrayBuffer;
  readonly config: { readonly shedding: readonly SheddingRule[] };
  /** Whose journal the thread's requests are in, from 0. Default 0. */
  readonly thread?: number;
  /** Remembers what was refused lately. Absent: nobody does. */
  readonly refusals?: RecentRefusals;
  /** What shedding looks at. Default: the memory and the lag of this thread. */
  readonly pressure?: PressureGauge;
}

export function createTenantGate(deps: TenantGateDeps): TenantGate {
  return new ThreadGate(deps);
}

class ThreadGate implements TenantGate {
  readonly cells: TenantCells;
  readonly clock: SharedClock;
  readonly stamper = new Stamper();
  readonly shedder: Shedder | undefined;
  readonly usage: DoorUsage | undefined;
  readonly refusals: RecentRefusals | undefined;
  readonly #identifier: Identifier;
  readonly #table: () => Pick<TenantTable, "at">;
  readonly #plans = new Plans();
  readonly #refused: readonly Counter[];
  readonly #rejected: readonly Counter[];
  readonly #origins = new WeakMap<TenantTag, Origin["metadata"]>();

  constructor({ identifier, table, cells, config, thread = 0, pressure, refusals, ...deps }: TenantGateDeps) {
    this.cells = new TenantCells(cells(), thread);
    this.clock = new SharedClock(this.cells, deps.clock);
    this.usage = deps.usage && new DoorUsage(deps.usage);
    this.refusals = refusals;
    this.#identifier = identifier;
    this.#table = table;
    this.shedder = config.shedding.length === 0
      ? undefined
      : new Shedder(config.shedding, pressure ?? new ThreadPressure(deps), { ...deps, id: "tenancy/shedding" });
    const counters = (name: string) => REFUSALS.map((reason) => deps.meter.counter(name, { reason }));
    this.#refused = counters("sluice_tenant_refused_requests");
    this.#rejected = counters("sluice_tenant_rejected_items");
  }

  enter(signal: Signal, sender: Sender, announcedBytes: number | undefined): Visit | Promise<Visit> {
    const identity = this.#identifier.identify(sender);
    return identity instanceof Promise
      ? identity.then((known) => this.#admit(known, signal, announcedBytes))
      : this.#admit(identity, signal, announcedBytes);
  }

  pipelinesOf({ slot, id }: TenantTag): ReadonlySet<string> | undefined {
    const row = this.#table().at(slot);
    return row?.tag.id === id ? row.pipelines : NO_PIPELINES; // a tenant that is gone has none
  }

  #admit(identity: Identity, signal: Signal, announcedBytes: number | undefined): Visit {
    const row = this.#rowOf(identity.tenant);
    const plan = this.#plans.of(row, signal);
    if (!row.enabled) throw this.refusal("disabled", plan, forbidden(row, "it is disabled"));
    if (!plan.isAllowed) throw this.refusal("signal", plan, forbidden(row, `it may not send ${signal}`));
    if (announcedBytes !== undefined && announcedBytes > plan.maxBodyBytes) {
      throw this.refusal("body_size", plan, tooLarge(plan));
    }
    const visit = new TenantVisit(this, identity, plan);
    visit.begin(announcedBytes);
    return visit;
  }

  #rowOf({ slot, id }: TenantTag): TenantRow {
    const row = this.#table().at(slot);
    if (row?.tag.id === id) return row;
    throw new PermissionDeniedError(`Cannot take data of tenant ${id}: it is no longer there`);
  }

  /** Counts one. */
  refusal(reason: Refusal, { row, signal }: Plan, error: GatewayError): GatewayError {
    const at = REFUSALS.indexOf(reason);
    this.usage?.refused(row.tag, signal, reason, 0);
    this.refusals?.note(row.tag, signal, reason, 0, error.message);
    this.cells.countRefusal(row.tag.slot, at);
    this.#refused[at]?.add(1);
    return error;
  }

  /** Counts items that are cut off a request. @param message What its sender is told. */
  reject(reason: Refusal, { row, signal }: Plan, items: number, message: string): void {
    const at = REFUSALS.indexOf(reason);
    this.usage?.cut(row.tag, signal, reason, items);
    this.refusals?.note(row.tag, signal, reason, items, message);
    this.cells.countRefusal(row.tag.slot, at);
    this.#rejected[at]?.add(items);
  }

  /** A request that was let in, and was not kept. */
  failed({ row, signal }: Plan, status: number): void {
    this.refusals?.note(row.tag, signal, behindReason(status), 0, `answered with ${status} behind the gate`);
  }

  /** Metadata of a tenant whose senders' headers nobody asked for: one object for all its requests. */
  metadataOf(tenant: TenantTag, headers: Origin["metadata"]): Origin["metadata"] {
    if (headers.size > 0) return new Map([...headers, [TENANT_METADATA, [tenant.id]]]);
    let metadata = this.#origins.get(tenant);
    if (metadata === undefined) this.#origins.set(tenant, metadata = new Map([[TENANT_METADATA, [tenant.id]]]));
    return metadata;
  }
}

const NO_PIPELINES: ReadonlySet<string> = new Set();

/** Answers that a sender retries. Source: OTLP 1.11.0 "Retryable Response Codes". */
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

class TenantVisit implements Visit {
  readonly identity: Identity;
  readonly #gate: ThreadGate;
  readonly #plan: Plan;
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

  constructor(gate: ThreadGate, identity: Identity, plan: Plan) {
    this.#gate = gate;
    this.identity = identity;
    this.#plan = plan;
  }

  get maxBodyBytes(): number {
    return this.#plan.maxBodyBytes;
  }

  originOf(origin: Origin): Origin {
    const { tenant, attributes } = this.identity;
    const metadata = this.#gate.metadataOf(tenant, origin.metadata);
    if (attributes.size === 0) return { ...origin, tenant, metadata };
    return { ...origin, tenant, metadata, client: { ...origin.client, authAttributes: attributes } };
  }

  /** @throws {GatewayError} It has no room: then it holds nothing, and nothing is charged. */
  begin(announcedBytes: number | undefined): void {
    const { requests, bytes, concurrentRequests, holds } = this.#plan;
    try {
      if (holds) this.#note();
      this.#holdEach("concurrent_requests", concurrentRequests, 0);
      if (announcedBytes !== undefined) this.#holdBytes(announcedBytes);
      const nowNs = requests.length + bytes.length === 0 ? 0 : this.#gate.clock.nowNs(); // nobody asks for it then
      this.#chargeRequest(announcedBytes ?? 0, nowNs);
      if (announcedBytes !== undefined) this.#chargeBytes(announcedBytes, requests, nowNs);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  read(receivedBytes: number): void {
    if (this.#isAnnounced) return;
    this.#holdBytes(receivedBytes);
    this.#chargeBytes(receivedBytes, NO_LIMITS, this.#gate.clock.nowNs());
  }

  take(payload: Payload): Taken {
    const { items, row } = this.#plan;
    this.#offeredItems = payload.itemCount;
    const shed = this.#gate.shedder?.shed(payload, row.tag);
    if (shed !== undefined) this.#gate.reject("shed", this.#plan, shed.items, shed.message);
    const left = shed?.payload ?? payload;
    const fitting = left.itemCount === 0 ? 0 : items.length === 0 ? left.itemCount : this.#chargeItems(left);
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
      giveBackRates(this.#gate.cells, items, this.#ask(this.#chargedItems, 0));
      giveBackRates(this.#gate.cells, bytes, this.#ask(this.#chargedBytes, 0));
    }
    this.#release();
  }

  #tellUsage(status: number, rejectedItems: number): void {
    if (this.#isRefused) return;
    if (status !== 200) this.#gate.failed(this.#plan, status);
    this.#gate.usage?.ended(this.identity.tenant, this.#plan.signal, {
      status,
      items: this.#offeredItems,
      bytes: this.#chargedBytes,
      rejectedItems,
      cutItems: this.#cutItems,
    });
  }

  #taken(payload: Payload, rejectedItems: number, message: string): Taken {
    this.#cutItems = rejectedItems;
    const stamped = payload.itemCount === 0 ? payload : this.#gate.stamper.stamp(payload, this.#plan.row);
    return { payload: stamped, rejectedItems, message };
  }

  #ask(units: number, nowNs: number): Ask {
    return { slot: this.#plan.row.tag.slot, units, nowNs };
  }

  /** Writes down that it will hold something, before it does: what dies in between is given back and not lost. */
  #note(): void {
    const { row: { tag: { slot } }, group } = this.#plan;
    this.#entry = this.#gate.cells.note({ slot, group, counts: 0, bytes: 0 });
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
    const { slot } = this.#plan.row.tag;
    for (const limit of limits) {
      cells.renote(this.#entry, this.#holds | limit.holds, this.#heldBytes);
      const isHeld = name === "concurrent_requests"
        ? cells.tryHoldRequest(slot, limit.group, limit.limit)
        : cells.tryHoldBytes(slot, limit.group, bytes, limit.limit);
      if (!isHeld) {
        cells.renote(this.#entry, this.#holds, this.#heldBytes);
        this.#isRefused = true;
        throw this.#gate.refusal(name, this.#plan, flightError(this.#plan, limit, name, bytes <= limit.limit));
      }
      this.#holds |= limit.holds;
    }
  }

  #chargeRequest(bytes: number, nowNs: number): void {
    const found = takeRates(this.#gate.cells, this.#plan.requests, this.#ask(1, nowNs));
    if (found !== undefined) throw this.#refusal(found, 1, "requests", bytes);
  }

  /** @param before What one request was taken from: given back when the bytes have no room. */
  #chargeBytes(bytes: number, before: readonly RateLimit[], nowNs: number): void {
    this.#isAnnounced = true;
    const found = takeRates(this.#gate.cells, this.#plan.bytes, this.#ask(bytes, nowNs));
    if (found !== undefined) {
      giveBackRates(this.#gate.cells, before, this.#ask(1, 0));
      throw this.#refusal(found, bytes, "bytes", bytes);
    }
    this.#chargedBytes = bytes;
  }

  /** @returns How many of them go on. @throws {GatewayError} None do. */
  #chargeItems(payload: Payload): number {
    const { items, row, signal } = this.#plan;
    const { cells, clock } = this.#gate;
    const ask = this.#ask(payload.itemCount, clock.nowNs());
    const found = takeRates(cells, items, ask);
    if (found === undefined) return this.#chargedItems = payload.itemCount;
    const mayCut = row.overLimit === "partial" && SIGNALS[signal].mergeable;
    const fitting = mayCut ? takeFittingRates(cells, items, ask) : 0;
    if (fitting > 0) {
      const cut = payload.itemCount - fitting;
      this.#cutText = this.#cutMessage(cut, payload, found.limit);
      this.#gate.reject("items_per_second", this.#plan, cut, this.#cutText);
      return this.#chargedItems = fitting;
    }
    const noRoom = mayCut ? { ...found, waitMs: waitMsOf(cells, items, ask) } : found;
    throw this.#refusal(noRoom, payload.itemCount, SIGNALS[signal].itemName, this.#chargedBytes);
  }

  /** The wait is for the whole request: when it comes again it is charged anew for all that it was charged for. */
  #refusal(found: NoRoom, units: number, what: string, bytes: number): GatewayError {
    const { cells, clock } = this.#gate;
    const { requests, bytes: byteLimits } = this.#plan;
    const nowNs = clock.nowNs();
    const waitMs = Math.max(
      found.waitMs,
      waitMsOf(cells, requests, this.#ask(1, nowNs)),
      waitMsOf(cells, byteLimits, this.#ask(bytes, nowNs)),
    );
    const { name } = found.limit;
    this.#isRefused = true;
    return this.#gate.refusal(name, this.#plan, rateError(this.#plan, { ...found, waitMs }, units, what));
  }

  /** @param cut How many are not taken, which is as many as there will be room for. */
  #cutMessage(cut: number, { itemCount }: Payload, { perSecond, name, most }: RateLimit): string {
    const { items, row, signal } = this.#plan;
    const waitMs = waitMsOf(this.#gate.cells, items, this.#ask(cut, this.#gate.clock.nowNs()));
    return `${cut} of ${itemCount} ${SIGNALS[signal].itemName} are not taken: the limit of ${perSecond} ${name} of ` +
      `tenant ${row.tag.id} is reached, there is room for ${Math.min(cut, most)} in ${waitMs} ms`;
  }

  #release(): void {
    if (this.#entry === -1) return;
    const { row: { tag: { slot } }, group } = this.#plan;
    this.#gate.cells.release({ slot, group, counts: this.#holds, bytes: this.#heldBytes }, this.#entry);
    this.#entry = -1;
  }
}

const NO_LIMITS: readonly RateLimit[] = [];

function forbidden({ tag }: TenantRow, why: string): GatewayError {
  return new PermissionDeniedError(`Cannot take data of tenant ${tag.id}: ${why}`);
}

function tooLarge({ maxBodyBytes, row: { tag } }: Plan): GatewayError {
  return new LimitExceededError(
    `Cannot take the request: a body of more than ${maxBodyBytes} bytes, the max_request_body_size of tenant ${tag.id}`,
  );
}
