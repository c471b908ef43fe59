/**
 * The paths of every context, as data: one row a path, by the word that its paths begin with.
 *
 * Source: pkg/ottl 1.3 (contexts); opentelemetry-proto 1.11.0 for field numbers.
 *
 * @module
 */

import { OttlError } from "../../../../ottl/values/errors.ts";
import { readKeys, writeKeys } from "../../../../ottl/values/index_keys.ts";
import { textOf } from "../../../../ottl/values/text.ts";
import { OttlList, OttlMap, typeName, type Value } from "../../../../ottl/values/value.ts";
import type { LevelName } from "../levels.ts";
import { anyValue, MAX_MADE_ENTRIES } from "./attributes.ts";
import { authAttributes, clientAddress, clientMetadata, grpcMetadata, readOnly } from "./client.ts";
import { PROFILE_ROWS } from "./profile.ts";
import { METRIC_ROWS } from "./metric.ts";
import { DOUBLE, FIXED64, message, messageList, numberList, UINT64 } from "./opaque.ts";
import { byKind, type FieldByKind, type PathRow, row, RowsOver } from "./rows.ts";
import * as scalars from "./scalars.ts";
import { traceStateMember } from "./trace_state.ts";

/** What paths may begin with. */
export type Prefix = LevelName | "otelcol";

const resource = new RowsOver((cursor) => cursor.resource);
const resourceEntry = new RowsOver((cursor) => cursor.resourceEntry);
const scope = new RowsOver((cursor) => cursor.scope);
const scopeEntry = new RowsOver((cursor) => cursor.scopeEntry);
const item = new RowsOver((cursor) => cursor.item);
const status = new RowsOver((cursor) => cursor.status);
const subItem = new RowsOver((cursor) => cursor.subItem);
const exemplar = new RowsOver((cursor) => cursor.exemplar);

const OTELCOL_ROWS: readonly PathRow[] = [
  row("client.addr", "string", clientAddress, { isReadOnly: true }),
  row("client.metadata", "map", clientMetadata, { keys: "any", isReadOnly: true }),
  row("client.auth.attributes", "map", authAttributes, { keys: "any", isReadOnly: true }),
  row("grpc.metadata", "map", grpcMetadata, { keys: "any", isReadOnly: true }),
];

const RESOURCE_ROWS: readonly PathRow[] = [
  resource.attributes(),
  resource.uint32("dropped_attributes_count", 2),
  resourceEntry.text("schema_url", 3),
];

const SCOPE_ROWS: readonly PathRow[] = [
  scope.text("name", 1),
  scope.text("version", 2),
  scope.attributes(),
  scope.uint32("dropped_attributes_count", 4),
  scopeEntry.text("schema_url", 3),
];

const KIND_NAMES = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
const OLD_KIND_NAMES = KIND_NAMES.map((name) => `SPAN_KIND_${name.toUpperCase()}`);

/** A span's kind by name; no name for a number that has none. */
function kindName(name: string, names: readonly string[]): PathRow {
  return row(name, "string", ({ item }) => ({
    get: () => names[item.low(6)] ?? "",
    set: (_, value) => {
      const kind = names.indexOf(scalars.stringOf(value));
      if (kind === -1) throw new OttlError("value", "unknown span kind string");
      item.setVarint(6, kind, 0);
    },
  }));
}

const SPAN_ROWS: readonly PathRow[] = [
  ...item.traceId("trace_id", 1),
  ...item.spanId("span_id", 2),
  ...item.spanId("parent_span_id", 4),
  row("trace_state", "string", ({ item }, [key]) => {
    return key === undefined ? scalars.text(item, 3) : traceStateMember(item, 3, key.constant);
  }, { keys: "one" }),
  item.text("name", 5),
  item.int32("kind", 6),
  kindName("kind.string", KIND_NAMES),
  kindName("kind.deprecated_string", OLD_KIND_NAMES),
  ...item.instant("start_time", 7),
  ...item.instant("end_time", 8),
  item.attributes(),
  item.uint32("dropped_attributes_count", 10),
  item.messages("events", 11, "span events"),
  item.uint32("dropped_events_count", 12),
  item.messages("links", 13, "span links"),
  item.uint32("dropped_links_count", 14),
  row("status", "span status", ({ status, item }) => message(status, item, 15, "span status")),
  status.int32("status.code", 3),
  status.text("status.message", 2),
  item.field("flags", "int", 16, scalars.checkedFixed32),
];

const SPAN_EVENT_ROWS: readonly PathRow[] = [
  ...subItem.instant("time", 1),
  subItem.text("name", 2),
  subItem.attributes(),
  subItem.uint32("dropped_attributes_count", 4),
  row(
    "event_index",
    "int",
    (cursor) => readOnly("event_index", () => BigInt(cursor.frameOf("spanevent")!.index)),
    { isReadOnly: true },
  ),
];

