/**
 * Every metric of the gateway's own telemetry, as data: what the metrics page says of it, from which level on it is
 * shown, and what docs/metrics.md prints. A test holds that nothing is counted that is not listed here.
 *
 * Names are the collector's where it has the metric, as scraped by default: without `_total` and without units; ours
 * begin with `sluice_`. Source: collector reference, section 9; `metadata.yaml` of exporterhelper, processorhelper,
 * batchprocessor, receiverhelper and service 0.157, kafkaexporter 0.155.
 *
 * @module
 */

import { CONTROLLER_METRICS } from "./controller_metrics.ts";
import { METRIC_LEVELS, type MetricLevel, type MetricRow } from "./metric_row.ts";

export type { MetricLevel };

/** The last word of a metric that each signal has by itself, and its unit. */
const ITEMS: readonly (readonly [suffix: string, unit: string])[] = [
  ["spans", "{span}"],
  ["metric_points", "{datapoint}"],
  ["log_records", "{record}"],
  ["profile_samples", "{sample}"],
];

type Family = Omit<MetricRow, "kind" | "unit">;

/** A counter for each signal: the name goes on with its items. */
function itemCounters(family: Family): MetricRow[] {
  return ITEMS.map(([suffix, unit]) => ({ ...family, name: `${family.name}_${suffix}`, kind: "counter", unit }));
}

const RECEIVER = ["receiver", "transport"];
const QUEUE = ["exporter", "data_type"];
const PROCESSOR = ["processor"];
const BROKER = ["server.address"];
const PARTITION = ["server.address", "topic", "partition", "outcome"];

const RECEIVERS: readonly MetricRow[] = [
  ...itemCounters({
    name: "otelcol_receiver_accepted",
    level: "basic",
    attributes: RECEIVER,
    help: "Items that the receiver took and that are kept.",
    when: "a request is answered with 200; rejected items of it are not counted here",
  }),
  ...itemCounters({
    name: "otelcol_receiver_refused",
    level: "basic",
    attributes: RECEIVER,
    help: "Items that could not be put into the pipeline; the sender was told.",
    when: "the pipeline fails or rejects items; a body that cannot be read has no items",
  }),
  ...itemCounters({
    name: "otelcol_receiver_failed",
    level: "basic",
    attributes: RECEIVER,
    help: "Items that the receiver could not take for a reason of its own.",
    when: "a request with these items ends in an internal error",
  }),
  ...itemCounters({
    name: "sluice_receiver_abandoned",
    level: "basic",
    attributes: RECEIVER,
    help: "Items whose sender left before it had an answer.",
    when: "a sender leaves",
  }),
  {
    name: "otelcol_receiver_requests",
    kind: "counter",
    unit: "{request}",
    level: "basic",
    attributes: [...RECEIVER, "outcome"],
    help: "Requests with data by their outcome: success, refused, failure.",
    when: "a request whose body could be read is answered",
  },
  {
    name: "otelcol_receiver_produced_size",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: ["receiver", "otel.signal"],
    help: "Bytes passed on by the receiver, as protobuf.",
    when: "the receiver calls its pipelines",
  },
  {
    name: "sluice_receiver_refused_requests",
    kind: "counter",
    unit: "{request}",
    level: "basic",
    attributes: [...RECEIVER, "code"],
    help: "Requests that were not answered with 200, by the kind of failure.",
    when: "the answer is known, wherever the request failed",
  },
];

const FLEET: readonly MetricRow[] = [
  {
    name: "sluice_fleet_connected",
    kind: "gauge",
    unit: "1",
    level: "basic",
    attributes: [],
    help: "1 while the limits of the fleet are shared over Redis, 0 while each rate goes on with its last share.",
    when: "a round has ended; only with `tenancy::fleet::mode: redis`",
  },
  {
    name: "sluice_fleet_leases",
    kind: "gauge",
    unit: "{rate}",
    level: "basic",
    attributes: [],
    help: "Rates of tenants that have a share of the fleet's limit of their own here.",
    when: "a round has ended; only with `tenancy::fleet::mode: redis`",
  },
  {
    name: "sluice_fleet_replicas",
    kind: "gauge",
    unit: "{replica}",
    level: "basic",
    attributes: [],
    help: "Gateways that share the limits, as the last answer had it.",
    when: "a round has ended; only with `tenancy::fleet::mode: redis`",
  },
  {
    name: "sluice_fleet_rounds",
    kind: "counter",
    unit: "{round}",
    level: "basic",
    attributes: ["outcome"],
    help: "Rounds in which shares were asked for: `success` or `failure`.",
    when: "a round has ended; only with `tenancy::fleet::mode: redis`",
  },
];

