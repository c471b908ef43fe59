import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { InvalidPayloadError, LimitExceededError } from "../../../pipeline/core/errors.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS, type PayloadLimits } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { decodeRequest } from "../../support/otlp_proto.ts";

const utf8 = new TextEncoder();

function read(signal: Signal, json: string | Uint8Array, limits: Partial<PayloadLimits> = {}) {
  const body = typeof json === "string" ? utf8.encode(json) : json;
  return readJsonPayload(signal, body, { ...DEFAULT_PAYLOAD_LIMITS, ...limits }, NO_ORIGIN);
}

function decode(signal: Signal, json: string | Uint8Array): Record<string, unknown> {
  return decodeRequest(signal, payloadBytes(read(signal, json)));
}

type Tree = { [key: string]: Tree } & Tree[];

const ofSpan = (json: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${json}]}]}]}`;
const ofLog = (json: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${json}]}]}]}`;
const ofMetric = (json: string) => `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${json}]}]}]}`;
const ofProfile = (json: string) => `{"resourceProfiles":[{"scopeProfiles":[{"profiles":[${json}]}]}]}`;
const ofPoint = (json: string) => ofMetric(`{"gauge":{"dataPoints":[${json}]}}`);
const ofHistogram = (json: string) => ofMetric(`{"histogram":{"dataPoints":[${json}]}}`);
const ofExponential = (json: string) => ofMetric(`{"exponentialHistogram":{"dataPoints":[${json}]}}`);
const ofBody = (json: string) => ofLog(`{"body":${json}}`);

const span = (json: string | Uint8Array) =>
  (decode("traces", json) as Tree).resource_spans?.[0]?.scope_spans?.[0]?.spans?.[0];
const log = (json: string) => (decode("logs", json) as Tree).resource_logs?.[0]?.scope_logs?.[0]?.log_records?.[0];
const metric = (json: string) =>
  (decode("metrics", json) as Tree).resource_metrics?.[0]?.scope_metrics?.[0]?.metrics?.[0];
const profile = (json: string) =>
  (decode("profiles", json) as Tree).resource_profiles?.[0]?.scope_profiles?.[0]?.profiles?.[0];
const point = (json: string) => metric(ofPoint(json))?.gauge?.data_points?.[0];
const histogram = (json: string) => metric(ofHistogram(json))?.histogram?.data_points?.[0];
const exponential = (json: string) => metric(ofExponential(json))?.exponential_histogram?.data_points?.[0];
const body = (json: string) => log(ofBody(json))?.body;

/** A table of JSON and what the oracle reads from its bytes. */
async function table(
  t: Deno.TestContext,
  rows: readonly (readonly [name: string, got: () => unknown, want: unknown])[],
) {
  for (const [name, got, want] of rows) await t.step(name, () => deepStrictEqual(got(), want));
}

