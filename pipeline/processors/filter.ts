/**
 * Processor `filter`: drops what an OTTL condition matches; what stays is cut out of the same bytes.
 *
 * Source: OTTL reference 20; the collector's filterprocessor v0.164.
 *
 * @module
 */

import { type CompiledCondition, ConditionList, type ParsedCondition } from "../../ottl/mod.ts";
import type { Budget } from "../../ottl/limits.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import { tellFiltered, type UsageCounter } from "../contract/usage.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import { type ContextName, type Cursor, walk, type WalkOptions } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { BatchRun, type Watched } from "../statements/batch_run.ts";
import {
  CHECK_TOOLS,
  type CountingTools,
  createTools,
  type Placed,
  type PlacedProblem,
  reportProblems,
  TextLoader,
} from "../statements/loader.ts";
import {
  type ConditionTexts,
  type FilterConfig,
  type FilterGroup,
  filterGroups,
  formProblems,
  writtenFilter,
} from "./filter/config.ts";

const filterSchema = writtenFilter().superRefine((config, context) => {
  reportProblems(context, [], formProblems(config));
  for (const signal of SIGNAL_NAMES) reportProblems(context, [], loadGroups(signal, config, CHECK_TOOLS).problems);
});

export const filterFactory: ProcessorFactory<FilterConfig> = {
  type: "filter",
  summary: "Drops data that OTTL conditions match.",
  signals: SIGNAL_NAMES,
  schema: filterSchema,
  create: (config, deps, next) => new Filter(config, deps, next),
};

/** A group as it runs: a list of conditions for each of its contexts. */
interface Group {
  readonly cursor: Cursor;
  readonly visit: WalkOptions["visit"];
  readonly watched: readonly Watched[];
}

function loadGroups(
  signal: Signal,
  config: FilterConfig,
  tools: CountingTools,
): { readonly groups: readonly Group[]; readonly problems: readonly PlacedProblem[] } {
  const loader = new TextLoader(signal, tools);
  const groups = filterGroups(config, signal).map((group) => loadGroup(loader, group, tools.limits.budget));
  return { groups: groups.filter(({ watched }) => watched.length > 0), problems: loader.problems };
}

function loadGroup(loader: TextLoader, { lists, errorMode }: FilterGroup, budget: Budget): Group {
  const cursor = loader.newCursor();
  const byContext = new Map<ContextName, CompiledCondition[]>();
  for (const list of lists) {
    for (const text of loader.conditions(list.texts)) {
      const loaded = loadCondition(loader, list, text, cursor);
      if (loaded !== undefined) {
        byContext.set(loaded.context, [...byContext.get(loaded.context) ?? [], loaded.condition]);
      }
    }
  }
  const compiled = [...byContext].map(([context, conditions]) => ({
    context,
    list: new ConditionList(conditions, errorMode, budget),
  }));
  return {
    cursor,
    visit: Object.fromEntries(compiled.map(({ context, list }) => [context, (item: Cursor) => !list.matches(item)])),
    watched: compiled.map(({ list }) => list),
  };
}

/** Each condition by itself: what one means says nothing of the others. */
function loadCondition(
  loader: TextLoader,
  { context: said, path }: ConditionTexts,
  text: Placed<ParsedCondition>,
  cursor: Cursor,
): { readonly context: ContextName; readonly condition: CompiledCondition } | undefined {
  const context = loader.contextOf(said, [text], ["filter"], path);
  if (context === undefined) return undefined;
  const [condition] = loader.compiler(context, said !== undefined, cursor).conditions("filter", [text]);
  return condition && { context, condition };
}

/** The last part of the counter's name. */
const COUNTED: Readonly<Record<Signal, string>> = {
  traces: "spans",
  metrics: "datapoints",
  logs: "logs",
  profiles: "profiles",
};

class Filter implements Consumer {
  readonly #groups: readonly Group[];
  readonly #batch: BatchRun;
  readonly #filtered: Counter;
  readonly #usage: UsageCounter | undefined;
  readonly #next: Consumer;

  constructor(config: FilterConfig, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer) {
    const tools = createTools(deps);
    const { groups } = loadGroups(deps.signal, config, tools);
    this.#groups = groups;
    this.#batch = new BatchRun(
      deps,
      config.max_batch_duration,
      groups.flatMap(({ watched }) => watched),
      tools.limits.budget,
    );
    const name = `otelcol_processor_filter_${COUNTED[deps.signal]}_filtered`;
    this.#filtered = deps.meter.counter(name, { filter: deps.id });
    this.#usage = deps.usage?.counter({ signal: deps.signal, destination: "", outcome: "filtered", reason: deps.id });
    this.#next = next;
  }

  /**
   * A batch of which nothing is left is done.
   *
   * @throws {GatewayError} A condition failed in error mode "propagate", or a bound is passed; or of the next consumer.
   */
  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const kept = this.#groups.length === 0 ? payload : this.#batch.run(payload.byteLength, () => this.#filter(payload));
    if (kept.itemCount < payload.itemCount) this.#filtered.add(payload.itemCount - kept.itemCount);
    tellFiltered(this.#usage, payload, kept.itemCount);
    return kept.chunks.length === 0 ? KEPT : await this.#next.consume(kept, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }

  #filter(payload: Payload): Payload {
    const { checkDeadline } = this.#batch;
    let kept = payload;
    for (const { cursor, visit } of this.#groups) kept = walk(kept, cursor, { visit, prune: true, checkDeadline });
    return kept;
  }
}
