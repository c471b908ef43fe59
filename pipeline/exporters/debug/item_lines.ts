/**
 * One line an item, from a payload's OTLP/JSON: what `verbosity: normal` prints.
 *
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
      for (const item of listOf(scoped, row.itemKey)) yield* row.describe(item);
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

/** An AnyValue: its only member, as text where it is a scalar. */
function valueOf(value: Json | undefined): string {
  const [member] = Object.values(objectOf(value));
  return typeof member === "object" ? JSON.stringify(member) : textOf(member);
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

/** A line break or an escape sequence in a name would let a sender forge lines. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex -- these are the characters that must not reach a terminal
  return line.replace(/[\u0000-\u001f\u007f]/g, " ");
}
