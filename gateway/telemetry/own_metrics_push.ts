/**
 * `service::telemetry::metrics::readers` with `periodic`: own metrics by OTLP, every `interval`, and once more at the end.
 *
 * Source: opentelemetry-proto 1.11.0, metrics.
 *
 * @module
 */

import type { PeriodicReaderConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { Timer } from "../../pipeline/core/clock.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";
import { metricRow } from "../../pipeline/core/telemetry/table.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import { WireType } from "../../pipeline/wire/protobuf.ts";
import type { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import {
  fixed64,
  ITEM,
  requestMessage,
  resourceMessage,
  writeAttributes,
  writeDouble,
  writeInteger,
  writeTime,
  written,
} from "./otlp_messages.ts";
import { lastWords, OtlpPush, type OtlpPushDeps } from "./otlp_push.ts";

/** Attributes of the resource as a metric: OTLP has them in the resource. */
const TARGET_INFO = "target_info";
const CUMULATIVE = 2;
const FIELDS = { gauge: 5, counter: 7, histogram: 9 } as const;

/** The part that sends what `collect` gives. */
export function ownMetricsPush(
  { interval, timeout, exporter: { otlp } }: PeriodicReaderConfig,
  resource: Attributes,
  collect: () => readonly SeriesValue[],
  deps: OtlpPushDeps,
): Lifecycle {
  if (otlp === undefined) return {};
  const exporter = new OtlpPush({ ...otlp, timeout: Math.min(otlp.timeout, timeout) }, "metrics", deps);
  const own = resourceMessage(resource);
  const startMs = deps.clock.nowMs();
  let timer: Timer | undefined;
  const push = async () => {
    const request = requestMessage(own, metricItems(collect(), startMs, deps.clock.nowMs()));
    await exporter.send(request).catch(() => {}); // it was said
  };
  const next = () => {
    timer = deps.clock.setTimer(() => void push().then(() => timer === undefined ? undefined : next()), interval);
  };
  return {
    start() {
      next();
      return Promise.resolve();
    },
    async shutdown(deadline) {
      if (timer !== undefined) deps.clock.clearTimer(timer);
      timer = undefined;
      await lastWords(push(), deadline);
    },
  };
}

/** Fields `ITEM` of a scope: series of one name are one metric. @param series In the order of their names. */
export function metricItems(series: readonly SeriesValue[], startMs: number, nowMs: number): Uint8Array {
  const named = Map.groupBy(series.filter(({ name }) => name !== TARGET_INFO), ({ name }) => name);
  return written((writer) => {
    for (const [name, points] of named) {
      const { help = "", unit = "" } = metricRow(name) ?? {};
      const kind = points[0]?.kind ?? "gauge";
      const metric = writer.open(ITEM);
      writer.stringField(1, name);
      writer.stringField(2, help);
      writer.stringField(3, unit);
      const data = writer.open(FIELDS[kind]);
      for (const point of points) writePoint(writer, point, { startMs, nowMs, isWhole: unit !== "s" });
      if (kind !== "gauge") writer.varintField(2, CUMULATIVE);
      if (kind === "counter") writer.varintField(3, 1); // it is monotonic
      writer.close(data);
      writer.close(metric);
    }
  });
}

interface PointContext {
  readonly startMs: number;
  readonly nowMs: number;
  /** Of numbers: an integer, else a double. */
  readonly isWhole: boolean;
}

function writePoint(writer: ProtoWriter, { kind, attributes, bounds, values }: SeriesValue, context: PointContext) {
  const point = writer.open(1);
  writeTime(writer, 2, context.startMs);
  writeTime(writer, 3, context.nowMs);
  if (kind === "histogram") {
    writeBuckets(writer, bounds, values);
    writeAttributes(writer, 9, attributes);
  } else {
    const [value = 0] = values;
    if (context.isWhole && Number.isSafeInteger(value)) writeInteger(writer, 6, value);
    else writeDouble(writer, 4, value);
    writeAttributes(writer, 7, attributes);
  }
  writer.close(point);
}

/** @param values Counts of the buckets, then the sum. */
function writeBuckets(writer: ProtoWriter, bounds: readonly number[], values: readonly number[]): void {
  const counts = values.slice(0, bounds.length + 1);
  writeInteger(writer, 4, counts.reduce((sum, count) => sum + count, 0));
  writeDouble(writer, 5, values[bounds.length + 1] ?? 0);
  writePacked(writer, 6, counts, (count) => fixed64(writer, count));
  writePacked(writer, 7, bounds, (bound) => writer.double(bound));
}

function writePacked(
  writer: ProtoWriter,
  field: number,
  numbers: readonly number[],
  write: (one: number) => void,
): void {
  writer.tag(field, WireType.bytes);
  writer.varint(8 * numbers.length);
  numbers.forEach(write);
}