Deno.test("readJsonPayload() of integers", async (t) => {
  await table(t, [
    ["64 bits as a string", () => body('{"intValue":"9223372036854775807"}'), { int_value: "9223372036854775807" }],
    ["64 bits as a number", () => body('{"intValue":-9223372036854775808}'), { int_value: "-9223372036854775808" }],
    ["2^62 as JavaScript rounds it", () => body('{"intValue":4611686018427388000}'), {
      int_value: "4611686018427388000",
    }],
    ["zero is kept in a oneof", () => body('{"intValue":"0"}'), { int_value: "0" }],
    ["-0", () => body('{"intValue":-0}'), { int_value: "0" }],
    ["1.0", () => body('{"intValue":1.0}'), { int_value: "1" }],
    ["1e3", () => body('{"intValue":1e3}'), { int_value: "1000" }],
    ["1.5E+1 in a string", () => body('{"intValue":"1.5E+1"}'), { int_value: "15" }],
    ["120e-1", () => body('{"intValue":120e-1}'), { int_value: "12" }],
    ["0.00e9999999999", () => body('{"intValue":0.00e9999999999}'), { int_value: "0" }],
    ["-9.223372036854775808e18", () => body('{"intValue":-9.223372036854775808e18}'), {
      int_value: "-9223372036854775808",
    }],
    ["escaped digits", () => body('{"intValue":"\\u0031\\u0032"}'), { int_value: "12" }],
    ["fixed64, all bits", () => span(ofSpan('{"startTimeUnixNano":"18446744073709551615"}')), {
      start_time_unix_nano: "18446744073709551615",
    }],
    ["fixed64, 16 digits", () => span(ofSpan('{"startTimeUnixNano":9007199254740993}')), {
      start_time_unix_nano: "9007199254740993",
    }],
    ["sfixed64, negative", () => point('{"asInt":"-4294967296"}'), { as_int: "-4294967296" }],
    ["uint32", () => span(ofSpan('{"droppedEventsCount":4294967295}')), { dropped_events_count: 4294967295 }],
    ["uint32 in a string", () => span(ofSpan('{"droppedEventsCount":"7"}')), { dropped_events_count: 7 }],
    ["fixed32", () => span(ofSpan('{"flags":4294967295}')), { flags: 4294967295 }],
    ["sint32", () => exponential('{"scale":-2147483648}'), { scale: -2147483648 }],
    ["int32", () => profile(ofProfile('{"attributeIndices":[-2147483648,2147483647,-1]}')), {
      attribute_indices: [-2147483648, 2147483647, -1],
    }],
    ["uint64, packed", () => exponential('{"positive":{"bucketCounts":["18446744073709551615",0,127,128]}}'), {
      positive: { bucket_counts: ["18446744073709551615", "0", "127", "128"] },
    }],
    ["fixed64, packed", () => histogram('{"bucketCounts":["1",2,3e0]}'), { bucket_counts: ["1", "2", "3"] }],
    ["zero where it means unset", () => span(ofSpan('{"flags":0,"startTimeUnixNano":"0","kind":0}')), {}],
  ]);
});

Deno.test("readJsonPayload() of doubles", async (t) => {
  await table(t, [
    ["a fraction", () => body('{"doubleValue":0.1}'), { double_value: 0.1 }],
    ["17 digits", () => body('{"doubleValue":0.30000000000000004}'), { double_value: 0.1 + 0.2 }],
    ["an exponent", () => body('{"doubleValue":-1.7976931348623157e+308}'), { double_value: -Number.MAX_VALUE }],
    ["the smallest", () => body('{"doubleValue":5e-324}'), { double_value: 5e-324 }],
    ["underflow", () => body('{"doubleValue":1e-999}'), { double_value: 0 }],
    ["halfway, to even", () => body('{"doubleValue":9007199254740993}'), { double_value: 9007199254740992 }],
    ["a whole number", () => body('{"doubleValue":2}'), { double_value: 2 }],
    ["in a string", () => body('{"doubleValue":"2.5e-1"}'), { double_value: 0.25 }],
    ["NaN", () => body('{"doubleValue":"NaN"}'), { double_value: NaN }],
    ["Infinity", () => body('{"doubleValue":"Infinity"}'), { double_value: Infinity }],
    ["-Infinity, escaped", () => body('{"doubleValue":"\\u002dInfinity"}'), { double_value: -Infinity }],
    ["-0", () => body('{"doubleValue":-0}'), { double_value: -0 }],
    ["-0 without presence", () => exponential('{"zeroThreshold":-0.0}'), { zero_threshold: -0 }],
    ["0 with presence", () => histogram('{"sum":0,"min":0.0}'), { sum: 0, min: 0 }],
    ["0 without presence", () => exponential('{"zeroThreshold":0}'), {}],
    ["packed", () => histogram('{"explicitBounds":[1,2.5,"Infinity"]}'), { explicit_bounds: [1, 2.5, Infinity] }],
  ]);
});

