/**
 * Realistic OTLP requests as wire bytes, the same on every run: spans of about 445 bytes with ten attributes, as an SDK
 * instrumenting an HTTP server sends them.
 *
 * @module
 */

import type { Signal } from "../../pipeline/otlp/signals.ts";
import { encodeMessage, type FieldOrder, type Plain, REQUEST_TYPES } from "./otlp_proto.ts";

/** Size and writer of a sample. */
export interface SampleOptions {
  /** Resource entries. Default 1. */
  readonly resources?: number;
  /** Who wrote it. Default "sdk". */
  readonly order?: FieldOrder;
  /** Same seed, same bytes. Default 1. */
  readonly seed?: number;
}

/** Spans, spread evenly over the resources, in traces of ten. Default 10. */
export function traceRequestBytes(options: SampleOptions & { readonly spans?: number } = {}): Uint8Array {
  return encode("traces", traceRequest(options), options.order);
}

/** Data points, spread evenly over the resources, of all five kinds by turns, ten a metric. Default 10. */
export function metricRequestBytes(options: SampleOptions & { readonly points?: number } = {}): Uint8Array {
  return encode("metrics", metricRequest(options), options.order);
}

/** Log records, spread evenly over the resources; every second one belongs to a trace. Default 10. */
export function logRequestBytes(options: SampleOptions & { readonly records?: number } = {}): Uint8Array {
  return encode("logs", logRequest(options), options.order);
}

/** Samples, spread evenly over the resources, one profile each. Default 10. */
export function profileRequestBytes(options: SampleOptions & { readonly samples?: number } = {}): Uint8Array {
  return encode("profiles", profileRequest(options), options.order);
}

/** A request of `items` items of any signal. */
export function requestBytes(signal: Signal, items: number, options: SampleOptions = {}): Uint8Array {
  switch (signal) {
    case "traces":
      return traceRequestBytes({ ...options, spans: items });
    case "metrics":
      return metricRequestBytes({ ...options, points: items });
    case "logs":
      return logRequestBytes({ ...options, records: items });
    case "profiles":
      return profileRequestBytes({ ...options, samples: items });
  }
}

function encode(signal: Signal, request: Plain, order: FieldOrder = "sdk"): Uint8Array {
  return encodeMessage(REQUEST_TYPES[signal], request, { order });
}

/** What `traceRequestBytes` encodes. */
export function traceRequest({ spans = 10, resources = 1, seed = 1 }: SampleOptions & { spans?: number }): Plain {
  const random = new SampleRandom(seed);
  let traceId = random.bytes(16);
  let parent: Uint8Array | undefined;
  return {
    resource_spans: spread(spans, resources, (items, r) => ({
      resource: resource(random, r),
      scope_spans: [{
        scope: { name: "io.opentelemetry.http-server", version: "2.14.0" },
        spans: items.map((i) => {
          if (i % 10 === 0) {
            traceId = random.bytes(16);
            parent = undefined;
          }
          const span = sampleSpan(random, i, traceId, parent);
          parent ??= span.span_id as Uint8Array;
          return span;
        }),
        schema_url: "https://opentelemetry.io/schemas/1.37.0",
      }],
    })),
  };
}

function sampleSpan(random: SampleRandom, i: number, traceId: Uint8Array, parent: Uint8Array | undefined): Plain {
  const failed = i % 10 === 9;
  const endTime = time(i, 1 + random.below(50_000_000));
  return {
    trace_id: traceId,
    span_id: random.bytes(8),
    ...(parent === undefined ? {} : { parent_span_id: parent }),
    flags: 0x101,
    name: "GET /v1/carts/{id}/items",
    kind: 2,
    start_time_unix_nano: time(i, 0),
    end_time_unix_nano: endTime,
    attributes: attributes(random, failed),
    ...(failed
      ? {
        events: [{
          time_unix_nano: endTime,
          name: "exception",
          attributes: [keyValue("exception.type", "UpstreamTimeout")],
        }],
      }
      : {}),
    status: failed ? { code: 2 } : {},
  };
}

