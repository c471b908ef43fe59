/**
 * `service::telemetry::logs::processors`: own log records by OTLP.
 *
 * Source: opentelemetry-proto 1.11.0, logs.
 *
 * @module
 */

import type { TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { LogRecord, LogTee } from "../../pipeline/core/log/tee.ts";
import type { LogLevel } from "../../pipeline/core/log/logger.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import { writeAttributes, writeFlags, writeId, writeTime, writeValue } from "./otlp_messages.ts";
import type { OtlpPushDeps } from "./otlp_push.ts";
import { isSending } from "./record_batch.ts";
import { openRecorder } from "./recorder.ts";

/** Source: OpenTelemetry logs data model, "Severity Fields". */
const SEVERITY_NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 };
const SAMPLED_FLAG = 1;

/** Whether records go anywhere but to the output. */
export function isExportingLogs({ processors }: TelemetryConfig["logs"]): boolean {
  return processors.some(isSending);
}

/** The part of a thread that sends what is logged: while it runs, `tee` hands records to it. */
export function ownLogs(
  { processors }: TelemetryConfig["logs"],
  resource: Attributes,
  tee: LogTee,
  deps: OtlpPushDeps,
): Lifecycle {
  const recorder = openRecorder("logs", processors, resource, deps);
  let remove = () => {};
  return {
    start() {
      remove = tee.use((record) => recorder.record((writer) => writeRecord(writer, record)));
      return Promise.resolve();
    },
    shutdown(deadline) {
      remove();
      return recorder.shutdown(deadline);
    },
  };
}

/** A LogRecord. The trace of a record is a field of its own, not an attribute. */
export function writeRecord(writer: ProtoWriter, { timeMs, level, message, fields }: LogRecord): void {
  const { trace_id: traceId, span_id: spanId, ...attributes } = fields;
  writeTime(writer, 1, timeMs);
  writer.varintField(2, SEVERITY_NUMBERS[level]);
  writer.stringField(3, level);
  writeValue(writer, 5, message);
  writeAttributes(writer, 6, attributes);
  if (typeof traceId === "string" && typeof spanId === "string") {
    writeFlags(writer, 8, SAMPLED_FLAG);
    writeId(writer, 9, traceId);
    writeId(writer, 10, spanId);
  }
  writeTime(writer, 11, timeMs);
}
