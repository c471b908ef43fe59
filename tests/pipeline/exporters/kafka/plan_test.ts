import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { Tracer } from "../../../../pipeline/core/telemetry/trace.ts";
import { traceContext } from "../../../../pipeline/core/telemetry/trace_context.ts";
import { alwaysOff } from "../../../../pipeline/core/telemetry/trace_sampler.ts";
import { BATCH_OVERHEAD_BYTES, RECORD_OVERHEAD_BYTES } from "../../../../pipeline/exporters/kafka/client/record.ts";
import { createPlanner, type Plan, type PlannedRecord } from "../../../../pipeline/exporters/kafka/plan.ts";
import { mergePayloads, NO_ORIGIN, type Payload } from "../../../../pipeline/otlp/payload.ts";
import { attributeMapHash } from "../../../../pipeline/otlp/resource.ts";
import type { Signal } from "../../../../pipeline/otlp/signals.ts";
import { decodeRequest, encodeMessage, REQUEST_TYPES } from "../../../support/otlp_proto.ts";
import { resourcesOf } from "../../../support/resources.ts";
import { kafkaConfig, NO_HEADERS, originWith, samplePayload } from "./kafka_support.ts";

const text = new TextDecoder();

function plan(payload: Payload, yaml = ""): Plan {
  return createPlanner(kafkaConfig(yaml), payload.signal)(payload);
}

