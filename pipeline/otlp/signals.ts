/**
 * The signals as rows of one table: nothing else in the tree is written once per signal.
 *
 * Sources: opentelemetry-proto 1.11.0 (collector/{trace,metrics,logs,profiles}_service.proto); the collector's names
 * for its own metrics.
 *
 * @module
 */

export type Signal = "traces" | "metrics" | "logs" | "profiles";

export interface SignalRow {
  readonly signal: Signal;
  /** Receiver and exporter path that OTLP/HTTP gives it. */
  readonly path: string;
  /** What one item is called in a message to a person. */
  readonly itemName: string;
  /** Suffix in `otelcol_receiver_accepted_…` and its kind. */
  readonly metricSuffix: string;
  /** JSON key of the rejected count in `partialSuccess`. */
  readonly rejectedKey: string;
  /** JSON key of the request's only repeated field. */
  readonly resourceKey: string;
  /** The collector's default Kafka topic. */
  readonly kafkaTopic: string;
  /** Config key of a kafka exporter's section, and the first word of an otlp exporter's `…_endpoint`. */
  readonly configKey: string;
  /** Whether two requests of it may be joined: profiles share a dictionary, so they may not. */
  readonly mergeable: boolean;
}

export const SIGNALS: Readonly<Record<Signal, SignalRow>> = {
  traces: {
    signal: "traces",
    path: "/v1/traces",
    itemName: "spans",
    metricSuffix: "spans",
    rejectedKey: "rejectedSpans",
    resourceKey: "resourceSpans",
    kafkaTopic: "otlp_spans",
    configKey: "traces",
    mergeable: true,
  },
  metrics: {
    signal: "metrics",
    path: "/v1/metrics",
    itemName: "data points",
    metricSuffix: "metric_points",
    rejectedKey: "rejectedDataPoints",
    resourceKey: "resourceMetrics",
    kafkaTopic: "otlp_metrics",
    configKey: "metrics",
    mergeable: true,
  },
  logs: {
    signal: "logs",
    path: "/v1/logs",
    itemName: "log records",
    metricSuffix: "log_records",
    rejectedKey: "rejectedLogRecords",
    resourceKey: "resourceLogs",
    kafkaTopic: "otlp_logs",
    configKey: "logs",
    mergeable: true,
  },
  profiles: {
    signal: "profiles",
    path: "/v1development/profiles",
    itemName: "samples",
    metricSuffix: "profile_samples",
    rejectedKey: "rejectedProfiles",
    resourceKey: "resourceProfiles",
    kafkaTopic: "otlp_profiles",
    configKey: "profiles",
    mergeable: false,
  },
};

export const SIGNAL_NAMES = Object.keys(SIGNALS) as readonly Signal[];

export function isSignal(text: string): text is Signal {
  return Object.hasOwn(SIGNALS, text);
}
