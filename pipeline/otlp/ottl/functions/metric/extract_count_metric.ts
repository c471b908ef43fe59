/**
 * `extract_count_metric(is_monotonic, suffix?)`
 *
 * @module
 */

import { alias, editor, litBool, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { newMessage } from "../../../metric_model.ts";
import { appendMetric } from "../edit.ts";
import { countOf, cumulableMetric, derivedMetric, numberPoint } from "../points/extraction.ts";

const NAME = "extract_count_metric";

export const extractCountMetric = editor({
  name: NAME,
  summary:
    "Adds a Sum of the counts of a Histogram, ExponentialHistogram or Summary, of unit `1`, named with `suffix` " +
    "(default `_count`). Any other metric is an error, also the new one: guard it with `where`.",
  parameters: { monotonic: alias(litBool, "isMonotonic"), suffix: optional(litStr) },
  examples: [{ text: "extract_count_metric(true) where metric.type == METRIC_DATA_TYPE_HISTOGRAM" }],
  compile: ({ monotonic: isMonotonic, suffix = "_count" }) => (item) => {
    const { metric, points, temporality: aggregationTemporality } = cumulableMetric(item, NAME);
    if (points.length === 0) return;
    const dataPoints = points.map((point) => numberPoint(point, countOf(point)));
    const sum = newMessage("Sum", { dataPoints, aggregationTemporality, isMonotonic });
    appendMetric(item, { ...derivedMetric(metric, suffix), unit: "1", sum });
  },
});
