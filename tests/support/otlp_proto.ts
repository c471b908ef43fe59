/**
 * The OTLP messages for protobufjs: an oracle that shares no code and no field number with the gateway.
 *
 * Fields as the descriptors of `go.opentelemetry.io/proto/slim/otlp` v1.11.1 and its profiles v0.4.1 have them, without
 * packages (a span's Event, Link are SpanEvent, SpanLink); enums are int32, as they are on the wire.
 *
 * @module
 */

import protobuf from "protobufjs";
import type { Signal } from "../../pipeline/otlp/signals.ts";

const SOURCE = `
syntax = "proto3";
message ExportTraceServiceRequest {
  repeated ResourceSpans resource_spans = 1;
}
message ResourceSpans {
  Resource resource = 1;
  repeated ScopeSpans scope_spans = 2;
  string schema_url = 3;
}
message Resource {
  repeated KeyValue attributes = 1;
  uint32 dropped_attributes_count = 2;
  repeated EntityRef entity_refs = 3;
}
message KeyValue {
  string key = 1;
  AnyValue value = 2;
  int32 key_strindex = 3;
}
message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6;
    bytes bytes_value = 7;
    int32 string_value_strindex = 8;
  }
}
message ArrayValue {
  repeated AnyValue values = 1;
}
message KeyValueList {
  repeated KeyValue values = 1;
}
message EntityRef {
  string schema_url = 1;
  string type = 2;
  repeated string id_keys = 3;
  repeated string description_keys = 4;
}
message ScopeSpans {
  InstrumentationScope scope = 1;
  repeated Span spans = 2;
  string schema_url = 3;
}
message InstrumentationScope {
  string name = 1;
  string version = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  bytes parent_span_id = 4;
  fixed32 flags = 16;
  string name = 5;
  int32 kind = 6;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10;
  repeated SpanEvent events = 11;
  uint32 dropped_events_count = 12;
  repeated SpanLink links = 13;
  uint32 dropped_links_count = 14;
  Status status = 15;
}
message SpanEvent {
  fixed64 time_unix_nano = 1;
  string name = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message SpanLink {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  repeated KeyValue attributes = 4;
  uint32 dropped_attributes_count = 5;
  fixed32 flags = 6;
}
message Status {
  string message = 2;
  int32 code = 3;
}
message ExportTraceServiceResponse {
  ExportTracePartialSuccess partial_success = 1;
}
message ExportTracePartialSuccess {
  int64 rejected_spans = 1;
  string error_message = 2;
}
message ExportMetricsServiceRequest {
  repeated ResourceMetrics resource_metrics = 1;
}
message ResourceMetrics {
  Resource resource = 1;
  repeated ScopeMetrics scope_metrics = 2;
  string schema_url = 3;
}
message ScopeMetrics {
  InstrumentationScope scope = 1;
  repeated Metric metrics = 2;
  string schema_url = 3;
}
message Metric {
  string name = 1;
  string description = 2;
  string unit = 3;
  oneof data {
    Gauge gauge = 5;
    Sum sum = 7;
    Histogram histogram = 9;
    ExponentialHistogram exponential_histogram = 10;
    Summary summary = 11;
  }
  repeated KeyValue metadata = 12;
}
message Gauge {
  repeated NumberDataPoint data_points = 1;
}
message NumberDataPoint {
  repeated KeyValue attributes = 7;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  oneof value {
    double as_double = 4;
    sfixed64 as_int = 6;
  }
  repeated Exemplar exemplars = 5;
  uint32 flags = 8;
}
message Exemplar {
  repeated KeyValue filtered_attributes = 7;
  fixed64 time_unix_nano = 2;
  oneof value {
    double as_double = 3;
    sfixed64 as_int = 6;
  }
  bytes span_id = 4;
  bytes trace_id = 5;
}
message Sum {
  repeated NumberDataPoint data_points = 1;
  int32 aggregation_temporality = 2;
  bool is_monotonic = 3;
}
message Histogram {
  repeated HistogramDataPoint data_points = 1;
  int32 aggregation_temporality = 2;
}
message HistogramDataPoint {
  repeated KeyValue attributes = 9;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  repeated fixed64 bucket_counts = 6;
  repeated double explicit_bounds = 7;
  repeated Exemplar exemplars = 8;
  uint32 flags = 10;
  optional double min = 11;
  optional double max = 12;
}
message ExponentialHistogram {
  repeated ExponentialHistogramDataPoint data_points = 1;
  int32 aggregation_temporality = 2;
}
message ExponentialHistogramDataPoint {
  repeated KeyValue attributes = 1;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  sint32 scale = 6;
  fixed64 zero_count = 7;
  Buckets positive = 8;
  Buckets negative = 9;
  uint32 flags = 10;
  repeated Exemplar exemplars = 11;
  optional double min = 12;
  optional double max = 13;
  double zero_threshold = 14;
}
message Buckets {
  sint32 offset = 1;
  repeated uint64 bucket_counts = 2;
}
message Summary {
  repeated SummaryDataPoint data_points = 1;
}
message SummaryDataPoint {
  repeated KeyValue attributes = 7;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  double sum = 5;
  repeated ValueAtQuantile quantile_values = 6;
  uint32 flags = 8;
}
message ValueAtQuantile {
  double quantile = 1;
  double value = 2;
}
message ExportMetricsServiceResponse {
  ExportMetricsPartialSuccess partial_success = 1;
}
message ExportMetricsPartialSuccess {
  int64 rejected_data_points = 1;
  string error_message = 2;
}
message ExportLogsServiceRequest {
  repeated ResourceLogs resource_logs = 1;
}
message ResourceLogs {
  Resource resource = 1;
  repeated ScopeLogs scope_logs = 2;
  string schema_url = 3;
}
message ScopeLogs {
  InstrumentationScope scope = 1;
  repeated LogRecord log_records = 2;
  string schema_url = 3;
}
message LogRecord {
  fixed64 time_unix_nano = 1;
  fixed64 observed_time_unix_nano = 11;
  int32 severity_number = 2;
  string severity_text = 3;
  AnyValue body = 5;
  repeated KeyValue attributes = 6;
  uint32 dropped_attributes_count = 7;
  fixed32 flags = 8;
  bytes trace_id = 9;
  bytes span_id = 10;
  string event_name = 12;
}
message ExportLogsServiceResponse {
  ExportLogsPartialSuccess partial_success = 1;
}
message ExportLogsPartialSuccess {
  int64 rejected_log_records = 1;
  string error_message = 2;
}
message ExportProfilesServiceRequest {
  repeated ResourceProfiles resource_profiles = 1;
  ProfilesDictionary dictionary = 2;
}
message ResourceProfiles {
  Resource resource = 1;
  repeated ScopeProfiles scope_profiles = 2;
  string schema_url = 3;
}
message ScopeProfiles {
  InstrumentationScope scope = 1;
  repeated Profile profiles = 2;
  string schema_url = 3;
}
message Profile {
  ValueType sample_type = 1;
  repeated Sample samples = 2;
  fixed64 time_unix_nano = 3;
  uint64 duration_nano = 4;
  ValueType period_type = 5;
  int64 period = 6;
  bytes profile_id = 7;
  uint32 dropped_attributes_count = 8;
  string original_payload_format = 9;
  bytes original_payload = 10;
  repeated int32 attribute_indices = 11;
}
message ValueType {
  int32 type_strindex = 1;
  int32 unit_strindex = 2;
}
message Sample {
  int32 stack_index = 1;
  repeated int32 attribute_indices = 2;
  int32 link_index = 3;
  repeated int64 values = 4;
  repeated fixed64 timestamps_unix_nano = 5;
}
message ProfilesDictionary {
  repeated Mapping mapping_table = 1;
  repeated Location location_table = 2;
  repeated Function function_table = 3;
  repeated Link link_table = 4;
  repeated string string_table = 5;
  repeated KeyValueAndUnit attribute_table = 6;
  repeated Stack stack_table = 7;
}
message Mapping {
  uint64 memory_start = 1;
  uint64 memory_limit = 2;
  uint64 file_offset = 3;
  int32 filename_strindex = 4;
  repeated int32 attribute_indices = 5;
}
message Location {
  int32 mapping_index = 1;
  uint64 address = 2;
  repeated Line lines = 3;
  repeated int32 attribute_indices = 4;
}
message Line {
  int32 function_index = 1;
  int64 line = 2;
  int64 column = 3;
}
message Function {
  int32 name_strindex = 1;
  int32 system_name_strindex = 2;
  int32 filename_strindex = 3;
  int64 start_line = 4;
}
message Link {
  bytes trace_id = 1;
  bytes span_id = 2;
}
message KeyValueAndUnit {
  int32 key_strindex = 1;
  AnyValue value = 2;
  int32 unit_strindex = 3;
}
message Stack {
  repeated int32 location_indices = 1;
}
message ExportProfilesServiceResponse {
  ExportProfilesPartialSuccess partial_success = 1;
}
message ExportProfilesPartialSuccess {
  int64 rejected_profiles = 1;
  string error_message = 2;
}
`;

