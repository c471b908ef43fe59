/**
 * Processor `transform`: OTTL statements over resources, scopes, items and what is in them.
 *
 * Group after group, each over the whole batch; only messages that change are written anew, all other bytes are copied.
 * Source: OTTL reference 19; the collector's transformprocessor v0.164.
 *
 * @module
 */

import type { z } from "zod";
import { ConditionList, type ErrorMode, type Statement, StatementSequence } from "../../ottl/mod.ts";
import type { Budget } from "../../ottl/limits.ts";
import type { PlainMap } from "../../ottl/values/value.ts";
import { bool, section } from "../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import type { ContextName, Cursor, Visitor } from "../otlp/ottl/mod.ts";
import { walk } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { BatchRun, batchTimeLimit, type Watched } from "../statements/batch_run.ts";
import { errorMode, type GroupConfig, statementGroups } from "../statements/group_config.ts";
import {
  CHECK_TOOLS,
  type CountingTools,
  createTools,
  type Placed,
  type PlacedProblem,
  reportProblems,
  TextLoader,
} from "../statements/loader.ts";

/** The section's key for each signal. */
export const STATEMENT_KEYS = {
  traces: "trace_statements",
  metrics: "metric_statements",
  logs: "log_statements",
  profiles: "profile_statements",
} as const satisfies Record<Signal, string>;

const transformSchema = section({
  error_mode: errorMode().default("ignore"),
  trace_statements: statementGroups().default([]),
  metric_statements: statementGroups().default([]),
  log_statements: statementGroups().default([]),
  profile_statements: statementGroups().default([]),
  flatten_data: bool().default(false),
  flatten: section({ log: bool().default(false) }).optional(),
  max_batch_duration: batchTimeLimit(),
}).superRefine((config, context) => {
  if (config.flatten_data || config.flatten?.log === true) {
    const path = config.flatten_data ? ["flatten_data"] : ["flatten", "log"];
    const message = "is true, which the collector has behind the gate transform.flatten.logs, and this gateway has not";
    context.addIssue({ code: "custom", path, message });
  }
  for (const signal of SIGNAL_NAMES) {
    const { problems } = loadGroups(signal, config, CHECK_TOOLS);
    reportProblems(context, [STATEMENT_KEYS[signal]], problems);
  }
});

export type TransformConfig = z.output<typeof transformSchema>;

export const transformFactory: ProcessorFactory<TransformConfig> = {
  type: "transform",
  summary: "Changes data with OTTL statements.",
  signals: SIGNAL_NAMES,
  schema: transformSchema,
  create: (config, deps, next) => new Transform(config, deps, next),
};

/** A group as it runs: the conditions are for an item of the context to be looked at, the statements for what is done. */
interface Group {
  readonly context: ContextName;
  readonly cursor: Cursor;
  readonly visitor: Visitor;
  readonly sharedCache: boolean;
  readonly watched: readonly Watched[];
}

function loadGroups(
  signal: Signal,
  config: Pick<TransformConfig, "error_mode" | typeof STATEMENT_KEYS[Signal]>,
  tools: CountingTools,
): { readonly groups: readonly Group[]; readonly problems: readonly PlacedProblem[] } {
  const loader = new TextLoader(signal, tools);
  const groups = config[STATEMENT_KEYS[signal]].flatMap((group) =>
    loadGroup(loader, group, config.error_mode, tools.limits.budget) ?? []
  );
  return { groups, problems: loader.problems };
}

function loadGroup(
  loader: TextLoader,
  group: GroupConfig,
  fallback: ErrorMode,
  budget: Budget,
): Group | undefined {
  const statements = loader.statements(group.statements);
  const conditions = loader.conditions(group.conditions);
  const all = [...statements, ...conditions];
  if (group.context === undefined && all.length === 0) return undefined;
  const context = loader.contextOf(group.context, all, ["transform statement", "transform condition"], group.path);
  if (context === undefined) {
    if (group.context === undefined) checkEach(loader, statements);
    return undefined;
  }
  const mode = group.errorMode ?? fallback;
  const cursor = loader.newCursor();
  const texts = loader.compiler(context, group.context !== undefined, cursor);
  const when = new ConditionList(texts.conditions("transform condition", conditions), mode, budget);
  const sequence = new StatementSequence(texts.statements("transform statement", statements), mode, budget);
  return {
    context,
    cursor,
    visitor: visitorOf(when, sequence),
    sharedCache: group.sharedCache,
    watched: [when, sequence],
  };
}

/** Where one text keeps a group from having a context, what else is wrong is found by looking at each by itself. */
function checkEach(loader: TextLoader, statements: readonly Placed<Statement>[]): void {
  for (const statement of statements) {
    const context = loader.inferred(statement.parsed, ["transform statement"]);
    if (context === undefined) continue;
    loader.compiler(context, false, loader.newCursor()).statements("transform statement", [statement]);
  }
}

function visitorOf(when: ConditionList, sequence: StatementSequence): Visitor {
  if (when.conditions.length === 0) {
    return (item) => {
      sequence.run(item);
      return true;
    };
  }
  return (item) => {
    if (when.matches(item)) sequence.run(item);
    return true;
  };
}

class Transform implements Consumer {
  readonly #groups: readonly Group[];
  readonly #batch: BatchRun;
  readonly #next: Consumer;

  constructor(config: TransformConfig, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer) {
    const tools = createTools(deps);
    const { groups } = loadGroups(deps.signal, config, tools);
    this.#groups = groups;
    this.#batch = new BatchRun(
      deps,
      config.max_batch_duration,
      groups.flatMap(({ watched }) => watched),
      tools.limits.budget,
    );
    this.#next = next;
  }

  /** @throws {GatewayError} A statement failed in error mode "propagate", or a bound is passed; or of the next consumer. */
  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const changed = this.#groups.length === 0
      ? payload
      : this.#batch.run(payload.byteLength, () => this.#transform(payload));
    return changed.chunks.length === 0 ? KEPT : await this.#next.consume(changed, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }

  #transform(payload: Payload): Payload {
    const sharedCaches = new Map<string, PlainMap>();
    const { checkDeadline } = this.#batch;
    let changed = payload;
    for (const { context, cursor, visitor, sharedCache } of this.#groups) {
      const visit = { [context]: visitor };
      changed = walk(changed, cursor, { visit, checkDeadline, ...(sharedCache ? { sharedCaches } : {}) });
    }
    return changed;
  }
}
