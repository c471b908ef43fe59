/**
 * Merging of a metric's points that have the same attributes and time.
 *
 * What is merged with what, and how, is the reference engine's, its oddities included: a group of one point is left as
 * it is (also by `count`), numbers keep the exemplars of the first point alone, histograms are summed whatever the
 * function is, metadata is lost, and a Summary loses its points.
 *
 * @module
 */

import { toIntLike } from "../../../../../ottl/values/convert.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { textOf } from "../../../../../ottl/values/text.ts";
import {
  AggregationTemporality,
  type Buckets,
  type DataPoint,
  type DistributionDataPoint,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type KeyValue,
  type Metric,
  type NumberDataPoint,
} from "../../../metric_model.ts";
import { decodeAnyValue } from "../../any_value.ts";

/** Between two merged points whose offsets differ; an offset is any 32-bit integer. */
const MAX_BUCKETS = 100_000;

/** How doubles and ints of several points become one; the first is the type that the others are converted to. */
export interface Aggregation {
  readonly floats: (values: readonly number[]) => number;
  readonly ints: (values: readonly bigint[]) => bigint;
  /** Floats among ints count as 0, where they are cut off elsewhere. */
  readonly addsInts?: true;
}

const AGGREGATIONS: ReadonlyMap<string, Aggregation> = new Map<string, Aggregation>([
  ["sum", { floats: sumOfFloats, ints: sumOfInts, addsInts: true }],
  ["mean", {
    floats: (values) => sumOfFloats(values) / values.length,
    ints: (values) => sumOfInts(values) / BigInt(values.length),
    addsInts: true,
  }],
  ["min", { floats: (values) => values.reduce((a, b) => Math.min(a, b)), ints: (values) => values.reduce(least) }],
  ["max", { floats: (values) => values.reduce((a, b) => Math.max(a, b)), ints: (values) => values.reduce(greatest) }],
  ["median", { floats: medianOfFloats, ints: medianOfInts }],
  ["count", { floats: ({ length }) => length, ints: ({ length }) => BigInt(length) }],
]);

/**
 * The aggregation of that name.
 *
 * @throws {OttlError} There is none.
 */
export function aggregationOf(name: string): Aggregation {
  const aggregation = AGGREGATIONS.get(name);
  if (aggregation !== undefined) return aggregation;
  const options = [...AGGREGATIONS.keys()].join(", ");
  throw new OttlError("arg_value", `invalid aggregation function: "${name}", valid options: ${options}`);
}

/** Merges the points of `metric` that are alike but for their values. */
export function aggregate(metric: Metric, aggregation: Aggregation): void {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  metric.metadata = [];
  if (gauge !== undefined) gauge.dataPoints = mergeNumbers(gauge.dataPoints, false, aggregation);
  if (sum !== undefined) sum.dataPoints = mergeNumbers(sum.dataPoints, isDelta(sum), aggregation);
  if (histogram !== undefined) {
    const groups = grouped(histogram.dataPoints, isDelta(histogram), histogramKey);
    histogram.dataPoints = groups.map((group) => group.reduce(mergeHistograms));
  }
  if (exponentialHistogram !== undefined) {
    const groups = grouped(exponentialHistogram.dataPoints, isDelta(exponentialHistogram), exponentialKey);
    exponentialHistogram.dataPoints = groups.map((group) => group.reduce(mergeExponentials));
  }
  if (summary !== undefined) summary.dataPoints = [];
}

function isDelta({ aggregationTemporality }: { readonly aggregationTemporality: number }): boolean {
  return aggregationTemporality === AggregationTemporality.delta;
}

/**
 * Points by what they have in common, in the order in which the first of each comes.
 *
 * @param byStart Whether points that begin at different times stay apart.
 * @param keyOf What else must be the same.
 */
function grouped<P extends DataPoint>(points: readonly P[], byStart: boolean, keyOf: (point: P) => string): P[][] {
  const groups = Map.groupBy(points, (point) => {
    const start = byStart ? String(point.startTimeUnixNano) : "";
    return `${point.timeUnixNano} ${start} ${keyOf(point)} ${attributesKey(point.attributes)}`;
  });
  return [...groups.values()];
}

/** The same for the same attributes in any order; an int is the float of its value, as the engine has it. */
function attributesKey(attributes: readonly KeyValue[]): string {
  return attributes.map(({ key, value: bytes }) => {
    const value = bytes === undefined ? null : decodeAnyValue(bytes, 0, bytes.length);
    return JSON.stringify([key, typeof value === "string", textOf(value)]);
  }).sort().join();
}

function histogramKey({ explicitBounds, min, max, flags }: HistogramDataPoint): string {
  return [min !== undefined, max !== undefined, flags, ...explicitBounds].join();
}

function exponentialKey({ scale, min, max, flags }: ExponentialHistogramDataPoint): string {
  return [scale, min !== undefined, max !== undefined, flags].join();
}

function mergeNumbers(points: readonly NumberDataPoint[], byStart: boolean, aggregation: Aggregation) {
  return grouped(points, byStart, () => "").map((group) => mergeGroup(group, aggregation));
}