const TENANTS: readonly MetricRow[] = [
  {
    name: "sluice_tenants",
    kind: "gauge",
    unit: "{tenant}",
    level: "basic",
    attributes: [],
    help: "Tenants that there are, disabled ones among them.",
    when: "the tenants of the configuration or of a file have changed",
  },
  {
    name: "sluice_tenant_problems",
    kind: "gauge",
    unit: "{problem}",
    level: "basic",
    attributes: [],
    help: "What is wrong with tenants that are written and not used, or not as they are written now.",
    when: "the tenants of the configuration or of a file have changed",
  },
  {
    name: "sluice_tenant_refused_credentials",
    kind: "counter",
    unit: "{request}",
    level: "basic",
    attributes: ["reason"],
    help:
      "Requests whose credentials are refused: `missing`, `malformed`, `unknown`, `expired`, `not_yet` (genuine, and not " +
      "yet valid), `contradictory`, or `limited`: too many of one address.",
    when: "the sender is refused, before its body is read; it has 401 or 429",
  },
  {
    name: "sluice_tenant_refused_requests",
    kind: "counter",
    unit: "{request}",
    level: "basic",
    attributes: ["reason"],
    help: "Requests of known tenants that were refused, by the limit or rule that refused them.",
    when: "the gate refuses a request whole; its sender has 403, 413 or 429",
  },
  {
    name: "sluice_tenant_rejected_items",
    kind: "counter",
    unit: "{item}",
    level: "basic",
    attributes: ["reason"],
    help: "Items of tenants that were cut off a request, by the limit, or `shed` under pressure.",
    when: "the sender is told of them as a partial success",
  },
  ...(["requests", "items", "bytes"] as const).map((measure): MetricRow => ({
    name: `sluice_tenant_usage_${measure}`,
    kind: "counter",
    unit: { requests: "{request}", items: "{item}", bytes: "By" }[measure],
    level: "basic",
    attributes: ["tenant", "outcome"],
    help: `What tenants use, in ${measure}: of those that use the most by name, of all others as \`(other)\`.`,
    when: "a thread tells what it has counted, every 5 s",
  })),
];

