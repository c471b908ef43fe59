/**
 * The gateway's own metrics for Prometheus: the text format and the app that serves it.
 *
 * Names are the collector's as scraped by default: without `_total` and without units (collector reference, section 9).
 * Source: Prometheus exposition formats, "Text-based format", version 0.0.4.
 *
 * @module
 */

import { Hono } from "hono";
import type { SeriesValue } from "../pipeline/core/telemetry_store.ts";
import type { Attributes } from "../pipeline/core/telemetry.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** What a metric means, by the start of its name; the longest that fits is taken. */
const HELP: readonly (readonly [prefix: string, help: string])[] = [
  ["otelcol_receiver_accepted", "Items that the receiver took and that are kept."],
  ["otelcol_receiver_refused", "Items that could not be put into the pipeline; the sender was told."],
  ["otelcol_receiver_failed", "Items that the receiver could not take for a reason of its own."],
  ["otelcol_receiver_requests", "Requests by their outcome."],
  ["otelcol_exporter_sent", "Items that the destination has acknowledged."],
  ["otelcol_exporter_send_failed", "Items that could not be delivered, after retries."],
  ["otelcol_exporter_enqueue_failed", "Items that found no room in the sending queue."],
  ["otelcol_exporter_queue_size", "What the sending queue holds now, in the unit of its sizer."],
  ["otelcol_exporter_queue_capacity", "What the sending queue can hold, in the unit of its sizer."],
  ["otelcol_exporter_in_flight_requests", "Requests that wait for the destination's answer."],
  ["otelcol_exporter_enqueue_size", "Size of what is put into the sending queue."],
  ["otelcol_exporter_queue_batch_send_size", "Size of the batches that are sent."],
  ["otelcol_processor_incoming_items", "Items passed to the processor."],
  ["otelcol_processor_outgoing_items", "Items that the processor passed on."],
  ["otelcol_processor_internal_duration", "Time spent in the processor, seconds."],
  ["otelcol_processor_batch_batch_send_size", "Size of the batches that the batch processor passed on."],
  ["otelcol_processor_batch_batch_size_trigger_send", "Batches sent because they were full."],
  ["otelcol_processor_batch_timeout_trigger_send", "Batches sent because their time was up."],
  ["otelcol_processor_batch_metadata_cardinality", "Batchers of the batch processor, one a combination of metadata."],
  ["otelcol_processor_memory_limiter_accepted", "Items let through by the memory limiter."],
  ["otelcol_processor_memory_limiter_refused", "Items refused by the memory limiter."],
  ["otelcol_kafka", "Traffic with the Kafka brokers."],
  ["otelcol_process_uptime", "Time since the process started, seconds."],
  ["otelcol_process_cpu_seconds", "CPU time of the process, user and system, seconds."],
  ["otelcol_process_memory_rss", "Resident memory of the process, bytes."],
  ["otelcol_process_runtime_heap_alloc_bytes", "JavaScript heap in use by all threads, bytes."],
  ["target_info", "Attributes of the resource that these metrics describe."],
  ["sluice_receiver_refused_requests", "Requests that were not answered with 200, by the kind of failure."],
  ["sluice_telemetry_overflow", "Amounts added to series for which there was no room."],
  ["sluice_worker_restarts", "Data workers that died and were started again."],
];

/** The metrics page. `GET` and `HEAD` of `/metrics`; all else is 404. */
export function createMetricsApp(collect: () => readonly SeriesValue[], constantLabels: Attributes = {}): Hono {
  const app = new Hono();
  app.get("/metrics", (c) => c.body(prometheusText(collect(), constantLabels), 200, { "content-type": CONTENT_TYPE }));
  return app;
}

/** The series as Prometheus text; those of one name must stand together. */
export function prometheusText(series: readonly SeriesValue[], constantLabels: Attributes = {}): string {
  const lines: string[] = [];
  let lastName = "";
  for (const one of series) {
    const name = metricName(one.name);
    if (name !== lastName) {
      lines.push(`# HELP ${name} ${escapeHelp(helpOf(name))}`, `# TYPE ${name} ${one.kind}`);
      lastName = name;
    }
    const labels = Object.entries({ ...constantLabels, ...one.attributes }).map(renderLabel);
    lines.push(
      ...(one.kind === "histogram" ? histogramLines(name, labels, one) : [sample(name, labels, one.values[0])]),
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

function histogramLines(name: string, labels: readonly string[], { bounds, values }: SeriesValue): string[] {
  let count = 0;
  const buckets = [...bounds, Infinity].map((bound, at) => {
    count += values[at] ?? 0;
    return sample(`${name}_bucket`, [...labels, `le="${number(bound)}"`], count);
  });
  return [...buckets, sample(`${name}_sum`, labels, values[bounds.length + 1]), sample(`${name}_count`, labels, count)];
}

function sample(name: string, labels: readonly string[], value = 0): string {
  return `${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${number(value)}`;
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function renderLabel([name, value]: readonly [string, string]): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `${name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d)/, "_")}="${escaped}"`;
}

function metricName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d)/, "_");
}

function helpOf(name: string): string {
  const fitting = HELP.filter(([prefix]) => name.startsWith(prefix));
  return fitting.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? `The metric ${name}.`;
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
