/**
 * A component of a configuration that runs OTTL: its texts with their places, group after group, and the component itself.
 *
 * @module
 */

import { parseConditions, parseRules, parseStatements } from "../../ottl/mod.ts";
import { checkSection } from "../../pipeline/config/check_section.ts";
import { formatProblems } from "../../pipeline/config/problem.ts";
import type { ConfigSource } from "../../pipeline/config/source.ts";
import { suggestion } from "../../pipeline/config/suggest.ts";
import { childNode, type ConfigNode, nearestNode, type NodePath } from "../../pipeline/config/tree/node.ts";
import { routingConnectorFactory } from "../../pipeline/connectors/routing.ts";
import { routesOf, type RoutingConfig } from "../../pipeline/connectors/routing/config.ts";
import { routedSignal } from "../../pipeline/connectors/routing/load.ts";
import type { TextPlace } from "../../pipeline/otlp/ottl/functions/table.ts";
import { type Signal, SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { filterFactory } from "../../pipeline/processors/filter.ts";
import { type FilterConfig, filterGroups } from "../../pipeline/processors/filter/config.ts";
import { STATEMENT_KEYS, type TransformConfig, transformFactory } from "../../pipeline/processors/transform.ts";
import { CHECK_TOOLS, TextLoader } from "../../pipeline/statements/loader.ts";
import type { PlacedText } from "../../pipeline/statements/group_config.ts";
import { resolveSources } from "../config/sources.ts";
import type { WrittenText } from "./texts.ts";
import { UsageError } from "./usage_error.ts";

/** Texts of a component that run together. */
export interface TextGroup {
  readonly statements: readonly WrittenText[];
  readonly conditions: readonly WrittenText[];
  /** Undefined: the texts tell, and their paths begin with it. */
  readonly context: string | undefined;
  readonly statementPlace: TextPlace;
  readonly conditionPlace: TextPlace;
  /** What becomes of an item by the answer of the conditions; undefined where they are for statements to run. */
  readonly fate: { readonly held: string; readonly other: string } | undefined;
}

export type OttlComponent = {
  /** As written: `transform/x`. */
  readonly id: string;
  /** Its texts of a signal. */
  readonly groups: (signal: Signal) => TextGroup[];
  /** Ids of the pipelines that the configuration has. */
  readonly pipelines: readonly string[];
  /** Signals that it has texts for. */
  readonly signals: readonly Signal[];
} & MadeBy;

/** What it is made of, as its factory takes it. */
type MadeBy =
  | { readonly type: "transform"; readonly config: TransformConfig }
  | { readonly type: "filter"; readonly config: FilterConfig }
  | { readonly type: "routing"; readonly config: RoutingConfig };

const FACTORIES = { transform: transformFactory, filter: filterFactory, routing: routingConnectorFactory };

/**
 * @param id `transform/x`, `filter/x`, `routing/x`.
 * @throws {UsageError} There is none such, or it is not in order: with every problem and its place.
 */
export async function readComponent(
  configs: readonly ConfigSource[],
  sets: readonly ConfigSource[],
  id: string,
): Promise<OttlComponent> {
  const { tree, problems } = await resolveSources({ configs, sets });
  const unread = problems.filter(({ severity }) => severity === "error");
  if (unread.length > 0) throw new UsageError(formatProblems(unread));
  const { type, section, node } = findComponent(tree, id);
  const checked = checkSection<unknown>(node, FACTORIES[type].schema, [section, id]);
  if (checked.config === undefined) throw new UsageError(formatProblems(checked.problems));
  const made = { type, config: checked.config } as MadeBy;
  const groups = (signal: Signal) => groupsOf(made, signal, node);
  const signals = made.type === "routing" ? [routedSignal(made.config)] : SIGNAL_NAMES;
  const pipelines = childNode(childNode(tree, "service"), "pipelines");
  return {
    ...{ ...made, id, groups, signals: signals.filter((signal) => groups(signal).length > 0) },
    pipelines: keysOf(pipelines),
  };
}

function findComponent(tree: ConfigNode, id: string) {
  const ids: string[] = [];
  for (const section of ["processors", "connectors"] as const) {
    const entries = childNode(tree, section);
    for (const each of keysOf(entries)) {
      const type = each.split("/")[0]!;
      if (!isOttlType(type)) continue;
      if (each === id) return { type, section, node: childNode(entries, each)! };
      ids.push(each);
    }
  }
  throw new UsageError(
    `Cannot find ${JSON.stringify(id)} among the components that run OTTL: ${suggestion(id, ids)}`,
  );
}

function isOttlType(type: string): type is MadeBy["type"] {
  return Object.hasOwn(FACTORIES, type);
}

function keysOf(node: ConfigNode | undefined): string[] {
  return node?.kind === "map" ? [...node.entries.keys()] : [];
}

function groupsOf(made: MadeBy, signal: Signal, node: ConfigNode): TextGroup[] {
  switch (made.type) {
    case "transform":
      return transformGroups(made.config, signal, node);
    case "filter":
      return conditionGroups(made.config, signal, node);
    case "routing":
      return routeGroups(made.config, signal, node);
  }
}

function transformGroups(config: TransformConfig, signal: Signal, node: ConfigNode): TextGroup[] {
  const key = STATEMENT_KEYS[signal];
  return config[key].map(({ context, statements, conditions }) => ({
    statements: statements.map((text) => written(text, node, [key])),
    conditions: conditions.map((text) => written(text, node, [key])),
    context,
    statementPlace: "transform statement",
    conditionPlace: "transform condition",
    fate: undefined,
  }));
}

const FILTER_FATE = { held: "the item is dropped", other: "the item stays" };

/** Where no context is said, each condition has its own. */
function conditionGroups(config: FilterConfig, signal: Signal, node: ConfigNode): TextGroup[] {
  const lists = filterGroups(config, signal).flatMap((group) => group.lists);
  return lists.flatMap(({ context, texts }) => {
    const all = texts.map((text) => written(text, node));
    const groups = context === undefined ? all.map((text) => [text]) : [all];
    return groups.map((conditions): TextGroup => ({
      ...{ statements: [], conditions, context, fate: FILTER_FATE },
      ...{ statementPlace: "filter", conditionPlace: "filter" },
    }));
  });
}

/** Routes that ask items; those of the request's metadata ask no OTTL. */
function routeGroups(config: RoutingConfig, signal: Signal, node: ConfigNode): TextGroup[] {
  const rows = routesOf(config).filter(({ context }) => context !== "request");
  const table = rows.map(({ kind, context, text, pipelines }) =>
    routeGroup(kind, context, written(text, node), signal, `the route goes to ${pipelines.join(", ")}`)
  );
  const rules = config.rules.map((text) =>
    routeGroup("rule", undefined, written(text, node, ["rules"]), signal, "the rule takes the item")
  );
  return [...table, ...rules];
}

function routeGroup(
  kind: "condition" | "statement" | "rule",
  said: string | undefined,
  text: WrittenText,
  signal: Signal,
  held: string,
): TextGroup {
  const parse = { condition: parseConditions, statement: parseStatements, rule: parseRules }[kind];
  const [parsed] = parse([text.text], CHECK_TOOLS.limits);
  const inferred = new TextLoader(signal, CHECK_TOOLS).inferred(parsed!, ["routing"]);
  return {
    statements: kind === "statement" ? [text] : [],
    conditions: kind === "statement" ? [] : [text],
    context: said === "otelcol" ? "resource" : said ?? inferred ?? "resource",
    fate: kind === "statement" ? undefined : { held, other: "the next route is asked" },
    ...{ statementPlace: "routing", conditionPlace: "routing" },
  };
}

/** A text with its place in the configuration. @param list Where paths begin. */
function written({ text, path }: PlacedText, node: ConfigNode, list: NodePath = []): WrittenText {
  const { file, line, column } = nearestNode(node, [...list, ...path]).place;
  // Only a block has line breaks: its text begins below it, and how far in is not known.
  return text.includes("\n") ? { text, from: file, line: line + 1 } : { text, from: file, line, column };
}
