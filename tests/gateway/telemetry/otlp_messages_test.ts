/**
 * Own telemetry as wire bytes, read by protobufjs, which shares no code with what wrote them.
 *
 * @module
 */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  ITEM,
  requestMessage,
  resourceMessage,
  writeTime,
  writeValue,
  written,
} from "../../../gateway/telemetry/otlp_messages.ts";
import { writeRecord } from "../../../gateway/telemetry/own_logs.ts";
import { metricItems } from "../../../gateway/telemetry/own_metrics_push.ts";
import { RecordedSpan } from "../../../gateway/telemetry/own_traces.ts";
import { Recorder } from "../../../gateway/telemetry/recorder.ts";
import type { LogFields } from "../../../pipeline/core/log/logger.ts";
import type { SpanContext } from "../../../pipeline/core/telemetry/trace_context.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { messageType } from "../../support/otlp_proto.ts";

/** Of a message, keys as in the .proto; bytes in hexadecimal, 64-bit integers as text. */
function read(type: string, bytes: Uint8Array): Record<string, unknown> {
  const found = messageType(type);
  return withHex(found.toObject(found.decode(bytes), { longs: String })) as Record<string, unknown>;
}

function withHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.toHex();
  if (Array.isArray(value)) return value.map(withHex);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withHex(inner)]));
}

const SENDER: SpanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true, traceState: "v=1" };
const OTHER: SpanContext = { traceId: "c".repeat(32), spanId: "d".repeat(16), isSampled: false, traceState: "" };
const NOW_MS = 1_795_407_925_925;
const NOW_NS = "1795407925925000000";

Deno.test("a request has the resource and the scope, whatever is in it", () => {
  const resource = resourceMessage({ "service.name": "sluice", gone: undefined });
  const span = written((writer) => writer.stringField(5, "x".repeat(300)));
  const spans = written((writer) => {
    writer.bytesField(ITEM, span);
    writer.bytesField(ITEM, span);
  });
  const request = requestMessage(resource, spans);
  deepStrictEqual(read("ExportTraceServiceRequest", request), {
    resource_spans: [{
      resource: { attributes: [{ key: "service.name", value: { string_value: "sluice" } }] },
      scope_spans: [{ scope: { name: "sluice" }, spans: [{ name: "x".repeat(300) }, { name: "x".repeat(300) }] }],
    }],
  });
});

Deno.test("values of attributes are of the kind that they have", async (t) => {
  const cases: { name: string; value: string | number | boolean; want: Record<string, unknown> }[] = [
    { name: "text", value: "ä", want: { string_value: "ä" } },
    { name: "true", value: true, want: { bool_value: true } },
    { name: "false", value: false, want: { bool_value: false } },
    { name: "whole", value: 7, want: { int_value: "7" } },
    { name: "negative", value: -5, want: { int_value: "-5" } },
    { name: "the largest", value: Number.MAX_SAFE_INTEGER, want: { int_value: "9007199254740991" } },
    { name: "the least", value: Number.MIN_SAFE_INTEGER, want: { int_value: "-9007199254740991" } },
    { name: "with a fraction", value: 0.25, want: { double_value: 0.25 } },
    { name: "past what is exact", value: 1e300, want: { double_value: 1e300 } },
  ];
  for (const { name, value, want } of cases) {
    await t.step(name, () => {
      const pair = written((writer) => writeValue(writer, 2, value));
      deepStrictEqual(read("KeyValue", pair), { value: want });
    });
  }
});

Deno.test("times are exact to the microsecond", () => {
  fc.assert(fc.property(fc.nat({ max: 9e15 }), (micros) => {
    const bytes = written((writer) => writeTime(writer, 7, micros / 1_000));
    const { start_time_unix_nano: nanos = "0" } = read("Span", bytes);
    strictEqual(BigInt(nanos as string), BigInt(Math.round(micros / 1_000 * 1_000)) * 1_000n);
  }));
});

