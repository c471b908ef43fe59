/**
 * What one thread tells of itself beside its lines and series: spans and log records, and in the control thread metrics
 * by OTLP. Parts as any other: a new configuration of them is started beside the old one.
 *
 * @module
 */

import { isGrpc, type TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { LogTee } from "../../pipeline/core/log/tee.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { Tracer } from "../../pipeline/core/telemetry/trace.ts";
import type { PartDraft } from "../../pipeline/graph/build.ts";
import { shownAt } from "./own_metrics.ts";
import type { OtlpPushDeps } from "./otlp_push.ts";
import { isExportingLogs, ownLogs } from "./own_logs.ts";
import { ownMetricsPush } from "./own_metrics_push.ts";
import { isTracing, ownTraces } from "./own_traces.ts";

export interface OwnTelemetryDeps extends OtlpPushDeps {
  readonly resource: Attributes;
  readonly tracer: Tracer;
  readonly tee: LogTee;
  /** Absent in a data worker: the control thread reads the metrics of all. */
  readonly collect?: () => readonly SeriesValue[];
}

/** The parts that a configuration asks for. */
export function ownTelemetry({ logs, metrics, traces }: TelemetryConfig, deps: OwnTelemetryDeps): PartDraft[] {
  const { resource, tracer, tee, collect } = deps;
  const print = (config: unknown) => JSON.stringify([config, resource]);
  const parts: PartDraft[] = [];
  if (isTracing(traces)) {
    parts.push({
      name: "own traces",
      fingerprint: print(traces),
      make: () => ownTraces(traces, resource, tracer, deps),
    });
  }
  if (isExportingLogs(logs)) {
    const { processors } = logs;
    parts.push({ name: "own logs", fingerprint: print(processors), make: () => ownLogs(logs, resource, tee, deps) });
  }
  if (collect === undefined || metrics.level === "none") return parts;
  metrics.readers.forEach(({ periodic }, at) => {
    const otlp = periodic?.exporter.otlp;
    if (periodic === undefined || otlp === undefined || isGrpc(otlp)) return;
    parts.push({
      name: `own metrics by OTLP, reader ${at}`,
      fingerprint: print([periodic, metrics.level]),
      make: () => ownMetricsPush(periodic, resource, shownAt(metrics.level, collect), deps),
    });
  });
  return parts;
}
