/**
 * `service::telemetry`: the gateway's own logs and metrics.
 *
 * Source: collector reference 2.6.
 *
 * @module
 */

import { z } from "zod";
import { anything, bool, durationMs, int, isMap, leaf, oneOf, readText, section, text, textList } from "./schema.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const METRIC_LEVELS = ["none", "basic", "normal", "detailed"] as const;

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
  processors: anything("list of log processors").optional(),
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
  periodic: anything("a push exporter").optional(),
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

/** Attributes of the resource; null takes one of the built-in ones away. */
export type ResourceAttributes = Readonly<Record<string, string | null>>;

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
  traces: anything("tracing of the gateway itself").optional(),
  resource: resourceSchema.default({}),
});

export type TelemetryConfig = z.output<typeof telemetrySchema>;

/** What loads and does not act here, as paths below `service::telemetry`. */
export function telemetryWarnings(config: TelemetryConfig): readonly { path: string; message: string }[] {
  const warnings: { path: string; message: string }[] = [];
  const ignored = (path: string, what: string) => warnings.push({ path, message: `is read and not acted on: ${what}` });
  if (config.traces !== undefined) ignored("traces", "the gateway does not trace itself");
  if (config.logs.processors !== undefined) ignored("logs::processors", "own logs go to output_paths only");
  if (config.metrics.views !== undefined) ignored("metrics::views", "own metrics have fixed attributes and buckets");
  if (config.metrics.address !== undefined) {
    warnings.push({ path: "metrics::address", message: "is ignored, as in the collector: wanted metrics::readers" });
  }
  config.metrics.readers.forEach((reader, index) => {
    if (reader.periodic !== undefined) {
      ignored(`metrics::readers::${index}::periodic`, "own metrics are pulled, wanted pull: {exporter: {prometheus}}");
    }
  });
  return warnings;
}
