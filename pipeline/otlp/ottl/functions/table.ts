/**
 * Which functions exist where: by the component that a text belongs to, and its context.
 *
 * Source: OTTL reference 18.
 *
 * @module
 */

import type { FunctionTable } from "../../../../ottl/compile/context.ts";
import type { FunctionDefinition } from "../../../../ottl/functions/definition.ts";
import {
  functionTable,
  LOG_CONVERTERS,
  STANDARD_CONVERTERS,
  STANDARD_EDITORS,
} from "../../../../ottl/functions/table.ts";
import { convertSummaryCountValToSum } from "./datapoint/convert_summary_count_val_to_sum.ts";
import { convertSummarySumValToSum } from "./datapoint/convert_summary_sum_val_to_sum.ts";
import { mergeHistogramBuckets } from "./datapoint/merge_histogram_buckets.ts";
import { aggregateOnAttributeValue } from "./metric/aggregate_on_attribute_value.ts";
import { aggregateOnAttributes } from "./metric/aggregate_on_attributes.ts";
import { convertExponentialHistogramToHistogram } from "./metric/convert_exponential_histogram_to_histogram.ts";
import { convertGaugeToSum } from "./metric/convert_gauge_to_sum.ts";
import { convertSumToGauge } from "./metric/convert_sum_to_gauge.ts";
import { convertSummaryQuantileValToGauge } from "./metric/convert_summary_quantile_val_to_gauge.ts";
import { copyMetric } from "./metric/copy_metric.ts";
import { extractAvgMetric } from "./metric/extract_avg_metric.ts";
import { extractCountMetric } from "./metric/extract_count_metric.ts";
import { extractPercentileMetric } from "./metric/extract_percentile_metric.ts";
import { extractSumMetric } from "./metric/extract_sum_metric.ts";
import { hasAttrKeyOnDatapoint } from "./metric/has_attr_key_on_datapoint.ts";
import { hasAttrOnDatapoint } from "./metric/has_attr_on_datapoint.ts";
import { scaleMetric } from "./metric/scale_metric.ts";
import { route } from "./route.ts";
import { isRootSpan } from "./span/is_root_span.ts";
import { setSemconvSpanName } from "./span/set_semconv_span_name.ts";

/** Where a text stands. */
export const TEXT_PLACES = ["transform statement", "transform condition", "filter", "routing"] as const;
export type TextPlace = typeof TEXT_PLACES[number];

/** Functions that some contexts have besides the standard ones. */
type ContextFunctions = Readonly<Record<string, readonly FunctionDefinition[]>>;

interface PlaceFunctions {
  readonly standard: readonly FunctionDefinition[];
  readonly byContext: ContextFunctions;
}

const STATEMENT_FUNCTIONS: ContextFunctions = {
  span: [isRootSpan, setSemconvSpanName],
  metric: [
    aggregateOnAttributeValue,
    aggregateOnAttributes,
    convertExponentialHistogramToHistogram,
    convertGaugeToSum,
    convertSumToGauge,
    convertSummaryQuantileValToGauge,
    copyMetric,
    extractAvgMetric,
    extractCountMetric,
    extractPercentileMetric,
    extractSumMetric,
    scaleMetric,
  ],
  datapoint: [convertSummaryCountValToSum, convertSummarySumValToSum, mergeHistogramBuckets],
  log: LOG_CONVERTERS,
};

const CONDITION_FUNCTIONS: ContextFunctions = {
  span: [isRootSpan],
  metric: [hasAttrKeyOnDatapoint, hasAttrOnDatapoint],
};

/** Editors that a route's statement may call. */
const ROUTE_EDITORS: readonly FunctionDefinition[] = [
  route,
  ...STANDARD_EDITORS.filter(({ name }) => name === "delete_key" || name === "delete_matching_keys"),
];

const CONDITIONS: PlaceFunctions = { standard: STANDARD_CONVERTERS, byContext: CONDITION_FUNCTIONS };

const PLACES: Readonly<Record<TextPlace, PlaceFunctions>> = {
  "transform statement": {
    standard: [...STANDARD_EDITORS, ...STANDARD_CONVERTERS],
    byContext: STATEMENT_FUNCTIONS,
  },
  "transform condition": CONDITIONS,
  "filter": CONDITIONS,
  "routing": { standard: [...ROUTE_EDITORS, ...STANDARD_CONVERTERS], byContext: { span: [isRootSpan] } },
};

/** The functions that a text in `place` and of `context` may call. */
export function functionsOf(place: TextPlace, context: string): FunctionTable {
  const { standard, byContext } = PLACES[place];
  return functionTable(standard, byContext[context] ?? []);
}

/** The functions of `context` that are not in every context: what documentation adds for it. */
export function ownFunctionsOf(context: string): readonly FunctionDefinition[] {
  return [...new Set([...STATEMENT_FUNCTIONS[context] ?? [], ...CONDITION_FUNCTIONS[context] ?? []])];
}
