/**
 * Metrics made of another metric's points, one number a point: counts, sums, averages, percentiles, quantiles.
 *
 * @module
 */

import type { Item } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import {
  AggregationTemporality,
  type DataPoint,
  decodeMetric,
  type DistributionDataPoint,
  type Metric,
  metricKindOf,
  newMessage,
  type NumberDataPoint,
  type SummaryDataPoint,
} from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";
import { KIND_NAMES } from "../edit.ts";

/** A point of a histogram or a summary. */
export type CountedPoint = DistributionDataPoint | SummaryDataPoint;

/** One of both is set. */
export type PointNumber = Partial<Pick<NumberDataPoint, "asInt" | "asDouble">>;

/** A metric that counts things, and its points. */
export interface CountedMetric {
  readonly metric: Metric;
  readonly points: readonly CountedPoint[];
  /** Of a Summary: cumulative, as OpenMetrics has it. */
  readonly temporality: number;
}

/**
 * The item's metric, when it is of a kind whose points have a count.
 *
 * @param functionName For the message.
 * @throws {OttlError} It is of another kind.
 */
export function countedMetric(item: Item, functionName: string): CountedMetric {
  const bytes = (item as MetricItem).metricBytes();
  const kind = metricKindOf(bytes);
  if (kind === "histogram" || kind === "exponentialHistogram") {
    const metric = decodeMetric(bytes);
    const { dataPoints = [], aggregationTemporality = 0 } = metric[kind] ?? {};
    return { metric, points: dataPoints, temporality: aggregationTemporality };
  }
  if (kind === "summary") {
    const metric = decodeMetric(bytes);
    return { metric, points: metric.summary?.dataPoints ?? [], temporality: AggregationTemporality.cumulative };
  }
  throw wrongMetric(functionName, KIND_NAMES[kind ?? "none"]);
}

function wrongMetric(functionName: string, got: string): OttlError {
  const wanted = "an input metric of type Histogram, ExponentialHistogram or Summary";
  return new OttlError("value", `${functionName} requires ${wanted}, got ${got}`);
}

/** As `countedMetric`, for functions that make a Sum: its temporality must be known. */
export function cumulableMetric(item: Item, functionName: string): CountedMetric {
  const counted = countedMetric(item, functionName);
  if (counted.temporality !== AggregationTemporality.unspecified) return counted;
  throw wrongMetric(functionName, "one without aggregation temporality");
}

/** A number at the place and time of `point`. */
export function numberPoint(point: DataPoint, number: PointNumber): NumberDataPoint {
  const { attributes, startTimeUnixNano, timeUnixNano } = point;
  return newMessage("NumberDataPoint", { attributes, startTimeUnixNano, timeUnixNano, ...number });
}

/** A metric without data that is told as `metric` is, but for its name. */
export function derivedMetric({ name, description, unit }: Metric, suffix: string): Metric {
  return newMessage("Metric", { name: name + suffix, description, unit });
}

/** The count of a point as a signed integer: it wraps, as the engine has it. */
export function countOf(point: CountedPoint): PointNumber {
  return { asInt: BigInt.asIntN(64, point.count) };
}