/** What would be in a topic: keys as text, values decoded. */
function contents(signal: Signal, records: readonly PlannedRecord[] = []) {
  return records.map(({ key, value }) => ({
    key: key === null ? null : text.decode(key),
    value: decodeRequest(signal, joined(value)),
  }));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

function items(records: readonly PlannedRecord[] = []): number {
  return records.reduce((sum, { itemCount }) => sum + itemCount, 0);
}

/** A resource with one log record for each tenant; undefined: without the attribute. */
function tenantLogs(...tenants: (string | number | undefined)[]): Payload {
  const bytes = encodeMessage(REQUEST_TYPES.logs, {
    resource_logs: tenants.map((tenant, at) => ({
      resource: {
        attributes: tenant === undefined ? [] : [{
          key: "tenant",
          value: typeof tenant === "number" ? { int_value: `${tenant}` } : { string_value: tenant },
        }],
      },
      scope_logs: [{ log_records: [{ body: { string_value: `record ${at}` } }] }],
    })),
  });
  return { signal: "logs", chunks: [bytes], itemCount: tenants.length, byteLength: bytes.length, origin: NO_ORIGIN };
}

Deno.test("plan: one record of the payload's own bytes, not copied", () => {
  const payload = mergePayloads([samplePayload("traces", 3), samplePayload("traces", 4)], NO_ORIGIN);
  const { recordsByTopic, rejectedItems, message } = plan(payload);
  deepStrictEqual([...recordsByTopic.keys()], ["otlp_spans"]);
  const [record, ...others] = recordsByTopic.get("otlp_spans")!;
  deepStrictEqual(others, []);
  strictEqual(record!.key, null);
  strictEqual(record!.value, payload.chunks);
  strictEqual(record!.valueBytes, payload.byteLength);
  strictEqual(record!.itemCount, 7);
  strictEqual(record!.headers.bytes.length, NO_HEADERS.bytes.length);
  deepStrictEqual([rejectedItems, message], [0, ""]);
});

Deno.test("plan: topics", async (t) => {
  const cases: { name: string; yaml: string; payload: Payload; want: Record<string, number> }[] = [
    { name: "of the signal", yaml: "", payload: tenantLogs("a"), want: { otlp_logs: 1 } },
    { name: "as configured", yaml: "logs: {topic: mine}", payload: tenantLogs("a"), want: { mine: 1 } },
    {
      name: "by attribute: each resource for itself",
      yaml: "topic_from_attribute: tenant",
      payload: tenantLogs("a", "b", undefined, "a", "", 7),
      want: { a: 2, b: 1, otlp_logs: 3 },
    },
    {
      name: "by metadata, before the attribute",
      yaml: "topic_from_attribute: tenant\nlogs: {topic_from_metadata_key: X-Topic}",
      payload: { ...tenantLogs("a", "b"), origin: originWith({ "x-topic": ["first", "second"] }) },
      want: { first: 2 },
    },
    {
      name: "by attribute when the metadata is not there or empty",
      yaml: "topic_from_attribute: tenant\nlogs: {topic_from_metadata_key: X-Topic}",
      payload: { ...tenantLogs("a"), origin: originWith({ "x-topic": [""] }) },
      want: { a: 1 },
    },
  ];
  for (const { name, yaml, payload, want } of cases) {
    await t.step(name, () => {
      const { recordsByTopic } = plan(payload, yaml);
      deepStrictEqual(Object.fromEntries([...recordsByTopic].map(([topic, records]) => [topic, items(records)])), want);
    });
  }
});

Deno.test("plan: keys", async (t) => {
  await t.step("from metadata, the first value", () => {
    const yaml = "traces: {message_key_from_metadata_key: X-Tenant}";
    const payload = { ...samplePayload("traces", 2), origin: originWith({ "x-tenant": ["acme", "other"] }) };
    deepStrictEqual(contents("traces", plan(payload, yaml).recordsByTopic.get("otlp_spans")).map(({ key }) => key), [
      "acme",
    ]);
    strictEqual(plan(samplePayload("traces", 2), yaml).recordsByTopic.get("otlp_spans")![0]!.key, null);
  });
  await t.step("trace ids as hex, one record a trace", () => {
    const records = plan(samplePayload("traces", 30), "partition_traces_by_id: true").recordsByTopic.get("otlp_spans")!;
    strictEqual(records.length, 3);
    for (const { key, value } of contents("traces", records)) {
      const ids = JSON.stringify(value).matchAll(/"trace_id":"([^"]*)"/g);
      deepStrictEqual(new Set(ids.map(([, id]) => Uint8Array.fromBase64(id!).toHex())), new Set([key]));
    }
    strictEqual(items(records), 30);
  });
  await t.step("logs without a trace id have none", () => {
    const records = plan(samplePayload("logs", 4), "partition_logs_by_trace_id: true").recordsByTopic.get("otlp_logs")!;
    deepStrictEqual(records.map(({ key, itemCount }) => [key?.length ?? null, itemCount]), [[32, 1], [null, 2], [
      32,
      1,
    ]]);
  });
  for (const signal of ["metrics", "logs"] as const) {
    await t.step(`${signal} by the hash of their resource`, () => {
      const payload = samplePayload(signal, 30, { resources: 3 });
      const yaml = `partition_${signal}_by_resource_attributes: true`;
      const records = [...plan(payload, yaml).recordsByTopic.values()].flat();
      const want = resourcesOf(payload).map(({ resource, itemCount }) => [attributeMapHash(resource), itemCount]);
      deepStrictEqual(records.map(({ key, itemCount }) => [key, itemCount]), want);
    });
  }
  await t.step("other signals are not divided by a signal's option", () => {
    const yaml = "partition_traces_by_id: true\npartition_metrics_by_resource_attributes: true";
    deepStrictEqual(plan(samplePayload("logs", 30, { resources: 3 }), yaml).recordsByTopic.get("otlp_logs")!.length, 1);
  });
});

Deno.test("plan: headers, fixed ones and every value of the metadata that is asked for", () => {
  const yaml = "record_headers: {env: prod}\ninclude_metadata_keys: [X-Tenant, absent]";
  const payload = { ...samplePayload("traces", 1), origin: originWith({ "x-tenant": ["a", "b"], other: ["c"] }) };
  const { bytes } = plan(payload, yaml).recordsByTopic.get("otlp_spans")![0]!.headers;
  strictEqual(text.decode(bytes), "\x06\x06env\x08prod\x10X-Tenant\x02a\x10X-Tenant\x02b");
});

Deno.test("plan: the trace of a payload goes on in the headers, while the gateway traces itself", () => {
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true, traceState: "" };
  const payload = { ...samplePayload("traces", 1), origin: { ...NO_ORIGIN, trace: { context, links: [] } } };
  const tracer = new Tracer(() => 0);
  const planner = createPlanner(kafkaConfig("record_headers: {env: prod}"), "traces", tracer);
  const pairs = () => planner(payload).recordsByTopic.get("otlp_spans")![0]!.headers.pairs;
  deepStrictEqual(pairs(), [["env", "prod"]]);
  const startSpan = () => {
    throw new Error("Cannot happen: nobody asks for a span");
  };
  tracer.use({ propagators: [traceContext], sampler: alwaysOff, startSpan });
  deepStrictEqual(pairs(), [["env", "prod"], ["traceparent", `00-${context.traceId}-${context.spanId}-01`]]);
});

