/**
 * `convert_sum_to_gauge()`
 *
 * @module
 */

import { editor } from "../../../../../ottl/functions/definition.ts";
import { newMessage } from "../../../metric_model.ts";
import { editMetric } from "../edit.ts";

export const convertSumToGauge = editor({
  name: "convert_sum_to_gauge",
  summary: "Makes a Gauge of a Sum, with the same points. Any other metric stays as it is.",
  parameters: {},
  examples: [{ text: 'convert_sum_to_gauge() where metric.name == "queue.length"' }],
  compile: () => (item) =>
    editMetric(item, "sum", (metric, { dataPoints }) => {
      metric.gauge = newMessage("Gauge", { dataPoints });
      metric.sum = undefined;
    }),
});
