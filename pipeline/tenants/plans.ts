/**
 * A tenant's limits of one signal, made ready for admission: only what is limited, in the units that it is reckoned in.
 *
 * @module
 */

import type { Signal } from "../otlp/signals.ts";
import { TENANT_METADATA, type TenantTag } from "../core/tenant.ts";
import type { Origin } from "../otlp/payload.ts";
import { Advance, AHEAD } from "./advance.ts";
import { groupOf, HOLDS, RATE, type RateName } from "./rates/cells.ts";
import { costNs, fittingIn } from "./rates/gcra.ts";
import type { LimitGroup, SignalLimits } from "./limits.ts";
import type { TenantRow } from "./table/table.ts";

/** A rate of one group. */
export interface RateLimit {
  /** As in the configuration: `items_per_second`. */
  readonly name: "requests_per_second" | "items_per_second" | "bytes_per_second";
  readonly group: number;
  readonly groupName: LimitGroup;
  readonly rate: number;
  readonly perSecond: number;
  /** Of the whole share. */
  readonly nsPerUnit: number;
  readonly burstNs: number;
  /** What fits at once into a full bucket, units. */
  readonly most: number;
}

/** How many requests, or bytes of their bodies, may be in flight in one group. */
export interface FlightLimit {
  readonly group: number;
  readonly groupName: LimitGroup;
  readonly limit: number;
  /** Which of HOLDS it is. */
  readonly holds: number;
}

/**
 * What a tenant may do with one signal.
 *
 * With many tenants nothing of a request's own is at hand in the processor's caches, and each piece of memory that it looks
 * at costs as much as all the reckoning with it. So what every request needs stands here, and in `advance.ahead`.
 */
export interface Plan {
  readonly tag: TenantTag;
  readonly signal: Signal;
  /** Whether the tenant is enabled, may send the signal, and some pipeline may have it. */
  readonly isOpen: boolean;
  /** Whether anything is set on resources. */
  readonly isStamped: boolean;
  /** Whether a request holds something while it is answered. */
  readonly holds: boolean;
  /** Infinity where there is no limit. */
  readonly maxBodyBytes: number;
  /** Of a sender whose headers nobody asked for: one object for all requests. */
  readonly metadata: Origin["metadata"];
  /** Of the rates of requests, of bytes, of items, in this order. */
  readonly advance: Advance;
  /** Where in `advance.ahead` those of bytes begin, and those of items. */
  readonly aheadBytes: number;
  readonly aheadItems: number;
  readonly row: TenantRow;
  readonly group: number;
  readonly requests: readonly RateLimit[];
  readonly items: readonly RateLimit[];
  readonly bytes: readonly RateLimit[];
  readonly concurrentRequests: readonly FlightLimit[];
  readonly bytesInFlight: readonly FlightLimit[];
}

/** The plans of the tenants of a thread; they go with their rows. */
export class Plans {
  readonly #plans = new WeakMap<TenantRow, TenantPlans>();

  of(row: TenantRow, signal: Signal): Plan {
    let plans = this.#plans.get(row);
    if (plans === undefined) this.#plans.set(row, plans = new TenantPlans(row));
    return plans.of(signal);
  }
}

/** The plans of one tenant, each made when it is first asked for. */
export class TenantPlans {
  readonly #row: TenantRow;
  readonly #plans: Record<Signal, Plan | undefined> = {
    traces: undefined,
    metrics: undefined,
    logs: undefined,
    profiles: undefined,
  };

  constructor(row: TenantRow) {
    this.#row = row;
  }

  of(signal: Signal): Plan {
    return this.#plans[signal] ??= planOf(this.#row, signal);
  }
}

const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000_000_000;

const CONFIG_NAMES = {
  requests: "requests_per_second",
  items: "items_per_second",
  bytes: "bytes_per_second",
} as const;

const LIMIT_FIELDS = {
  requests: "requestsPerSecond",
  items: "itemsPerSecond",
  bytes: "bytesPerSecond",
} as const satisfies Record<RateName, keyof SignalLimits>;

export function planOf(row: TenantRow, signal: Signal): Plan {
  const ofSignal = row.limits[signal];
  const groups = [
    { groupName: "all" as const, group: 0, limits: row.limits.all },
    { groupName: signal, group: groupOf(signal), limits: ofSignal },
  ];
  const rates = (name: RateName) => groups.flatMap((each) => rateLimit(each, name) ?? []);
  const flights = (limit: "concurrentRequests" | "bytesInFlight", bits: readonly [all: number, signal: number]) =>
    groups.flatMap(({ groupName, group, limits }) =>
      limits[limit] > 0 ? [{ group, groupName, limit: limits[limit], holds: bits[group === 0 ? 0 : 1] }] : []
    );
  const concurrentRequests = flights("concurrentRequests", [HOLDS.requestOfAll, HOLDS.requestOfSignal]);
  const bytesInFlight = flights("bytesInFlight", [HOLDS.bytesOfAll, HOLDS.bytesOfSignal]);
  const [requests, bytes, items] = [rates("requests"), rates("bytes"), rates("items")];
  const bodies = groups.map(({ limits }) => limits.maxRequestBodySize).filter((size) => size > 0);
  return {
    tag: row.tag,
    signal,
    isOpen: row.enabled && isAllowed(row, signal),
    isStamped: row.resourceAttributes.length > 0,
    holds: concurrentRequests.length + bytesInFlight.length > 0,
    maxBodyBytes: Math.min(...bodies),
    metadata: new Map([[TENANT_METADATA, [row.tag.id]]]),
    advance: new Advance(row.tag.slot, [...requests, ...bytes, ...items]),
    aheadBytes: AHEAD * requests.length,
    aheadItems: AHEAD * (requests.length + bytes.length),
    row,
    group: groupOf(signal),
    requests,
    items,
    bytes,
    concurrentRequests,
    bytesInFlight,
  };
}

function rateLimit(
  { groupName, group, limits }: { groupName: LimitGroup; group: number; limits: SignalLimits },
  name: RateName,
): RateLimit | undefined {
  const perSecond = limits[LIMIT_FIELDS[name]];
  if (perSecond <= 0) return undefined;
  const nsPerUnit = NS_PER_SECOND / perSecond;
  // The smallest bucket has room for one.
  const burstNs = Math.max(Math.round(limits.burstMs * NS_PER_MS), costNs(1, nsPerUnit));
  const most = fittingIn(burstNs, nsPerUnit);
  return { name: CONFIG_NAMES[name], group, groupName, rate: RATE[name], perSecond, nsPerUnit, burstNs, most };
}

/** Whether a tenant may send the signal, and some pipeline may have it. */
function isAllowed({ signals, pipelines }: TenantRow, signal: Signal): boolean {
  return signals.has(signal) && hasPipeline(pipelines, signal);
}

/** A pipeline's id begins with its signal: `traces/acme`. */
function hasPipeline(pipelines: ReadonlySet<string> | undefined, signal: Signal): boolean {
  if (pipelines === undefined) return true;
  for (const id of pipelines) if (id === signal || id.startsWith(`${signal}/`)) return true;
  return false;
}
