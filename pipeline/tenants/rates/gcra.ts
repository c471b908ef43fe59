/**
 * Rates by the generic cell rate algorithm (GCRA): one number a bucket, the theoretical arrival time, to which every unit
 * adds its interval. A request has room when that is no further ahead of now than the burst.
 *
 * Times are whole nanoseconds, exact in a number for 104 days and then to two of them; an interval is rounded up, so that a rate is never passed and missed by a nanosecond a
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

/**
 * Arrival times in memory that threads share. The same eight bytes are read as a number, and exchanged as bits: 64 bits can
 * be exchanged as a BigInt alone, and reckoning with those makes objects and takes twice as long as all the rest.
 *
 * Numbers are read plainly. On the 64-bit machines that there are they are whole, and what is taken by what was read is
 * taken only if the exchange finds it unchanged.
 */
export class ArrivalTimes {
  readonly #numbers: Float64Array;
  readonly #bits: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Float64Array(memory);
    this.#bits = new BigInt64Array(memory);
  }

  at(place: number): number {
    return this.#numbers[place] ?? 0;
  }

  /** @returns false: it is no longer `before`, and nothing was written. */
  exchange(place: number, before: number, after: number): boolean {
    pairOfNumbers[0] = before;
    pairOfNumbers[1] = after;
    const bits = BigInt.asIntN(64, pairOfBits[0]!);
    return BigInt.asIntN(64, Atomics.compareExchange(this.#bits, place, bits, pairOfBits[1]!)) === bits;
  }

  /** @param change Its new time by the one before. It is tried again until nobody comes between. */
  change(place: number, change: (before: number) => number): void {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = this.at(place);
      if (this.exchange(place, before, change(before))) return;
    }
  }
}

/** Where a number becomes bits: one thread does one at a time. */
const pairOfNumbers = new Float64Array(2);
const pairOfBits = new BigInt64Array(pairOfNumbers.buffer);

/**
 * Takes `cost` if there is room for all of it. One that is dearer than the burst has room when the bucket is full.
 *
 * @param cost Whole nanoseconds, as `burst` and `nowNs`.
 * @returns 0; else nothing was taken, and it is how long until there is room, nanoseconds.
 */
export function take(times: ArrivalTimes, at: number, cost: number, burst: number, nowNs: number): number {
  const most = Math.max(cost, burst) + ROUNDING_NS;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = times.at(at);
    const after = Math.max(before, nowNs) + cost;
    const wait = after - nowNs - most;
    if (wait > 0) return wait;
    if (times.exchange(at, before, after)) return 0;
  }
  return RETRY_NS;
}

/** What a bucket holds, and what a unit takes of it: whole nanoseconds, and nanoseconds. */
export interface Bucket {
  readonly burst: number;
  readonly nsPerUnit: number;
}

/** Takes as many of `units` as there is room for. @returns How many. */
export function takeFitting(
  times: ArrivalTimes,
  at: number,
  units: number,
  { burst, nsPerUnit }: Bucket,
  nowNs: number,
): number {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = times.at(at);
    const start = Math.max(before, nowNs);
    const fitting = Math.min(units, fittingIn(burst + ROUNDING_NS - (start - nowNs), nsPerUnit));
    if (fitting === 0) return 0;
    if (times.exchange(at, before, start + costNs(fitting, nsPerUnit))) return fitting;
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
export function waitNs(times: ArrivalTimes, at: number, cost: number, burst: number, nowNs: number): number {
  return Math.max(0, aheadNs(times, at, nowNs) + cost - Math.max(cost, burst) - ROUNDING_NS);
}

/** How long until a bucket is full. */
export function aheadNs(times: ArrivalTimes, at: number, nowNs: number): number {
  return Math.max(0, times.at(at) - nowNs);
}

/**
 * Another part of a limit from now on, for one bucket: what there is room for stays the same, as far as the bucket of the
 * new part can hold it. So the buckets of all parts together never have more because a part went from one to the other.
 *
 * @param ratio The part before by the part after; Infinity: there is none after.
 */
export function carryOver(times: ArrivalTimes, at: number, burst: number, nowNs: number, ratio: number): void {
  if (!(ratio > 0 && ratio < Infinity)) return;
  times.change(at, (before) => {
    const ahead = Math.max(0, before - nowNs);
    return nowNs + Math.round(Math.max(0, burst - (burst - ahead) * ratio));
  });
}

/** Gives back what was taken. */
export function giveBack(times: ArrivalTimes, at: number, cost: number): void {
  times.change(at, (before) => before - cost);
}
