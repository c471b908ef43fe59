/**
 * What was counted of one resource, and the metrics that tell it.
 *
 * @module
 */

import { OttlError } from "../../../ottl/mod.ts";
import { encodeUtf8 } from "../../../ottl/values/utf8.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";

/** Different attribute values that all metrics of one batch may have together. */
export const MAX_SERIES = 10_000;

/** A metric that is written when something was counted. */
export interface MetricHead {
  readonly name: string;
  readonly description: string;
}

/** A series of one metric: the KeyValues of its attributes, and how often. */
interface Series {
  readonly attributes: readonly Uint8Array[];
  count: number;
}

/** Counts of one batch: resource after resource. */
export class Tally {
  readonly #nowUnixNano: bigint;
  readonly #request = new ProtoWriter(1_024);
  /** Of the resource that is being counted. */
  readonly #metrics = new Map<MetricHead, Map<string, Series>>();
  #series = 0;
  #points = 0;

  constructor(nowUnixNano: bigint) {
    this.#nowUnixNano = nowUnixNano;
  }

  /** Data points that were written. */
  get points(): number {
    return this.#points;
  }

  /**
   * Counts one thing.
   *
   * @param attributes KeyValue messages.
   * @throws {OttlError} "limit": the batch has more different attributes than MAX_SERIES.
   */
  add(metric: MetricHead, attributes: readonly Uint8Array[]): void {
    let all = this.#metrics.get(metric);
    if (all === undefined) this.#metrics.set(metric, all = new Map());
    const key = attributes.length === 0 ? "" : attributes.map((each) => each.join(",")).join(";");
    const known = all.get(key);
    if (known !== undefined) known.count++;
    else if (this.#series++ < MAX_SERIES) all.set(key, { attributes, count: 1 });
    else throw new OttlError("limit", `counts by more than ${MAX_SERIES} different attributes in one batch`);
  }

  /** The resource is done. @param resource Its Resource message. */
  endResource(resource: Uint8Array): void {
    if (this.#metrics.size === 0) return;
    const writer = this.#request;
    const resourceMetrics = writer.open(1);
    writer.bytesField(1, resource);
    const scopeMetrics = writer.open(2);
    const scope = writer.open(1);
    writer.stringField(1, SCOPE_NAME);
    writer.close(scope);
    for (const [metric, series] of this.#metrics) this.#metric(writer, metric, series);
    writer.close(scopeMetrics);
    writer.close(resourceMetrics);
    this.#metrics.clear();
  }

  /** The ExportMetricsServiceRequest; empty when nothing was counted. */
  finish(): Uint8Array {
    return this.#request.finish();
  }

  #metric(writer: ProtoWriter, { name, description }: MetricHead, series: ReadonlyMap<string, Series>): void {
    const metric = writer.open(2);
    writer.bytesField(1, encodeUtf8(name));
    if (description !== "") writer.bytesField(2, encodeUtf8(description));
    const sum = writer.open(7);
    for (const { attributes, count } of series.values()) this.#point(writer, attributes, count);
    writer.varintField(2, DELTA);
    writer.varintField(3, 1); // is_monotonic
    writer.close(sum);
    writer.close(metric);
  }

  #point(writer: ProtoWriter, attributes: readonly Uint8Array[], count: number): void {
    const point = writer.open(1);
    for (const attribute of attributes) writer.bytesField(7, attribute);
    writer.tag(3, FIXED64);
    writer.fixed64(Number(this.#nowUnixNano & 0xffffffffn), Number(this.#nowUnixNano >> 32n));
    writer.tag(6, FIXED64);
    writer.fixed64(count, 0);
    writer.close(point);
    this.#points++;
  }
}

/** As the collector names it, so that dashboards go on working. */
const SCOPE_NAME = "github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector";
/** AGGREGATION_TEMPORALITY_DELTA. */
const DELTA = 1;
/** Wire type. */
const FIXED64 = 1;