const root = parse(SOURCE);

/**
 * Fields that no OTLP message has, for tests of what is unknown to the gateway: decoding shows them in every message.
 */
const UNKNOWN_FIELDS = `
  repeated uint64 unknown_127 = 127;
  repeated bytes unknown_128 = 128;
  repeated fixed64 unknown_129 = 129;
  repeated fixed32 unknown_130 = 130;
}`;

const rootWithUnknown = parse(SOURCE.replaceAll(/^}/gm, UNKNOWN_FIELDS));

function parse(source: string): protobuf.Root {
  const { root } = protobuf.parse(source, { keepCase: true });
  root.resolveAll();
  return root;
}

/** Which end of a message a writer begins at: SDKs write fields in ascending order, the Go collector in descending. */
export type FieldOrder = "sdk" | "collector";

/** A message as plain data, keys as in the .proto: 64-bit integers are strings or numbers, bytes are Uint8Array. */
export type Plain = { readonly [field: string]: unknown };

/** The request message of each signal. */
export const REQUEST_TYPES: Readonly<Record<Signal, string>> = {
  traces: "ExportTraceServiceRequest",
  metrics: "ExportMetricsServiceRequest",
  logs: "ExportLogsServiceRequest",
  profiles: "ExportProfilesServiceRequest",
};

