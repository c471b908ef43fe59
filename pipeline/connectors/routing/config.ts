/**
 * The configuration of `routing`: a table of routes as the collector has it, or `rules`, our own short form of one.
 *
 * ```yaml
 * rules:
 *   - resource.attributes["env"] == "dev" > drop()
 *   - resource.attributes["region"] == "eu" > route("traces/eu", "traces/audit")
 * ```
 *
 * Source: OTTL reference 21.
 *
 * @module
 */

import { z } from "zod";
import { leaf, oneOf, readText, section, textList } from "../../config/schema.ts";
import { type Signal, SIGNAL_NAMES } from "../../otlp/signals.ts";
import { batchTimeLimit } from "../../statements/batch_run.ts";
import { errorMode, legacyTexts, ottlText, type PlacedText } from "../../statements/group_config.ts";
import type { PlacedProblem } from "../../statements/loader.ts";

const routeSection = () =>
  section({
    context: leaf("string", "the name of a context", readText).optional(),
    condition: ottlText("an OTTL condition").optional(),
    statement: ottlText("an OTTL statement").optional(),
    action: oneOf(["move", "copy"]).default("move"),
    pipelines: textList().default([]),
  });

export const writtenRouting = () =>
  section({
    default_pipelines: textList().default([]),
    error_mode: errorMode().default("propagate"),
    table: z.array(routeSection()).default([]),
    rules: legacyTexts().default([]),
    max_batch_duration: batchTimeLimit(),
  });

export type RoutingConfig = z.output<ReturnType<typeof writtenRouting>>;

type Written = z.output<ReturnType<typeof routeSection>>;

/** One row of the table. */
export interface RouteConfig {
  readonly kind: "condition" | "statement";
  readonly context: string | undefined;
  readonly text: PlacedText;
  readonly action: "move" | "copy";
  readonly pipelines: readonly string[];
}

/**
 * The rows that are whole. Paths count from the connector's section. Of rows that ask the same the first stays, as in the
 * collector.
 */
export function routesOf({ table }: RoutingConfig): RouteConfig[] {
  const asked = new Set<string>();
  return table.flatMap((row, i) => {
    const kind = row.condition ? "condition" : "statement";
    const text = row[kind];
    if (!text || wordingProblem(row) !== undefined) return [];
    const question = `${row.context || "resource"}: ${kind === "condition" ? `route() where ${text}` : text}`;
    if (asked.has(question)) return [];
    asked.add(question);
    const { context, action, pipelines } = row;
    return [{ kind, context: context || undefined, text: { text, path: ["table", i, kind] }, action, pipelines }];
  });
}

/** What is wrong with the table itself, apart from its texts. */
export function tableProblems(config: RoutingConfig): PlacedProblem[] {
  const { table, rules } = config;
  const problems: PlacedProblem[] = [];
  if (table.length + rules.length === 0) {
    problems.push({ path: ["table"], message: "is empty, wanted one route or more" });
  }
  if (table.length > 0 && rules.length > 0) {
    problems.push({ path: ["rules"], message: "stands beside a table, wanted one of the two" });
  }
  for (const [i, row] of table.entries()) {
    const problem = wordingProblem(row);
    if (problem !== undefined) problems.push({ path: ["table", i], message: problem });
  }
  return problems;
}

function wordingProblem({ condition, statement, context, pipelines }: Written): string | undefined {
  if (condition && statement) return "has a condition and a statement, wanted one of the two";
  if (context === "request" && !condition) return 'has the context "request" and no condition, wanted one';
  if (!condition && !statement) return "has neither a condition nor a statement, wanted one of the two";
  return pipelines.length === 0 ? "has no pipelines, wanted one or more" : undefined;
}

/** The id of a pipeline, and where the section names it. */
export interface NamedPipeline {
  readonly path: readonly (string | number)[];
  readonly id: string;
}

/** Every pipeline that the table and the default name. */
export function pipelineNames({ table, default_pipelines }: RoutingConfig): NamedPipeline[] {
  return [
    ...table.flatMap(({ pipelines }, i) => pipelines.map((id, j) => ({ path: ["table", i, "pipelines", j], id }))),
    ...default_pipelines.map((id, i) => ({ path: ["default_pipelines", i], id })),
  ];
}

/** The signal that is routed, told by the pipelines' ids: all of a connector's are of one. */
export function signalOf(pipelines: readonly string[]): Signal {
  const [type] = pipelines[0]?.split("/") ?? [];
  return SIGNAL_NAMES.find((signal) => signal === type) ?? "traces";
}
