/**
 * What a processor of `service::telemetry` says, for spans and for log records alike.
 *
 * @module
 */

import type { OtlpConfig, ProcessorConfig } from "../../pipeline/config/service_telemetry.ts";

/** Where a processor sends to, if this gateway can send there. */
export function otlpOf({ batch, simple }: ProcessorConfig): OtlpConfig | undefined {
  const otlp = (batch ?? simple)?.exporter.otlp;
  return otlp?.protocol.startsWith("grpc") === true ? undefined : otlp;
}

/** The settings of `batch`, as the SDK's batch processors take them. */
export function batchLimits(batch: NonNullable<ProcessorConfig["batch"]>) {
  return {
    scheduledDelayMillis: batch.schedule_delay,
    exportTimeoutMillis: batch.export_timeout,
    maxQueueSize: batch.max_queue_size,
    maxExportBatchSize: Math.min(batch.max_export_batch_size, batch.max_queue_size),
  };
}