const PROCESSORS: readonly MetricRow[] = [
  {
    name: "otelcol_processor_incoming_items",
    kind: "counter",
    unit: "{item}",
    level: "normal",
    attributes: [...PROCESSOR, "otel.signal"],
    help: "Items passed to the processor.",
    when: "the processor is called",
  },
  {
    name: "otelcol_processor_outgoing_items",
    kind: "counter",
    unit: "{item}",
    level: "normal",
    attributes: [...PROCESSOR, "otel.signal"],
    help: "Items that the processor passed on.",
    when: "the processor calls the next component",
  },
  {
    name: "otelcol_processor_consumed_size",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: [...PROCESSOR, "otel.signal"],
    help: "Bytes passed to the processor, as protobuf.",
    when: "the processor is called",
  },
  {
    name: "otelcol_processor_produced_size",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: [...PROCESSOR, "otel.signal"],
    help: "Bytes that the processor passed on, as protobuf.",
    when: "the processor calls the next component",
  },
  {
    name: "otelcol_processor_internal_duration",
    kind: "histogram",
    unit: "s",
    level: "normal",
    attributes: [...PROCESSOR, "otel.signal"],
    help: "Time spent in the processor, seconds.",
    when: "one call in eight that passes data on before it returns, from the call to the next component's",
  },
  ...itemCounters({
    name: "otelcol_processor_refused",
    level: "basic",
    attributes: PROCESSOR,
    help: "Items that the batch processor had no room for; the sender was told.",
    when: "a request is refused",
  }),
  ...itemCounters({
    name: "otelcol_processor_dropped",
    level: "basic",
    attributes: PROCESSOR,
    help: "Items that the batch processor took and did not pass on.",
    when: "they leave it without an attempt",
  }),
  ...itemCounters({
    name: "sluice_processor_lost",
    level: "basic",
    attributes: PROCESSOR,
    help: "Items that the batch processor had answered for, and that are not delivered.",
    when: "the log says `the data is lost`; only with `wait_for_result: false`",
  }),
  {
    name: "otelcol_processor_batch_batch_send_size",
    kind: "histogram",
    unit: "{unit}",
    level: "normal",
    attributes: PROCESSOR,
    help: "Items of the batches that the batch processor passed on.",
    when: "a batch leaves",
  },
  {
    name: "otelcol_processor_batch_batch_send_size_bytes",
    kind: "histogram",
    unit: "By",
    level: "detailed",
    attributes: PROCESSOR,
    help: "Bytes of the batches that the batch processor passed on.",
    when: "a batch leaves",
  },
  {
    name: "otelcol_processor_batch_batch_size_trigger_send",
    kind: "counter",
    unit: "{time}",
    level: "normal",
    attributes: PROCESSOR,
    help: "Batches sent because they were full.",
    when: "such a batch leaves",
  },
  {
    name: "otelcol_processor_batch_timeout_trigger_send",
    kind: "counter",
    unit: "{time}",
    level: "normal",
    attributes: PROCESSOR,
    help: "Batches sent because their time was up.",
    when: "such a batch leaves",
  },
  {
    name: "otelcol_processor_batch_metadata_cardinality",
    kind: "gauge",
    unit: "{combination}",
    level: "normal",
    attributes: PROCESSOR,
    help: "Batchers of the batch processor, one a combination of metadata.",
    when: "a batch leaves",
  },
  ...itemCounters({
    name: "otelcol_processor_memory_limiter_accepted",
    level: "normal",
    attributes: PROCESSOR,
    help: "Items let through by the memory limiter.",
    when: "they are passed on",
  }),
  ...itemCounters({
    name: "otelcol_processor_memory_limiter_refused",
    level: "basic",
    attributes: PROCESSOR,
    help: "Items refused by the memory limiter.",
    when: "there is no memory for them",
  }),
  ...["spans", "datapoints", "logs", "profiles"].map((items): MetricRow => ({
    name: `otelcol_processor_filter_${items}_filtered`,
    kind: "counter",
    unit: "1",
    level: "normal",
    attributes: ["filter"],
    help: "Items that the filter took out.",
    when: "a batch was filtered",
  })),
  ...["traces", "logs"].map((signal): MetricRow => ({
    name: `otelcol_processor_probabilistic_sampler_count_${signal}_sampled`,
    kind: "counter",
    unit: "1",
    level: "normal",
    attributes: [...PROCESSOR, "policy", "sampled"],
    help: "Items that the sampler decided on: kept (sampled true) or dropped.",
    when: "a batch was sampled",
  })),
  {
    name: "sluice_ottl_errors",
    kind: "counter",
    unit: "{error}",
    level: "normal",
    attributes: ["component", "statement"],
    help: "Items on which an OTTL statement failed and was passed over.",
    when: "a batch was processed",
  },
];

const CONNECTORS: readonly MetricRow[] = [
  {
    name: "otelcol_connector_consumed_size",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: ["connector", "otel.signal", "otel.signal.output"],
    help: "Bytes passed to the connector, as protobuf.",
    when: "the connector is called",
  },
];

