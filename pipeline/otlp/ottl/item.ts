/**
 * What functions over telemetry may ask of the item that a statement runs on.
 *
 * The `Item` that a function is given is the cursor of its signal: `item as MetricItem` in functions of the metric and
 * datapoint contexts, `item as SpanItem` in those of the span and spanevent contexts. All messages are protobuf bytes.
 *
 * @module
 */

import type { OttlMap } from "../../../ottl/values/value.ts";

/** How the points of a metric are made; `none` for a metric without data. */
export type DataPointKind = "none" | "number" | "histogram" | "exponential" | "summary";

export interface MetricItem {
  /** The Metric message with all edits so far. A view: copy what is kept past the call. */
  metricBytes(): Uint8Array;
  /**
   * Puts another Metric message in its place.
   *
   * @throws {OttlError} Its points are being visited (a context below the metric).
   */
  replaceMetric(message: Uint8Array): void;
  /**
   * Adds a Metric message behind the others of the scope. It is visited too, by the same pass.
   *
   * @throws {OttlError} "limit": so many were added to this batch that the next one is too much.
   */
  appendMetric(message: Uint8Array): void;
  /** Of the metric's data. */
  dataPointKind(): DataPointKind;
  /** The data point message with all edits so far; datapoint and exemplar contexts only. */
  dataPointBytes(): Uint8Array;
  /** Puts another data point of the same kind in its place. */
  replaceDataPoint(message: Uint8Array): void;
}

export interface SpanItem {
  spanName(): string;
  setSpanName(name: string): void;
  /** The number of its SpanKind. */
  spanKind(): number;
  /** Bytes of the parent span id; empty or zeros for a root. */
  parentSpanId(): Uint8Array;
  /** Live: editing it edits the span. */
  spanAttributes(): OttlMap;
}
