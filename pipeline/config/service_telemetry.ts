/**
 * `service::telemetry`: the gateway's own logs, metrics and traces.
 *
 * Source: collector reference 2.6; the declarative configuration schema 0.3 of OpenTelemetry, as `otelconf` 0.24 reads
 * it: intervals and timeouts are whole milliseconds.
 *
 * @module
 */

import { z } from "zod";
import { LOG_LEVELS } from "../core/log/logger.ts";
import { METRIC_LEVELS } from "../core/telemetry/metric_row.ts";
import {
  anything,
  bool,
  durationMs,
  headerMap,
  int,
  isMap,
  leaf,
  number,
  oneOf,
  readText,
  requiredText,
  secret,
  section,
  text,
  textList,
} from "./schema.ts";

/** What every OTLP exporter of own telemetry has. */
const otlpShape = {
  protocol: oneOf(["http/protobuf", "http/json", "grpc", "grpc/protobuf"]).default("http/protobuf"),
  endpoint: requiredText(),
  headers: headerMap().default({}),
  headers_list: secret().default(""),
  compression: oneOf(["gzip", "none", ""]).default("none"),
  timeout: int({ min: 1 }).default(10_000),
  insecure: bool().default(false),
  certificate: text().default(""),
  client_certificate: text().default(""),
  client_key: text().default(""),
};

const otlpSchema = section(otlpShape);

const otlpMetricSchema = section({
  ...otlpShape,
  temporality_preference: oneOf(["cumulative", "delta", "lowmemory", ""]).default("cumulative"),
  default_histogram_aggregation: oneOf(["explicit_bucket_histogram", "base2_exponential_bucket_histogram"])
    .default("explicit_bucket_histogram"),
});

/** Where to: exactly one of these. */
const exporterSchema = section({
  otlp: otlpSchema.optional(),
  console: anything("map").optional(),
  zipkin: anything("map").optional(),
}).superRefine(oneKey);

/** Sends records or spans as they come, or many at once. */
const processorSchema = (scheduleDelayMs: number) =>
  section({
    batch: section({
      schedule_delay: int({ min: 1 }).default(scheduleDelayMs),
      export_timeout: int({ min: 1 }).default(30_000),
      max_queue_size: int({ min: 1, max: 65_536 }).default(2_048),
      max_export_batch_size: int({ min: 1, max: 65_536 }).default(512),
      exporter: exporterSchema,
    }).optional(),
    simple: section({ exporter: exporterSchema }).optional(),
  }).superRefine(oneKey);

/** A section of which one key says what it is. */
function oneKey(value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (keys.length === 1) return;
  const is = keys.length === 0 ? "has nothing" : `has ${keys.join(" and ")}`;
  context.addIssue({ code: "custom", message: `${is}, wanted exactly one` });
}

const samplingSchema = section({
  enabled: bool().default(true),
  tick: durationMs({ minMs: 1 }).default(10_000),
  initial: int({ min: 0 }).default(10),
  thereafter: int({ min: 0 }).default(100),
});

const logsSchema = section({
  level: oneOf(LOG_LEVELS, { ignoreCase: true }).default("info"),
  development: bool().default(false),
  encoding: oneOf(["console", "json"]).default("console"),
  disable_caller: bool().default(false),
  disable_stacktrace: bool().default(false),
  sampling: samplingSchema.prefault({}),
  output_paths: textList().default(["stderr"]),
  error_output_paths: textList().default(["stderr"]),
  initial_fields: anything("map of values").default({}),
  disable_zap_resource: bool().default(false),
  processors: z.array(processorSchema(1_000)).default([]),
});

const prometheusSchema = section({
  host: text().default("localhost"),
  port: int({ min: 0, max: 65_535 }).default(8888),
  without_scope_info: bool().default(true),
  without_units: bool().default(true),
  without_type_suffix: bool().default(true),
  with_resource_constant_labels: anything("included and excluded attributes").optional(),
});

