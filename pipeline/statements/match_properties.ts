/**
 * The collector's `include` and `exclude` blocks (match properties), told as OTTL conditions, so that one engine decides.
 *
 * Source: collector reference 6.4; the reference collector makes conditions of them too. Different fields are joined by
 * "and", the entries of one list by "or"; attributes and resources must all match.
 *
 * @module
 */

import { z } from "zod";
import { anything, bool, leaf, oneOf, readText, section, text, textList } from "../config/schema.ts";
import type { Signal } from "../otlp/signals.ts";

const SEVERITIES = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** A severity number, or its name: 9, "INFO", "warn2". */
const severity = () =>
  leaf("severity", "a severity number from 0 to 24, or its name like INFO or WARN2", (input): number | undefined => {
    const written = readText(input)?.toUpperCase();
    if (written === undefined) return undefined;
    if (/^\d+$/.test(written)) return Number(written) <= 24 ? Number(written) : undefined;
    const [, name = "", step = "1"] = /^([A-Z]+?)([2-4]?)$/.exec(written)?.map((part) => part || undefined) ?? [];
    const level = SEVERITIES.indexOf(name);
    return level === -1 ? undefined : level * 4 + Number(step);
  });

export const matchType = () => oneOf(["strict", "regexp"]);

/** Settings of the reference's cache of patterns; they change nothing here. */
export const regexpSettings = () =>
  section({ cacheenabled: anything("bool").optional(), cachemaxnumentries: anything("int").optional() });

/** `key` alone: the attribute is there. With `value`: it equals or matches. */
export const attributeMatch = () => section({ key: text(), value: anything("value").optional() });

export const severityMatch = () => section({ min: severity().default(0), match_undefined: bool().default(false) });

/** `include` and `exclude` of the processors attributes and resource, and of `filter::spans`. */
export const matchProperties = () =>
  section({
    match_type: matchType(),
    regexp: regexpSettings().optional(),
    services: textList().default([]),
    resources: z.array(attributeMatch()).default([]),
    libraries: z.array(section({ name: text(), version: text().optional() })).default([]),
    attributes: z.array(attributeMatch()).default([]),
    span_names: textList().default([]),
    span_kinds: textList().default([]),
    log_bodies: textList().default([]),
    log_severity_texts: textList().default([]),
    log_severity_number: severityMatch().optional(),
    metric_names: textList().default([]),
  });

export type AttributeMatch = z.output<ReturnType<typeof attributeMatch>>;
export type MatchProperties = z.output<ReturnType<typeof matchProperties>>;

/** Properties that only items of one signal have. */
const ONLY: Readonly<Record<"traces" | "logs" | "metrics", readonly (keyof MatchProperties)[]>> = {
  traces: ["span_names", "span_kinds"],
  logs: ["log_bodies", "log_severity_texts", "log_severity_number"],
  metrics: ["metric_names"],
};

/** Names of the properties that are given and that items of `signal` do not have. */
export function foreignProperties(signal: Signal, properties: MatchProperties): string[] {
  return Object.entries(ONLY).filter(([of]) => of !== signal).flatMap(([, names]) =>
    names.filter((name) => isGiven(properties[name]))
  );
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/**
 * The condition that holds for what the properties describe, with paths that begin with their contexts.
 *
 * @param context Of the items: "span", "log", "metric" or "datapoint".
 */
export function matchCondition(context: string, properties: MatchProperties): string {
  const { services, resources, libraries, attributes, log_severity_number: number } = properties;
  const is = comparing(properties.match_type);
  const conditions = [
    anyOf(services.map((name) => is(`resource.attributes["service.name"]`, name))),
    ...resources.map((match) => attributeCondition("resource.attributes", match, is)),
    anyOf(
      libraries.map(({ name, version }) =>
        allOf([is("scope.name", name), version === undefined ? "" : is("scope.version", version)])
      ),
    ),
    ...attributes.map((match) => attributeCondition(`${context}.attributes`, match, is)),
    anyOf(properties.span_names.map((name) => is("span.name", name))),
    anyOf(properties.span_kinds.map((kind) => is("span.kind.deprecated_string", kind))),
    anyOf(properties.log_bodies.map((body) => is("log.body.string", body))),
    anyOf(properties.log_severity_texts.map((name) => is("log.severity_text", name))),
    number === undefined ? "" : severityCondition(number),
    anyOf(properties.metric_names.map((name) => is("metric.name", name))),
  ];
  return allOf(conditions) || "true";
}

/** Whether every attribute is there and equals or matches. */
export function attributesCondition(path: string, matches: readonly AttributeMatch[], type: "strict" | "regexp") {
  return allOf(matches.map((match) => attributeCondition(path, match, comparing(type)))) || "true";
}

/** The items that stay: those of `include`, without those of `exclude`. */
export function selection(include: string | undefined, exclude: string | undefined): string {
  return allOf([include ?? "", exclude === undefined ? "" : `not ${exclude}`]) || "true";
}

type Comparing = (path: string, wanted: unknown) => string;

function comparing(type: "strict" | "regexp"): Comparing {
  return type === "strict"
    ? (path, wanted) => `${path} == ${literal(wanted)}`
    : (path, wanted) => `IsMatch(${path}, ${literal(String(wanted))})`;
}

function attributeCondition(path: string, { key, value }: AttributeMatch, is: Comparing): string {
  const attribute = `${path}[${literal(key)}]`;
  return value === undefined || value === null ? `${attribute} != nil` : is(attribute, value);
}

function severityCondition({ min, match_undefined }: { readonly min: number; readonly match_undefined: boolean }) {
  const known = `log.severity_number != 0 and log.severity_number >= ${min}`;
  return match_undefined ? `(log.severity_number == 0 or (${known}))` : `(${known})`;
}

/** A YAML value as OTTL writes it. */
function literal(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : decimal(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  return JSON.stringify(typeof value === "string" ? value : JSON.stringify(value));
}

/** With a point, which OTTL wants before an exponent. */
function decimal(value: number): string {
  const written = String(value);
  return written.includes(".") ? written : written.replace("e", ".0e");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length > 1 ? `(${conditions.join(" or ")})` : conditions[0] ?? "";
}

function allOf(conditions: readonly string[]): string {
  const given = conditions.filter((condition) => condition !== "");
  return given.length > 1 ? `(${given.join(" and ")})` : given[0] ?? "";
}