Deno.test("readJsonPayload() of text", async (t) => {
  const long = "x".repeat(20_000);
  await table(t, [
    ["ASCII", () => body('{"stringValue":"abc"}'), { string_value: "abc" }],
    ["empty, in a oneof", () => body('{"stringValue":""}'), { string_value: "" }],
    ["empty, unset", () => span(ofSpan('{"name":""}')), {}],
    ["escapes", () => body('{"stringValue":"\\"\\\\\\/\\b\\f\\n\\r\\t"}'), { string_value: '"\\/\b\f\n\r\t' }],
    ["UTF-8", () => body('{"stringValue":"é€😀"}'), { string_value: "é€😀" }],
    ["UTF-16 escapes", () => body('{"stringValue":"\\u00e9\\u20AC\\ud83d\\ude00\\u0000"}'), {
      string_value: "é€😀\0",
    }],
    ["a high surrogate alone", () => body('{"stringValue":"a\\ud83d"}'), { string_value: "a\ufffd" }],
    ["a high surrogate before another escape", () => body('{"stringValue":"\\ud83d\\u0041\\ud83d\\n"}'), {
      string_value: "\ufffdA\ufffd\n",
    }],
    ["a low surrogate alone", () => body('{"stringValue":"\\ude00b"}'), { string_value: "\ufffdb" }],
    ["two highs and a low", () => body('{"stringValue":"\\ud83d\\ud83d\\ude00"}'), { string_value: "\ufffd😀" }],
    [
      "127 and 128 bytes",
      () => [body(`{"stringValue":"${long.slice(0, 127)}"}`), body(`{"stringValue":"${long.slice(0, 128)}"}`)],
      [
        { string_value: long.slice(0, 127) },
        { string_value: long.slice(0, 128) },
      ],
    ],
    ["20,000 bytes", () => body(`{"stringValue":"${long}"}`), { string_value: long }],
    ["a list", () => {
      const json = '{"resourceLogs":[{"resource":{"entityRefs":[{"idKeys":["a","",null,"b"]}]}}]}';
      return (decode("logs", json) as Tree).resource_logs?.[0]?.resource?.entity_refs?.[0];
    }, { id_keys: ["a", "", "", "b"] }],
  ]);
});

Deno.test("readJsonPayload() of ids and bytes", async (t) => {
  const traceId = "00112233445566778899aAbBcCdDeEfF";
  const base64 = Uint8Array.fromHex(traceId).toBase64();
  await table(t, [
    ["hex in either case", () => span(ofSpan(`{"traceId":"${traceId}","spanId":"0011223344556677"}`)), {
      trace_id: base64,
      span_id: Uint8Array.fromHex("0011223344556677").toBase64(),
    }],
    ["escaped hex", () => span(ofSpan(`{"spanId":"\\u0030011223344556677"}`)), {
      span_id: Uint8Array.fromHex("0011223344556677").toBase64(),
    }],
    ["an empty id is unset", () => span(ofSpan('{"traceId":"","parentSpanId":""}')), {}],
    ["a profile's id", () => profile(ofProfile(`{"profileId":"${traceId}"}`)), { profile_id: base64 }],
    ["base64", () => body('{"bytesValue":"+/8="}'), { bytes_value: "+/8=" }],
    ["base64, unpadded", () => body('{"bytesValue":"+/8"}'), { bytes_value: "+/8=" }],
    ["base64, URL-safe", () => body('{"bytesValue":"-_8="}'), { bytes_value: "+/8=" }],
    ["base64 with an escaped slash", () => body('{"bytesValue":"+\\/8="}'), { bytes_value: "+/8=" }],
    [
      "one, two and three bytes",
      () => [body('{"bytesValue":"AQ=="}'), body('{"bytesValue":"AQI"}'), body('{"bytesValue":"AQID"}')],
      [
        { bytes_value: "AQ==" },
        { bytes_value: "AQI=" },
        { bytes_value: "AQID" },
      ],
    ],
    ["no bytes", () => body('{"bytesValue":""}'), { bytes_value: "" }],
  ]);
});

Deno.test("readJsonPayload() of enum values", async (t) => {
  await table(t, [
    ["a number", () => span(ofSpan('{"kind":3}')), { kind: 3 }],
    ["a number in a string", () => span(ofSpan('{"kind":"3"}')), { kind: 3 }],
    ["a name", () => span(ofSpan('{"kind":"SPAN_KIND_CLIENT","status":{"code":"STATUS_CODE_ERROR"}}')), {
      kind: 3,
      status: { code: 2 },
    }],
    ["a number that nobody knows", () => span(ofSpan('{"kind":-1}')), { kind: -1 }],
    ["severity", () => log(ofLog('{"severityNumber":"SEVERITY_NUMBER_FATAL4"}')), { severity_number: 24 }],
    ["temporality", () => metric(ofMetric('{"sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}}')), {
      sum: { aggregation_temporality: 1 },
    }],
  ]);
});

