/**
 * Connector `count`: counts spans, span events, metrics, data points and log records, all or those that OTTL conditions
 * match, by attributes if asked to, and makes metrics of the counts.
 *
 * Every batch gives its own counts (delta sums), one ResourceMetrics for each resource in which something was counted.
 * Source: collector reference 7.3; the collector's countconnector v0.164.
 *
 * @module
 */

import { ConditionList, type Tools } from "../../ottl/mod.ts";
import { encodeUtf8 } from "../../ottl/values/utf8.ts";
import type { Value } from "../../ottl/values/value.ts";
import type { ComponentDeps, ConnectorFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import { encodeKeyValue } from "../otlp/ottl/any_value.ts";
import { type ContextName, type Cursor, openContext, type Visitor, walk } from "../otlp/ottl/mod.ts";
import { type Payload, payloadOf } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";
import { fanOut } from "../queue/fan_out.ts";
import { BatchRun } from "../statements/batch_run.ts";
import { CHECK_TOOLS, createTools, type PlacedProblem, reportProblems, TextLoader } from "../statements/loader.ts";
import { type CountConfig, COUNTED, type CountedMetric, countSchema } from "./count/config.ts";
import { type MetricHead, Tally } from "./count/tally.ts";

const SIGNALS_COUNTED = Object.keys(COUNTED) as readonly Signal[];

const checkedSchema = countSchema().superRefine((config, context) => {
  for (const signal of SIGNALS_COUNTED) {
    reportProblems(context, [], new CounterLoader(signal, CHECK_TOOLS).load(config).problems);
  }
});

export const countConnectorFactory: ConnectorFactory<CountConfig> = {
  type: "count",
  summary: "Counts spans, span events, metrics, data points and log records as metrics.",
  schema: checkedSchema,
  routes: SIGNALS_COUNTED.map((from) => ({ from, to: "metrics" })),
  create: (config, deps, pipelines) => new Count(config, deps, fanOut([...pipelines.values()])),
};

/** One metric as it is counted. */
interface Counter {
  readonly head: MetricHead;
  /** undefined: all are counted. */
  readonly when: ConditionList | undefined;
  readonly labels: readonly Label[];
}

/** An attribute of the counts: where it is looked for, in that order. */
interface Label {
  readonly key: Uint8Array;
  readonly sources: readonly ((cursor: Cursor) => Value)[];
  readonly fallback: Value;
}

interface Counters {
  /** By the context of what is counted. */
  readonly byContext: ReadonlyMap<ContextName, readonly Counter[]>;
  readonly cursor: Cursor;
  readonly problems: readonly PlacedProblem[];
}

class CounterLoader {
  readonly #signal: Signal;
  readonly #texts: TextLoader;
  readonly #cursor: Cursor;

  constructor(signal: Signal, tools: Tools) {
    this.#signal = signal;
    this.#texts = new TextLoader(signal, tools);
    this.#cursor = this.#texts.newCursor();
  }

  load(config: CountConfig): Counters {
    const byContext = new Map((COUNTED[this.#signal] ?? []).map(({ section, context }) => {
      const metrics = Object.entries(config[section]);
      return [context, metrics.map(([name, metric]) => this.#counter(context, name, metric, section))];
    }));
    return { byContext, cursor: this.#cursor, problems: this.#texts.problems };
  }

  #counter(context: ContextName, name: string, metric: CountedMetric, section: string): Counter {
    const { description, attributes } = metric;
    const texts = metric.conditions.map(({ text, path }) => ({ text, path: [section, name, "conditions", ...path] }));
    const parsed = this.#texts.conditions(texts);
    const conditions = this.#texts.compiler(context, true, this.#cursor).conditions("filter", parsed);
    return {
      head: { name, description },
      when: texts.length === 0 ? undefined : new ConditionList(conditions, "propagate"),
      labels: attributes.map((attribute) => this.#label(context, attribute)),
    };
  }

  /** Looked for in the record, then its scope, then its resource; metrics have no attributes of their own. */
  #label(context: ContextName, { key, default_value }: CountedMetric["attributes"][number]): Label {
    const places = context === "metric" ? ["scope", "resource"] : [context, "scope", "resource"];
    const { resolver } = openContext(this.#signal, context, this.#cursor);
    const keys = [{ constant: key, evaluate: () => key }];
    const sources = places.map((place) => {
      const path = { context: place, fields: [{ name: "attributes", keys }], text: `${place}.attributes` };
      const access = resolver.resolve(path);
      return (cursor: Cursor) => access.get(cursor);
    });
    return { key: encodeUtf8(key), sources, fallback: toValue(default_value) };
  }
}

/** A value of YAML; what is no scalar is no default. */
function toValue(written: unknown): Value {
  if (typeof written === "number") return Number.isInteger(written) ? BigInt(written) : written;
  return typeof written === "string" || typeof written === "boolean" || typeof written === "bigint" ? written : null;
}

class Count implements Consumer {
  readonly #counters: Counters;
  readonly #tools: Tools;
  readonly #batch: BatchRun;
  readonly #next: Consumer;

  constructor(config: CountConfig, deps: ComponentDeps & { readonly from: Signal }, next: Consumer) {
    const tools = createTools(deps);
    this.#tools = tools;
    this.#counters = new CounterLoader(deps.from, this.#tools).load(config);
    this.#batch = new BatchRun(deps, config.max_batch_duration, [], tools.limits.budget);
    this.#next = next;
  }

  /** @throws {GatewayError} A condition failed, or a bound is passed; or of the next consumer. */
  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const tally = this.#batch.run(payload.byteLength, () => this.#count(payload));
    if (tally.points === 0) return KEPT;
    return await this.#next.consume(payloadOf("metrics", tally.finish(), tally.points, payload.origin), abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }

  /** A resource is visited before what lies in it: its counts are written when the next one comes. */
  #count(payload: Payload): Tally {
    const { byContext, cursor } = this.#counters;
    const tally = new Tally(this.#tools.nowUnixNano());
    let resource: Uint8Array | undefined;
    const visit: Partial<Record<ContextName, Visitor>> = {
      resource: (at) => {
        if (resource !== undefined) tally.endResource(resource);
        resource = at.resource.current();
        return true;
      },
    };
    for (const [context, counters] of byContext) visit[context] = (at) => countItem(counters, at, tally);
    walk(payload, cursor, { visit, checkDeadline: this.#batch.checkDeadline });
    if (resource !== undefined) tally.endResource(resource);
    return tally;
  }
}

function countItem(counters: readonly Counter[], cursor: Cursor, tally: Tally): true {
  for (const { head, when, labels } of counters) {
    if (when !== undefined && !when.matches(cursor)) continue;
    const attributes = labels.length === 0 ? NO_ATTRIBUTES : attributesOf(labels, cursor);
    if (attributes !== undefined) tally.add(head, attributes);
  }
  return true;
}

const NO_ATTRIBUTES: readonly Uint8Array[] = [];

/** undefined when one is nowhere and has no default: then the thing is not counted. */
function attributesOf(labels: readonly Label[], cursor: Cursor): readonly Uint8Array[] | undefined {
  const attributes: Uint8Array[] = [];
  for (const { key, sources, fallback } of labels) {
    let value: Value = null;
    for (let i = 0; i < sources.length && value === null; i++) value = sources[i]!(cursor);
    value ??= fallback;
    if (value === null) return undefined;
    attributes.push(encodeKeyValue(key, value));
  }
  return attributes;
}