/** What `logRequestBytes` encodes. */
export function logRequest({ records = 10, resources = 1, seed = 1 }: SampleOptions & { records?: number }): Plain {
  const random = new SampleRandom(seed);
  return {
    resource_logs: spread(records, resources, (items, r) => ({
      resource: resource(random, r),
      scope_logs: [{
        scope: { name: "shop.access" },
        log_records: items.map((i) => {
          const failed = i % 10 === 9;
          return {
            time_unix_nano: time(i, 0),
            observed_time_unix_nano: time(i, 1000),
            severity_number: failed ? 17 : 9,
            severity_text: failed ? "ERROR" : "INFO",
            body: { string_value: `request finished in ${random.below(500)} ms, ${random.below(1_000_000)} bytes` },
            attributes: attributes(random, failed),
            ...(i % 2 === 0 ? { flags: 1, trace_id: random.bytes(16), span_id: random.bytes(8) } : {}),
          };
        }),
      }],
    })),
  };
}

const METRIC_KINDS = ["sum", "gauge", "histogram", "exponential_histogram", "summary"] as const;

/** What `metricRequestBytes` encodes. */
export function metricRequest({ points = 10, resources = 1, seed = 1 }: SampleOptions & { points?: number }): Plain {
  const random = new SampleRandom(seed);
  return {
    resource_metrics: spread(points, resources, (items, r) => ({
      resource: resource(random, r),
      scope_metrics: [{
        scope: { name: "shop.metrics" },
        metrics: chunks(items, 10).map((tenItems, m) => sampleMetric(random, tenItems, m)),
      }],
    })),
  };
}

function sampleMetric(random: SampleRandom, items: readonly number[], m: number): Plain {
  const kind = METRIC_KINDS[m % METRIC_KINDS.length] ?? "sum";
  const data = { data_points: items.map((i) => dataPoint(random, kind, i)) };
  const temporality = kind === "gauge" || kind === "summary" ? {} : { aggregation_temporality: 2 };
  return {
    name: `http.server.request.${kind}.${m}`,
    description: "Requests served",
    unit: "{request}",
    [kind]: { ...data, ...temporality, ...(kind === "sum" ? { is_monotonic: true } : {}) },
    metadata: [keyValue("prometheus.type", kind)],
  };
}

function dataPoint(random: SampleRandom, kind: (typeof METRIC_KINDS)[number], i: number): Plain {
  const common = {
    attributes: attributes(random, i % 10 === 9),
    start_time_unix_nano: time(0, 0),
    time_unix_nano: time(i, 0),
  };
  const exemplars = [{
    time_unix_nano: time(i, 5),
    as_double: random.below(1000) / 8,
    span_id: random.bytes(8),
    trace_id: random.bytes(16),
    filtered_attributes: [keyValue("user.tier", "gold")],
  }];
  switch (kind) {
    case "sum":
      return { ...common, as_int: String(random.below(1_000_000)), exemplars };
    case "gauge":
      return { ...common, as_double: random.below(1_000_000) / 16 };
    case "histogram":
      return {
        ...common,
        count: "10",
        sum: 31.5,
        bucket_counts: ["1", "2", "3", "4"],
        explicit_bounds: [1, 2, 5],
        exemplars,
        min: 0.5,
        max: 9.5,
      };
    case "exponential_histogram":
      return {
        ...common,
        count: "10",
        sum: 31.5,
        scale: -1,
        zero_count: "1",
        positive: { offset: -3, bucket_counts: ["1", "200", "3"] },
        negative: { offset: 2, bucket_counts: ["4", "1"] },
        exemplars,
        zero_threshold: 0.001,
      };
    case "summary":
      return {
        ...common,
        count: "10",
        sum: 31.5,
        quantile_values: [{ quantile: 0.5, value: 3 }, { quantile: 0.99, value: 9 }],
      };
  }
}

