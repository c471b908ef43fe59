/**
 * What `convert_summary_count_val_to_sum` and `convert_summary_sum_val_to_sum` share.
 *
 * @module
 */

import {
  alias,
  editor,
  type FunctionDefinition,
  litBool,
  litStr,
  optional,
} from "../../../../../ottl/functions/definition.ts";
import { decodeMetric, newMessage, type SummaryDataPoint } from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";
import { appendMetric, temporalityOf } from "../edit.ts";
import { derivedMetric, numberPoint, type PointNumber } from "./extraction.ts";

/**
 * An editor that adds a Sum of one number a point of a Summary. In the datapoint context it runs, and adds, once for
 * each point: so does the reference engine.
 *
 * @param what Of a point, as the name and the suffix say it.
 */
export function summaryConversion(
  what: "count" | "sum",
  numberOf: (point: SummaryDataPoint) => PointNumber,
): FunctionDefinition {
  const name = `convert_summary_${what}_val_to_sum`;
  return editor({
    name,
    summary:
      `Adds a Sum of the ${what}s of all points of a Summary, named with \`suffix\` (default \`_${what}\`). Any ` +
      "other metric stays as it is. It runs for every point, so a Summary of several points gets as many new metrics.",
    parameters: {
      stringAggTemp: alias(litStr, "aggregationTemporality"),
      monotonic: alias(litBool, "isMonotonic"),
      suffix: optional(litStr),
    },
    examples: [{ text: `${name}("cumulative", true) where metric.name == "rpc.duration"` }],
    compile: ({ stringAggTemp, monotonic: isMonotonic, suffix = `_${what}` }) => {
      const aggregationTemporality = temporalityOf(stringAggTemp);
      return (item) => {
        const source = item as MetricItem;
        if (source.dataPointKind() !== "summary") return;
        const metric = decodeMetric(source.metricBytes());
        const points = metric.summary?.dataPoints ?? [];
        const dataPoints = points.map((point) => numberPoint(point, numberOf(point)));
        const sum = newMessage("Sum", { dataPoints, aggregationTemporality, isMonotonic });
        appendMetric(item, { ...derivedMetric(metric, suffix), sum });
      };
    },
  });
}
