/**
 * Exponential buckets shared out over explicit bounds.
 *
 * Negative, zero and positive buckets all count, and the total stays. OTLP does not say how to do it: an exponential
 * bucket that lies across a bound is put on one side by its upper end or its middle, or shared by width.
 *
 * @module
 */

import { OttlError } from "../../../../../ottl/values/errors.ts";
import type { Buckets, ExponentialHistogramDataPoint } from "../../../metric_model.ts";
import { exponentialBound } from "./percentile.ts";

export const DISTRIBUTIONS = ["upper", "midpoint", "uniform", "random"] as const;
export type Distribution = typeof DISTRIBUTIONS[number];

/** 64 random bits. */
export type RandomBits = () => bigint;

const FRACTION_BITS = 64n;
const ROUND_UP = (1n << FRACTION_BITS) - 1n;

/**
 * Counts of the buckets between `bounds`, one more than there are bounds.
 *
 * @param bounds At least one, increasing.
 */
export function explicitBuckets(
  point: ExponentialHistogramDataPoint,
  bounds: readonly number[],
  distribution: Distribution,
  random: RandomBits,
): bigint[] {
  const { zeroCount, zeroThreshold, positive, negative, scale } = point;
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) {
    throw new OttlError("value", `cannot convert a histogram with a zero threshold of ${zeroThreshold}`);
  }
  const share = new Share(bounds, distribution, random);
  if (zeroCount > 0n) share.add(-zeroThreshold, zeroThreshold, zeroCount);
  for (const [lower, upper, count] of magnitudes(negative, scale)) share.add(-upper, -lower, count);
  for (const [lower, upper, count] of magnitudes(positive, scale)) share.add(lower, upper, count);
  return share.counts;
}

/** Bounds and counts of buckets that are not empty; what is past a double is at its end. */
function* magnitudes(buckets: Buckets | undefined, scale: number): Generator<[number, number, bigint]> {
  if (buckets === undefined) return;
  for (const [i, count] of buckets.bucketCounts.entries()) {
    if (count === 0n) continue;
    const lower = exponentialBound(buckets.offset + i, scale);
    const upper = exponentialBound(buckets.offset + i + 1, scale);
    yield [Math.min(lower, Number.MAX_VALUE), Math.min(upper, Number.MAX_VALUE), count];
  }
}

class Share {
  readonly counts: bigint[];
  readonly #bounds: readonly number[];
  readonly #distribution: Distribution;
  readonly #random: RandomBits;

  constructor(bounds: readonly number[], distribution: Distribution, random: RandomBits) {
    this.counts = new Array<bigint>(bounds.length + 1).fill(0n);
    this.#bounds = bounds;
    this.#distribution = distribution;
    this.#random = random;
  }

  /** Puts `count` observations between `lower` and `upper` where they belong. */
  add(lower: number, upper: number, count: bigint): void {
    if (lower === upper) return this.#put(this.#bucketOf(lower), count);
    switch (this.#distribution) {
      case "upper":
        return this.#put(this.#bucketOf(upper), count);
      case "midpoint":
        return this.#put(this.#bucketOf(lower / 2 + upper / 2), count);
      case "uniform":
        return this.#spread(lower, upper, count, ROUND_UP);
      case "random":
        return this.#spread(lower, upper, count, this.#random());
    }
  }

  /**
   * By width. Rounding what is below each bound, instead of each share, keeps the total.
   *
   * @param rounding What is added before the fraction is cut off, in 2 ** -64.
   */
  #spread(lower: number, upper: number, count: bigint, rounding: bigint): void {
    const last = this.#bucketOf(upper);
    // Halves, because the whole width may be past a double.
    const width = upper / 2 - lower / 2;
    let done = 0n;
    for (let bucket = this.#bucketOf(lower); bucket < last; bucket++) {
      const bound = this.#bounds[bucket] as number;
      const part = Math.max(0, (bound / 2 - lower / 2) / width);
      const below = (count * fixedPoint(part) + rounding) >> FRACTION_BITS;
      this.#put(bucket, below - done);
      done = below;
    }
    this.#put(last, count - done);
  }

  #put(bucket: number, count: bigint): void {
    this.counts[bucket] = BigInt.asUintN(64, (this.counts[bucket] ?? 0n) + count);
  }

  /** The bucket that `value` is in: an upper bound belongs to its bucket. */
  #bucketOf(value: number): number {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    return at === -1 ? this.#bounds.length : at;
  }
}

/** A share below one in 2 ** -64. */
function fixedPoint(part: number): bigint {
  return part >= 1 ? ROUND_UP : BigInt(Math.floor(part * 2 ** 64));
}
