/**
 * Every OTLP message as data: one table for all signals, read by what must know more of a message than its bytes.
 *
 * JSON keys are the lowerCamelCase names; the wire needs the numbers. `AnyValue` refers to itself, so rows name their
 * message and `messageSchema` resolves the name once, when the module loads.
 * Sources: opentelemetry-proto 1.11.0 (common, resource, trace, metrics, logs, profiles v1development, collector/*);
 * google/rpc/status.proto; OTLP 1.11.0 "JSON Protobuf Encoding" for ids as hex.
 *
 * @module
 */

import { type Signal, SIGNALS } from "./signals.ts";

/** How a value that is not a message is written on the wire and in JSON. Ids are `bytes` of a fixed length, hex in JSON. */
export type ScalarKind =
  | "string"
  | "bytes"
  | "hexId8"
  | "hexId16"
  | "bool"
  | "enum"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "sint32"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double";

export type FieldKind = ScalarKind | "message";

/** Protobuf wire types that OTLP writes. */
export type WireType = 0 | 1 | 2 | 5;

export interface FieldSchema {
  readonly number: number;
  /** lowerCamelCase: the JSON key. */
  readonly name: string;
  /** As the .proto file writes it. */
  readonly snakeName: string;
  readonly kind: FieldKind;
  /** Of one element; a packed field is length-delimited (2) around elements of this type. */
  readonly wireType: WireType;
  readonly repeated: boolean;
  /** Repeated numbers: written in one length-delimited run. A reader takes both forms. */
  readonly packed: boolean;
  /** Whether a zero that was set differs from one that was not: members of a oneof, `optional` fields, messages. */
  readonly presence: boolean;
  /** Name of the oneof that it is a member of. */
  readonly oneof: string | undefined;
  /** Schema of its message; of kind "message" only. */
  readonly message: MessageSchema | undefined;
  /** Number of each value name; of kind "enum" only. */
  readonly enumValues: Readonly<Record<string, number>> | undefined;
}

export interface MessageSchema {
  /** Its name in the .proto files without the package; nested ones as `Span.Event`. */
  readonly name: string;
  /** In the order of their numbers. */
  readonly fields: readonly FieldSchema[];
}

/** `SEVERITY_NUMBER_INFO3` and its like: six names of four steps, from 1. */
function severityNumbers(): Record<string, number> {
  const values: Record<string, number> = { SEVERITY_NUMBER_UNSPECIFIED: 0 };
  ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].forEach((name, level) => {
    for (let step = 0; step < 4; step++) {
      values[`SEVERITY_NUMBER_${name}${step === 0 ? "" : step + 1}`] = level * 4 + step + 1;
    }
  });
  return values;
}

const ENUMS = {
  SpanKind: {
    SPAN_KIND_UNSPECIFIED: 0,
    SPAN_KIND_INTERNAL: 1,
    SPAN_KIND_SERVER: 2,
    SPAN_KIND_CLIENT: 3,
    SPAN_KIND_PRODUCER: 4,
    SPAN_KIND_CONSUMER: 5,
  },
  StatusCode: { STATUS_CODE_UNSET: 0, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 },
  AggregationTemporality: {
    AGGREGATION_TEMPORALITY_UNSPECIFIED: 0,
    AGGREGATION_TEMPORALITY_DELTA: 1,
    AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
  },
  SeverityNumber: severityNumbers(),
} as const;

/** A row before names are resolved. `type` is a scalar kind, an enum's name or a message's name. */
interface Row {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly presence: boolean;
  readonly oneof: string | undefined;
}

type RowType = Exclude<ScalarKind, "enum"> | keyof typeof ENUMS | Capitalize<string>;

const one = (number: number, name: string, type: RowType): Row => row(number, name, type, {});
const optional = (number: number, name: string, type: RowType): Row => row(number, name, type, { presence: true });
const many = (number: number, name: string, type: RowType): Row => row(number, name, type, { repeated: true });
const member = (oneof: string, number: number, name: string, type: RowType): Row =>
  row(number, name, type, { presence: true, oneof });

function row(number: number, name: string, type: RowType, rest: Partial<Row>): Row {
  return { number, name, type, repeated: false, presence: false, oneof: undefined, ...rest };
}

