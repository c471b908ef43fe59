/**
 * A program that is instrumented with the official OpenTelemetry JavaScript SDK: `sdk_sender.ts BASE_URL protobuf|json`.
 *
 * Sends ten spans in a trace, three metrics and five log records, and ends with code 1 if the SDK reported a failure.
 *
 * @module
 */

import { context, diag, type DiagLogger, DiagLogLevel, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPLogExporter as JsonLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtoLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtoMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const EXPORTERS = {
  protobuf: { trace: ProtoTraceExporter, metric: ProtoMetricExporter, log: ProtoLogExporter },
  json: { trace: JsonTraceExporter, metric: JsonMetricExporter, log: JsonLogExporter },
};

export const SENT_SPANS = 10;
export const SENT_METRICS = 3;
export const SENT_RECORDS = 5;

function resource() {
  return resourceFromAttributes({ "service.name": "checkout", "service.version": "1.2.3" });
}

async function sendTraces(exporter: ProtoTraceExporter | JsonTraceExporter): Promise<void> {
  const provider = new TracerProvider({
    resource: resource(),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("shop", "2.0.0");
  const root = tracer.startSpan("GET /cart", { kind: SpanKind.SERVER, attributes: { "http.route": "/cart", "n": 7 } });
  for (let child = 1; child < SENT_SPANS; child++) {
    const span = tracer.startSpan(`query ${child}`, {}, trace.setSpan(context.active(), root));
    span.setAttribute("ratio", child / 4);
    span.addEvent("row", { "db.rows": child });
    span.end();
  }
  root.setStatus({ code: SpanStatusCode.ERROR, message: "über 9000 €" });
  root.end();
  await provider.shutdown();
}

async function sendMetrics(exporter: ProtoMetricExporter | JsonMetricExporter): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ resource: resource(), readers: [reader] });
  const meter = provider.getMeter("shop", "2.0.0");
  meter.createCounter("orders", { unit: "{order}" }).add(3, { "payment": "card" });
  meter.createGauge("temperature").record(21.5);
  const duration = meter.createHistogram("duration", { unit: "s" });
  for (const value of [0.1, 4, 90]) duration.record(value);
  await provider.shutdown();
}

async function sendLogs(exporter: ProtoLogExporter | JsonLogExporter): Promise<void> {
  const provider = new LoggerProvider({
    resource: resource(),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger("shop", "2.0.0");
  for (let record = 0; record < SENT_RECORDS; record++) {
    logger.emit({
      body: `order ${record}`,
      severityNumber: 9,
      severityText: "INFO",
      attributes: { "order.id": record, "nested": { "list": ["a", 1, true] } },
    });
  }
  await provider.shutdown();
}

/** Counts what the SDK reports as failed: it never throws. */
function countFailures(): () => number {
  let failures = 0;
  const fail = (message: string) => {
    failures++;
    // deno-lint-ignore no-console
    console.error(message);
  };
  const ignore = () => {};
  const logger: DiagLogger = { error: fail, warn: fail, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return () => failures;
}

async function main([baseUrl = "", encoding = ""]: readonly string[]): Promise<void> {
  const failures = countFailures();
  const { trace: Trace, metric: Metric, log: Log } = EXPORTERS[encoding === "json" ? "json" : "protobuf"];
  await Promise.all([
    sendTraces(new Trace({ url: `${baseUrl}/v1/traces` })),
    sendMetrics(new Metric({ url: `${baseUrl}/v1/metrics` })),
    sendLogs(new Log({ url: `${baseUrl}/v1/logs` })),
  ]);
  Deno.exit(failures() === 0 ? 0 : 1);
}

if (import.meta.main) await main(Deno.args);