const readerSchema = section({
  pull: section({ exporter: section({ prometheus: prometheusSchema.optional() }).prefault({}) }).optional(),
  periodic: section({
    interval: int({ min: 1 }).default(60_000),
    timeout: int({ min: 1 }).default(30_000),
    exporter: section({ otlp: otlpMetricSchema.optional(), console: anything("map").optional() }).superRefine(oneKey),
  }).optional(),
}).superRefine((reader, context) => {
  if ((reader.pull === undefined) === (reader.periodic === undefined)) {
    context.addIssue({ code: "custom", message: "needs exactly one of pull and periodic" });
  }
  if (reader.pull !== undefined && reader.pull.exporter.prometheus === undefined) {
    context.addIssue({ code: "custom", path: ["pull", "exporter"], message: "needs an exporter: prometheus" });
  }
});

const metricsSchema = section({
  level: oneOf(METRIC_LEVELS, { ignoreCase: true }).default("normal"),
  readers: z.array(readerSchema).prefault([{ pull: { exporter: { prometheus: {} } } }]),
  views: anything("list of views").optional(),
  address: text().optional(),
});

/** Decides without looking at a parent. */
const rootSamplerShape = {
  always_on: anything("map").optional(),
  always_off: anything("map").optional(),
  trace_id_ratio_based: section({ ratio: number({ min: 0, max: 1 }).default(1) }).optional(),
};

/** A bare `always_on:` is a choice too: for these keys null is not absent. */
const rootSampler = () => z.preprocess(keepBareKeys, section(rootSamplerShape).superRefine(oneKey)).optional();

const samplerSchema = z.preprocess(
  keepBareKeys,
  section({
    ...rootSamplerShape,
    parent_based: section({
      root: rootSampler(),
      remote_parent_sampled: rootSampler(),
      remote_parent_not_sampled: rootSampler(),
      local_parent_sampled: anything("a sampler").optional(),
      local_parent_not_sampled: anything("a sampler").optional(),
    }).optional(),
    jaeger_remote: anything("map").optional(),
  }).superRefine(oneKey),
);

function keepBareKeys(input: unknown): unknown {
  if (!isMap(input)) return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, readText(value) === "" ? {} : value ?? {}]),
  );
}

const tracesSchema = section({
  level: oneOf(METRIC_LEVELS, { ignoreCase: true }).default("basic"),
  propagators: z.array(oneOf(["tracecontext", "b3"])).default(["tracecontext"]),
  processors: z.array(processorSchema(5_000)).default([]),
  sampler: samplerSchema.optional(),
  limits: anything("limits of spans").optional(),
});

/** Attributes of the resource; null takes one of the built-in ones away. */
type ResourceAttributes = Readonly<Record<string, string | null>>;

/** `attributes: [{name, value}]`, as declarative configuration has it, or the older plain map. */
const resourceSchema = leaf(
  "map of attributes",
  "a map of strings, or attributes: a list of {name, value}",
  (input): ResourceAttributes | undefined => {
    if (!isMap(input)) return undefined;
    const { attributes } = input;
    const pairs = Array.isArray(attributes)
      ? attributes.map((item) => isMap(item) ? [item["name"], item["value"] ?? null] : [])
      : Object.entries(input);
    const read = pairs.map(([name, value]) => [readText(name), value === null ? null : readText(value)] as const);
    if (read.some(([name, value]) => name === undefined || value === undefined)) return undefined;
    return Object.fromEntries(read);
  },
);

export const telemetrySchema = section({
  logs: logsSchema.prefault({}),
  metrics: metricsSchema.prefault({}),
  traces: tracesSchema.prefault({}),
  resource: resourceSchema.default({}),
});

export type TelemetryConfig = z.output<typeof telemetrySchema>;

/** One of `logs::processors` or `traces::processors`. */
export type ProcessorConfig = TelemetryConfig["traces"]["processors"][number];
export type OtlpConfig = z.output<typeof otlpSchema>;
export type PeriodicReaderConfig = NonNullable<TelemetryConfig["metrics"]["readers"][number]["periodic"]>;
export type SamplerConfig = NonNullable<TelemetryConfig["traces"]["sampler"]>;

type Warning = { readonly path: string; readonly message: string };

