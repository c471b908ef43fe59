/**
 * Processor `attributes`: edits the attributes of spans, data points and log records.
 *
 * Source: the collector's attributesprocessor v0.157; collector reference 6.4.
 *
 * @module
 */

import { z } from "zod";
import { ConditionList, OttlCompiler, type Tools } from "../../ottl/mod.ts";
import { section } from "../config/schema.ts";
import type { ProcessorFactory } from "../contract/component.ts";
import { functionsOf } from "../otlp/ottl/functions/table.ts";
import { Cursor, openContext } from "../otlp/ottl/mod.ts";
import { attributeActions } from "../statements/attribute_actions.ts";
import { AttributeEditor, type Selection } from "../statements/attribute_editor.ts";
import { createTools } from "../statements/loader.ts";
import { foreignProperties, matchCondition, matchProperties, selection } from "../statements/match_properties.ts";

const attributesSchema = section({
  actions: attributeActions(),
  include: matchProperties().optional(),
  exclude: matchProperties().optional(),
});

export type AttributesConfig = z.output<typeof attributesSchema>;

/** Whose attributes are edited, and what `include` and `exclude` describe. */
const CONTEXTS = {
  traces: { edited: "span", described: "span" },
  metrics: { edited: "datapoint", described: "metric" },
  logs: { edited: "log", described: "log" },
} as const;
type EditedSignal = keyof typeof CONTEXTS;

/** Properties that the collector does not take for the signal, though its items have them. */
const REFUSED: Readonly<Record<EditedSignal, readonly string[]>> = {
  traces: [],
  metrics: ["services", "libraries", "attributes"],
  logs: ["services"],
};

export const attributesFactory: ProcessorFactory<AttributesConfig> = {
  type: "attributes",
  summary: "Inserts, updates, deletes, hashes, extracts and converts attributes of items.",
  signals: ["traces", "metrics", "logs"],
  schema: attributesSchema,
  create: (config, deps, next) => {
    const signal = deps.signal as EditedSignal;
    if (signal === "metrics" && [config.include, config.exclude].some((properties) => properties?.resources.length)) {
      deps.logger.warn("resources in include and exclude do not select metrics, as in the collector");
    }
    const cursor = new Cursor(signal);
    return new AttributeEditor(
      {
        context: CONTEXTS[signal].edited,
        actions: config.actions,
        selection: select(config, cursor, createTools(deps)),
      },
      cursor,
      deps,
      next,
    );
  },
};

/** @throws {TypeError} `include` or `exclude` does not suit the signal. */
function select(config: AttributesConfig, cursor: Cursor, tools: Tools): Selection | undefined {
  const signal = cursor.signal as EditedSignal;
  const context = CONTEXTS[signal].described;
  const [included, excluded] = (["include", "exclude"] as const).map((key) => conditionOf(config, key, signal));
  if (included === undefined && excluded === undefined) return undefined;
  const { definition, resolver } = openContext(signal, context, cursor);
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsOf("filter", context),
    tools,
    gates: new Set(),
    prefixMode: "inferred",
  });
  const conditions = new ConditionList(compiler.conditions([selection(included, excluded)]), "propagate");
  return { context, holds: (cursor) => conditions.matches(cursor) };
}

function conditionOf(config: AttributesConfig, key: "include" | "exclude", signal: EditedSignal): string | undefined {
  const properties = config[key];
  if (properties === undefined) return undefined;
  const given = Object.entries(properties).filter(([name, value]) =>
    name !== "match_type" && name !== "regexp" && value !== undefined && !(Array.isArray(value) && value.length === 0)
  ).map(([name]) => name);
  const foreign = [...foreignProperties(signal, properties), ...REFUSED[signal].filter((name) => given.includes(name))];
  const [wrong] = foreign;
  if (wrong !== undefined) {
    throw new TypeError(`Cannot match ${signal} by "${key}::${wrong}": they are not matched by it`);
  }
  if (given.length === 0) throw new TypeError(`Cannot match ${signal} by "${key}": it is empty, wanted a property`);
  if (signal !== "metrics") return matchCondition(CONTEXTS[signal].described, properties);
  // The collector checks `resources` of metrics, and never looks at them.
  return properties.metric_names.length === 0 ? undefined : matchCondition("metric", { ...properties, resources: [] });
}