/** The response message of each signal. */
export const RESPONSE_TYPES: Readonly<Record<Signal, string>> = {
  traces: "ExportTraceServiceResponse",
  metrics: "ExportMetricsServiceResponse",
  logs: "ExportLogsServiceResponse",
  profiles: "ExportProfilesServiceResponse",
};

/** The messages by name, for tests that compare tables. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(name);
}

/** All message names. */
export function messageNames(): string[] {
  return root.nestedArray.filter((nested) => nested instanceof protobuf.Type).map((type) => type.name);
}

/** How `encodeMessage` writes. */
export interface EncodeOptions {
  readonly order?: FieldOrder;
  /** Written as they are into every message within the outermost, after its first field: for unknown fields. */
  readonly extra?: Uint8Array;
  /** Whether repeated scalars are packed, as proto3 does by default. */
  readonly packed?: boolean;
}

/** `message` of `typeName` as wire bytes. Fields are written when they are there, default values as well. */
export function encodeMessage(typeName: string, message: Plain, options: EncodeOptions = {}): Uint8Array {
  const writer = new protobuf.Writer();
  writeMessage(writer, root.lookupType(typeName), message, options, false);
  return new Uint8Array(writer.finish());
}

function writeMessage(
  writer: protobuf.Writer,
  type: protobuf.Type,
  message: Plain,
  options: EncodeOptions,
  inner: boolean,
): void {
  const ascending = type.fieldsArray.toSorted((a, b) => a.id - b.id);
  const fields = options.order === "collector" ? ascending.reverse() : ascending;
  let first = true;
  for (const field of fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    writeField(writer, field, value, options);
    if (inner && first && options.extra !== undefined) writer.raw(options.extra);
    first = false;
  }
}

function writeField(writer: protobuf.Writer, field: protobuf.Field, value: unknown, options: EncodeOptions): void {
  if (!field.repeated) return writeValue(writer, field, value, options);
  const values = value as readonly unknown[];
  const packable = WIRE_TYPES[field.type] !== 2 && !(field.resolvedType instanceof protobuf.Type);
  if (!packable || options.packed === false) {
    for (const element of values) writeValue(writer, field, element, options);
  } else if (values.length > 0) {
    writer.uint32(field.id << 3 | 2).fork();
    for (const element of values) writeScalar(writer, field.type, element);
    writer.ldelim();
  }
}

function writeValue(writer: protobuf.Writer, field: protobuf.Field, value: unknown, options: EncodeOptions): void {
  if (field.resolvedType instanceof protobuf.Type) {
    writer.uint32(field.id << 3 | 2).fork();
    writeMessage(writer, field.resolvedType, value as Plain, options, true);
    writer.ldelim();
  } else {
    writer.uint32(field.id << 3 | (WIRE_TYPES[field.type] ?? 0));
    writeScalar(writer, field.type, value);
  }
}

/** Wire types of the scalars that are no varints. */
const WIRE_TYPES: Readonly<Record<string, number>> = {
  string: 2,
  bytes: 2,
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
  sfixed32: 5,
  float: 5,
};

/** 64-bit integers may be decimal strings: protobufjs takes them as they are. */
function writeScalar(writer: protobuf.Writer, type: string, value: unknown): void {
  const write = writer as unknown as Record<string, (value: unknown) => unknown>;
  write[type]?.call(writer, value);
}

/** `bytes` as plain data: 64-bit integers as decimal strings, bytes as base64, only the fields that are there. */
export function decodeMessage(typeName: string, bytes: Uint8Array): Record<string, unknown> {
  const type = rootWithUnknown.lookupType(typeName);
  return type.toObject(type.decode(bytes), { longs: String, bytes: String });
}

/** The request of `signal` as plain data. */
export function decodeRequest(signal: Signal, bytes: Uint8Array): Record<string, unknown> {
  return decodeMessage(REQUEST_TYPES[signal], bytes);
}