Deno.test("readJsonPayload() of null, empty and unknown", async (t) => {
  await table(t, [
    [
      "every kind of field",
      () => span(ofSpan('{"traceId":null,"name":null,"kind":null,"flags":null,"attributes":null,"status":null}')),
      {},
    ],
    ["an unset message", () => log(ofLog('{"body":null}')), {}],
    ["NaN of JavaScript is the empty value", () => body('{"doubleValue":null}'), {}],
    ["NaN of JavaScript in a point", () => point('{"asDouble":null,"timeUnixNano":"1"}'), { time_unix_nano: "1" }],
    ["the empty value", () => body("{}"), {}],
    ["an attribute without value", () => span(ofSpan('{"attributes":[{"key":"a"},{"key":"b","value":{}}]}')), {
      attributes: [{ key: "a" }, { key: "b", value: {} }],
    }],
    ["false is kept in a oneof", () => body('{"boolValue":false}'), { bool_value: false }],
    ["an empty array and map", () => [body('{"arrayValue":{}}'), body('{"kvlistValue":{"values":[]}}')], [
      { array_value: {} },
      { kvlist_value: {} },
    ]],
    ["null elements", () => body('{"arrayValue":{"values":[null,{"intValue":1},null]}}'), {
      array_value: { values: [{}, { int_value: "1" }, {}] },
    }],
    ["null spans are spans", () => decode("traces", ofSpan("null,{}")), {
      resource_spans: [{ scope_spans: [{ spans: [{}, {}] }] }],
    }],
    ["null numbers hold their place", () => histogram('{"bucketCounts":[null,"1"],"explicitBounds":[1,null]}'), {
      bucket_counts: ["0", "1"],
      explicit_bounds: [1, 0],
    }],
    [
      "unknown keys of every shape",
      () => span(ofSpan('{"a":{"b":[{},[],"\\u00e9",-1.5e-3,true,false,null]},"name":"n","spanID":"x","":1}')),
      { name: "n" },
    ],
    ["snake_case", () => span(ofSpan('{"start_time_unix_nano":1,"dropped_events_count":2}')), {
      start_time_unix_nano: "1",
      dropped_events_count: 2,
    }],
    ["an escaped key", () => span(ofSpan('{"n\\u0061me":"n"}')), { name: "n" }],
    ["white space everywhere", () => span(` \r\n\t${ofSpan(' {\n"name" :\t"n" , "kind" : 1 } ')} `), {
      name: "n",
      kind: 1,
    }],
    ["an empty object", () => decode("traces", "{}"), {}],
    ["no body at all", () => decode("traces", ""), {}],
  ]);
});

