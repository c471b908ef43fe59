import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { InvalidPayloadError } from "../../../pipeline/core/errors.ts";
import { payloadToJson, requestToJson } from "../../../pipeline/otlp/json_encode.ts";
import { NO_ORIGIN, payloadOf } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { ProtoWriter } from "../../../pipeline/wire/protobuf_writer.ts";
import { encodeMessage, type Plain, REQUEST_TYPES } from "../../support/otlp_proto.ts";

const text = new TextDecoder("utf-8", { fatal: true });

/** The JSON of `request`. */
function json(signal: Signal, request: Plain): string {
  return text.decode(requestToJson(signal, encodeMessage(REQUEST_TYPES[signal], request)));
}

/** The JSON of one span, log record, metric or profile, without what is around it. */
function ofItem(signal: Signal, item: Plain): string {
  const [name, items] = {
    traces: ["spans", "spans"],
    metrics: ["metrics", "metrics"],
    logs: ["logs", "log_records"],
    profiles: ["profiles", "profiles"],
  }[signal] as [string, string];
  const whole = json(signal, { [`resource_${name}`]: [{ [`scope_${name}`]: [{ [items]: [item] }] }] });
  return whole.replace(/^(?:\{"\w+":\[){3}/, "").replace(/(?:\]\}){3}$/, "");
}

const ofBody = (body: Plain) => ofItem("logs", { body }).replace(/^\{"body":/, "").replace(/\}$/, "");
const ofHistogram = (point: Plain) =>
  ofItem("metrics", { histogram: { data_points: [point] } })
    .replace(/^\{"histogram":\{"dataPoints":\[/, "").replace(/\]\}\}$/, "");

const ID = Uint8Array.from({ length: 16 }, (_, i) => i * 17);

