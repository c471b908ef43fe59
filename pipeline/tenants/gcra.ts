/**
 * Rates by the generic cell rate algorithm (GCRA): one number a bucket, the theoretical arrival time, to which every unit
 * adds its interval. A request has room when that is no further ahead of now than the burst.
 *
 * Times are whole nanoseconds; an interval is rounded up, so that a rate is never passed and missed by a nanosecond a
 * request at the most. All threads take from the same cells, by compare and exchange.
 * Source: ITU-T I.371, annex A (virtual scheduling).
 *
 * @module
 */

/**
 * What a burst may be passed by, so that rounding up a thousand times does not cost a full bucket its last unit:
 * thirds of a second add up to a second. It is let in once, not once a request.
 */
export const ROUNDING_NS = 1_000;

/** Lost exchanges after which a request is told to come again: each was won by another one, so many are never met. */
const MAX_TRIES = 64;
const RETRY_NS = 1_000_000;

/** What `units` cost, nanoseconds. */
export function costNs(units: number, nsPerUnit: number): number {
  return Math.ceil(units * nsPerUnit);
}

/** What a bucket with that burst has room for, `take`'s `room`. */
export function roomOf(burst: number): bigint {
  return BigInt(burst + ROUNDING_NS);
}

/**
 * Takes `cost` if there is room for all of it. One that is dearer than the burst has room when the bucket is full.
 *
 * All is reckoned in 64 bits, and told so at each step: then they are machine words and not objects.
 *
 * @param cost Whole nanoseconds, as `burst` and `now`.
 * @param room `roomOf(burst)`, which is made once.
 * @returns 0; else nothing was taken, and it is how long until there is room, nanoseconds.
 */
export function take(
  times: BigInt64Array,
  at: number,
  cost: number,
  burst: number,
  room: bigint,
  now: bigint,
): number {
  const nowNs = BigInt.asIntN(64, now);
  const added = BigInt.asIntN(64, BigInt(cost));
  const most = BigInt.asIntN(64, cost > burst ? roomOf(cost) : room);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = BigInt.asIntN(64, Atomics.load(times, at));
    const after = BigInt.asIntN(64, (before > nowNs ? before : nowNs) + added);
    const wait = BigInt.asIntN(64, BigInt.asIntN(64, after - nowNs) - most);
    if (wait > 0n) return Number(wait);
    if (Atomics.compareExchange(times, at, before, after) === before) return 0;
  }
  return RETRY_NS;
}

/** Takes as many of `units` as there is room for. @returns How many. */
export function takeFitting(
  times: BigInt64Array,
  at: number,
  units: number,
  nsPerUnit: number,
  burst: number,
  now: number,
): number {
  const nowNs = BigInt(now);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = Atomics.load(times, at);
    const ahead = before > nowNs ? Number(before - nowNs) : 0;
    const fitting = Math.min(units, fittingIn(burst + ROUNDING_NS - ahead, nsPerUnit));
    if (fitting === 0) return 0;
    const after = nowNs + BigInt(ahead + costNs(fitting, nsPerUnit));
    if (Atomics.compareExchange(times, at, before, after) === before) return fitting;
  }
  return 0;
}

/** Units for which there is room in a time. */
export function fittingIn(ns: number, nsPerUnit: number): number {
  if (!(ns > 0)) return 0;
  const units = Math.floor(ns / nsPerUnit);
  return costNs(units, nsPerUnit) > ns ? units - 1 : units;
}

/** How long until there is room for `cost`, as `take` would say; nothing is taken. */
export function waitNs(times: BigInt64Array, at: number, cost: number, burst: number, now: number): number {
  return Math.max(0, aheadNs(times, at, now) + cost - Math.max(cost, burst) - ROUNDING_NS);
}

/** How long until a bucket is full. */
export function aheadNs(times: BigInt64Array, at: number, now: number): number {
  return Math.max(0, Number(Atomics.load(times, at)) - now);
}

/**
 * Another part of a limit from now on, for one bucket: what there is room for stays the same, as far as the bucket of the
 * new part can hold it. So the buckets of all parts together never have more because a part went from one to the other.
 *
 * @param ratio The part before by the part after; Infinity: there is none after.
 */
export function carryOver(times: BigInt64Array, at: number, burst: number, now: number, ratio: number): void {
  if (!(ratio > 0 && ratio < Infinity)) return;
  const nowNs = BigInt(now);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = Atomics.load(times, at);
    const ahead = before > nowNs ? Number(before - nowNs) : 0;
    const after = nowNs + BigInt(Math.round(Math.max(0, burst - (burst - ahead) * ratio)));
    if (Atomics.compareExchange(times, at, before, after) === before) return;
  }
}

/** Gives back what was taken. */
export function giveBack(times: BigInt64Array, at: number, cost: number): void {
  Atomics.sub(times, at, BigInt(cost));
}
