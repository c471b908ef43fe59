/**
 * `extract_sum_metric(is_monotonic, suffix?)`
 *
 * @module
 */

import { alias, editor, litBool, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { newMessage } from "../../../metric_model.ts";
import { appendMetric } from "../edit.ts";
import { cumulableMetric, derivedMetric, numberPoint } from "../points/extraction.ts";

const NAME = "extract_sum_metric";

export const extractSumMetric = editor({
  name: NAME,
  summary: "Adds a Sum of the sums of a Histogram, ExponentialHistogram or Summary, named with `suffix` (default " +
    "`_sum`); points without a sum are left out. Any other metric is an error, also the new one: guard it with `where`.",
  parameters: { monotonic: alias(litBool, "isMonotonic"), suffix: optional(litStr) },
  examples: [{ text: "extract_sum_metric(true) where metric.type == METRIC_DATA_TYPE_HISTOGRAM" }],
  compile: ({ monotonic: isMonotonic, suffix = "_sum" }) => (item) => {
    const { metric, points, temporality: aggregationTemporality } = cumulableMetric(item, NAME);
    const summed = points.filter(({ sum }) => sum !== undefined);
    if (summed.length === 0) return;
    const dataPoints = summed.map((point) => numberPoint(point, { asDouble: point.sum }));
    const sum = newMessage("Sum", { dataPoints, aggregationTemporality, isMonotonic });
    appendMetric(item, { ...derivedMetric(metric, suffix), sum });
  },
});