const cases: readonly (readonly [name: string, got: () => string, want: string])[] = [
  ["an empty request", () => json("traces", {}), "{}"],
  [
    "empty envelopes",
    () => json("logs", { resource_logs: [{}, { resource: {} }] }),
    '{"resourceLogs":[{},{"resource":{}}]}',
  ],
  ["a span has a status", () => ofItem("traces", {}), '{"status":{}}'],
  [
    "a span's own status",
    () => ofItem("traces", { name: "n", status: { code: 2 } }),
    '{"name":"n","status":{"code":2}}',
  ],
  [
    "ids",
    () => ofItem("logs", { trace_id: ID, span_id: ID.subarray(8) }),
    '{"traceId":"00112233445566778899aabbccddeeff","spanId":"8899aabbccddeeff"}',
  ],
  ["an empty id", () => ofItem("logs", { trace_id: new Uint8Array(0) }), "{}"],
  [
    "zero scalars",
    () => ofItem("logs", { time_unix_nano: "0", severity_number: 0, severity_text: "", flags: 0, attributes: [] }),
    "{}",
  ],
  ["enum values", () => ofItem("traces", { kind: 3, status: {} }), '{"kind":3,"status":{}}'],
  [
    "fixed64",
    () => ofItem("logs", { time_unix_nano: "18446744073709551615" }),
    '{"timeUnixNano":"18446744073709551615"}',
  ],
  ["fixed32", () => ofItem("logs", { flags: 0xffff_ffff }), '{"flags":4294967295}'],
  ["int 0", () => ofBody({ int_value: "0" }), '{"intValue":"0"}'],
  ["int min", () => ofBody({ int_value: "-9223372036854775808" }), '{"intValue":"-9223372036854775808"}'],
  ["int max", () => ofBody({ int_value: "9223372036854775807" }), '{"intValue":"9223372036854775807"}'],
  ["10 digits", () => ofBody({ int_value: "1000000000" }), '{"intValue":"1000000000"}'],
  ["16 digits", () => ofBody({ int_value: "9007199254740993" }), '{"intValue":"9007199254740993"}'],
  ["-1", () => ofBody({ int_value: "-1" }), '{"intValue":"-1"}'],
  ["-2^32", () => ofBody({ int_value: "-4294967296" }), '{"intValue":"-4294967296"}'],
  ["false", () => ofBody({ bool_value: false }), '{"boolValue":false}'],
  ["true", () => ofBody({ bool_value: true }), '{"boolValue":true}'],
  ["no text", () => ofBody({ string_value: "" }), '{"stringValue":""}'],
  ["the empty value", () => ofBody({}), "{}"],
  ["an empty list", () => ofBody({ array_value: {} }), '{"arrayValue":{}}'],
  [
    "a list",
    () => ofBody({ array_value: { values: [{}, { bool_value: true }] } }),
    '{"arrayValue":{"values":[{},{"boolValue":true}]}}',
  ],
  ["a string index", () => ofBody({ string_value_strindex: 0 }), '{"stringValueStrindex":0}'],
  ["bytes", () => ofBody({ bytes_value: Uint8Array.of(251, 255, 254, 0) }), '{"bytesValue":"+//+AA=="}'],
  ["two bytes", () => ofBody({ bytes_value: Uint8Array.of(1, 2) }), '{"bytesValue":"AQI="}'],
  ["no bytes", () => ofBody({ bytes_value: new Uint8Array(0) }), '{"bytesValue":""}'],
  ["NaN", () => ofBody({ double_value: NaN }), '{"doubleValue":"NaN"}'],
  ["-Infinity", () => ofBody({ double_value: -Infinity }), '{"doubleValue":"-Infinity"}'],
  ["-0", () => ofBody({ double_value: -0 }), '{"doubleValue":-0}'],
  ["a whole double", () => ofBody({ double_value: -1e9 }), '{"doubleValue":-1000000000}'],
  ["a large double", () => ofBody({ double_value: 1e21 }), '{"doubleValue":1e+21}'],
  ["a small double", () => ofBody({ double_value: 5e-324 }), '{"doubleValue":5e-324}'],
  [
    "escapes",
    () => ofBody({ string_value: '"\\\b\f\n\r\t\0\x1f/\x7f' }),
    '{"stringValue":"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\x7f"}',
  ],
  ["UTF-8", () => ofBody({ string_value: "é€😀\u2028" }), '{"stringValue":"é€😀\u2028"}'],
  [
    "long text of controls",
    () => ofBody({ string_value: "\x01".repeat(5_000) }),
    `{"stringValue":"${"\\u0001".repeat(5_000)}"}`,
  ],
  ["a sum of 0 is there", () => ofHistogram({ sum: 0, min: 0 }), '{"sum":0,"min":0}'],
  [
    "packed numbers",
    () => ofHistogram({ bucket_counts: ["1", "0", "18446744073709551615"], explicit_bounds: [0, 2.5] }),
    '{"bucketCounts":["1","0","18446744073709551615"],"explicitBounds":[0,2.5]}',
  ],
  ["an empty run", () => ofHistogram({ bucket_counts: [] }), "{}"],
  [
    "signed integers of 32 bits",
    () =>
      ofItem("metrics", { exponential_histogram: { data_points: [{ scale: -5, positive: { offset: 2147483647 } }] } }),
    '{"exponentialHistogram":{"dataPoints":[{"scale":-5,"positive":{"offset":2147483647}}]}}',
  ],
  [
    "a profile",
    () => ofItem("profiles", { profile_id: ID, attribute_indices: [-1, 5], samples: [{ values: ["-7"] }] }),
    '{"samples":[{"values":["-7"]}],"profileId":"00112233445566778899aabbccddeeff","attributeIndices":[-1,5]}',
  ],
];

Deno.test("requestToJson()", async (t) => {
  for (const [name, got, want] of cases) await t.step(name, () => strictEqual(got(), want));
});

