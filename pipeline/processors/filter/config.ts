/**
 * The configuration of `filter`: lists of conditions with inferred contexts, and the two older forms, told as conditions.
 *
 * Source: OTTL reference 20.
 *
 * @module
 */

import { z } from "zod";
import type { ErrorMode } from "../../../ottl/mod.ts";
import { oneOf, section, textList } from "../../config/schema.ts";
import { type Signal, SIGNAL_NAMES } from "../../otlp/signals.ts";
import { batchTimeLimit } from "../../statements/batch_run.ts";
import {
  conditionGroups,
  errorMode,
  type GroupConfig,
  legacyTexts,
  type PlacedText,
} from "../../statements/group_config.ts";
import type { PlacedProblem } from "../../statements/loader.ts";
import {
  attributeMatch,
  attributesCondition,
  foreignProperties,
  matchCondition,
  type MatchProperties,
  matchProperties,
  matchType,
  regexpSettings,
  severityMatch,
} from "../../statements/match_properties.ts";

const attributeMatches = () => z.array(attributeMatch()).default([]);

const logProperties = () =>
  section({
    match_type: matchType(),
    resource_attributes: attributeMatches(),
    record_attributes: attributeMatches(),
    severity_texts: textList().default([]),
    severity_number: severityMatch().optional(),
    bodies: textList().default([]),
  });

const metricProperties = () =>
  section({
    match_type: oneOf(["strict", "regexp", "expr"]),
    regexp: regexpSettings().optional(),
    metric_names: textList().default([]),
    resource_attributes: attributeMatches(),
    expressions: textList().default([]),
  });

const shape = {
  error_mode: errorMode().default("ignore"),
  trace_conditions: conditionGroups().default([]),
  metric_conditions: conditionGroups().default([]),
  log_conditions: conditionGroups().default([]),
  profile_conditions: conditionGroups().default([]),
  traces: section({
    resource: legacyTexts().default([]),
    span: legacyTexts().default([]),
    spanevent: legacyTexts().default([]),
  }).prefault({}),
  spans: section({ include: matchProperties().optional(), exclude: matchProperties().optional() }).prefault({}),
  metrics: section({
    resource: legacyTexts().default([]),
    metric: legacyTexts().default([]),
    datapoint: legacyTexts().default([]),
    include: metricProperties().optional(),
    exclude: metricProperties().optional(),
    regexp: regexpSettings().optional(),
  }).prefault({}),
  logs: section({
    resource: legacyTexts().default([]),
    log_record: legacyTexts().default([]),
    include: logProperties().optional(),
    exclude: logProperties().optional(),
  }).prefault({}),
  profiles: section({ resource: legacyTexts().default([]), profile: legacyTexts().default([]) }).prefault({}),
  max_batch_duration: batchTimeLimit(),
};

export const writtenFilter = () => section(shape);

export type FilterConfig = z.output<ReturnType<typeof writtenFilter>>;

/** Conditions that filter a batch together. */
export interface FilterGroup {
  readonly errorMode: ErrorMode;
  /** Texts with their context, or each with the one that it means. */
  readonly lists: readonly ConditionTexts[];
}

export interface ConditionTexts {
  /** Of the list. */
  readonly path: readonly (string | number)[];
  readonly context: string | undefined;
  readonly texts: readonly PlacedText[];
}

/** The key of the lists with inferred contexts. */
const LISTS = {
  traces: "trace_conditions",
  metrics: "metric_conditions",
  logs: "log_conditions",
  profiles: "profile_conditions",
} as const satisfies Record<Signal, string>;

/** Where the oldest form of a signal stands. */
const PROPERTIES = { traces: "spans", metrics: "metrics", logs: "logs" } as const;

/** What filters `signal`, group after group. Paths count from the processor's section. */
export function filterGroups(config: FilterConfig, signal: Signal): FilterGroup[] {
  const { error_mode: fallback } = config;
  const listed = config[LISTS[signal]].map((group) => groupOf(group, LISTS[signal], fallback));
  const lists = [...fixedLists(config, signal), ...propertyLists(config, signal)];
  return lists.length === 0 ? listed : [...listed, { errorMode: fallback, lists }];
}

function groupOf({ path, context, errorMode, conditions }: GroupConfig, key: string, fallback: ErrorMode): FilterGroup {
  const texts = conditions.map(({ text, path }) => ({ text, path: [key, ...path] }));
  return { errorMode: errorMode ?? fallback, lists: [{ path: [key, ...path], context, texts }] };
}

