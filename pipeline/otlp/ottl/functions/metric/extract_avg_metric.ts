/**
 * `extract_avg_metric(suffix?)`
 *
 * @module
 */

import { editor, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { newMessage } from "../../../metric_model.ts";
import { appendMetric } from "../edit.ts";
import { countedMetric, derivedMetric, numberPoint } from "../points/extraction.ts";

const NAME = "extract_avg_metric";

export const extractAvgMetric = editor({
  name: NAME,
  summary:
    "Adds a Gauge of sum by count of a Histogram, ExponentialHistogram or Summary, named with `suffix` (default " +
    "`_avg`); points without a sum or a count are left out. Any other metric is an error, also the new one: guard it " +
    "with `where`.",
  parameters: { suffix: optional(litStr) },
  examples: [{ text: "extract_avg_metric() where metric.type == METRIC_DATA_TYPE_HISTOGRAM" }],
  compile: ({ suffix = "_avg" }) => (item) => {
    const { metric, points } = countedMetric(item, NAME);
    const dataPoints = points.flatMap((point) => {
      const { sum, count } = point;
      return sum === undefined || count === 0n ? [] : [numberPoint(point, { asDouble: sum / Number(count) })];
    });
    if (dataPoints.length === 0) return;
    appendMetric(item, { ...derivedMetric(metric, suffix), gauge: newMessage("Gauge", { dataPoints }) });
  },
});