/** The JSON of a log record made of raw fields. */
function ofRecord(write: (record: ProtoWriter) => void): string {
  const writer = new ProtoWriter();
  const marks = [writer.open(1), writer.open(2), writer.open(2)];
  write(writer);
  for (const mark of marks.toReversed()) writer.close(mark);
  return text.decode(requestToJson("logs", writer.finish())).slice(
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":['.length,
    -"]}]}]}".length,
  );
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const attribute = (key: string) => bytes(0x0a, key.length, ...new TextEncoder().encode(key));

const odd: readonly (readonly [name: string, write: (record: ProtoWriter) => void, want: string])[] = [
  ["the last scalar holds", (record) => {
    record.stringField(3, "a");
    record.varintField(2, 9);
    record.stringField(3, "b");
  }, '{"severityNumber":9,"severityText":"b"}'],
  ["the last scalar holds when it is zero", (record) => {
    record.varintField(2, 9);
    record.varintField(2, 0);
  }, "{}"],
  ["lists in pieces", (record) => {
    record.bytesField(6, attribute("a"));
    record.stringField(3, "t");
    record.bytesField(6, attribute("b"));
  }, '{"severityText":"t","attributes":[{"key":"a"},{"key":"b"}]}'],
  ["a message that comes twice is merged", (record) => {
    record.bytesField(5, bytes(0x2a, 0x02, 0x0a, 0x00)); // arrayValue of one empty value
    record.varintField(2, 1);
    record.bytesField(5, bytes(0x2a, 0x02, 0x0a, 0x00));
  }, '{"severityNumber":1,"body":{"arrayValue":{"values":[{},{}]}}}'],
  ["a oneof keeps the member that came last", (record) => {
    record.bytesField(5, bytes(0x0a, 0x01, 0x61)); // stringValue
    record.bytesField(5, bytes(0x18, 0x05)); // intValue
  }, '{"body":{"intValue":"5"}}'],
  ["a member that was cleared does not merge", (record) => {
    record.bytesField(5, bytes(0x2a, 0x02, 0x0a, 0x00, 0x10, 0x01, 0x2a, 0x00)); // array, bool, empty array
  }, '{"body":{"arrayValue":{}}}'],
  ["unknown fields are left out", (record) => {
    record.varintField(100, 1);
    record.stringField(3, "t");
    record.bytesField(101, bytes(1, 2, 3));
  }, '{"severityText":"t"}'],
  ["text that is not UTF-8", (record) => {
    record.bytesField(3, bytes(0x61, 0xff, 0xe2, 0x82, 0x62));
  }, '{"severityText":"a\ufffd\ufffd\ufffdb"}'],
];

Deno.test("requestToJson() of what no writer should write", async (t) => {
  for (const [name, write, want] of odd) await t.step(name, () => strictEqual(ofRecord(write), want));
  await t.step("numbers one by one", () => {
    const request = {
      resource_metrics: [{
        scope_metrics: [{ metrics: [{ histogram: { data_points: [{ bucket_counts: ["1", "0"] }] } }] }],
      }],
    };
    const unpacked = encodeMessage(REQUEST_TYPES.metrics, request, { packed: false });
    strictEqual(text.decode(requestToJson("metrics", unpacked)), json("metrics", request));
  });
  await t.step("bytes that are no request", () => {
    throws(() => requestToJson("logs", bytes(0x0a, 0x05)), InvalidPayloadError);
  });
  await t.step("fields in a mixed order at every level", () => {
    let value = bytes();
    for (let level = 0; level < 60; level++) { // an empty list first, so that each level has to be merged
      const list = new ProtoWriter();
      list.bytesField(5, bytes());
      const inner = new ProtoWriter();
      inner.bytesField(1, value);
      list.bytesField(5, inner.finish());
      value = list.finish();
    }
    const want = `{"body":${'{"arrayValue":{"values":['.repeat(60)}{}${"]}}".repeat(60)}}`;
    strictEqual(ofRecord((record) => record.bytesField(5, value)), want);
  });
});

Deno.test("attributes of any length are written alike, in either order of fields", () => {
  for (const order of ["sdk", "collector"] as const) {
    for (let length = 0; length < 140; length++) {
      const value = "v".repeat(length);
      const request = { resource_logs: [{ resource: { attributes: [{ key: "k", value: { string_value: value } }] } }] };
      const got = JSON.parse(text.decode(requestToJson("logs", encodeMessage(REQUEST_TYPES.logs, request, { order }))));
      deepStrictEqual(got.resourceLogs[0].resource.attributes, [{ key: "k", value: { stringValue: value } }]);
    }
  }
});

Deno.test("payloadToJson() merges the chunks", () => {
  const chunk = (key: string) => encodeMessage(REQUEST_TYPES.logs, { resource_logs: [{ schema_url: key }] });
  const [a, b] = [chunk("a"), chunk("b")];
  const payload = {
    ...payloadOf("logs", a, 0, NO_ORIGIN),
    chunks: [a, b],
    byteLength: a.length + b.length,
  };
  deepStrictEqual(text.decode(payloadToJson(payload)), '{"resourceLogs":[{"schemaUrl":"a"},{"schemaUrl":"b"}]}');
});
