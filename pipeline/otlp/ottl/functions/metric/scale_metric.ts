/**
 * `scale_metric(factor, unit?)`
 *
 * @module
 */

import { alias, editor, litFloat, optional, str } from "../../../../../ottl/functions/definition.ts";
import { toIntLike } from "../../../../../ottl/values/convert.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import {
  decodeMetric,
  encodeMetric,
  type Exemplar,
  type HistogramDataPoint,
  type Metric,
  metricKindOf,
  type NumberDataPoint,
  type SummaryDataPoint,
} from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";

export const scaleMetric = editor({
  name: "scale_metric",
  summary: "Multiplies what a Gauge, Sum, Histogram or Summary measures by `factor` (a float): values (of ints the " +
    "fraction is cut off), sums, quantiles, least and greatest, bounds and a Histogram's exemplars; sets `unit` when it " +
    "is given. An ExponentialHistogram is an error.",
  parameters: { multiplier: alias(litFloat, "factor"), unit: optional(str) },
  examples: [{ text: 'scale_metric(0.001, "s") where metric.unit == "ms"' }],
  compile: ({ multiplier, unit }) => (item) => {
    const target = item as MetricItem;
    const newUnit = unit?.evaluate(item);
    const bytes = target.metricBytes();
    const kind = metricKindOf(bytes);
    if (kind === undefined) throw new OttlError("value", "unsupported metric type: 'Empty'");
    if (kind === "exponentialHistogram") {
      throw new OttlError("value", "exponential histograms are not supported by the 'scale_metric' function");
    }
    const metric = decodeMetric(bytes);
    scale(metric, multiplier);
    if (newUnit !== undefined) metric.unit = newUnit;
    target.replaceMetric(encodeMetric(metric));
  },
});

function scale({ gauge, sum, histogram, summary }: Metric, factor: number): void {
  for (const point of (gauge ?? sum)?.dataPoints ?? []) scaleNumber(point, factor);
  for (const point of histogram?.dataPoints ?? []) scaleHistogram(point, factor);
  for (const point of summary?.dataPoints ?? []) scaleSummary(point, factor);
}

function scaleNumber(point: NumberDataPoint, factor: number): void {
  point.asDouble = scaleFloat(point.asDouble, factor);
  point.asInt = scaleInt(point.asInt, factor);
}

function scaleHistogram(point: HistogramDataPoint, factor: number): void {
  point.sum = scaleFloat(point.sum, factor);
  point.min = scaleFloat(point.min, factor);
  point.max = scaleFloat(point.max, factor);
  point.explicitBounds = point.explicitBounds.map((bound) => bound * factor);
  point.exemplars = point.exemplars.map((exemplar) => scaleExemplar(exemplar, factor));
}

function scaleExemplar(exemplar: Exemplar, factor: number): Exemplar {
  const { asDouble, asInt } = exemplar;
  return { ...exemplar, asDouble: scaleFloat(asDouble, factor), asInt: scaleInt(asInt, factor) };
}

function scaleSummary(point: SummaryDataPoint, factor: number): void {
  point.sum *= factor;
  for (const quantile of point.quantileValues) quantile.value *= factor;
}

function scaleFloat(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function scaleInt(value: bigint | undefined, factor: number): bigint | undefined {
  return value === undefined ? undefined : toIntLike(Number(value) * factor) ?? undefined;
}