function mergeGroup(group: readonly NumberDataPoint[], { floats, ints, addsInts }: Aggregation): NumberDataPoint {
  const first = group[0] as NumberDataPoint;
  if (group.length === 1) return first;
  const startTimeUnixNano = group.map((point) => point.startTimeUnixNano).reduce(least);
  if (first.asInt !== undefined) {
    return { ...first, startTimeUnixNano, asInt: ints(group.map(addsInts ? onlyInt : intOf)) };
  }
  if (first.asDouble !== undefined) return { ...first, startTimeUnixNano, asDouble: floats(group.map(floatOf)) };
  return first;
}

function floatOf({ asDouble, asInt }: NumberDataPoint): number {
  return asDouble ?? Number(asInt ?? 0n);
}

function intOf({ asDouble, asInt }: NumberDataPoint): bigint {
  return asInt ?? toIntLike(asDouble ?? 0) ?? 0n;
}

function onlyInt({ asInt }: NumberDataPoint): bigint {
  return asInt ?? 0n;
}

function sumOfFloats(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value);
}

function sumOfInts(values: readonly bigint[]): bigint {
  return BigInt.asIntN(64, values.reduce((sum, value) => sum + value));
}

function least(a: bigint, b: bigint): bigint {
  return b < a ? b : a;
}

function greatest(a: bigint, b: bigint): bigint {
  return b > a ? b : a;
}

function medianOfFloats(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[sorted.length >> 1] as number;
  return sorted.length % 2 === 1 ? upper : (sorted[(sorted.length >> 1) - 1] as number + upper) / 2;
}

function medianOfInts(values: readonly bigint[]): bigint {
  const sorted = BigInt64Array.from(values).sort();
  const upper = sorted[sorted.length >> 1] as bigint;
  if (sorted.length % 2 === 1) return upper;
  return BigInt.asIntN(64, sorted[(sorted.length >> 1) - 1] as bigint + upper) / 2n;
}

function mergeHistograms(into: HistogramDataPoint, point: HistogramDataPoint): HistogramDataPoint {
  if (point.count === 0n) return into;
  mergeDistributions(into, point);
  into.bucketCounts = addCounts(into.bucketCounts, point.bucketCounts);
  return into;
}

function mergeExponentials(
  into: ExponentialHistogramDataPoint,
  point: ExponentialHistogramDataPoint,
): ExponentialHistogramDataPoint {
  if (point.count === 0n) return into;
  mergeDistributions(into, point);
  into.zeroCount = BigInt.asUintN(64, into.zeroCount + point.zeroCount);
  into.positive = addBuckets(into.positive, point.positive);
  into.negative = addBuckets(into.negative, point.negative);
  return into;
}

function mergeDistributions(into: DistributionDataPoint, point: DistributionDataPoint): void {
  into.count = BigInt.asUintN(64, into.count + point.count);
  into.sum = (into.sum ?? 0) + (point.sum ?? 0);
  if (into.min !== undefined && point.min !== undefined && point.min < into.min) into.min = point.min;
  if (into.max !== undefined && point.max !== undefined && point.max > into.max) into.max = point.max;
  for (const exemplar of point.exemplars) into.exemplars.push(exemplar);
  into.startTimeUnixNano = least(into.startTimeUnixNano, point.startTimeUnixNano);
}

/**
 * Buckets that begin at different offsets are added where they belong: the engine moves counts of a point that begins
 * lower than the one before it.
 */
function addBuckets(into: Buckets | undefined, buckets: Buckets | undefined): Buckets | undefined {
  if (into === undefined || into.bucketCounts.length === 0) return buckets ?? into;
  if (buckets === undefined || buckets.bucketCounts.length === 0) return into;
  const offset = Math.min(into.offset, buckets.offset);
  const added = into.offset === buckets.offset ? buckets : withoutLastZeros(buckets);
  const length = Math.max(endOf(into), endOf(added)) - offset;
  if (length > MAX_BUCKETS) {
    throw new OttlError("limit", `cannot merge into ${length} buckets, the most is ${MAX_BUCKETS}`);
  }
  const bucketCounts = addCounts(shifted(into, offset), shifted(added, offset));
  return { ...into, offset, bucketCounts };
}

function withoutLastZeros(buckets: Buckets): Buckets {
  const last = buckets.bucketCounts.findLastIndex((count) => count !== 0n);
  return { ...buckets, bucketCounts: buckets.bucketCounts.slice(0, last + 1) };
}

function endOf({ offset, bucketCounts }: Buckets): number {
  return offset + bucketCounts.length;
}

function shifted({ offset, bucketCounts }: Buckets, from: number): bigint[] {
  return [...new Array<bigint>(offset - from).fill(0n), ...bucketCounts];
}

function addCounts(left: readonly bigint[], right: readonly bigint[]): bigint[] {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, i) => BigInt.asUintN(64, (left[i] ?? 0n) + (right[i] ?? 0n)));
}
