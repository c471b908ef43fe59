/**
 * Arbitrary valid OTLP requests for property tests, and what they hold as flat lists of items, by the oracle.
 *
 * @module
 */

import fc from "fast-check";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { decodeRequest, encodeMessage, type Plain, REQUEST_TYPES } from "./otlp_proto.ts";

/** Fields that no OTLP message has; the oracle shows those of 127 to 130. */
const UNKNOWN_FIELDS: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.of(0xf8, 0x07, 0x05), // 127, varint
  Uint8Array.of(0x82, 0x08, 0x02, 0xff, 0x00), // 128, bytes
  Uint8Array.of(0x89, 0x08, 1, 2, 3, 4, 5, 6, 7, 8, 0x95, 0x08, 1, 2, 3, 4), // 129, fixed64; 130, fixed32
  Uint8Array.of(0x9b, 0x08, 0x08, 0x01, 0x13, 0x14, 0x9c, 0x08, 0xf8, 0x07, 0x05), // 131, a group with a group; 127
];

/** A request of `signal` as wire bytes, in one of both orders, packed or not, with or without unknown fields. */
export function arbitraryRequest(signal: Signal): fc.Arbitrary<Uint8Array> {
  return fc.record({
    message: MESSAGES[signal],
    order: fc.constantFrom("sdk" as const, "collector" as const),
    packed: fc.boolean(),
    extra: fc.constantFrom(...UNKNOWN_FIELDS),
  }).map(({ message, order, packed, extra }) =>
    encodeMessage(REQUEST_TYPES[signal], message as Plain, { order, packed, extra })
  );
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const uint32 = fc.nat({ max: 0xffffffff });
const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ minLength: 120, maxLength: 140 }));
const bytes = fc.uint8Array({ maxLength: 20 });

/** Some of the fields, as a writer may leave any of them out. */
function message(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Plain> {
  return fc.record(fields, { requiredKeys: [] });
}

function some<T>(of: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(of, { maxLength });
}

function id(length: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { arbitrary: fc.nat({ max: 3 }).map((fill) => new Uint8Array(length).fill(fill)), weight: 4 },
    { arbitrary: fc.constant(new Uint8Array(0)), weight: 1 },
  );
}

const { keyValue, anyValue } = fc.letrec<{ keyValue: Plain; anyValue: Plain }>((tie) => ({
  keyValue: message({ key: text, value: tie("anyValue") }),
  anyValue: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ string_value: text }),
    fc.record({ bool_value: fc.boolean() }),
    fc.record({ int_value: int64 }),
    fc.record({ double_value: fc.double() }),
    fc.record({ bytes_value: bytes }),
    fc.record({ string_value_strindex: fc.nat() }),
    fc.constant({}),
    fc.record({ array_value: message({ values: some(tie("anyValue")) }) }),
    fc.record({ kvlist_value: message({ values: some(tie("keyValue")) }) }),
  ),
}));

const attributes = some(keyValue);
const resource = message({
  attributes,
  dropped_attributes_count: uint32,
  entity_refs: some(message({ schema_url: text, type: text, id_keys: some(text), description_keys: some(text) }), 1),
});
const scope = message({ name: text, version: text, attributes, dropped_attributes_count: uint32 });

const span = message({
  trace_id: id(16),
  span_id: id(8),
  trace_state: text,
  parent_span_id: id(8),
  flags: uint32,
  name: text,
  kind: fc.nat({ max: 5 }),
  start_time_unix_nano: uint64,
  end_time_unix_nano: uint64,
  attributes,
  dropped_attributes_count: uint32,
  events: some(message({ time_unix_nano: uint64, name: text, attributes }), 1),
  links: some(message({ trace_id: id(16), span_id: id(8), trace_state: text, attributes, flags: uint32 }), 1),
  status: message({ message: text, code: fc.nat({ max: 2 }) }),
});

const logRecord = message({
  time_unix_nano: uint64,
  observed_time_unix_nano: uint64,
  severity_number: fc.nat({ max: 24 }),
  severity_text: text,
  body: anyValue,
  attributes,
  flags: uint32,
  trace_id: id(16),
  span_id: id(8),
  event_name: text,
});

const exemplars = some(
  message({ filtered_attributes: attributes, time_unix_nano: uint64, as_int: int64, span_id: id(8), trace_id: id(16) }),
  1,
);
const common = { attributes, start_time_unix_nano: uint64, time_unix_nano: uint64, flags: uint32 };
const number = message({ ...common, exemplars, as_double: fc.double() });
const histogram = message({
  ...common,
  exemplars,
  count: uint64,
  sum: fc.double(),
  bucket_counts: some(uint64),
  explicit_bounds: some(fc.double()),
  min: fc.double(),
});
const buckets = message({ offset: fc.integer(), bucket_counts: some(uint64) });
const exponential = message({
  ...common,
  exemplars,
  count: uint64,
  scale: fc.integer(),
  positive: buckets,
  negative: buckets,
  zero_threshold: fc.double(),
});
const summary = message({
  ...common,
  count: uint64,
  sum: fc.double(),
  quantile_values: some(message({ quantile: fc.double(), value: fc.double() })),
});

