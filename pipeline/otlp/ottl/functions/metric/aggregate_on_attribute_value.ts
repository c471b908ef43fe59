/**
 * `aggregate_on_attribute_value(function, attribute, values, new_value)`
 *
 * @module
 */

import { alias, editor, listOf, litStr } from "../../../../../ottl/functions/definition.ts";
import { type DataPoint, dataPointsOf, decodeMetric, encodeMetric } from "../../../metric_model.ts";
import { encodeAnyValue } from "../../any_value.ts";
import type { MetricItem } from "../../item.ts";
import { aggregate, aggregationOf } from "../points/aggregation.ts";
import { stringOf } from "../points/attribute_of_points.ts";

export const aggregateOnAttributeValue = editor({
  name: "aggregate_on_attribute_value",
  summary: "Writes `new_value` to `attribute` of points where it is one of `values`, and merges points as " +
    "`aggregate_on_attributes` does. The metric's metadata is lost, and a Summary loses its points, as in the " +
    "reference engine.",
  parameters: {
    aggregationFunction: alias(litStr, "function"),
    attribute: litStr,
    values: listOf(litStr),
    newValue: litStr,
  },
  examples: [{ text: 'aggregate_on_attribute_value("sum", "http.route", ["/a", "/b"], "/ab")' }],
  compile: ({ aggregationFunction, attribute, values, newValue }) => {
    const aggregation = aggregationOf(aggregationFunction);
    const replaced = new Set(values);
    const value = encodeAnyValue(newValue);
    return (item) => {
      const target = item as MetricItem;
      const metric = decodeMetric(target.metricBytes());
      for (const point of dataPointsOf(metric)) replaceValue(point, attribute, replaced, value);
      aggregate(metric, aggregation);
      target.replaceMetric(encodeMetric(metric));
    };
  },
});

function replaceValue(point: DataPoint, wanted: string, replaced: ReadonlySet<string>, value: Uint8Array): void {
  const at = point.attributes.findIndex(({ key }) => key === wanted);
  const known = point.attributes[at];
  if (known === undefined || !replaced.has(stringOf(known.value))) return;
  point.attributes[at] = { ...known, value };
}