Deno.test("readJsonPayload() of keys that come twice takes the last", async (t) => {
  await table(t, [
    ["a scalar", () => span(ofSpan('{"name":"a","kind":2,"name":"b"}')), { name: "b", kind: 2 }],
    ["a scalar that goes back to zero", () => span(ofSpan('{"kind":2,"kind":0}')), {}],
    ["null unsets", () => span(ofSpan('{"name":"a","name":null}')), {}],
    [
      "a message is replaced, not merged",
      () => span(ofSpan('{"status":{"code":2,"message":"m"},"name":"n","status":{"code":1}}')),
      {
        name: "n",
        status: { code: 1 },
      },
    ],
    [
      "a list is replaced, not appended",
      () => span(ofSpan('{"attributes":[{"key":"a"},{"key":"b"}],"flags":1,"attributes":[{"key":"c"}]}')),
      {
        flags: 1,
        attributes: [{ key: "c" }],
      },
    ],
    ["a packed list", () => histogram('{"bucketCounts":[1,2],"bucketCounts":[3]}'), { bucket_counts: ["3"] }],
    ["an empty list", () => histogram('{"bucketCounts":[1,2],"bucketCounts":[]}'), {}],
    ["camel and snake are one", () => span(ofSpan('{"traceState":"a","trace_state":"b"}')), { trace_state: "b" }],
    ["another member of a oneof", () => body('{"stringValue":"a","intValue":1}'), { int_value: "1" }],
    ["null clears no other member", () => body('{"stringValue":"a","intValue":null}'), { string_value: "a" }],
    ["three times", () => body('{"stringValue":"a","arrayValue":{"values":[{}]},"stringValue":"c"}'), {
      string_value: "c",
    }],
    ["far into a message, with prefixes of two bytes", () => {
      const long = "x".repeat(300);
      return span(
        ofSpan(`{"name":"${long}","events":[{"name":"${long}"}],"name":"a","events":[{"name":"${long}y"}],"kind":1}`),
      );
    }, { name: "a", kind: 1, events: [{ name: `${"x".repeat(300)}y` }] }],
    ["a field with a tag of two bytes", () => span(ofSpan('{"flags":1,"name":"n","flags":2}')), {
      name: "n",
      flags: 2,
    }],
  ]);
  await t.step("dropped items are not counted", () => {
    const json = ofSpan("{},{},{}").replace(/]}]}$/, ',{"spans":[{}],"spans":[{},{}]}]}]}');
    strictEqual(read("traces", json).itemCount, 5);
    strictEqual(read("traces", '{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}],"resourceSpans":[]}').itemCount, 0);
  });
});

Deno.test("readJsonPayload() counts items", async (t) => {
  const cases: [Signal, string, number][] = [
    ["traces", ofSpan("{},{}"), 2],
    ["logs", ofLog("{},{},null"), 3],
    ["metrics", ofMetric('{"gauge":{"dataPoints":[{},{}]}},{"summary":{"dataPoints":[{}]}},{"name":"none"}'), 3],
    ["profiles", ofProfile('{"samples":[{},{}]},{}'), 2],
    ["traces", '{"resourceSpans":[{},{"scopeSpans":[{}]}]}', 0],
  ];
  for (const [signal, json, want] of cases) {
    await t.step(`${want} of ${signal}`, () => {
      const payload = read(signal, json);
      strictEqual(payload.itemCount, want);
      strictEqual(payload.signal, signal);
      strictEqual(payload.byteLength, payloadBytes(payload).length);
    });
  }
});