const LOG_ROWS: readonly PathRow[] = [
  ...item.instant("time", 1),
  ...item.instant("observed_time", 11),
  item.int32("severity_number", 2),
  item.text("severity_text", 3),
  row("body", "any", ({ item }, keys) => {
    const body = anyValue(item, 5);
    if (keys.length === 0) return body;
    return {
      get: (at) => readKeys(indexable(body.get(at)), keys, at),
      set: (at, value) => {
        const root = indexable(body.get(at));
        writeKeys(root, keys, at, value, MAX_MADE_ENTRIES);
        body.set(at, root);
      },
    };
  }, { keys: "any" }),
  row("body.string", "string", ({ item }) => {
    const body = anyValue(item, 5);
    return { get: (at) => textOf(body.get(at)), set: (at, value) => body.set(at, scalars.stringOf(value)) };
  }),
  item.attributes(),
  item.uint32("dropped_attributes_count", 7),
  item.field("flags", "int", 8, scalars.fixed32),
  ...item.traceId("trace_id", 9),
  ...item.spanId("span_id", 10),
  item.text("event_name", 12),
];

function indexable(body: Value): OttlMap | OttlList {
  if (body instanceof OttlMap || body instanceof OttlList) return body;
  throw new OttlError("index", `log bodies of type ${typeName(body)} cannot be indexed`);
}

/** A field of data points of some kinds. */
function point(name: string, type: string, fields: FieldByKind, access: scalars.FieldAccess): PathRow {
  return byKind(name, type, fields, ({ subItem }, field) => access(subItem, field));
}

/** The same field in all kinds of data points. */
const ofAll = (field: number): FieldByKind => ({
  number: field,
  histogram: field,
  exponential: field,
  summary: field,
});

/** Positive or negative buckets of an exponential histogram. */
function buckets(name: "positive" | "negative", field: number): PathRow[] {
  const type = "histogram buckets";
  const at = { exponential: field };
  return [
    byKind(name, type, at, (cursor, number) => message(cursor[name], cursor.subItem, number, type)),
    byKind(`${name}.offset`, "int", at, (cursor) => scalars.sint32(cursor[name], 1)),
    byKind(`${name}.bucket_counts`, "slice", at, (cursor) => numberList(cursor[name], 2, UINT64)),
  ];
}

const DATA_POINT_ROWS: readonly PathRow[] = [
  subItem.attributes(),
  ...instantByKind("start_time", 2),
  ...instantByKind("time", 3),
  point("value_double", "float", { number: 4 }, scalars.memberOf(6, scalars.double)),
  point("value_int", "int", { number: 6 }, scalars.memberOf(4, scalars.fixed64)),
  point("flags", "int", { number: 8, histogram: 10, exponential: 10, summary: 8 }, scalars.uint32),
  byKind(
    "exemplars",
    "exemplars",
    { number: 5, histogram: 8, exponential: 11 },
    ({ subItem }, field) => messageList(subItem, field, "exemplars"),
  ),
  point("count", "int", { histogram: 4, exponential: 4, summary: 4 }, scalars.fixed64),
  point("sum", "float", { histogram: 5, exponential: 5, summary: 5 }, scalars.double),
  byKind("bucket_counts", "slice", { histogram: 6 }, ({ subItem }, field) => numberList(subItem, field, FIXED64)),
  byKind("explicit_bounds", "slice", { histogram: 7 }, ({ subItem }, field) => numberList(subItem, field, DOUBLE)),
  point("scale", "int", { exponential: 6 }, scalars.sint32),
  point("zero_count", "int", { exponential: 7 }, scalars.fixed64),
  ...buckets("positive", 8),
  ...buckets("negative", 9),
  byKind(
    "quantile_values",
    "quantile values",
    { summary: 6 },
    ({ subItem }, field) => messageList(subItem, field, "quantile values"),
  ),
];

function instantByKind(name: string, field: number): PathRow[] {
  return [
    point(`${name}_unix_nano`, "int", ofAll(field), scalars.fixed64),
    point(name, "time", ofAll(field), scalars.time),
  ];
}

const EXEMPLAR_ROWS: readonly PathRow[] = [
  ...exemplar.instant("time", 2),
  exemplar.field("double_value", "float", 3, scalars.memberOf(6, scalars.double)),
  exemplar.field("int_value", "int", 6, scalars.memberOf(3, scalars.fixed64)),
  ...exemplar.traceId("trace_id", 5),
  ...exemplar.spanId("span_id", 4),
  exemplar.attributes("filtered_attributes"),
];

export const PATH_ROWS: Readonly<Record<Prefix, readonly PathRow[]>> = {
  otelcol: OTELCOL_ROWS,
  resource: RESOURCE_ROWS,
  scope: SCOPE_ROWS,
  span: SPAN_ROWS,
  spanevent: SPAN_EVENT_ROWS,
  log: LOG_ROWS,
  metric: METRIC_ROWS,
  datapoint: DATA_POINT_ROWS,
  exemplar: EXEMPLAR_ROWS,
  profile: PROFILE_ROWS,
};
