/**
 * `service::telemetry::metrics::readers` with `periodic`: own metrics by OTLP, every `interval`, and once more at the
 * end. The series are our own; of the OpenTelemetry packages only what makes a request of them is used, loaded when it
 * is wanted.
 *
 * @module
 */

import type { HrTime } from "@opentelemetry/api";
import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { PeriodicReaderConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { Timer } from "../../pipeline/core/clock.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry_store.ts";
import { metricRow } from "../../pipeline/core/telemetry_table.ts";
import type { Attributes } from "../../pipeline/core/telemetry.ts";
import { lastWords, OtlpPush, type OtlpPushDeps } from "./otlp_push.ts";

const SCOPE = { name: "sluice" };
/** Attributes of the resource as a metric: OTLP has them in the resource. */
const TARGET_INFO = "target_info";

/** The part that sends what `collect` gives. */
export function ownMetricsPush(
  { interval, timeout, exporter: { otlp } }: PeriodicReaderConfig,
  resource: Attributes,
  collect: () => readonly SeriesValue[],
  deps: OtlpPushDeps,
): Lifecycle {
  let timer: Timer | undefined;
  let push = () => Promise.resolve();
  return {
    async start() {
      if (otlp === undefined) return;
      const sdk = await loadSdk();
      const serializers = { protobuf: sdk.ProtobufMetricsSerializer, json: sdk.JsonMetricsSerializer };
      const settings = { ...otlp, timeout: Math.min(otlp.timeout, timeout) };
      const exporter = new OtlpPush<ResourceMetrics>(settings, "/v1/metrics", serializers, deps);
      const startMs = deps.clock.nowMs();
      const own = sdk.resourceFromAttributes(resource);
      push = async () => {
        const metrics = metricsOf(sdk, collect(), startMs, deps.clock.nowMs());
        await exporter.send({ resource: own, scopeMetrics: [{ scope: SCOPE, metrics }] }).catch(() => {}); // it was said
      };
      const next = () => {
        timer = deps.clock.setTimer(() => void push().then(() => timer === undefined ? undefined : next()), interval);
      };
      next();
    },
    async shutdown(deadline) {
      if (timer !== undefined) deps.clock.clearTimer(timer);
      timer = undefined;
      await lastWords(push(), deadline);
    },
  };
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;

async function loadSdk() {
  const [metrics, transformer, resources, api] = await Promise.all([
    import("@opentelemetry/sdk-metrics"),
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/api"),
  ]);
  return { ...metrics, ...transformer, ...resources, api };
}

/** Series of one name are one metric. @param series In the order of their names. */
function metricsOf(sdk: Sdk, series: readonly SeriesValue[], startMs: number, nowMs: number): MetricData[] {
  const [startTime, endTime] = [hrTime(startMs), hrTime(nowMs)];
  return [...Map.groupBy(series.filter(({ name }) => name !== TARGET_INFO), ({ name }) => name)].map(
    ([name, points]) => {
      const row = metricRow(name);
      const unit = row?.unit ?? "";
      const { INT, DOUBLE } = sdk.api.ValueType;
      const common = {
        descriptor: { name, description: row?.help ?? "", unit, valueType: unit === "s" ? DOUBLE : INT },
        aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
      };
      const pointOf = <Value>(attributes: Attributes, value: Value) => ({ attributes, startTime, endTime, value });
      const numbers = () => points.map(({ attributes, values: [value = 0] }) => pointOf(attributes, value));
      switch (points[0]?.kind) {
        case "histogram": {
          const dataPoints = points.map((point) => pointOf(point.attributes, histogramOf(point)));
          return { ...common, dataPointType: sdk.DataPointType.HISTOGRAM, dataPoints };
        }
        case "counter":
          return { ...common, dataPointType: sdk.DataPointType.SUM, isMonotonic: true, dataPoints: numbers() };
        default:
          return { ...common, dataPointType: sdk.DataPointType.GAUGE, dataPoints: numbers() };
      }
    },
  );
}

function histogramOf({ bounds, values }: SeriesValue) {
  const counts = values.slice(0, bounds.length + 1);
  return {
    buckets: { boundaries: [...bounds], counts },
    sum: values[bounds.length + 1] ?? 0,
    count: counts.reduce((sum, count) => sum + count, 0),
  };
}

function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1e6)];
}