Deno.test("spans", async (t) => {
  const clock = new FakeClock(NOW_MS);
  const recorded: Uint8Array[] = [];
  const recorder = new Recorder(clock, [{
    add: (span) => void recorded.push(span.finish().slice()),
    shutdown: () => Promise.resolve(),
  }]);
  const take = () => recorded.splice(0).map((bytes) => read("Span", bytes));
  const base = { links: [], attributes: {}, traceId: SENDER.traceId };

  await t.step("of a request: it continues its sender's trace", async () => {
    const span = new RecordedSpan("POST", { ...base, kind: "server", parent: SENDER, startMs: NOW_MS }, recorder);
    span.set({ status: 200 });
    span.addChild("read", NOW_MS, NOW_MS + 0.5);
    await clock.advance(2);
    span.end();
    span.end();
    const [child, server] = take();
    deepStrictEqual(server, {
      trace_id: SENDER.traceId,
      span_id: span.context.spanId,
      trace_state: "v=1",
      parent_span_id: SENDER.spanId,
      flags: 0x301,
      name: "POST",
      kind: 2,
      start_time_unix_nano: NOW_NS,
      end_time_unix_nano: "1795407925927000000",
      attributes: [{ key: "status", value: { int_value: "200" } }],
    });
    match(child?.["span_id"] as string, /^[0-9a-f]{16}$/);
    deepStrictEqual({ ...child, span_id: "" }, {
      ...{ trace_id: SENDER.traceId, span_id: "", trace_state: "v=1", parent_span_id: span.context.spanId },
      ...{ flags: 0x101, name: "read", kind: 1 },
      ...{ start_time_unix_nano: NOW_NS, end_time_unix_nano: "1795407925925500000" },
    });
  });

  await t.step("of an export: linked to others, and failed", () => {
    const span = new RecordedSpan("send", { ...base, kind: "client", parent: SENDER, links: [OTHER] }, recorder);
    span.fail("refused");
    span.end();
    const [client] = take();
    const { kind, flags, links, status } = client ?? {};
    deepStrictEqual([kind, flags, status], [3, 0x101, { message: "refused", code: 2 }]);
    deepStrictEqual(links, [{ trace_id: OTHER.traceId, span_id: OTHER.spanId, flags: 0x100 }]);
  });

  await t.step("without a parent; a clock that steps back gives no negative length", () => {
    const span = new RecordedSpan("root", { ...base, kind: "server", parent: undefined, startMs: NOW_MS }, recorder);
    span.end(NOW_MS - 10);
    const [root] = take();
    deepStrictEqual([root?.["parent_span_id"], root?.["flags"]], [undefined, 0x101]);
    strictEqual(root?.["end_time_unix_nano"], NOW_NS);
  });
});

Deno.test("log records", async (t) => {
  const recordOf = (fields: LogFields) =>
    read(
      "LogRecord",
      written((writer) => writeRecord(writer, { timeMs: NOW_MS, level: "warn", message: "refused", fields })),
    );
  await t.step("outside of a trace", () => {
    deepStrictEqual(
      recordOf({ items: 3, ratio: 0.5, gone: undefined }),
      {
        time_unix_nano: NOW_NS,
        observed_time_unix_nano: NOW_NS,
        severity_number: 13,
        severity_text: "warn",
        body: { string_value: "refused" },
        attributes: [
          { key: "items", value: { int_value: "3" } },
          { key: "ratio", value: { double_value: 0.5 } },
        ],
      },
    );
  });
  await t.step("in one", () => {
    const { trace_id, span_id, flags, attributes } = recordOf({ trace_id: SENDER.traceId, span_id: SENDER.spanId });
    deepStrictEqual([trace_id, span_id, flags, attributes], [SENDER.traceId, SENDER.spanId, 1, undefined]);
  });
});

Deno.test("metrics", async (t) => {
  const attributes = { exporter: "otlp_http" };
  const times = { start_time_unix_nano: NOW_NS, time_unix_nano: "1795407926925000000" };
  const labels = [{ key: "exporter", value: { string_value: "otlp_http" } }];
  const metricsOf = (...series: Parameters<typeof metricItems>[0]) =>
    (read("ScopeMetrics", metricItems(series, NOW_MS, NOW_MS + 1_000))["metrics"] ?? []) as Record<string, unknown>[];

  await t.step("a counter is a sum of integers, its series in one metric", () => {
    const name = "otelcol_exporter_sent_spans";
    const series = { name, kind: "counter", bounds: [], attributes } as const;
    const [metric, ...more] = metricsOf({ ...series, values: [7] }, { ...series, attributes: {}, values: [2 ** 40] });
    strictEqual(more.length, 0);
    deepStrictEqual([metric?.["name"], metric?.["unit"]], [name, "{span}"]);
    deepStrictEqual(metric?.["sum"], {
      aggregation_temporality: 2,
      is_monotonic: true,
      data_points: [
        { ...times, as_int: "7", attributes: labels },
        { ...times, as_int: "1099511627776" },
      ],
    });
  });

  await t.step("a gauge may be negative, and broken", () => {
    const gauge = { kind: "gauge", bounds: [], attributes: {} } as const;
    const [one, two] = metricsOf({ ...gauge, name: "a", values: [-3] }, { ...gauge, name: "b", values: [0.5] });
    deepStrictEqual(one?.["gauge"], { data_points: [{ ...times, as_int: "-3" }] });
    deepStrictEqual(two?.["gauge"], { data_points: [{ ...times, as_double: 0.5 }] });
  });

  await t.step("a histogram has a count a bucket, and their sum", () => {
    const [metric] = metricsOf({ name: "h", kind: "histogram", bounds: [1, 2.5], attributes, values: [1, 0, 4, 90.5] });
    deepStrictEqual(metric?.["histogram"], {
      aggregation_temporality: 2,
      data_points: [{
        ...times,
        ...{ count: "5", sum: 90.5, bucket_counts: ["1", "0", "4"], explicit_bounds: [1, 2.5], attributes: labels },
      }],
    });
  });

  await t.step("what describes the resource is no metric", () => {
    deepStrictEqual(metricsOf({ name: "target_info", kind: "gauge", bounds: [], attributes, values: [1] }), []);
  });

  await t.step("the gateway takes them itself", () => {
    const series = { name: "h", kind: "histogram", bounds: [1], attributes, values: [1, 2, 3] } as const;
    const request = requestMessage(resourceMessage({ a: "b" }), metricItems([series], NOW_MS, NOW_MS));
    strictEqual(readPayload("metrics", request, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN).itemCount, 1);
  });
});
