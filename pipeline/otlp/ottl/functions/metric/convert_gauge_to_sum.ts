/**
 * `convert_gauge_to_sum(aggregation_temporality, is_monotonic)`
 *
 * @module
 */

import { alias, editor, litBool, litStr } from "../../../../../ottl/functions/definition.ts";
import { newMessage } from "../../../metric_model.ts";
import { editMetric, temporalityOf } from "../edit.ts";

export const convertGaugeToSum = editor({
  name: "convert_gauge_to_sum",
  summary: 'Makes a Sum of a Gauge, with the same points; the temporality is `"delta"` or `"cumulative"`. Any other ' +
    "metric stays as it is.",
  parameters: {
    stringAggTemp: alias(litStr, "aggregationTemporality"),
    monotonic: alias(litBool, "isMonotonic"),
  },
  examples: [{ text: 'convert_gauge_to_sum("cumulative", true) where metric.name == "requests"' }],
  compile: ({ stringAggTemp, monotonic: isMonotonic }) => {
    const aggregationTemporality = temporalityOf(stringAggTemp);
    return (item) =>
      editMetric(item, "gauge", (metric, { dataPoints }) => {
        metric.sum = newMessage("Sum", { dataPoints, aggregationTemporality, isMonotonic });
        metric.gauge = undefined;
      });
  },
});