/** The second form: conditions of fixed contexts. */
function fixedLists(config: FilterConfig, signal: Signal): FilterGroup["lists"] {
  const contexts: Readonly<Record<string, string>> = { log_record: "log" };
  return Object.entries(config[signal]).flatMap(([key, texts]) => {
    if (!Array.isArray(texts) || texts.length === 0) return [];
    const placed = (texts as PlacedText[]).map(({ text, path }) => ({ text, path: [signal, key, ...path] }));
    return [{ path: [signal, key], context: contexts[key] ?? key, texts: placed }];
  });
}

/** The oldest form: what is included stays, of that what is not excluded. */
function propertyLists(config: FilterConfig, signal: Signal): FilterGroup["lists"] {
  if (signal === "profiles") return [];
  const { include, exclude } = config[PROPERTIES[signal]];
  const conditions = [
    ...(include === undefined ? [] : conditionsOf(signal, include, (condition) => `not (${condition})`)),
    ...(exclude === undefined ? [] : conditionsOf(signal, exclude, (condition) => condition)),
  ];
  const path = [PROPERTIES[signal]];
  return conditions.map(({ context, text }) => ({ path, context, texts: [{ text, path }] }));
}

type Properties = MatchProperties | z.output<ReturnType<typeof logProperties | typeof metricProperties>>;

function conditionsOf(signal: Signal, properties: Properties, drop: (condition: string) => string) {
  if ("expressions" in properties) return metricConditions(properties, drop);
  const text = "record_attributes" in properties
    ? matchCondition("log", asMatchProperties(properties))
    : matchCondition(signal === "traces" ? "span" : "log", properties);
  return [{ context: signal === "traces" ? "span" : "log", text: drop(text) }];
}

/** Names and resources are asked apart: what one of them does not include goes. */
function metricConditions(
  { match_type, metric_names, resource_attributes }: z.output<ReturnType<typeof metricProperties>>,
  drop: (condition: string) => string,
) {
  const type = match_type === "regexp" ? "regexp" : "strict";
  const ofResource = attributesCondition("resource.attributes", resource_attributes, type);
  const ofName = matchCondition("metric", { ...NO_PROPERTIES, match_type: type, metric_names });
  return [
    ...(resource_attributes.length > 0 ? [{ context: "resource", text: drop(ofResource) }] : []),
    ...(metric_names.length > 0 ? [{ context: "metric", text: drop(ofName) }] : []),
  ];
}

const NO_PROPERTIES: MatchProperties = matchProperties().parse({ match_type: "strict" });

function asMatchProperties(log: z.output<ReturnType<typeof logProperties>>): MatchProperties {
  return {
    ...NO_PROPERTIES,
    match_type: log.match_type,
    resources: log.resource_attributes,
    attributes: log.record_attributes,
    log_severity_texts: log.severity_texts,
    log_bodies: log.bodies,
    ...(log.severity_number === undefined ? {} : { log_severity_number: log.severity_number }),
  };
}

/** What cannot stand together, or cannot be told as conditions. */
export function formProblems(config: FilterConfig): PlacedProblem[] {
  return SIGNAL_NAMES.flatMap((signal) => {
    const has = {
      lists: config[LISTS[signal]].length > 0,
      fixed: fixedLists(config, signal).length > 0,
      properties: propertyLists(config, signal).length > 0,
    };
    const problems: PlacedProblem[] = [];
    if (has.lists && (has.fixed || has.properties)) {
      problems.push({ path: [LISTS[signal]], message: `cannot stand beside an older form for ${signal}, wanted one` });
    }
    if (has.fixed && has.properties) {
      problems.push({ path: [signal], message: "has conditions, and include or exclude, wanted one of the two" });
    }
    return [...problems, ...propertyProblems(config, signal)];
  });
}

function propertyProblems(config: FilterConfig, signal: Signal): PlacedProblem[] {
  if (signal === "profiles") return [];
  const key = PROPERTIES[signal];
  return (["include", "exclude"] as const).flatMap((side) => {
    const properties = config[key][side];
    if (properties === undefined) return [];
    if ("expressions" in properties) {
      const message = 'is "expr", a language that this gateway does not have, wanted OTTL in metric_conditions';
      return properties.match_type === "expr" ? [{ path: [key, side, "match_type"], message }] : [];
    }
    if ("record_attributes" in properties) return [];
    return foreignProperties(signal, properties).map((name) => ({
      path: [key, side, name],
      message: `is not a property of ${signal}`,
    }));
  });
}
