/**
 * `service::telemetry::logs::processors`: own log records by OTLP.
 *
 * Source: opentelemetry-proto 1.11.0, logs.
 *
 * @module
 */

import type { TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { LogRecord, LogTee } from "../../pipeline/core/log_tee.ts";
import type { LogLevel } from "../../pipeline/core/log.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import { WireType } from "../../pipeline/wire/protobuf.ts";
import { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import {
  MAX_SCRATCH_BYTES,
  resourceMessage,
  writeAttributes,
  writeId,
  writeTime,
  writeValue,
} from "./otlp_messages.ts";
import { lastWords, type OtlpPushDeps } from "./otlp_push.ts";
import { isSending, openBatches } from "./record_batch.ts";

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
  const batches = openBatches("logs", processors, resourceMessage(resource), deps);
  const scratch = new ProtoWriter();
  let remove = () => {};
  return {
    start() {
      remove = tee.use((record) => {
        scratch.clear(MAX_SCRATCH_BYTES);
        writeRecord(scratch, record);
        for (const batch of batches) batch.add(scratch);
      });
      return Promise.resolve();
    },
    async shutdown(deadline) {
      remove();
      await lastWords(Promise.all(batches.map((batch) => batch.shutdown())), deadline);
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
    writer.tag(8, WireType.fixed32);
    writer.fixed32(SAMPLED_FLAG);
    writeId(writer, 9, traceId);
    writeId(writer, 10, spanId);
  }
  writeTime(writer, 11, timeMs);
}
