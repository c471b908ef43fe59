/**
 * `merge_histogram_buckets(target_value, method?)`
 *
 * @module
 */

import { editor, floatLike, litStr, optional, prepared } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { decodeHistogramPoint, encodeHistogramPoint, type HistogramDataPoint } from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";

type Merge = (point: HistogramDataPoint, target: number) => boolean;

interface Method {
  /** Whether there was something to merge. */
  readonly merge: Merge;
  /** @throws {OttlError} Not a target that it can have. */
  readonly check: (target: number) => void;
}

const METHODS: ReadonlyMap<string, Method> = new Map([
  ["remove_explicit_bound", { merge: removeBound, check: () => {} }],
  ["limit_buckets", { merge: limitBuckets, check: checkBucketCount }],
]);

/** How near a bound is to the one that is meant. */
const BOUND_TOLERANCE = 1e-12;

export const mergeHistogramBuckets = editor({
  name: "merge_histogram_buckets",
  summary: "Merges buckets of an explicit histogram's point. Method `remove_explicit_bound` (default) takes out the " +
    "bound `target_value`, adding its bucket to the next; `limit_buckets` merges neighbours until there are at most " +
    "`target_value` buckets. Points of other kinds, and those whose buckets do not fit their bounds, stay as they are.",
  parameters: { targetValue: floatLike, method: optional(litStr) },
  examples: [
    { text: "merge_histogram_buckets(0.5)" },
    { text: 'merge_histogram_buckets(32, "limit_buckets") where metric.name == "http.duration"' },
  ],
  compile: ({ targetValue, method: methodName = "remove_explicit_bound" }) => {
    const method = METHODS.get(methodName);
    if (method === undefined) {
      const wanted = [...METHODS.keys()].map((name) => `"${name}"`).join(" or ");
      throw new OttlError("arg_value", `unsupported method "${methodName}", expected ${wanted}`);
    }
    const targetOf = prepared(targetValue, (target) => {
      if (target === null) throw new OttlError("arg_value", "target_value must not be nil");
      method.check(target);
      return target;
    });
    return (item) => {
      const source = item as MetricItem;
      if (source.dataPointKind() !== "histogram") return;
      const target = targetOf(item);
      const point = decodeHistogramPoint(source.dataPointBytes());
      if (point.bucketCounts.length !== point.explicitBounds.length + 1) return;
      if (method.merge(point, target)) source.replaceDataPoint(encodeHistogramPoint(point));
    };
  },
});

function removeBound({ bucketCounts, explicitBounds }: HistogramDataPoint, target: number): boolean {
  const at = explicitBounds.findIndex((bound) => Math.abs(bound - target) < BOUND_TOLERANCE);
  if (at === -1) return false;
  explicitBounds.splice(at, 1);
  const [removed = 0n] = bucketCounts.splice(at, 1);
  bucketCounts[at] = BigInt.asUintN(64, (bucketCounts[at] ?? 0n) + removed);
  return true;
}

function checkBucketCount(target: number): void {
  if (target >= 1 && Number.isInteger(target)) return;
  const wanted = 'a positive integer when method is "limit_buckets"';
  throw new OttlError("arg_value", `target_value must be ${wanted}, got ${target}`);
}

/** Puts every so many neighbours together, from the low end; the last ones may be fewer. */
function limitBuckets(point: HistogramDataPoint, target: number): boolean {
  const { bucketCounts, explicitBounds } = point;
  if (bucketCounts.length <= target || !isIncreasing(explicitBounds)) return false;
  const width = Math.ceil(bucketCounts.length / target);
  const merged: bigint[] = [];
  for (const [i, count] of bucketCounts.entries()) {
    const into = Math.floor(i / width);
    merged[into] = BigInt.asUintN(64, (merged[into] ?? 0n) + count);
  }
  point.bucketCounts = merged;
  point.explicitBounds = explicitBounds.filter((_, i) => i % width === width - 1);
  return true;
}

function isIncreasing(bounds: readonly number[]): boolean {
  return bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number));
}