/** Bytes of the same characters. */
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What is refused, and the offset that the error must name. */
const REFUSED: readonly { name: string; json: string | Uint8Array; offset: number; signal?: Signal }[] = [
  { name: "white space only", json: "  ", offset: 2 },
  { name: "a list", json: "[]", offset: 0 },
  { name: "null", json: "null", offset: 0 },
  { name: "an open object", json: '{"resourceSpans":[', offset: 18 },
  { name: "an open string", json: '{"resourceSpans', offset: 15 },
  { name: "text of another kind", json: "<html>", offset: 0 },
  { name: "garbage behind the object", json: "{} x", offset: 3 },
  { name: "two objects", json: "{}{}", offset: 2 },
  { name: "a byte order mark", json: "\ufeff{}", offset: 0 },
  { name: "UTF-16", json: latin1("\xff\xfe{\0}\0"), offset: 0 },
  { name: "UTF-16 without a mark", json: latin1("{\0}\0"), offset: 1 },
  { name: "a trailing comma", json: '{"a":1,}', offset: 7 },
  { name: "a missing colon", json: '{"a" 1}', offset: 5 },
  { name: "a missing comma", json: '{"a":1 "b":2}', offset: 7 },
  { name: "an unquoted key", json: "{a:1}", offset: 1 },
  { name: "a list with a trailing comma", json: '{"resourceSpans":[{},]}', offset: 21 },
  { name: "a bare word", json: '{"a":nul}', offset: 5 },
  { name: "a leading zero", json: '{"a":01}', offset: 5 },
  { name: "a leading plus", json: '{"a":+1}', offset: 5 },
  { name: "a bare minus", json: '{"a":-}', offset: 5 },
  { name: "a fraction without digits", json: '{"a":1.}', offset: 5 },
  { name: "an exponent without digits", json: '{"a":1e+}', offset: 5 },
  { name: "a control character in a string", json: '{"a":"\n"}', offset: 6 },
  { name: "a control character in a key", json: '{"\u0001":1}', offset: 2 },
  { name: "a bad escape", json: '{"a":"\\x"}', offset: 6 },
  { name: "a bad unicode escape", json: '{"a":"\\u12g4"}', offset: 6 },
  { name: "UTF-8: a byte that starts nothing", json: latin1('{"a":"\x80"}'), offset: 6 },
  { name: "UTF-8: overlong", json: latin1('{"a":"\xc0\xaf"}'), offset: 6 },
  { name: "UTF-8: overlong in three bytes", json: latin1('{"a":"\xe0\x80\x80"}'), offset: 6 },
  { name: "UTF-8: a surrogate", json: latin1('{"a":"\xed\xa0\x80"}'), offset: 6 },
  { name: "UTF-8: beyond Unicode", json: latin1('{"a":"\xf4\x90\x80\x80"}'), offset: 6 },
  { name: "UTF-8: cut off", json: latin1('{"a":"\xe2\x82"}'), offset: 6 },
  { name: "UTF-8 in a known field", json: latin1('{"resourceSpans":[{"schemaUrl":"\xff"}]}'), offset: 32 },
  { name: "an object for a list", json: '{"resourceSpans":{}}', offset: 17 },
  { name: "a list for an object", json: '{"resourceSpans":[[]]}', offset: 18 },
  { name: "a number for a string", json: '{"resourceSpans":[{"schemaUrl":1}]}', offset: 31 },
  { name: "an id of 31 digits", json: ofSpan(`{"traceId":"${"0".repeat(31)}"}`), offset: 55 },
  { name: "an id of 33 digits", json: ofSpan(`{"traceId":"${"0".repeat(33)}"}`), offset: 55 },
  { name: "an id that is not hex", json: ofSpan('{"spanId":"00112233445566zz"}'), offset: 54 },
  { name: "an id in base64", json: ofSpan('{"traceId":"AAAAAAAAAAAAAAAAAAAAAA=="}'), offset: 55 },
];

Deno.test("readJsonPayload() refuses with the place", async (t) => {
  for (const { name, json, offset, signal = "traces" } of REFUSED) {
    await t.step(name, () => {
      throws(() => read(signal, json), (error: unknown) => {
        ok(error instanceof InvalidPayloadError);
        strictEqual(error.httpStatus, 400);
        strictEqual(error.offset, offset);
        return true;
      });
    });
  }
});

Deno.test("readJsonPayload() refuses values that do not fit", async (t) => {
  const logs: [name: string, body: string][] = [
    ["2^63", '{"intValue":"9223372036854775808"}'],
    ["-2^63 as JavaScript rounds it", '{"intValue":-9223372036854776000}'],
    ["Number.MAX_VALUE", '{"intValue":1.7976931348623157e+308}'],
    ["21 digits", '{"intValue":"100000000000000000000"}'],
    ["a fraction", '{"intValue":1.5}'],
    ["a tiny fraction", '{"intValue":1e-1}'],
    ["empty", '{"intValue":""}'],
    ["a space", '{"intValue":" 1"}'],
    ["a word", '{"intValue":"one"}'],
    ["hex", '{"intValue":"0x10"}'],
    ["a bool for an int", '{"intValue":true}'],
    ["a word for a bool", '{"boolValue":"true"}'],
    ["a number for a bool", '{"boolValue":1}'],
    ["a bool that is cut off", '{"boolValue":tru}'],
    ["beyond doubles", '{"doubleValue":1e400}'],
    ["lower-case nan", '{"doubleValue":"nan"}'],
    ["+Infinity", '{"doubleValue":"+Infinity"}'],
    ["base64 of one digit", '{"bytesValue":"A"}'],
    ["base64 with a space", '{"bytesValue":"AQ I"}'],
    ["base64 with padding inside", '{"bytesValue":"A=QI"}'],
    ["base64 with too much padding", '{"bytesValue":"AQI=="}'],
    ["base64 of padding", '{"bytesValue":"="}'],
  ];
  for (const [name, value] of logs) {
    await t.step(name, () => throws(() => read("logs", ofBody(value)), InvalidPayloadError));
  }
  const spans: [name: string, span: string][] = [
    ["fixed64: negative", '{"startTimeUnixNano":"-1"}'],
    ["fixed64: 2^64", '{"startTimeUnixNano":"18446744073709551616"}'],
    ["uint32: 2^32", '{"droppedEventsCount":4294967296}'],
    ["uint32: negative", '{"droppedEventsCount":-1}'],
    ["fixed32: 2^32", '{"flags":4294967296}'],
    ["enum: 2^31", '{"kind":2147483648}'],
    ["enum: a name that nobody knows", '{"kind":"SPAN_KIND_OTHER"}'],
    ["enum: a name of every object", '{"kind":"constructor"}'],
  ];
  for (const [name, value] of spans) {
    await t.step(name, () => throws(() => read("traces", ofSpan(value)), InvalidPayloadError));
  }
  await t.step(
    "sint32: 2^31",
    () => throws(() => read("metrics", ofExponential('{"scale":2147483648}')), InvalidPayloadError),
  );
  await t.step("int32: -2^31 - 1", () => {
    throws(() => read("profiles", ofProfile('{"attributeIndices":[-2147483649]}')), InvalidPayloadError);
  });
});