/** What every Resource<Signal> and Scope<Signal> is made of. */
const resourceEntry = (scopes: string, type: RowType): Row[] => [
  one(1, "resource", "Resource"),
  many(2, scopes, type),
  one(3, "schemaUrl", "string"),
];
const scopeEntry = (items: string, type: RowType): Row[] => [
  one(1, "scope", "InstrumentationScope"),
  many(2, items, type),
  one(3, "schemaUrl", "string"),
];
const response = (type: RowType): Row[] => [one(1, "partialSuccess", type)];
const partialSuccess = (signal: Signal): Row[] => [
  one(1, SIGNALS[signal].rejectedKey, "int64"),
  one(2, "errorMessage", "string"),
];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  // Common
  KeyValue: [one(1, "key", "string"), one(2, "value", "AnyValue"), one(3, "keyStrindex", "int32")],
  AnyValue: [
    member("value", 1, "stringValue", "string"),
    member("value", 2, "boolValue", "bool"),
    member("value", 3, "intValue", "int64"),
    member("value", 4, "doubleValue", "double"),
    member("value", 5, "arrayValue", "ArrayValue"),
    member("value", 6, "kvlistValue", "KeyValueList"),
    member("value", 7, "bytesValue", "bytes"),
    member("value", 8, "stringValueStrindex", "int32"),
  ],
  ArrayValue: [many(1, "values", "AnyValue")],
  KeyValueList: [many(1, "values", "KeyValue")],
  InstrumentationScope: [
    one(1, "name", "string"),
    one(2, "version", "string"),
    many(3, "attributes", "KeyValue"),
    one(4, "droppedAttributesCount", "uint32"),
  ],
  Resource: [
    many(1, "attributes", "KeyValue"),
    one(2, "droppedAttributesCount", "uint32"),
    many(3, "entityRefs", "EntityRef"),
  ],
  EntityRef: [
    one(1, "schemaUrl", "string"),
    one(2, "type", "string"),
    many(3, "idKeys", "string"),
    many(4, "descriptionKeys", "string"),
  ],

  // Traces
  ExportTraceServiceRequest: [many(1, "resourceSpans", "ResourceSpans")],
  ExportTraceServiceResponse: response("ExportTracePartialSuccess"),
  ExportTracePartialSuccess: partialSuccess("traces"),
  ResourceSpans: resourceEntry("scopeSpans", "ScopeSpans"),
  ScopeSpans: scopeEntry("spans", "Span"),
  Span: [
    one(1, "traceId", "hexId16"),
    one(2, "spanId", "hexId8"),
    one(3, "traceState", "string"),
    one(4, "parentSpanId", "hexId8"),
    one(5, "name", "string"),
    one(6, "kind", "SpanKind"),
    one(7, "startTimeUnixNano", "fixed64"),
    one(8, "endTimeUnixNano", "fixed64"),
    many(9, "attributes", "KeyValue"),
    one(10, "droppedAttributesCount", "uint32"),
    many(11, "events", "Span.Event"),
    one(12, "droppedEventsCount", "uint32"),
    many(13, "links", "Span.Link"),
    one(14, "droppedLinksCount", "uint32"),
    one(15, "status", "Status"),
    one(16, "flags", "fixed32"),
  ],
  "Span.Event": [
    one(1, "timeUnixNano", "fixed64"),
    one(2, "name", "string"),
    many(3, "attributes", "KeyValue"),
    one(4, "droppedAttributesCount", "uint32"),
  ],
  "Span.Link": [
    one(1, "traceId", "hexId16"),
    one(2, "spanId", "hexId8"),
    one(3, "traceState", "string"),
    many(4, "attributes", "KeyValue"),
    one(5, "droppedAttributesCount", "uint32"),
    one(6, "flags", "fixed32"),
  ],
  Status: [one(2, "message", "string"), one(3, "code", "StatusCode")],

  // Metrics
  ExportMetricsServiceRequest: [many(1, "resourceMetrics", "ResourceMetrics")],
  ExportMetricsServiceResponse: response("ExportMetricsPartialSuccess"),
  ExportMetricsPartialSuccess: partialSuccess("metrics"),
  ResourceMetrics: resourceEntry("scopeMetrics", "ScopeMetrics"),
  ScopeMetrics: scopeEntry("metrics", "Metric"),
  Metric: [
    one(1, "name", "string"),
    one(2, "description", "string"),
    one(3, "unit", "string"),
    member("data", 5, "gauge", "Gauge"),
    member("data", 7, "sum", "Sum"),
    member("data", 9, "histogram", "Histogram"),
    member("data", 10, "exponentialHistogram", "ExponentialHistogram"),
    member("data", 11, "summary", "Summary"),
    many(12, "metadata", "KeyValue"),
  ],
  Gauge: [many(1, "dataPoints", "NumberDataPoint")],
  Sum: [
    many(1, "dataPoints", "NumberDataPoint"),
    one(2, "aggregationTemporality", "AggregationTemporality"),
    one(3, "isMonotonic", "bool"),
  ],
  Histogram: [
    many(1, "dataPoints", "HistogramDataPoint"),
    one(2, "aggregationTemporality", "AggregationTemporality"),
  ],
  ExponentialHistogram: [
    many(1, "dataPoints", "ExponentialHistogramDataPoint"),
    one(2, "aggregationTemporality", "AggregationTemporality"),
  ],
  Summary: [many(1, "dataPoints", "SummaryDataPoint")],
  NumberDataPoint: [
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    member("value", 4, "asDouble", "double"),
    many(5, "exemplars", "Exemplar"),
    member("value", 6, "asInt", "sfixed64"),
    many(7, "attributes", "KeyValue"),
    one(8, "flags", "uint32"),
  ],
  HistogramDataPoint: [
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    optional(5, "sum", "double"),
    many(6, "bucketCounts", "fixed64"),
    many(7, "explicitBounds", "double"),
    many(8, "exemplars", "Exemplar"),
    many(9, "attributes", "KeyValue"),
    one(10, "flags", "uint32"),
    optional(11, "min", "double"),
    optional(12, "max", "double"),
  ],
  ExponentialHistogramDataPoint: [
    many(1, "attributes", "KeyValue"),
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    optional(5, "sum", "double"),
    one(6, "scale", "sint32"),
    one(7, "zeroCount", "fixed64"),
    one(8, "positive", "ExponentialHistogramDataPoint.Buckets"),
    one(9, "negative", "ExponentialHistogramDataPoint.Buckets"),
    one(10, "flags", "uint32"),
    many(11, "exemplars", "Exemplar"),
    optional(12, "min", "double"),
    optional(13, "max", "double"),
    one(14, "zeroThreshold", "double"),
  ],
  "ExponentialHistogramDataPoint.Buckets": [one(1, "offset", "sint32"), many(2, "bucketCounts", "uint64")],
  SummaryDataPoint: [
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    one(5, "sum", "double"),
    many(6, "quantileValues", "SummaryDataPoint.ValueAtQuantile"),
    many(7, "attributes", "KeyValue"),
    one(8, "flags", "uint32"),
  ],
  "SummaryDataPoint.ValueAtQuantile": [one(1, "quantile", "double"), one(2, "value", "double")],
  Exemplar: [
    one(2, "timeUnixNano", "fixed64"),
    member("value", 3, "asDouble", "double"),
    one(4, "spanId", "hexId8"),
    one(5, "traceId", "hexId16"),
    member("value", 6, "asInt", "sfixed64"),
    many(7, "filteredAttributes", "KeyValue"),
  ],

  // Logs
  ExportLogsServiceRequest: [many(1, "resourceLogs", "ResourceLogs")],
  ExportLogsServiceResponse: response("ExportLogsPartialSuccess"),
  ExportLogsPartialSuccess: partialSuccess("logs"),
  ResourceLogs: resourceEntry("scopeLogs", "ScopeLogs"),
  ScopeLogs: scopeEntry("logRecords", "LogRecord"),
  LogRecord: [
    one(1, "timeUnixNano", "fixed64"),
    one(2, "severityNumber", "SeverityNumber"),
    one(3, "severityText", "string"),
    one(5, "body", "AnyValue"),
    many(6, "attributes", "KeyValue"),
    one(7, "droppedAttributesCount", "uint32"),
    one(8, "flags", "fixed32"),
    one(9, "traceId", "hexId16"),
    one(10, "spanId", "hexId8"),
    one(11, "observedTimeUnixNano", "fixed64"),
    one(12, "eventName", "string"),
  ],

  // Profiles: every index is into a table of the dictionary, which is why two requests cannot be joined.
  ExportProfilesServiceRequest: [
    many(1, "resourceProfiles", "ResourceProfiles"),
    one(2, "dictionary", "ProfilesDictionary"),
  ],
  ExportProfilesServiceResponse: response("ExportProfilesPartialSuccess"),
  ExportProfilesPartialSuccess: partialSuccess("profiles"),
  ProfilesDictionary: [
    many(1, "mappingTable", "Mapping"),
    many(2, "locationTable", "Location"),
    many(3, "functionTable", "Function"),
    many(4, "linkTable", "Link"),
    many(5, "stringTable", "string"),
    many(6, "attributeTable", "KeyValueAndUnit"),
    many(7, "stackTable", "Stack"),
  ],
  ResourceProfiles: resourceEntry("scopeProfiles", "ScopeProfiles"),
  ScopeProfiles: scopeEntry("profiles", "Profile"),
  Profile: [
    one(1, "sampleType", "ValueType"),
    many(2, "samples", "Sample"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "durationNano", "uint64"),
    one(5, "periodType", "ValueType"),
    one(6, "period", "int64"),
    // The specification names trace and span ids only as hex; the collector writes and reads this one as hex too.
    one(7, "profileId", "hexId16"),
    one(8, "droppedAttributesCount", "uint32"),
    one(9, "originalPayloadFormat", "string"),
    one(10, "originalPayload", "bytes"),
    many(11, "attributeIndices", "int32"),
  ],
  Sample: [
    one(1, "stackIndex", "int32"),
    many(2, "attributeIndices", "int32"),
    one(3, "linkIndex", "int32"),
    many(4, "values", "int64"),
    many(5, "timestampsUnixNano", "fixed64"),
  ],
  ValueType: [one(1, "typeStrindex", "int32"), one(2, "unitStrindex", "int32")],
  Mapping: [
    one(1, "memoryStart", "uint64"),
    one(2, "memoryLimit", "uint64"),
    one(3, "fileOffset", "uint64"),
    one(4, "filenameStrindex", "int32"),
    many(5, "attributeIndices", "int32"),
  ],
  Stack: [many(1, "locationIndices", "int32")],
  Location: [
    one(1, "mappingIndex", "int32"),
    one(2, "address", "uint64"),
    many(3, "lines", "Line"),
    many(4, "attributeIndices", "int32"),
  ],
  Line: [one(1, "functionIndex", "int32"), one(2, "line", "int64"), one(3, "column", "int64")],
  Function: [
    one(1, "nameStrindex", "int32"),
    one(2, "systemNameStrindex", "int32"),
    one(3, "filenameStrindex", "int32"),
    one(4, "startLine", "int64"),
  ],
  Link: [one(1, "traceId", "hexId16"), one(2, "spanId", "hexId8")],
  KeyValueAndUnit: [one(1, "keyStrindex", "int32"), one(2, "value", "AnyValue"), one(3, "unitStrindex", "int32")],

  // google.rpc.Status, the body of every failure. `details` are google.protobuf.Any, which JSON writes in its own way.
  "google.rpc.Status": [one(1, "code", "int32"), one(2, "message", "string")],
};

