/**
 * `service::telemetry::logs::processors`: own log records by OTLP, through the OpenTelemetry SDK, which is loaded only
 * when they are wanted.
 *
 * @module
 */

import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { ProcessorConfig, TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { LogRecord, LogTee } from "../../pipeline/core/log_tee.ts";
import type { LogLevel } from "../../pipeline/core/log.ts";
import type { Attributes } from "../../pipeline/core/telemetry.ts";
import { lastWords, OtlpPush, type OtlpPushDeps } from "./otlp_push.ts";
import { batchLimits, otlpOf } from "./processor.ts";

const SCOPE = "sluice";

/** Source: OpenTelemetry logs data model, "Severity Fields". */
const SEVERITY_NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/** Whether records go anywhere but to the output. */
export function isExportingLogs({ processors }: TelemetryConfig["logs"]): boolean {
  return processors.some((processor) => otlpOf(processor) !== undefined);
}

/** The part of a thread that sends what is logged: while it runs, `tee` hands records to it. */
export function ownLogs(
  { processors }: TelemetryConfig["logs"],
  resource: Attributes,
  tee: LogTee,
  deps: OtlpPushDeps,
): Lifecycle {
  let stop = (_deadline: AbortSignal) => Promise.resolve();
  return {
    async start() {
      const sdk = await loadSdk();
      const provider = new sdk.LoggerProvider({
        resource: sdk.resourceFromAttributes(resource),
        processors: processors.flatMap((processor) => openProcessor(sdk, processor, deps) ?? []),
      });
      const logger = provider.getLogger(SCOPE);
      const remove = tee.use((record) => logger.emit(toApi(sdk, record)));
      stop = async (deadline) => {
        remove();
        await lastWords(provider.shutdown(), deadline);
      };
    },
    shutdown: (deadline) => stop(deadline),
  };
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;

async function loadSdk() {
  const [logs, transformer, resources, api] = await Promise.all([
    import("@opentelemetry/sdk-logs"),
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/api"),
  ]);
  return { ...logs, ...transformer, ...resources, api };
}

function openProcessor(sdk: Sdk, processor: ProcessorConfig, deps: OtlpPushDeps): LogRecordProcessor | undefined {
  const otlp = otlpOf(processor);
  if (otlp === undefined) return undefined;
  const serializers = { protobuf: sdk.ProtobufLogsSerializer, json: sdk.JsonLogsSerializer };
  const exporter = new OtlpPush<ReadableLogRecord[]>(otlp, "/v1/logs", serializers, deps);
  const { batch } = processor;
  if (batch === undefined) return new sdk.SimpleLogRecordProcessor({ exporter });
  return new sdk.BatchLogRecordProcessor({ exporter, ...batchLimits(batch) });
}

/** The trace of a record is its context, not an attribute. */
function toApi({ api }: Sdk, { timeMs, level, message, fields }: LogRecord) {
  const { trace_id: traceId, span_id: spanId, ...attributes } = fields;
  const isTraced = typeof traceId === "string" && typeof spanId === "string";
  return {
    timestamp: timeMs,
    severityNumber: SEVERITY_NUMBERS[level],
    severityText: level,
    body: message,
    attributes,
    context: isTraced
      ? api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 })
      : api.ROOT_CONTEXT,
  };
}
