/**
 * How much agents handle and how much of it goes wrong, out of their own metrics: what an error rate is judged by.
 *
 * Agents that report own metrics are offered the controller as their destination. What comes is read for the counters of
 * the collector's exporters and receivers, which count items since the process began; everything else is passed over.
 * Source: opamp-spec, "Own Telemetry Reporting"; OTLP metrics.proto; collector internal telemetry.
 *
 * @module
 */

import type { AgentTraffic } from "../opamp/rollouts/mod.ts";
import { FieldReader, WireType } from "../pipeline/wire/protobuf.ts";

/** What one agent told. */
export interface AgentReport {
  /** Its `service.instance.id`; empty: it says none. */
  readonly instanceId: string;
  /** Undefined: it tells none of the counters, as one that has not handled anything may. */
  readonly traffic: AgentTraffic | undefined;
}

/** `_total` is what a Prometheus exporter puts behind; the collector's names have none or that. */
const SENT = /^otelcol_exporter_sent_(?:spans|metric_points|log_records|profile_samples)(?:_total)?$/;
const FAILED =
  /^otelcol_(?:exporter_(?:send|enqueue)_failed|receiver_refused)_(?:spans|metric_points|log_records|profile_samples)(?:_total)?$/;

const CUMULATIVE = 2;
/** Attribute of a resource, and of an agent's description, that names the agent. */
export const INSTANCE_ID = "service.instance.id";

/**
 * What agents told in one ExportMetricsServiceRequest, each resource a report.
 *
 * @throws {InvalidPayloadError} It is none.
 */
export function readAgentReports(bytes: Uint8Array): AgentReport[] {
  return Array.from(children(bytes, 1), (resourceMetrics) => ({
    instanceId: instanceIdOf(resourceMetrics),
    traffic: trafficOf(resourceMetrics),
  }));
}

/** Undefined when the agent tells none of the counters. */
function trafficOf(resourceMetrics: Uint8Array): AgentTraffic | undefined {
  let [sent, errors, isTold] = [0, 0, false];
  for (const scopeMetrics of children(resourceMetrics, 2)) {
    for (const metric of children(scopeMetrics, 2)) {
      const name = textOf(metric, 1);
      const isError = FAILED.test(name);
      if (!isError && !SENT.test(name)) continue;
      const value = cumulativeSum(metric);
      if (value === undefined) continue;
      isTold = true;
      if (isError) errors += value;
      else sent += value;
    }
  }
  return isTold ? { items: sent + errors, errors } : undefined;
}

/** Of `Metric.sum`: all its points together; undefined when it is none, or counts from one report to the next. */
function cumulativeSum(metric: Uint8Array): number | undefined {
  for (const sum of children(metric, 7)) {
    let [total, temporality] = [0, 0];
    const fields = new FieldReader(sum);
    while (fields.next()) {
      if (fields.field === 1) total += pointOf(fields.view());
      else if (fields.field === 2) temporality = sum[fields.start] ?? 0;
    }
    return temporality === CUMULATIVE ? total : undefined;
  }
  return undefined;
}

/** `NumberDataPoint`: as_double is field 4, as_int field 6, both of 8 bytes. */
function pointOf(point: Uint8Array): number {
  const fields = new FieldReader(point);
  let value = 0;
  while (fields.next()) {
    if (fields.valueEnd - fields.start !== 8) continue;
    const view = new DataView(point.buffer, point.byteOffset + fields.start, 8);
    if (fields.field === 4) value = view.getFloat64(0, true);
    else if (fields.field === 6) value = Number(view.getBigInt64(0, true));
  }
  return Number.isFinite(value) ? Math.max(0, value) : 0;
}

function instanceIdOf(resourceMetrics: Uint8Array): string {
  for (const resource of children(resourceMetrics, 1)) {
    for (const attribute of children(resource, 1)) {
      if (textOf(attribute, 1) !== INSTANCE_ID) continue;
      for (const value of children(attribute, 2)) return textOf(value, 1);
    }
  }
  return "";
}

/** The values of a field of messages. */
function* children(message: Uint8Array, field: number): Generator<Uint8Array> {
  const fields = new FieldReader(message);
  while (fields.next()) if (fields.field === field && (fields.tag & 7) === WireType.bytes) yield fields.view();
}

function textOf(message: Uint8Array, field: number): string {
  for (const text of children(message, field)) return new TextDecoder().decode(text);
  return "";
}