/** What loads and does not act here, as paths below `service::telemetry`. */
export function telemetryWarnings({ logs, metrics, traces }: TelemetryConfig): readonly Warning[] {
  const ignored = (path: string, isSet: boolean, what: string): Warning[] =>
    isSet ? [{ path, message: `is read and not acted on: ${what}` }] : [];
  return [
    ...ignored("logs::development", logs.development, "own logs have one form"),
    ...ignored(
      "logs::error_output_paths",
      logs.error_output_paths.join() !== "stderr",
      "the log has no errors of its own",
    ),
    ...logs.processors.flatMap((processor, at) => processorWarnings(`logs::processors::${at}`, processor)),
    ...ignored("metrics::views", metrics.views !== undefined, "own metrics have fixed attributes and buckets"),
    ...(metrics.address === undefined
      ? []
      : [{ path: "metrics::address", message: "is ignored, as in the collector: wanted metrics::readers" }]),
    ...metrics.readers.flatMap((reader, at) => readerWarnings(`metrics::readers::${at}`, reader, ignored)),
    ...traces.processors.flatMap((processor, at) => processorWarnings(`traces::processors::${at}`, processor)),
    ...ignored("traces::limits", traces.limits !== undefined, "own spans have few attributes"),
    ...ignored("traces::sampler::jaeger_remote", traces.sampler?.jaeger_remote !== undefined, "no request is sampled"),
  ];
}

function readerWarnings(
  path: string,
  { pull, periodic }: TelemetryConfig["metrics"]["readers"][number],
  ignored: (path: string, isSet: boolean, what: string) => Warning[],
): Warning[] {
  const { prometheus } = pull?.exporter ?? {};
  const names = "names are without units and suffixes, as the collector's are by default";
  const { otlp, console } = periodic?.exporter ?? {};
  return [
    ...ignored(`${path}::pull::exporter::prometheus::without_units`, prometheus?.without_units === false, names),
    ...ignored(
      `${path}::pull::exporter::prometheus::without_type_suffix`,
      prometheus?.without_type_suffix === false,
      names,
    ),
    ...ignored(
      `${path}::pull::exporter::prometheus::without_scope_info`,
      prometheus?.without_scope_info === false,
      names,
    ),
    ...ignored(`${path}::periodic::exporter::console`, console !== undefined, "wanted otlp"),
    ...(otlp === undefined ? [] : otlpWarnings(`${path}::periodic::exporter::otlp`, otlp)),
    ...ignored(
      `${path}::periodic::exporter::otlp::temporality_preference`,
      otlp !== undefined && otlp.temporality_preference !== "cumulative",
      "own metrics are cumulative",
    ),
    ...ignored(
      `${path}::periodic::exporter::otlp::default_histogram_aggregation`,
      otlp?.default_histogram_aggregation === "base2_exponential_bucket_histogram",
      "own histograms have explicit buckets",
    ),
  ];
}

function processorWarnings(path: string, { batch, simple }: ProcessorConfig): Warning[] {
  const at = `${path}::${batch === undefined ? "simple" : "batch"}::exporter`;
  const { otlp, console, zipkin } = (batch ?? simple)?.exporter ?? {};
  const unknown = [...(console === undefined ? [] : ["console"]), ...(zipkin === undefined ? [] : ["zipkin"])];
  return [
    ...unknown.map((name) => ({ path: `${at}::${name}`, message: "is read and not acted on: wanted otlp" })),
    ...(otlp === undefined ? [] : otlpWarnings(`${at}::otlp`, otlp)),
  ];
}

/** Own telemetry goes by HTTP alone. */
export function isGrpc({ protocol }: OtlpConfig): boolean {
  return protocol.startsWith("grpc");
}

function otlpWarnings(path: string, otlp: OtlpConfig): Warning[] {
  const { certificate, client_certificate, client_key } = otlp;
  return [
    ...(isGrpc(otlp) ? [{ path: `${path}::protocol`, message: "is read and not acted on: wanted http/protobuf" }] : []),
    ...Object.entries({ certificate, client_certificate, client_key }).filter(([, file]) => file !== "").map((
      [key],
    ) => ({
      path: `${path}::${key}`,
      message: "is read and not acted on: the runtime's certificates are trusted",
    })),
  ];
}