Deno.test("an error tells nothing of the data", () => {
  throws(() => read("traces", ofSpan('{"name":"secret" "token"}')), (error: unknown) => {
    ok(error instanceof InvalidPayloadError);
    ok(!/secret|token|name/.test(error.message), error.message);
    return true;
  });
});

Deno.test("readJsonPayload() holds its limits", async (t) => {
  const nested = (levels: number) =>
    ofBody(`${'{"arrayValue":{"values":['.repeat(levels - 1)}{}${"]}}".repeat(levels - 1)}`);
  const nestedMaps = (levels: number) =>
    ofBody(`${'{"kvlistValue":{"values":[{"value":'.repeat(levels - 1)}{}${"}]}}".repeat(levels - 1)}`);
  for (const [name, make] of [["arrays", nested], ["maps", nestedMaps]] as const) {
    await t.step(`${name} at the depth limit`, () => strictEqual(read("logs", make(64)).itemCount, 1));
    await t.step(`${name} past it`, () => throws(() => read("logs", make(65)), InvalidPayloadError));
    await t.step(`${name} far past it`, () => throws(() => read("logs", make(300_000)), InvalidPayloadError));
  }
  const unknown = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  await t.step("unknown values at the limit", () => strictEqual(read("logs", unknown(64)).itemCount, 0));
  await t.step("unknown values past it", () => throws(() => read("logs", unknown(65)), InvalidPayloadError));
  await t.step(
    "unknown values far past it",
    () => throws(() => read("logs", `{"a":${"[".repeat(1e6)}`), InvalidPayloadError),
  );
  await t.step("items", () => {
    strictEqual(read("logs", ofLog("{},{}"), { maxItems: 2 }).itemCount, 2);
    throws(() => read("logs", ofLog("{},{},{}"), { maxItems: 2 }), LimitExceededError);
  });
  await t.step("bytes of JSON", () => {
    const json = ofLog("{}");
    strictEqual(read("logs", json, { maxBodyBytes: json.length }).itemCount, 1);
    throws(() => read("logs", json, { maxBodyBytes: json.length - 1 }), LimitExceededError);
  });
});

