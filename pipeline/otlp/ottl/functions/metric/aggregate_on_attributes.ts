/**
 * `aggregate_on_attributes(function, attributes?)`
 *
 * @module
 */

import { alias, editor, listOf, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { type DataPoint, dataPointsOf, decodeMetric, encodeMetric, metricKindOf } from "../../../metric_model.ts";
import type { MetricItem } from "../../item.ts";
import { aggregate, aggregationOf } from "../points/aggregation.ts";

export const aggregateOnAttributes = editor({
  name: "aggregate_on_attributes",
  summary:
    "Keeps only the listed attributes of points (all when they are not given, none of `[]`) and merges those that " +
    "are then alike in attributes and time: `sum`, `max`, `min`, `mean`, `median` or `count` of a Gauge or Sum; " +
    "histograms are summed. The metric's metadata is lost. A Summary is an error.",
  parameters: {
    aggregationFunction: alias(litStr, "function"),
    attributes: optional(listOf(litStr)),
  },
  examples: [{ text: 'aggregate_on_attributes("sum", ["http.route"]) where metric.name == "http.requests"' }],
  compile: ({ aggregationFunction, attributes }) => {
    const aggregation = aggregationOf(aggregationFunction);
    const kept = attributes && new Set(attributes);
    return (item) => {
      const target = item as MetricItem;
      const bytes = target.metricBytes();
      if (metricKindOf(bytes) === "summary") {
        throw new OttlError("value", "aggregate_on_attributes does not support aggregating Summary metrics");
      }
      const metric = decodeMetric(bytes);
      if (kept !== undefined) { for (const point of dataPointsOf(metric)) keepAttributes(point, kept); }
      aggregate(metric, aggregation);
      target.replaceMetric(encodeMetric(metric));
    };
  },
});

function keepAttributes(point: DataPoint, kept: ReadonlySet<string>): void {
  point.attributes = point.attributes.filter(({ key }) => kept.has(key));
}
