/**
 * Whether there is room for a request: it takes from every bucket and count that limits it, or from none.
 *
 * Sources: docs/decisions.md, "Tenants"; RFC 6585 4 (429), RFC 9110 15.5.14 (413).
 *
 * @module
 */

import { type GatewayError, LimitExceededError, ThrottledError } from "../core/errors.ts";
import { type Refusal, type TenantCells, WHOLE_SHARE } from "./rates/cells.ts";
import { costNs, giveBack, take, takeFitting, waitNs } from "./rates/gcra.ts";
import type { FlightLimit, Plan, RateLimit } from "./plans.ts";

const NS_PER_MS = 1_000_000;

/** When a request may come again that waits for others to end, or for a share of the fleet: nobody knows, milliseconds. */
const UNKNOWN_WAIT_MS = 1_000;

/** A limit that has no room, and when it has. */
export interface NoRoom {
  readonly limit: RateLimit;
  /** Infinity: never for so much at once. */
  readonly waitMs: number;
}

/**
 * What a unit of a limit costs here, nanoseconds: with a part of the fleet's limit it takes so much longer to refill.
 *
 * @returns Infinity without any share.
 */
export function nsPerUnitOf(cells: TenantCells, slot: number, { group, rate, nsPerUnit }: RateLimit): number {
  const share = cells.share(slot, group, rate);
  return share === WHOLE_SHARE ? nsPerUnit : nsPerUnit * (WHOLE_SHARE / share);
}

/**
 * Takes from all of `limits`, or from none.
 *
 * @param nowNs Nanoseconds of the shared clock.
 * @returns undefined: taken.
 */
export function takeRates(
  cells: TenantCells,
  limits: readonly RateLimit[],
  slot: number,
  units: number,
  nowNs: number,
): NoRoom | undefined {
  for (const limit of limits) if (units > limit.most) return { limit, waitMs: Infinity };
  if (cells.countsDemand) {
    for (const { group, rate, nsPerUnit } of limits) cells.addDemand(slot, group, rate, units * nsPerUnit);
  }
  return takeCounted(cells, limits, slot, units, nowNs);
}

/** As `takeRates`, of what was asked for before: it is not asked for twice. */
export function takeCounted(
  cells: TenantCells,
  limits: readonly RateLimit[],
  slot: number,
  units: number,
  nowNs: number,
): NoRoom | undefined {
  for (let taken = 0; taken < limits.length; taken++) {
    const limit = limits[taken]!;
    if (takeOne(cells, limit, slot, units, nowNs)) continue;
    giveBackRates(cells, limits.slice(0, taken), slot, units);
    return { limit, waitMs: waitMsOf(cells, limits, slot, units, nowNs) };
  }
  return undefined;
}

function takeOne(cells: TenantCells, limit: RateLimit, slot: number, units: number, nowNs: number): boolean {
  const nsPerUnit = nsPerUnitOf(cells, slot, limit);
  if (nsPerUnit === Infinity) return false;
  const cost = costNs(units, nsPerUnit);
  return take(cells.times, cells.timeAt(slot, limit.group, limit.rate), cost, limit.burstNs, nowNs) === 0;
}

/** Gives back what `takeRates` took for as many units. */
export function giveBackRates(cells: TenantCells, limits: readonly RateLimit[], slot: number, units: number): void {
  if (units === 0) return;
  for (const limit of limits) {
    const nsPerUnit = nsPerUnitOf(cells, slot, limit);
    if (nsPerUnit === Infinity) continue; // the share went since
    giveBack(cells.times, cells.timeAt(slot, limit.group, limit.rate), costNs(units, nsPerUnit));
  }
}

/** How long until all of `limits` have room for the units, or for as many as fit at once: milliseconds. */
export function waitMsOf(
  cells: TenantCells,
  limits: readonly RateLimit[],
  slot: number,
  units: number,
  nowNs: number,
): number {
  let longestNs = 0;
  for (const limit of limits) {
    const nsPerUnit = nsPerUnitOf(cells, slot, limit);
    if (nsPerUnit === Infinity) return UNKNOWN_WAIT_MS;
    const cost = costNs(Math.min(units, limit.most), nsPerUnit);
    const at = cells.timeAt(slot, limit.group, limit.rate);
    longestNs = Math.max(longestNs, waitNs(cells.times, at, cost, limit.burstNs, nowNs));
  }
  return Math.ceil(longestNs / NS_PER_MS);
}

/** Takes as many of the units as all of `limits` have room for. @returns How many. */
export function takeFittingRates(
  cells: TenantCells,
  limits: readonly RateLimit[],
  slot: number,
  wanted: number,
  nowNs: number,
): number {
  let units = wanted;
  for (let i = 0; i < limits.length; i++) {
    const limit = limits[i]!;
    const nsPerUnit = nsPerUnitOf(cells, slot, limit);
    const bucket = { burst: limit.burstNs, nsPerUnit };
    const at = cells.timeAt(slot, limit.group, limit.rate);
    const fitting = nsPerUnit === Infinity ? 0 : takeFitting(cells.times, at, units, bucket, nowNs);
    giveBackPart(cells, limits.slice(0, i), slot, units, fitting);
    units = fitting;
    if (units === 0) return 0;
  }
  return units;
}

/** Makes what was taken for `units` what is taken for `fitting`. */
function giveBackPart(
  cells: TenantCells,
  limits: readonly RateLimit[],
  slot: number,
  units: number,
  fitting: number,
): void {
  for (const limit of limits) {
    const nsPerUnit = nsPerUnitOf(cells, slot, limit);
    if (nsPerUnit === Infinity) continue;
    const tooMuch = costNs(units, nsPerUnit) - costNs(fitting, nsPerUnit);
    giveBack(cells.times, cells.timeAt(slot, limit.group, limit.rate), tooMuch);
  }
}

/** What a rate without room is told as, and by which name it is counted. */
export function rateError(
  { row: { tag } }: Plan,
  { limit, waitMs }: NoRoom,
  units: number,
  what: string,
): GatewayError {
  const { name, perSecond, most } = limit;
  const said = `the limit of ${perSecond} ${name}${ofGroup(limit)} of tenant ${tag.id}`;
  if (waitMs === Infinity) {
    return new LimitExceededError(`Cannot take ${units} ${what} at once: ${said} has room for ${most} at the most`);
  }
  const retryAfterMs = Math.max(1, waitMs); // between the refusal and now there may have come room
  return new ThrottledError(`Cannot take the request: ${said} is reached, there is room in ${retryAfterMs} ms`, {
    retryAfterMs,
  });
}

/** As `rateError`, of what is in flight. @param fits Whether there would be room if nothing else were in flight. */
export function flightError({ row: { tag } }: Plan, limit: FlightLimit, name: Refusal, fits: boolean): GatewayError {
  const said = `the limit of ${limit.limit} ${name}${ofGroup(limit)} of tenant ${tag.id}`;
  if (!fits) return new LimitExceededError(`Cannot take the request: it is more by itself than ${said}`);
  return new ThrottledError(`Cannot take the request: ${said} is reached, wanted others to be answered first`, {
    retryAfterMs: UNKNOWN_WAIT_MS,
  });
}

function ofGroup({ groupName }: RateLimit | FlightLimit): string {
  return groupName === "all" ? "" : ` for ${groupName}`;
}