Deno.test("attributes of any length and spelling read alike", async (t) => {
  const attributesOf = (json: string) => span(ofSpan(`{"attributes":[${json}]}`))?.attributes;
  await t.step("lengths of one and two bytes", () => {
    for (let length = 0; length < 140; length++) {
      const text = "v".repeat(length);
      const want = [{ key: "k", value: { string_value: text } }];
      deepStrictEqual(attributesOf(`{"key":"k","value":{"stringValue":"${text}"}}`), want);
      const long = [{ key: `k${text}`, value: { string_value: "" } }];
      deepStrictEqual(attributesOf(`{"key":"k${text}","value":{"stringValue":""}}`), long);
    }
  });
  await t.step("integers of all lengths, signs and spellings", () => {
    const digits = Array.from({ length: 19 }, (_, i) => ["1".padEnd(i + 1, "0"), "9".repeat(Math.min(i + 1, 18))])
      .flat();
    const texts = ["0", "7", "127", "128", "16383", "16384", "2147483647", "2147483648", ...digits];
    for (const text of texts.flatMap((text) => text === "0" ? [text] : [text, `-${text}`])) {
      const want = [{ key: "k", value: { int_value: text } }, { key: "l", value: { string_value: "x" } }];
      const next = '{"key":"l","value":{"stringValue":"x"}}';
      deepStrictEqual(attributesOf(`{"key":"k","value":{"intValue":"${text}"}},${next}`), want);
      deepStrictEqual(attributesOf(`{"key":"k","value":{"intValue":${text}}},${next}`), want);
      deepStrictEqual(attributesOf(`{"key":"k","value":{"intValue":"${text}" } } , ${next}`), want);
    }
    for (const text of ["", "-", "00", "01", "-01", "1 ", "12:", "9223372036854775808"]) {
      const json = `{"key":"k","value":{"intValue":"${text}"}}`;
      throws(() => attributesOf(json), InvalidPayloadError, text);
    }
  });
  await t.step("cut off anywhere they are refused", () => {
    const whole = ofSpan(
      '{"attributes":[{"key":"a","value":{"intValue":"200"}},{"key":"b","value":{"stringValue":"x"}}]}',
    );
    strictEqual(read("traces", whole).itemCount, 1);
    for (let length = 1; length < whole.length; length++) {
      throws(() => read("traces", whole.slice(0, length)), InvalidPayloadError, `${length} bytes`);
    }
  });
  const want = [{ key: 'a"', value: { string_value: "é" } }];
  await table(t, [
    ["compact", () => attributesOf('{"key":"a\\"","value":{"stringValue":"é"}}'), want],
    ["spaced", () => attributesOf('{ "key": "a\\"", "value": { "stringValue": "é" } }'), want],
    ["spaced at the end", () => attributesOf('{"key":"a\\"","value":{"stringValue":"é"} }'), want],
    ["value first", () => attributesOf('{"value":{"stringValue":"é"},"key":"a\\""}'), want],
    ["more behind the value", () => attributesOf('{"key":"a\\"","value":{"stringValue":"é"},"x":1}'), want],
    ["more in the value", () => attributesOf('{"key":"a\\"","value":{"stringValue":"é","x":1}}'), want],
    ["key twice", () => attributesOf('{"key":"b","value":{"stringValue":"é"},"key":"a\\""}'), want],
    ["no key", () => attributesOf('{"key":"","value":{"stringValue":"é"}}'), [{ value: { string_value: "é" } }]],
  ]);
});

Deno.test("numbers that take more bytes than their text make the output grow", () => {
  const bounds = new Array<number>(300_000).fill(0);
  const got = histogram(`{"explicitBounds":[${bounds.join()}]}`)?.explicit_bounds;
  deepStrictEqual(got, bounds);
  const indices = new Array<number>(300_000).fill(-1);
  deepStrictEqual(profile(ofProfile(`{"attributeIndices":[${indices.join()}]}`))?.attribute_indices, indices);
});

Deno.test("many duplicates cost one pass", () => {
  const many = `{${'"name":"a","attributes":[{"key":"k"}],'.repeat(50_000)}"name":"b"}`;
  deepStrictEqual(span(ofSpan(many)), { name: "b", attributes: [{ key: "k" }] });
});

Deno.test("a payload does not share memory with the next", () => {
  const first = read("logs", ofBody('{"stringValue":"first"}'));
  const copy = payloadBytes(first).slice();
  read("logs", ofBody('{"stringValue":"other"}'));
  deepStrictEqual(payloadBytes(first), copy);
});

Deno.test("a key without quotes is told as what is wanted there", async (t) => {
  for (const json of ["{resourceLogs:[]}", '{"resourceLogs":[],}', "{'resourceLogs':[]}"]) {
    await t.step(json, () => throws(() => read("logs", json), /does not fit, wanted a key in quotes$/));
  }
});