const EXPORTERS: readonly MetricRow[] = [
  {
    name: "otelcol_exporter_consumed_size",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: ["exporter", "otel.signal"],
    help: "Bytes passed to the exporter, as protobuf, before its queue.",
    when: "the exporter is called",
  },
  ...itemCounters({
    name: "otelcol_exporter_sent",
    level: "basic",
    attributes: ["exporter"],
    help: "Items that the destination has acknowledged.",
    when: "a batch is acknowledged; what the destination rejected of it is a failure",
  }),
  ...itemCounters({
    name: "otelcol_exporter_send_failed",
    level: "basic",
    attributes: ["exporter"],
    help: "Items that could not be delivered, after retries.",
    when: "a batch is given up, or items of it are rejected",
  }),
  ...itemCounters({
    name: "otelcol_exporter_enqueue_failed",
    level: "basic",
    attributes: ["exporter"],
    help: "Items that found no room in the sending queue.",
    when: "a request is refused by the queue",
  }),
  ...itemCounters({
    name: "sluice_exporter_lost",
    level: "basic",
    attributes: ["exporter"],
    help: "Items that senders had an answer of 200 for, and that are given up or were rejected by the destination.",
    when: "the log says `the data is lost`; only of a queue with `wait_for_result: false`",
  }),
  ...itemCounters({
    name: "sluice_exporter_abandoned",
    level: "basic",
    attributes: ["exporter"],
    help: "Items whose sender left before they were delivered, and before an attempt had failed.",
    when: "senders that wait for the result leave; never without a queue",
  }),
  ...itemCounters({
    name: "sluice_exporter_tenant_share_refused",
    level: "basic",
    attributes: ["exporter"],
    help: "Of the items that found no room, those whose tenant had its share of the sending queue.",
    when: "a request is refused by the queue for what its tenant holds of it",
  }),
  {
    name: "otelcol_exporter_queue_size",
    kind: "gauge",
    unit: "{unit}",
    level: "basic",
    attributes: QUEUE,
    help: "What the sending queue holds now, in the unit of its sizer.",
    when: "data comes in, and when it is delivered or given up",
  },
  {
    name: "otelcol_exporter_queue_capacity",
    kind: "gauge",
    unit: "{unit}",
    level: "basic",
    attributes: QUEUE,
    help: "What the sending queue can hold, in the unit of its sizer.",
    when: "the exporter is created",
  },
  {
    name: "otelcol_exporter_in_flight_requests",
    kind: "gauge",
    unit: "{request}",
    level: "basic",
    attributes: QUEUE,
    help: "Batches on their way, those that wait for a retry included.",
    when: "a batch begins and ends",
  },
  {
    name: "otelcol_exporter_queue_batch_send_size",
    kind: "histogram",
    unit: "{unit}",
    level: "normal",
    attributes: QUEUE,
    help: "Items of the batches that leave the sending queue.",
    when: "a batch leaves",
  },
  {
    name: "otelcol_exporter_queue_batch_send_size_bytes",
    kind: "histogram",
    unit: "By",
    level: "detailed",
    attributes: QUEUE,
    help: "Bytes of the batches that leave the sending queue.",
    when: "a batch leaves",
  },
  {
    name: "otelcol_kafka_exporter_records",
    kind: "counter",
    unit: "1",
    level: "normal",
    attributes: PARTITION,
    help: "Records in produce requests, by what became of them.",
    when: "the broker answers, or the request fails",
  },
  {
    name: "otelcol_kafka_exporter_bytes",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: PARTITION,
    help: "Size of produce requests as sent.",
    when: "the broker answers, or the request fails",
  },
  {
    name: "otelcol_kafka_exporter_bytes_uncompressed",
    kind: "counter",
    unit: "By",
    level: "normal",
    attributes: PARTITION,
    help: "Size of the records before compression.",
    when: "the broker answers, or the request fails",
  },
  {
    name: "otelcol_kafka_exporter_write_latency",
    kind: "histogram",
    unit: "s",
    level: "normal",
    attributes: ["server.address", "outcome"],
    help: "Time from a produce request to its answer, seconds.",
    when: "the broker answers, or the request fails",
  },
  {
    name: "otelcol_kafka_broker_connects",
    kind: "counter",
    unit: "1",
    level: "normal",
    attributes: [...BROKER, "outcome"],
    help: "Connections to brokers that were tried.",
    when: "a connection is open and authenticated, or has failed",
  },
  {
    name: "otelcol_kafka_broker_closed",
    kind: "counter",
    unit: "1",
    level: "normal",
    attributes: BROKER,
    help: "Connections to brokers that were lost.",
    when: "the broker or the network ends one",
  },
  {
    name: "otelcol_kafka_broker_throttling_latency",
    kind: "histogram",
    unit: "s",
    level: "normal",
    attributes: BROKER,
    help: "How long a broker asked to be left alone, seconds.",
    when: "an answer asks for it",
  },
];

const STAGE_ATTRIBUTES = ["component", "stage"];

