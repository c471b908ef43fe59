/**
 * The gate of one thread: whose a request is, whether it has room, and what of it goes on.
 *
 * Before the body is read: identity, the allowed signals, the size, what is in flight, requests and bytes. Then the
 * bytes that were not announced; and once the items are counted: shedding, items, the tenant's attributes (`visit.ts`).
 *
 * @module
 */

import type { ComponentDeps } from "../contract/component.ts";
import type { PressureGauge } from "../contract/pressure.ts";
import type { Identifier, Identity, Sender, TenantGate, Visit } from "../contract/tenants.ts";
import type { Clock } from "../core/clock.ts";
import { type GatewayError, LimitExceededError, PermissionDeniedError } from "../core/errors.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import type { TenantTag } from "../core/tenant.ts";
import type { Signal } from "../otlp/signals.ts";
import { behindReason, DoorUsage } from "./usage/door_usage.ts";
import { type Refusal, REFUSALS, TenantCells } from "./rates/cells.ts";
import { type Plan, planOf } from "./plans.ts";
import { ThreadPressure } from "./pressure.ts";
import { SharedClock } from "./rates/shared_clock.ts";
import type { RecentRefusals } from "./recent_refusals.ts";
import { Shedder, type SheddingRule } from "./shedding.ts";
import { Stamper } from "./stamp.ts";
import type { TenantRow, TenantTable } from "./table/table.ts";
import { TenantVisit, type VisitedGate } from "./visit.ts";

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

class ThreadGate implements TenantGate, VisitedGate {
  readonly cells: TenantCells;
  readonly clock: SharedClock;
  readonly stamper = new Stamper();
  readonly shedder: Shedder | undefined;
  readonly usage: DoorUsage | undefined;
  readonly refusals: RecentRefusals | undefined;
  readonly #identifier: Identifier;
  readonly #table: () => Pick<TenantTable, "at">;
  readonly #threadClock: Clock;
  /** Whose plans are at hand. */
  #asked: Pick<TenantTable, "at"> | undefined;
  #atHand: Partial<Record<Signal, (Plan | undefined)[]>> = {};
  readonly #refused: readonly Counter[];
  readonly #rejected: readonly Counter[];

  constructor({ identifier, table, cells, config, thread = 0, pressure, refusals, ...deps }: TenantGateDeps) {
    this.cells = new TenantCells(cells(), thread);
    this.clock = new SharedClock(this.cells, deps.clock);
    this.#threadClock = deps.clock;
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
    const nowMs = this.clock.recentMs();
    const identity = this.#identifier.identify(sender, nowMs);
    return identity instanceof Promise
      ? identity.then((known) => this.#admit(known, signal, announcedBytes, this.#threadClock.monotonicMs()))
      : this.#admit(identity, signal, announcedBytes, nowMs);
  }

  pipelinesOf({ slot, id }: TenantTag): ReadonlySet<string> | undefined {
    const row = this.#table().at(slot);
    return row?.tag.id === id ? row.pipelines : NO_PIPELINES; // a tenant that is gone has none
  }

  #admit(identity: Identity, signal: Signal, announcedBytes: number | undefined, nowMs: number): Visit {
    const plan = this.#planOf(identity.tenant, signal);
    if (!plan.isOpen) throw this.#closed(plan);
    if (announcedBytes !== undefined && announcedBytes > plan.maxBodyBytes) {
      throw this.refusal("body_size", plan, tooLarge(plan));
    }
    const visit = new TenantVisit(this, identity, plan, this.clock.atNs(nowMs));
    visit.begin(announcedBytes);
    return visit;
  }

  #closed(plan: Plan): GatewayError {
    const { row, signal } = plan;
    if (!row.enabled) return this.refusal("disabled", plan, forbidden(row, "it is disabled"));
    return this.refusal("signal", plan, forbidden(row, `it may not send ${signal}`));
  }

  /** The usual tenants are at hand, by their slots. */
  #planOf(tenant: TenantTag, signal: Signal): Plan {
    const table = this.#table();
    if (table !== this.#asked) this.#begin(table);
    const plans = this.#atHand[signal] ??= new Array<Plan | undefined>(SEATS).fill(undefined);
    const seat = tenant.slot & (SEATS - 1);
    const known = plans[seat];
    if (known !== undefined && known.tag === tenant) return known;
    const plan = this.#newPlan(tenant, signal, table);
    known?.advance.giveBack(this.cells);
    return plans[seat] = plan;
  }

  /** Other tenants than before: nothing that was at hand still counts. */
  #begin(table: Pick<TenantTable, "at">): void {
    this.#asked = table;
    for (const plans of Object.values(this.#atHand)) {
      for (const plan of plans) plan?.advance.giveBack(this.cells);
    }
    this.#atHand = {};
  }

  #newPlan(tenant: TenantTag, signal: Signal, table: Pick<TenantTable, "at">): Plan {
    const row = table.at(tenant.slot);
    if (row?.tag.id !== tenant.id) {
      throw new PermissionDeniedError(`Cannot take data of tenant ${tenant.id}: it is no longer there`);
    }
    return planOf(row, signal);
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
}

/** Tenants that a thread has at hand; a power of two. */
const SEATS = 8_192;

const NO_PIPELINES: ReadonlySet<string> = new Set();

function forbidden({ tag }: TenantRow, why: string): GatewayError {
  return new PermissionDeniedError(`Cannot take data of tenant ${tag.id}: ${why}`);
}

function tooLarge({ maxBodyBytes, row: { tag } }: Plan): GatewayError {
  return new LimitExceededError(
    `Cannot take the request: a body of more than ${maxBodyBytes} bytes, the max_request_body_size of tenant ${tag.id}`,
  );
}
