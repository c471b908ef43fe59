/**
 * Results for the tests of the figures.
 *
 * @module
 */

import { type Environment, NO_RESULTS, type RequestRow, type Results } from "./results.ts";

export const ENVIRONMENT: Environment = {
  ...{ date: "2026-01-02", cores: 2, cpu: "a CPU", kernel: "6.1" },
  ...{ deno: "2.9.6", collector: "0.157.0" },
};

/** Three runs of 100 spans by ours, 10 us around `us`. */
export function requestRow(more: Partial<RequestRow> & { readonly us?: number } = {}): RequestRow {
  const { us = 100, ...rest } = more;
  return {
    ...{ scenario: "p100", variant: "plain", gateway: "sluice", commit: "aaaaaaa", method: "RATE=off" },
    cpuUs: { n: 3, median: us, low: us - 10, high: us + 10 },
    ...{ rssPeakMb: 118, latency: null, otherCores: 0.1 },
    ...rest,
  };
}

/** Of the commits aaaaaaa and bbbbbbb. */
export function resultsWith(more: Partial<Results>): Results {
  return { ...NO_RESULTS, environments: { aaaaaaa: ENVIRONMENT, bbbbbbb: ENVIRONMENT }, ...more };
}
