/**
 * `convert_summary_sum_val_to_sum(aggregation_temporality, is_monotonic, suffix?)`
 *
 * @module
 */

import { summaryConversion } from "../points/summary_conversion.ts";

export const convertSummarySumValToSum = summaryConversion("sum", ({ sum }) => ({ asDouble: sum }));