/** What `profileRequestBytes` encodes. */
export function profileRequest({ samples = 10, resources = 1, seed = 1 }: SampleOptions & { samples?: number }): Plain {
  const random = new SampleRandom(seed);
  return {
    resource_profiles: spread(samples, resources, (items, r) => ({
      resource: resource(random, r),
      scope_profiles: [{
        scope: { name: "shop.profiler" },
        profiles: [{
          sample_type: { type_strindex: 1, unit_strindex: 2 },
          samples: items.map((i) => ({
            stack_index: 1,
            attribute_indices: [1],
            link_index: 1,
            values: [String(random.below(10_000))],
            timestamps_unix_nano: [time(i, 0)],
          })),
          time_unix_nano: time(0, 0),
          duration_nano: "10000000000",
          period_type: { type_strindex: 1, unit_strindex: 2 },
          period: "10000000",
          profile_id: random.bytes(16),
        }],
      }],
    })),
    dictionary: {
      mapping_table: [{}, { memory_start: "4194304", memory_limit: "8388608", filename_strindex: 4 }],
      location_table: [{}, { mapping_index: 1, address: "4198400", lines: [{ function_index: 1, line: "42" }] }],
      function_table: [{}, { name_strindex: 3, filename_strindex: 4, start_line: "40" }],
      link_table: [{}, { trace_id: random.bytes(16), span_id: random.bytes(8) }],
      string_table: ["", "cpu", "nanoseconds", "main.handle", "/srv/shop", "thread.name"],
      attribute_table: [{}, { key_strindex: 5, value: { string_value: "worker-1" } }],
      stack_table: [{}, { location_indices: [1] }],
    },
  };
}

/** One KeyValue with a string, or an int written as such. */
export function keyValue(key: string, value: string | number): Plain {
  return { key, value: typeof value === "string" ? { string_value: value } : { int_value: String(value) } };
}

const NAMESPACES = ["checkout", "payments", "catalog", "search", "platform"];

/** Seven attributes; the namespace takes five values by turns. */
function resource(random: SampleRandom, r: number): Plain {
  return {
    attributes: [
      keyValue("service.name", "orders"),
      keyValue("service.version", `1.${random.below(20)}.${random.below(10)}`),
      keyValue("k8s.namespace.name", NAMESPACES[r % NAMESPACES.length] ?? ""),
      keyValue("k8s.pod.name", `orders-${random.hex(4)}-${random.hex(3)}`),
      keyValue("k8s.node.name", `node-${10 + random.below(40)}.eu-west-1.example`),
      keyValue("deployment.environment.name", "production"),
      keyValue("tenant.id", `tenant-${100 + random.below(900)}`),
    ],
  };
}

/** Ten attributes. */
function attributes(random: SampleRandom, failed: boolean): Plain[] {
  return [
    keyValue("http.request.method", "GET"),
    keyValue("http.route", "/v1/carts/{id}/items"),
    keyValue("http.response.status_code", failed ? 503 : 200),
    keyValue("url.path", `/v1/orders/${random.hex(4)}`),
    keyValue("server.address", "shop.example"),
    keyValue("user_agent.original", "okhttp/4.12.0"),
    keyValue("client.address", `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`),
    keyValue("db.system.name", "postgresql"),
    keyValue("db.query.text", "SELECT * FROM orders"),
    keyValue("user.email", `u${10_000 + random.below(90_000)}@mail.example`),
  ];
}

/** Item `i`'s time: a decimal string of nanoseconds since 1970. */
function time(i: number, plusNanos: number): string {
  return String(1_795_348_800_000_000_000n + BigInt(i) * 1_000_000n + BigInt(plusNanos));
}

/** One entry a resource, with the numbers of its items. */
function spread(items: number, resources: number, entry: (items: number[], r: number) => Plain): Plain[] {
  return Array.from({ length: resources }, (_, r) => {
    const from = Math.floor(items * r / resources);
    const to = Math.floor(items * (r + 1) / resources);
    return entry(Array.from({ length: to - from }, (_, i) => from + i), r);
  });
}

function chunks(items: readonly number[], size: number): number[][] {
  const all: number[][] = [];
  for (let at = 0; at < items.length; at += size) all.push(items.slice(at, at + size));
  return all;
}

/** A small generator of its own (xorshift32), so that samples do not change with the platform. */
class SampleRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }

  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  hex(length: number): string {
    return this.bytes(length).toHex();
  }
}
