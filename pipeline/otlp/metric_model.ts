/**
 * Metrics as plain objects: for functions that turn one kind of metric into another, merge points or move buckets.
 *
 * Objects are as message_codec.ts makes them. `KeyValue`s and `Exemplar`s may be shared between messages: put another in
 * the place of one that is to change.
 *
 * @module
 */

import { FieldReader, tagOf } from "../wire/protobuf.ts";
import { decodeMessage, emptyMessage, encodeMessage, type Message } from "./message_codec.ts";
import { messageSchema } from "./schema.ts";

export interface KeyValue extends Message {
  readonly key: string;
  /** Bytes of an AnyValue. */
  readonly value: Uint8Array | undefined;
  readonly keyStrindex: number;
}

export interface Exemplar extends Message {
  readonly timeUnixNano: bigint;
  readonly asDouble: number | undefined;
  readonly spanId: Uint8Array;
  readonly traceId: Uint8Array;
  readonly asInt: bigint | undefined;
  readonly filteredAttributes: KeyValue[];
}

/** What points of all kinds have. */
export interface DataPoint extends Message {
  attributes: KeyValue[];
  startTimeUnixNano: bigint;
  timeUnixNano: bigint;
  flags: number;
}

/** At most one of both values is set. */
export interface NumberDataPoint extends DataPoint {
  asDouble: number | undefined;
  exemplars: Exemplar[];
  asInt: bigint | undefined;
}

/** Of both kinds of histograms. */
export interface DistributionDataPoint extends DataPoint {
  count: bigint;
  sum: number | undefined;
  exemplars: Exemplar[];
  min: number | undefined;
  max: number | undefined;
}

export interface HistogramDataPoint extends DistributionDataPoint {
  bucketCounts: bigint[];
  explicitBounds: number[];
}

export interface Buckets extends Message {
  offset: number;
  bucketCounts: bigint[];
}

export interface ExponentialHistogramDataPoint extends DistributionDataPoint {
  scale: number;
  zeroCount: bigint;
  positive: Buckets | undefined;
  negative: Buckets | undefined;
  zeroThreshold: number;
}

export interface ValueAtQuantile extends Message {
  quantile: number;
  value: number;
}

export interface SummaryDataPoint extends DataPoint {
  count: bigint;
  sum: number;
  quantileValues: ValueAtQuantile[];
}

export interface Gauge extends Message {
  dataPoints: NumberDataPoint[];
}

export interface Sum extends Message {
  dataPoints: NumberDataPoint[];
  aggregationTemporality: number;
  isMonotonic: boolean;
}

export interface Histogram extends Message {
  dataPoints: HistogramDataPoint[];
  aggregationTemporality: number;
}

export interface ExponentialHistogram extends Message {
  dataPoints: ExponentialHistogramDataPoint[];
  aggregationTemporality: number;
}

export interface Summary extends Message {
  dataPoints: SummaryDataPoint[];
}

/** At most one of its kinds of data is set. */
export interface Metric extends Message {
  name: string;
  description: string;
  unit: string;
  gauge: Gauge | undefined;
  sum: Sum | undefined;
  histogram: Histogram | undefined;
  exponentialHistogram: ExponentialHistogram | undefined;
  summary: Summary | undefined;
  metadata: KeyValue[];
}

/** Messages that functions make, by their names in the schema. */
interface Models {
  KeyValue: KeyValue;
  Exemplar: Exemplar;
  Metric: Metric;
  Gauge: Gauge;
  Sum: Sum;
  Histogram: Histogram;
  NumberDataPoint: NumberDataPoint;
  HistogramDataPoint: HistogramDataPoint;
  ExponentialHistogramDataPoint: ExponentialHistogramDataPoint;
  "ExponentialHistogramDataPoint.Buckets": Buckets;
}

export const AggregationTemporality = { unspecified: 0, delta: 1, cumulative: 2 } as const;

/** Kinds of data of a metric: the names of its fields. */
export const METRIC_KINDS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const;
export type MetricKind = typeof METRIC_KINDS[number];

const METRIC = messageSchema("Metric");
const HISTOGRAM_POINT = messageSchema("HistogramDataPoint");

/** @throws {InvalidPayloadError} It is no protobuf. */
export function decodeMetric(bytes: Uint8Array): Metric {
  return decodeMessage(METRIC, bytes) as Metric;
}

export function encodeMetric(metric: Metric): Uint8Array {
  return encodeMessage(METRIC, metric);
}

/** @throws {InvalidPayloadError} It is no protobuf. */
export function decodeHistogramPoint(bytes: Uint8Array): HistogramDataPoint {
  return decodeMessage(HISTOGRAM_POINT, bytes) as HistogramDataPoint;
}

export function encodeHistogramPoint(point: HistogramDataPoint): Uint8Array {
  return encodeMessage(HISTOGRAM_POINT, point);
}

/** A message of which only `fields` are set. */
export function newMessage<Name extends keyof Models>(name: Name, fields: Partial<Models[Name]>): Models[Name] {
  return Object.assign(emptyMessage(messageSchema(name)) as Models[Name], fields);
}

/** Which data the Metric message in `bytes` has, without decoding it. */
export function metricKindOf(bytes: Uint8Array): MetricKind | undefined {
  const fields = new FieldReader(bytes);
  let kind: MetricKind | undefined;
  while (fields.next()) kind = KIND_OF_TAG.get(fields.tag) ?? kind;
  return kind;
}

const KIND_OF_TAG = new Map(
  METRIC.fields.filter(({ oneof }) => oneof === "data")
    .map(({ number, wireType, name }) => [tagOf(number, wireType), name as MetricKind]),
);

/** The points of `metric`, of whatever kind. */
export function dataPointsOf(metric: Metric): readonly DataPoint[] {
  for (const kind of METRIC_KINDS) {
    const data = metric[kind];
    if (data !== undefined) return data.dataPoints;
  }
  return [];
}
