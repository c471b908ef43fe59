/**
 * One metric as data: a row of the table of all metrics.
 *
 * @module
 */

import type { SeriesKind } from "./store.ts";

/** `service::telemetry::metrics::level`, from nothing to everything. */
export const METRIC_LEVELS = ["none", "basic", "normal", "detailed"] as const;
export type MetricLevel = typeof METRIC_LEVELS[number];

/** One metric. */
export interface MetricRow {
  readonly name: string;
  readonly kind: SeriesKind;
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `{span}`. "" for a number without one. */
  readonly unit: string;
  /** The lowest level that shows it. */
  readonly level: Exclude<MetricLevel, "none">;
  readonly attributes: readonly string[];
  /** What the value is. */
  readonly help: string;
  /** When it changes. */
  readonly when: string;
}
