/**
 * Items in memory for tests of single functions, with the few paths that they need, and statements over real requests.
 *
 * @module
 */

import type { ContextDefinition, PathAccess } from "../../../../../ottl/compile/context.ts";
import { OttlCompiler, StatementSequence } from "../../../../../ottl/mod.ts";
import type { ErrorMode } from "../../../../../ottl/mod.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { PlainMap, type Value } from "../../../../../ottl/values/value.ts";
import { decodeMessage, encodeMessage, type Message } from "../../../../../pipeline/otlp/message_codec.ts";
import {
  type DataPoint,
  dataPointsOf,
  decodeMetric,
  encodeMetric,
  type KeyValue,
  type Metric,
  METRIC_KINDS,
  metricKindOf,
} from "../../../../../pipeline/otlp/metric_model.ts";
import { decodeAnyValue } from "../../../../../pipeline/otlp/ottl/any_value.ts";
import { functionsOf, type TextPlace } from "../../../../../pipeline/otlp/ottl/functions/table.ts";
import type { DataPointKind, MetricItem, SpanItem } from "../../../../../pipeline/otlp/ottl/item.ts";
import { openContext, walk, type WalkOptions } from "../../../../../pipeline/otlp/ottl/mod.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, payloadBytes } from "../../../../../pipeline/otlp/payload.ts";
import { readPayload } from "../../../../../pipeline/otlp/validate.ts";
import { type MessageSchema, messageSchema } from "../../../../../pipeline/otlp/schema.ts";
import { MEMORY_TOOLS } from "../../../../support/ottl_context.ts";

const POINT_KINDS = { gauge: "number", sum: "number", exponentialHistogram: "exponential" } as const;

/** One metric, and the one of its points that is being visited. */
export class MemoryMetric implements MetricItem {
  metric: Metric;
  readonly added: Metric[] = [];
  readonly point: number | undefined;

  constructor(metric: Metric, point?: number) {
    this.metric = metric;
    this.point = point;
  }

  metricBytes(): Uint8Array {
    return encodeMetric(this.metric);
  }

  replaceMetric(message: Uint8Array): void {
    this.metric = decodeMetric(message);
  }

  appendMetric(message: Uint8Array): void {
    if (this.added.length === 20) throw new OttlError("limit", "too many metrics");
    this.added.push(decodeMetric(message));
  }

  dataPointKind(): DataPointKind {
    const kind = metricKindOf(this.metricBytes()) ?? "none";
    return kind in POINT_KINDS ? POINT_KINDS[kind as keyof typeof POINT_KINDS] : kind as DataPointKind;
  }

  dataPointBytes(): Uint8Array {
    return encodeMessage(this.#pointSchema(), dataPointsOf(this.metric)[this.point ?? 0] as Message);
  }

  replaceDataPoint(message: Uint8Array): void {
    const points = dataPointsOf(this.metric) as DataPoint[];
    points[this.point ?? 0] = decodeMessage(this.#pointSchema(), message) as DataPoint;
  }

  #pointSchema(): MessageSchema {
    const kind = metricKindOf(this.metricBytes());
    const data = messageSchema("Metric").fields.find(({ name }) => name === kind)?.message;
    return data?.fields.find(({ name }) => name === "dataPoints")?.message as MessageSchema;
  }
}

interface Span extends Message {
  name: string;
  kind: number;
  parentSpanId: Uint8Array;
  attributes: KeyValue[];
}

export class MemorySpan implements SpanItem {
  readonly span: Span;
  readonly attributes: PlainMap;

  constructor(span: Span) {
    this.span = span;
    this.attributes = new PlainMap(
      span.attributes.map(({ key, value = new Uint8Array() }) => [key, decodeAnyValue(value, 0, value.length)]),
    );
  }

  spanName(): string {
    return this.span.name;
  }

  setSpanName(name: string): void {
    this.span.name = name;
  }

  spanKind(): number {
    return this.span.kind;
  }

  parentSpanId(): Uint8Array {
    return this.span.parentSpanId;
  }

  spanAttributes(): PlainMap {
    return this.attributes;
  }
}

/** Paths of metrics, by their names without a context. */
const METRIC_PATHS: Readonly<Record<string, (metric: Metric) => Value>> = {
  name: ({ name }) => name,
  description: ({ description }) => description,
  unit: ({ unit }) => unit,
  type: (metric) => BigInt(METRIC_KINDS.findIndex((kind) => metric[kind] !== undefined) + 1),
};

function metricPath(name: string): PathAccess {
  const get = METRIC_PATHS[name];
  if (get === undefined) throw new OttlError("unknown_path", `no path ${name}`);
  return {
    get: (item) => get((item as MemoryMetric).metric),
    set: (item, value) => Object.assign((item as MemoryMetric).metric, { [name]: value }),
  };
}

const TYPES = ["NONE", "GAUGE", "SUM", "HISTOGRAM", "EXPONENTIAL_HISTOGRAM", "SUMMARY"];

function contextOf(name: string): ContextDefinition {
  const enums = new Map(TYPES.map((type, i) => [`METRIC_DATA_TYPE_${type}`, BigInt(i)]));
  return { name, prefixes: [name, "metric"], enums, pathNames: [] };
}

/** A compiler of texts of `context`. */
export function telemetryCompiler(context: string, place: TextPlace = "transform statement"): OttlCompiler {
  return new OttlCompiler({
    context: contextOf(context),
    resolver: { resolve: ({ fields }) => metricPath(fields.map(({ name }) => name).join(".")) },
    functions: functionsOf(place, context),
    tools: MEMORY_TOOLS,
    gates: new Set(),
    prefixMode: "explicit",
  });
}

/** What a request becomes when statements run on all of its items of `context`, by the real walk over its bytes. */
export function transform(
  request: Uint8Array,
  context: "span" | "metric" | "datapoint",
  statements: readonly string[],
  errorMode: ErrorMode,
  options: Omit<WalkOptions, "visit"> = {},
): Uint8Array {
  const signal = context === "span" ? "traces" : "metrics";
  const payload = readPayload(signal, request, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  const { definition, resolver, cursor } = openContext(signal, context);
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsOf("transform statement", context),
    tools: MEMORY_TOOLS,
    gates: new Set(),
    prefixMode: "explicit",
  });
  const sequence = new StatementSequence(compiler.statements(statements), errorMode);
  const visitor = () => {
    sequence.run(cursor);
    return true;
  };
  return payloadBytes(walk(payload, cursor, { ...options, visit: { [context]: visitor } }));
}