function metricOf(kind: string, point: fc.Arbitrary<Plain>): fc.Arbitrary<Plain> {
  return fc.record({
    name: text,
    description: text,
    unit: text,
    metadata: attributes,
    [kind]: kind === "sum"
      ? message({ data_points: some(point), aggregation_temporality: fc.nat({ max: 2 }), is_monotonic: fc.boolean() })
      : message({ data_points: some(point) }),
  });
}

const metric = fc.oneof(
  metricOf("gauge", number),
  metricOf("sum", number),
  metricOf("histogram", histogram),
  metricOf("exponential_histogram", exponential),
  metricOf("summary", summary),
  message({ name: text }),
);

const indices = some(fc.integer());
const profile = message({
  sample_type: message({ type_strindex: fc.nat(), unit_strindex: fc.nat() }),
  samples: some(
    message({
      stack_index: fc.nat(),
      attribute_indices: indices,
      values: some(int64),
      timestamps_unix_nano: some(uint64),
    }),
  ),
  time_unix_nano: uint64,
  profile_id: id(16),
  original_payload: bytes,
  attribute_indices: indices,
});
const dictionary = message({
  mapping_table: some(message({ memory_start: uint64, attribute_indices: indices })),
  location_table: some(message({ address: uint64, lines: some(message({ line: int64 })) })),
  function_table: some(message({ name_strindex: fc.nat() })),
  link_table: some(message({ trace_id: id(16), span_id: id(8) })),
  string_table: some(text),
  attribute_table: some(message({ key_strindex: fc.nat(), value: anyValue })),
  stack_table: some(message({ location_indices: indices })),
});

/** A request with resources, scopes and items of which each may be none. */
function request(
  name: string,
  items: string,
  item: fc.Arbitrary<Plain>,
  more: Record<string, fc.Arbitrary<unknown>> = {},
) {
  const scoped = message({ scope, [items]: some(item, 4), schema_url: text });
  const entry = message({ resource, [`scope_${name}`]: some(scoped), schema_url: text });
  return message({ [`resource_${name}`]: some(entry), ...more });
}

const MESSAGES: Readonly<Record<Signal, fc.Arbitrary<Plain>>> = {
  traces: request("spans", "spans", span),
  metrics: request("metrics", "metrics", metric),
  logs: request("logs", "log_records", logRecord),
  profiles: request("profiles", "profiles", profile, { dictionary }),
};

/** Repeated fields that lead from a request to its items; for metrics, `*` is whichever data field there is. */
const PATHS: Readonly<Record<Signal, readonly string[]>> = {
  traces: ["resource_spans", "scope_spans", "spans"],
  metrics: ["resource_metrics", "scope_metrics", "metrics", "*", "data_points"],
  logs: ["resource_logs", "scope_logs", "log_records"],
  profiles: ["resource_profiles", "scope_profiles", "profiles", "samples"],
};

const METRIC_DATA = ["gauge", "sum", "histogram", "exponential_histogram", "summary"];

/**
 * Every item with all that is around it, one line of JSON each, in order: what must not change when a payload is split
 * and merged. An envelope without items is a line as well.
 */
export function itemLines(signal: Signal, bytes: Uint8Array): string[] {
  const lines: string[] = [];
  describe(decodeRequest(signal, bytes), PATHS[signal], [], lines);
  return lines;
}

function describe(at: Record<string, unknown>, path: readonly string[], around: readonly string[], lines: string[]) {
  const [step, ...below] = path;
  if (step === undefined) {
    lines.push([...around, json(at)].join("\n"));
    return;
  }
  const key = step === "*" ? METRIC_DATA.find((kind) => kind in at) ?? "gauge" : step;
  const { [key]: inner, ...header } = at;
  const children = (inner === undefined ? [] : Array.isArray(inner) ? inner : [inner]) as Record<string, unknown>[];
  const here = [...around, `${key} of ${json(header)}`];
  if (children.length === 0) lines.push(here.join("\n"));
  for (const child of children) describe(child, below, here, lines);
}

/** JSON that keeps what JSON cannot say: -0, NaN and infinities. */
function json(value: unknown): string {
  return JSON.stringify(
    value,
    (_, inner) => Object.is(inner, -0) ? "-0" : typeof inner === "number" ? String(inner) : inner,
  );
}

/** How many of `itemLines` are items: those that go down the whole path. */
export function countLines(signal: Signal, lines: readonly string[]): number {
  return lines.filter((line) => line.split("\n").length === PATHS[signal].length + 1).length;
}
