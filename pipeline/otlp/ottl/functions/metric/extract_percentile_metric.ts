/**
 * `extract_percentile_metric(percentile, suffix?)`
 *
 * @module
 */

import { editor, type Item, litFloat, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { floatText } from "../../../../../ottl/values/numbers.ts";
import {
  type DataPoint,
  decodeMetric,
  type Metric,
  metricKindOf,
  newMessage,
  type NumberDataPoint,
} from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";
import { appendMetric } from "../edit.ts";
import { derivedMetric, numberPoint } from "../points/extraction.ts";
import { exponentialPercentile, histogramPercentile } from "../points/percentile.ts";

export const extractPercentileMetric = editor({
  name: "extract_percentile_metric",
  summary:
    "Adds a Gauge of a percentile (a float above 0 and below 100) of a Histogram or ExponentialHistogram, named " +
    "with `suffix` (default `_p<percentile>`). Points that have no observations or no bounds are left out. Any other " +
    "metric stays as it is.",
  parameters: { percentile: litFloat, suffix: optional(litStr) },
  examples: [{ text: 'extract_percentile_metric(99.9) where metric.unit == "ms"' }],
  compile: ({ percentile, suffix }) => {
    if (!(percentile > 0 && percentile < 100)) {
      throw new OttlError("arg_value", `percentile must be greater than 0 and less than 100, got ${percentile}`);
    }
    const label = `p${shortText(percentile)}`;
    return (item) => {
      const metric = histogramOf(item);
      if (metric === undefined) return;
      const dataPoints = percentilePoints(metric, percentile);
      if (dataPoints.length === 0) return;
      const { description } = metric;
      appendMetric(item, {
        ...derivedMetric(metric, suffix || `_${label}`),
        description: description === "" ? label : `${description} (${label})`,
        gauge: newMessage("Gauge", { dataPoints }),
      });
    };
  },
});

function histogramOf(item: Item): Metric | undefined {
  const bytes = (item as MetricItem).metricBytes();
  const kind = metricKindOf(bytes);
  return kind === "histogram" || kind === "exponentialHistogram" ? decodeMetric(bytes) : undefined;
}

function percentilePoints({ histogram, exponentialHistogram }: Metric, percentile: number): NumberDataPoint[] {
  if (histogram === undefined) {
    return pointsOf(exponentialHistogram?.dataPoints ?? [], (point) => exponentialPercentile(point, percentile));
  }
  return pointsOf(histogram.dataPoints, (point) => histogramPercentile(point, percentile));
}

function pointsOf<P extends DataPoint>(points: readonly P[], valueOf: (point: P) => number | undefined) {
  return points.flatMap((point) => {
    const asDouble = valueOf(point);
    return asDouble === undefined ? [] : [numberPoint(point, { asDouble })];
  });
}

/** As Go's %g prints it: a percentile is below 100, so only small ones have an exponent. */
function shortText(percentile: number): string {
  if (percentile >= 1e-4) return floatText(percentile);
  return percentile.toExponential().replace(/e-(\d)$/, "e-0$1");
}