Deno.test("plan: otlp_json", () => {
  const payload = samplePayload("logs", 2);
  const [record] = plan(payload, "logs: {encoding: otlp_json}").recordsByTopic.get("otlp_logs")!;
  const json = JSON.parse(text.decode(joined(record!.value)));
  strictEqual(json.resourceLogs[0].scopeLogs[0].logRecords.length, 2);
  strictEqual(record!.itemCount, 2);
});

Deno.test("plan: size", async (t) => {
  const overhead = BATCH_OVERHEAD_BYTES + RECORD_OVERHEAD_BYTES + NO_HEADERS.bytes.length;
  const one = samplePayload("traces", 1);
  const manySpans = samplePayload("traces", 40);
  const limitOf = (bytes: number) => `producer: {max_message_bytes: ${bytes}}`;

  await t.step("a value at the limit is one record, one byte past it is divided", () => {
    const fits = plan(manySpans, limitOf(manySpans.byteLength + overhead)).recordsByTopic.get("otlp_spans")!;
    deepStrictEqual(fits.map(({ itemCount }) => itemCount), [40]);
    const divided = plan(manySpans, limitOf(manySpans.byteLength + overhead - 1)).recordsByTopic.get("otlp_spans")!;
    deepStrictEqual(divided.length, 2);
    strictEqual(items(divided), 40);
  });
  await t.step("an item that is too large alone is rejected, and the others are not", () => {
    const huge = samplePayload("logs", 1);
    const bytes = encodeMessage(REQUEST_TYPES.logs, {
      resource_logs: [{ scope_logs: [{ log_records: [{ body: { string_value: "x".repeat(5_000) } }] }] }],
    });
    const large: Payload = { ...huge, chunks: [bytes], byteLength: bytes.length };
    const { recordsByTopic, rejectedItems, message } = plan(
      mergePayloads([large, tenantLogs("a", "b")], NO_ORIGIN),
      limitOf(2_000),
    );
    strictEqual(rejectedItems, 1);
    strictEqual(items(recordsByTopic.get("otlp_logs")), 2);
    strictEqual(message, "1 log record too large for a record of 2000 bytes");
  });
  await t.step("nothing that fits leaves no record", () => {
    const { recordsByTopic, rejectedItems } = plan(
      { ...one, origin: originWith({ big: ["x".repeat(5_000)] }) },
      `${limitOf(2_000)}\ninclude_metadata_keys: [big]`,
    );
    deepStrictEqual([recordsByTopic.size, rejectedItems], [0, 1]);
  });
  await t.step("profiles are never divided", () => {
    const profiles = samplePayload("profiles", 50);
    const { recordsByTopic, rejectedItems } = plan(profiles, limitOf(1_024));
    deepStrictEqual([recordsByTopic.size, rejectedItems], [0, 50]);
  });

  for (const encoding of ["otlp_proto", "otlp_json"]) {
    await t.step(`whatever the limit, no ${encoding} record is larger and no item is lost`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 60 }),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1_024, max: 60_000 }),
          fc.boolean(),
          (spans, resources, limit, byTrace) => {
            const payload = samplePayload("traces", spans, { resources: Math.min(spans, resources) });
            const yaml = `${limitOf(limit)}\ntraces: {encoding: ${encoding}}\npartition_traces_by_id: ${byTrace}`;
            const { recordsByTopic, rejectedItems } = plan(payload, yaml);
            const records = recordsByTopic.get("otlp_spans") ?? [];
            for (const { valueBytes, key, value } of records) {
              ok(valueBytes + (key?.length ?? 0) + overhead <= limit);
              strictEqual(value.reduce((sum, piece) => sum + piece.length, 0), valueBytes);
            }
            strictEqual(items(records) + rejectedItems, spans);
          },
        ),
        { numRuns: 40 },
      );
    });
  }
});