const GATEWAY: readonly MetricRow[] = [
  {
    name: "sluice_stage_duration",
    kind: "histogram",
    unit: "s",
    level: "normal",
    attributes: STAGE_ATTRIBUTES,
    help:
      "Time that a request spends in one stage, seconds: read, decompress, validate in a receiver; queue_wait, encode, compress, send in an exporter.",
    when: "one request or batch in eight passes the stage",
  },
  {
    name: "sluice_telemetry_overflow",
    kind: "counter",
    unit: "1",
    level: "basic",
    attributes: [],
    help: "Amounts added to series for which there was no room.",
    when: "something is counted that has no series",
  },
  {
    name: "sluice_config_changes",
    kind: "counter",
    unit: "{change}",
    level: "basic",
    attributes: ["outcome"],
    help: "Changes of the configuration: applied, failed (nothing was changed), or rolled_back.",
    when: "a change has the traffic, could not be made, or was taken back after its health window",
  },
  {
    name: "sluice_config_last_change_successful",
    kind: "gauge",
    unit: "",
    level: "basic",
    attributes: [],
    help: "1 when the last change of the configuration is what runs, 0 when it failed or was taken back.",
    when: "a change has the traffic, could not be made, or was taken back",
  },
  {
    name: "sluice_admin_unauthenticated_requests",
    kind: "counter",
    unit: "{request}",
    level: "basic",
    attributes: [],
    help: "Requests to the admin API without a valid token.",
    when: "one is refused with 401",
  },
  {
    name: "sluice_worker_restarts",
    kind: "counter",
    unit: "{restart}",
    level: "basic",
    attributes: [],
    help: "Data workers that died and were started again.",
    when: "a worker dies",
  },
  {
    name: "otelcol_process_uptime",
    kind: "counter",
    unit: "s",
    level: "basic",
    attributes: [],
    help: "Time since the process started, seconds.",
    when: "metrics are read",
  },
  {
    name: "otelcol_process_cpu_seconds",
    kind: "counter",
    unit: "s",
    level: "basic",
    attributes: [],
    help: "CPU time of the process, user and system, seconds.",
    when: "metrics are read",
  },
  {
    name: "otelcol_process_memory_rss",
    kind: "gauge",
    unit: "By",
    level: "basic",
    attributes: [],
    help: "Resident memory of the process, bytes.",
    when: "metrics are read",
  },
  {
    name: "otelcol_process_runtime_heap_alloc_bytes",
    kind: "gauge",
    unit: "By",
    level: "basic",
    attributes: [],
    help: "JavaScript heap in use by all threads, bytes.",
    when: "every ten seconds in each thread",
  },
  {
    name: "otelcol_process_runtime_total_sys_memory_bytes",
    kind: "gauge",
    unit: "By",
    level: "basic",
    attributes: [],
    help: "JavaScript heap that all threads have reserved, and what else they hold outside of it, bytes.",
    when: "every ten seconds in each thread",
  },
  {
    name: "target_info",
    kind: "gauge",
    unit: "",
    level: "basic",
    attributes: ["those of the resource"],
    help: "Attributes of the resource that these metrics describe.",
    when: "never: it is always 1",
  },
];

/** All of them, in the order of the documentation. */
export const METRICS: readonly MetricRow[] = [
  ...RECEIVERS,
  ...FLEET,
  ...TENANTS,
  ...PROCESSORS,
  ...CONNECTORS,
  ...EXPORTERS,
  ...GATEWAY,
  ...CONTROLLER_METRICS,
];

const BY_NAME: ReadonlyMap<string, MetricRow> = new Map(METRICS.map((row) => [row.name, row]));

/** What is known of a metric; undefined for one that is not listed. */
export function metricRow(name: string): MetricRow | undefined {
  return BY_NAME.get(name);
}

/** Whether a level shows a metric. One that is not listed is shown at every level but none. */
export function isShownAt(name: string, level: MetricLevel): boolean {
  const lowest = BY_NAME.get(name)?.level ?? "basic";
  return METRIC_LEVELS.indexOf(lowest) <= METRIC_LEVELS.indexOf(level);
}

/** The table for docs/metrics.md; metrics that differ in their items alone share a row. */
export function metricsReference(): string {
  const lines = [
    "| Metric | Type | Unit | Level | Attributes | What it is | When it counts |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const rows of Map.groupBy(METRICS, ({ help }) => help).values()) {
    const [{ kind, level, attributes, help, when }] = rows as [MetricRow];
    const names = rows.map(({ name }) => `\`${name}\``).join("<br>");
    const units = [...new Set(rows.map(({ unit }) => unit))].map((unit) => unit === "" ? "" : `\`${unit}\``).join(
      "<br>",
    );
    const labels = attributes.map((name) => name.includes(" ") ? name : `\`${name}\``).join(", ");
    lines.push(`| ${names} | ${kind} | ${units} | ${level} | ${labels} | ${help} | ${when} |`);
  }
  return lines.join("\n");
}
