/**
 * How functions get at the metric that a statement runs on.
 *
 * @module
 */

import type { Item } from "../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import {
  AggregationTemporality,
  decodeMetric,
  encodeMetric,
  type Metric,
  type MetricKind,
  metricKindOf,
} from "../../metric_model.ts";
import type { MetricItem } from "../item.ts";

/** Changes the item's metric when it has data of `kind`; any other metric stays as it is, and is not taken apart. */
export function editMetric<Kind extends MetricKind>(
  item: Item,
  kind: Kind,
  change: (metric: Metric, data: NonNullable<Metric[Kind]>) => void,
): void {
  const target = item as MetricItem;
  const bytes = target.metricBytes();
  if (metricKindOf(bytes) !== kind) return;
  const metric = decodeMetric(bytes);
  change(metric, metric[kind] as NonNullable<Metric[Kind]>);
  target.replaceMetric(encodeMetric(metric));
}

/** Adds `metric` behind the others of the scope. */
export function appendMetric(item: Item, metric: Metric): void {
  (item as MetricItem).appendMetric(encodeMetric(metric));
}

/**
 * The number of a temporality as functions write it.
 *
 * @throws {OttlError} Neither "delta" nor "cumulative".
 */
export function temporalityOf(text: string): number {
  if (text === "delta" || text === "cumulative") return AggregationTemporality[text];
  throw new OttlError("arg_value", `unknown aggregation temporality: ${text}, wanted "delta" or "cumulative"`);
}

/** What the reference engine calls data of a kind. */
export const KIND_NAMES: Readonly<Record<MetricKind | "none", string>> = {
  none: "Empty",
  gauge: "Gauge",
  sum: "Sum",
  histogram: "Histogram",
  exponentialHistogram: "ExponentialHistogram",
  summary: "Summary",
};
