/**
 * What is left of a tenant's limits at this moment, out of the memory that all threads share. For people, not for
 * requests: nothing is taken.
 *
 * @module
 */

import { SIGNAL_NAMES } from "../otlp/signals.ts";
import { nsPerUnitOf } from "./admission.ts";
import { type Refusal, REFUSALS, type TenantCells, WHOLE_SHARE } from "./rates/cells.ts";
import { aheadNs, fittingIn, ROUNDING_NS } from "./rates/gcra.ts";
import type { LimitGroup } from "./limits.ts";
import { type FlightLimit, type Plan, type RateLimit, TenantPlans } from "./plans.ts";
import type { TenantRow } from "./table/table.ts";

export interface LiveLimit {
  readonly of: LimitGroup;
  readonly name: RateLimit["name"] | "concurrent_requests" | "bytes_in_flight";
  /** As configured. */
  readonly limit: number;
  /** What this gateway has of it now, where the fleet shares it: 0 to 1. */
  readonly share: number;
  /** What it has room for at once when nothing is used. */
  readonly room: number;
  /** Of that, now. */
  readonly left: number;
  /** When a rate has all its room again, milliseconds; undefined of what is in flight. */
  readonly fullInMs: number | undefined;
}

export interface LiveTenant {
  /** Of its rates, what this gateway has of the fleet's, of the rate of which it has least: 0 to 1. */
  readonly share: number;
  readonly limits: readonly LiveLimit[];
  /** Requests that were refused or of which something was cut off, those reasons that there were. */
  readonly refusals: readonly (readonly [reason: Refusal, requests: number])[];
}

const NS_PER_MS = 1_000_000;

/** @param nowNs Of the shared clock. */
export function liveTenant(row: TenantRow, cells: TenantCells, nowNs: number): LiveTenant {
  const { slot } = row.tag;
  const plans = new TenantPlans(row);
  const limits = SIGNAL_NAMES.flatMap((signal, at) => {
    const plan = plans.of(signal);
    const isShown = ({ groupName }: { readonly groupName: LimitGroup }) => groupName === signal || at === 0;
    return limitsOf(plan, cells, nowNs).filter(({ limit }) => isShown(limit)).map(({ live }) => live);
  });
  const refusals = REFUSALS.map((reason) => [reason, cells.refusals(slot, reason)] as const);
  return {
    share: smallestShare(SIGNAL_NAMES.map((signal) => plans.of(signal)), cells) / WHOLE_SHARE,
    limits: limits.toSorted((a, b) => Number(b.of === "all") - Number(a.of === "all")),
    refusals: refusals.filter(([, requests]) => requests > 0),
  };
}

function smallestShare(plans: readonly Plan[], cells: TenantCells): number {
  const shares = plans.flatMap(({ row, requests, items, bytes }) =>
    [...requests, ...items, ...bytes].map(({ group, rate }) => cells.share(row.tag.slot, group, rate))
  );
  return shares.length === 0 ? WHOLE_SHARE : Math.min(...shares);
}

function limitsOf(plan: Plan, cells: TenantCells, nowNs: number) {
  const { row: { tag: { slot } }, requests, items, bytes, concurrentRequests, bytesInFlight } = plan;
  return [
    ...[...requests, ...items, ...bytes].map((limit) => ({ limit, live: liveRate(limit, cells, slot, nowNs) })),
    ...concurrentRequests.map((limit) => {
      return { limit, live: liveFlight(limit, "concurrent_requests", cells.concurrency(slot, limit.group)) };
    }),
    ...bytesInFlight.map((limit) => {
      return { limit, live: liveFlight(limit, "bytes_in_flight", cells.bytesInFlight(slot, limit.group)) };
    }),
  ];
}

function liveRate(limit: RateLimit, cells: TenantCells, slot: number, nowNs: number): LiveLimit {
  const { groupName, group, rate, name, perSecond, burstNs, most } = limit;
  const ahead = aheadNs(cells.times, cells.timeAt(slot, group, rate), nowNs);
  const share = cells.share(slot, group, rate) / WHOLE_SHARE;
  const left = Math.min(most, fittingIn(burstNs + ROUNDING_NS - ahead, nsPerUnitOf(cells, slot, limit)));
  return { of: groupName, name, limit: perSecond, share, room: most, left, fullInMs: Math.ceil(ahead / NS_PER_MS) };
}

function liveFlight(
  { groupName, limit }: FlightLimit,
  name: "concurrent_requests" | "bytes_in_flight",
  used: number,
): LiveLimit {
  return { of: groupName, name, limit, share: 1, room: limit, left: Math.max(0, limit - used), fullInMs: undefined };
}
