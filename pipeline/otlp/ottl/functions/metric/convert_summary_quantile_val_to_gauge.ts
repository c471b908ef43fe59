/**
 * `convert_summary_quantile_val_to_gauge(attribute_key?, suffix?)`
 *
 * @module
 */

import { editor, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { decodeMetric, type KeyValue, metricKindOf, newMessage } from "../../../metric_model.ts";
import { encodeAnyValue } from "../../any_value.ts";
import type { MetricItem } from "../../item.ts";
import { appendMetric } from "../edit.ts";
import { derivedMetric, numberPoint } from "../points/extraction.ts";

export const convertSummaryQuantileValToGauge = editor({
  name: "convert_summary_quantile_val_to_gauge",
  summary: "Adds a Gauge of the quantiles of a Summary, one point each, with the quantile as the float attribute " +
    "`attribute_key` (default `quantile`), named with `suffix` (default `.quantiles`). Any other metric stays as it is.",
  parameters: { attributeKey: optional(litStr), suffix: optional(litStr) },
  examples: [{ text: 'convert_summary_quantile_val_to_gauge("q") where metric.name == "rpc.duration"' }],
  compile: ({ attributeKey = "quantile", suffix = ".quantiles" }) => (item) => {
    const bytes = (item as MetricItem).metricBytes();
    if (metricKindOf(bytes) !== "summary") return;
    const metric = decodeMetric(bytes);
    const dataPoints = (metric.summary?.dataPoints ?? []).flatMap((point) =>
      point.quantileValues.map(({ quantile, value }) => {
        const attributes = withAttribute(point.attributes, attributeKey, encodeAnyValue(quantile));
        return numberPoint({ ...point, attributes }, { asDouble: value });
      })
    );
    appendMetric(item, { ...derivedMetric(metric, suffix), gauge: newMessage("Gauge", { dataPoints }) });
  },
});

/** A list with the attribute in the place of the first one of its key, or at the end. */
function withAttribute(attributes: readonly KeyValue[], key: string, value: Uint8Array): KeyValue[] {
  const attribute = newMessage("KeyValue", { key, value });
  const at = attributes.findIndex((known) => known.key === key);
  return at === -1 ? [...attributes, attribute] : attributes.with(at, attribute);
}
