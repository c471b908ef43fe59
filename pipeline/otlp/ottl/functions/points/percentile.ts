/**
 * Percentiles of histogram points, interpolated inside a bucket.
 *
 * Source: OTLP data model 1.11, "Histogram", "ExponentialHistogram"; the reference's extract_percentile_metric.
 *
 * @module
 */

import { OttlError } from "../../../../../ottl/values/errors.ts";
import type { Buckets, ExponentialHistogramDataPoint, HistogramDataPoint } from "../../../metric_model.ts";
import { exp2, log2 } from "./base_two.ts";

/** How many of `count` observations are at or below the percentile. */
function rankOf(count: bigint, percentile: number): bigint {
  return BigInt(Math.ceil(Number(count) * (percentile / 100)));
}

/**
 * The percentile of an explicit histogram: linear inside the bucket. undefined when the point does not say.
 *
 * @param percentile Above 0, below 100.
 * @throws {OttlError} Its buckets do not fit its bounds or its count.
 */
export function histogramPercentile(point: HistogramDataPoint, percentile: number): number | undefined {
  const { count, bucketCounts, explicitBounds } = point;
  if (count === 0n || bucketCounts.length === 0) return undefined;
  if (bucketCounts.length !== explicitBounds.length + 1) {
    throw malformed(`${bucketCounts.length} buckets and ${explicitBounds.length} bounds`);
  }
  const rank = rankOf(count, percentile);
  let below = 0n;
  for (const [i, bucketCount] of bucketCounts.entries()) {
    if (below + bucketCount >= rank) return inBucket(point, i, ratio(rank - below, bucketCount));
    below += bucketCount;
  }
  throw malformed(`buckets hold ${below} of ${count}, ${rank} are wanted`);
}

/** The outermost buckets have no end of their own: the least and greatest observation stand for it, or none does. */
function inBucket(point: HistogramDataPoint, i: number, ratio: number): number | undefined {
  const { explicitBounds, min, max } = point;
  if (explicitBounds.length === 0) return min === undefined || max === undefined ? undefined : linear(min, max, ratio);
  const lower = explicitBounds[i - 1];
  const upper = explicitBounds[i];
  if (upper === undefined) {
    const last = lower as number;
    return max !== undefined && max > last ? linear(last, max, ratio) : last;
  }
  if (lower !== undefined) return linear(lower, upper, ratio);
  if (min !== undefined && min < upper) return linear(min, upper, ratio);
  return upper < 0 ? upper : linear(0, upper, ratio);
}

/**
 * The percentile of an exponential histogram: logarithmic inside a bucket, linear in the one around zero. undefined when
 * the point does not say.
 *
 * @param percentile Above 0, below 100.
 * @throws {OttlError} Its buckets do not fit its count.
 */
export function exponentialPercentile(point: ExponentialHistogramDataPoint, percentile: number): number | undefined {
  const { count, zeroCount, scale } = point;
  const negative = point.negative ?? NO_BUCKETS;
  const positive = point.positive ?? NO_BUCKETS;
  const empty = negative.bucketCounts.length === 0 && positive.bucketCounts.length === 0 && zeroCount === 0n;
  if (count === 0n || empty) return undefined;
  const rank = rankOf(count, percentile);
  let below = 0n;
  for (let i = negative.bucketCounts.length - 1; i >= 0; i--) {
    const bucketCount = negative.bucketCounts[i] as bigint;
    if (below + bucketCount >= rank) return -inMagnitude(negative, i, scale, 1 - ratio(rank - below, bucketCount));
    below += bucketCount;
  }
  if (below + zeroCount >= rank) return aroundZero(point, ratio(rank - below, zeroCount));
  below += zeroCount;
  for (const [i, bucketCount] of positive.bucketCounts.entries()) {
    if (below + bucketCount >= rank) return inMagnitude(positive, i, scale, ratio(rank - below, bucketCount));
    below += bucketCount;
  }
  throw malformed(`buckets hold ${below} of ${count}, ${rank} are wanted`);
}

const NO_BUCKETS: Pick<Buckets, "offset" | "bucketCounts"> = { offset: 0, bucketCounts: [] };

/** With observations on one side only, nothing is expected on the other. */
function aroundZero({ zeroThreshold, negative, positive }: ExponentialHistogramDataPoint, ratio: number): number {
  const hasNegative = negative !== undefined && negative.bucketCounts.length > 0;
  const hasPositive = positive !== undefined && positive.bucketCounts.length > 0;
  const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
  return linear(lower, upper, ratio);
}

function inMagnitude(buckets: Pick<Buckets, "offset">, i: number, scale: number, ratio: number): number {
  const lower = exponentialBound(buckets.offset + i, scale);
  const upper = exponentialBound(buckets.offset + i + 1, scale);
  if (!(lower > 0 && upper > lower && upper < Infinity)) {
    throw malformed(`bucket ${buckets.offset + i} at scale ${scale} is past what a double holds`);
  }
  const exponent = log2(lower);
  return exp2(exponent + (log2(upper) - exponent) * ratio);
}

/** The lower bound of bucket `index`: base ** index, of which the base is 2 ** (2 ** -scale). */
export function exponentialBound(index: number, scale: number): number {
  if (scale <= 0) return 2 ** (index * 2 ** -scale);
  return Math.exp(index * (Math.LN2 * 2 ** -scale));
}

/** Both are below the count of a bucket, so that their doubles are good for a share of it. */
function ratio(part: bigint, whole: bigint): number {
  return Number(part) / Number(whole);
}

function linear(lower: number, upper: number, ratio: number): number {
  if (!(ratio >= 0 && ratio <= 1)) throw malformed(`a share of ${ratio} in a bucket`);
  return lower + ratio * (upper - lower);
}

function malformed(what: string): OttlError {
  return new OttlError("value", `cannot take a percentile of a malformed histogram: ${what}`);
}
