/**
 * One line an item, from a payload's OTLP/JSON: what `verbosity: normal` prints.
 *
 * An item's line is set in, which the collector's is not: it begins with what a sender wrote, and would otherwise pass for a
 * line of the log, or of another resource.
 * Source: collector, debugexporter v0.157 `internal/normal`; buckets and quantiles are left to `detailed`.
 *
 * @module
 */

import { type Signal, SIGNALS } from "../../otlp/signals.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Where a signal's items lie, and how one reads. */
interface ItemRow {
  /** What the collector calls a resource and a scope of it. */
  readonly resourceTitle: string;
  readonly scopeTitle: string;
  readonly scopeKey: string;
  readonly itemKey: string;
  readonly describe: (item: JsonObject) => string[];
}

const ROWS: Readonly<Record<Signal, ItemRow>> = {
  traces: {
    resourceTitle: "ResourceTraces",
    scopeTitle: "ScopeTraces",
    scopeKey: "scopeSpans",
    itemKey: "spans",
    describe: (span) => [join(textOf(span["name"]), textOf(span["traceId"]), textOf(span["spanId"]), attributes(span))],
  },
  metrics: {
    resourceTitle: "ResourceMetrics",
    scopeTitle: "ScopeMetrics",
    scopeKey: "scopeMetrics",
    itemKey: "metrics",
    describe: describePoints,
  },
  logs: {
    resourceTitle: "ResourceLog",
    scopeTitle: "ScopeLog",
    scopeKey: "scopeLogs",
    itemKey: "logRecords",
    describe: (record) => [join(valueOf(record["body"]), attributes(record))],
  },
  profiles: {
    resourceTitle: "ResourceProfiles",
    scopeTitle: "ScopeProfiles",
    scopeKey: "scopeProfiles",
    itemKey: "profiles",
    describe: (profile) => [join(textOf(profile["profileId"]), `samples=${listOf(profile, "samples").length}`)],
  },
};
const POINT_KINDS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];

/**
 * Describes every item of a request.
 *
 * @param json A whole Export*ServiceRequest in OTLP/JSON.
 * @param maxChars Stops after the line that passes it.
 */
export function describeItems(signal: Signal, json: string, maxChars: number): string {
  const row = ROWS[signal];
  let text = "";
  for (const line of linesOf(row, listOf(JSON.parse(json) as JsonObject, SIGNALS[signal].resourceKey))) {
    text += `${plain(line)}\n`;
    if (text.length > maxChars) break;
  }
  return text;
}

function* linesOf(row: ItemRow, resources: readonly JsonObject[]): Generator<string> {
  for (const [r, resource] of resources.entries()) {
    const detail = objectOf(resource["resource"]);
    yield join(`${row.resourceTitle} #${r}`, schemaUrl(resource), attributes(detail));
    for (const [s, scoped] of listOf(resource, row.scopeKey).entries()) {
      yield join(
        `${row.scopeTitle} #${s}`,
        scopeName(scoped),
        schemaUrl(scoped),
        attributes(objectOf(scoped["scope"])),
      );
      for (const item of listOf(scoped, row.itemKey)) {
        for (const line of row.describe(item)) yield `  ${line}`;
      }
    }
  }
}

function describePoints(metric: JsonObject): string[] {
  const data = POINT_KINDS.map((kind) => objectOf(metric[kind])).find((kind) => "dataPoints" in kind) ?? {};
  return listOf(data, "dataPoints").map((point) =>
    `${textOf(metric["name"])}{${attributes(point, ",")}} ${pointValue(point)}`
  );
}

function pointValue(point: JsonObject): string {
  const number = point["asInt"] ?? point["asDouble"];
  if (number !== undefined) return textOf(number);
  const figures = ["count", "sum", "min", "max"].filter((key) => point[key] !== undefined);
  return figures.map((key) => `${key}=${textOf(point[key])}`).join(" ");
}

function scopeName(scoped: JsonObject): string {
  const scope = objectOf(scoped["scope"]);
  const version = textOf(scope["version"]);
  return version === "" ? textOf(scope["name"]) : `${textOf(scope["name"])}@${version}`;
}

function schemaUrl(holder: JsonObject): string {
  const url = textOf(holder["schemaUrl"]);
  return url === "" ? "" : `[${url}]`;
}

function attributes(holder: JsonObject, separator = " "): string {
  const pairs = listOf(holder, "attributes").map((pair) => `${textOf(pair["key"])}=${valueOf(pair["value"])}`);
  return pairs.join(separator);
}

/** An AnyValue as text: a scalar plain, a list or a map as JSON (`["a"]`, `{"k":1}`), as the collector writes it. */
function valueOf(value: Json | undefined): string {
  const any = objectOf(value);
  return "arrayValue" in any || "kvlistValue" in any ? rawJson(any) : textOf(Object.values(any)[0]);
}

/** An AnyValue as the JSON of what it holds, maps in the order of their keys; a payload's depth is bounded. */
function rawJson(any: JsonObject): string {
  const [[member, content] = ["", null]] = Object.entries(any);
  switch (member) {
    case "arrayValue":
      return `[${listOf(objectOf(content), "values").map(rawJson).join(",")}]`;
    case "kvlistValue": {
      const pairs = listOf(objectOf(content), "values").map((pair) =>
        [textOf(pair["key"]), objectOf(pair["value"])] as const
      );
      const members = [...new Map(pairs)].toSorted(([a], [b]) => a < b ? -1 : 1);
      return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${rawJson(each)}`).join(",")}}`;
    }
    case "intValue":
      return textOf(content); // 64 bits are a string in OTLP/JSON
    default:
      return JSON.stringify(content);
  }
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? "" : String(value);
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as JsonObject : {};
}

function listOf(holder: JsonObject, key: string): readonly JsonObject[] {
  const list = holder[key];
  return Array.isArray(list) ? list as readonly JsonObject[] : [];
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** A line break or an escape sequence in a name would let a sender forge lines, or write anywhere on a terminal. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex -- these are the characters that must not reach a terminal
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
}
