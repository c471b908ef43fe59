/**
 * `convert_summary_count_val_to_sum(aggregation_temporality, is_monotonic, suffix?)`
 *
 * @module
 */

import { countOf } from "../points/extraction.ts";
import { summaryConversion } from "../points/summary_conversion.ts";

export const convertSummaryCountValToSum = summaryConversion("count", countOf);