const WIRE_TYPES: Readonly<Record<FieldKind, WireType>> = {
  message: 2,
  string: 2,
  bytes: 2,
  hexId8: 2,
  hexId16: 2,
  bool: 0,
  enum: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  sint32: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
};

const SCHEMAS: ReadonlyMap<string, MessageSchema> = resolveRows();

/** Makes the cyclic graph of schemas: first every message without fields, then the fields, which point at messages. */
function resolveRows(): Map<string, MessageSchema> {
  const fieldsOf = new Map(Object.keys(ROWS).map((name) => [name, [] as FieldSchema[]]));
  const schemas = new Map([...fieldsOf].map(([name, fields]) => [name, { name, fields }]));
  for (const [name, fields] of fieldsOf) {
    for (const entry of ROWS[name] ?? []) fields.push(resolveRow(entry, schemas));
  }
  return schemas;
}

function resolveRow(entry: Row, schemas: ReadonlyMap<string, MessageSchema>): FieldSchema {
  const { number, name, type, repeated, oneof } = entry;
  const message = schemas.get(type);
  const enumValues = (ENUMS as Record<string, Record<string, number>>)[type];
  const kind = message ? "message" : enumValues ? "enum" : type as ScalarKind;
  const wireType = WIRE_TYPES[kind];
  if (wireType === undefined) throw new TypeError(`Cannot build the OTLP schema: "${name}" has no type "${type}"`);
  return {
    number,
    name,
    snakeName: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    kind,
    wireType,
    repeated,
    packed: repeated && wireType !== 2,
    presence: entry.presence || (kind === "message" && !repeated),
    oneof,
    message,
    enumValues,
  };
}

/**
 * The schema of one message.
 *
 * @throws {RangeError} There is no such message.
 */
export function messageSchema(name: string): MessageSchema {
  const schema = SCHEMAS.get(name);
  if (schema === undefined) throw new RangeError(`Cannot find the message "${name}" in the OTLP schema`);
  return schema;
}

/** The Export*ServiceRequest of each signal: what a payload's bytes are. */
export const REQUEST_SCHEMAS: Readonly<Record<Signal, MessageSchema>> = {
  traces: messageSchema("ExportTraceServiceRequest"),
  metrics: messageSchema("ExportMetricsServiceRequest"),
  logs: messageSchema("ExportLogsServiceRequest"),
  profiles: messageSchema("ExportProfilesServiceRequest"),
};
