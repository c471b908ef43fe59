/**
 * What is given up first when the gateway cannot keep up: rules, in their order, each with the pressure from which on it
 * acts and what it takes out. The sender is told by a partial success, so that it does not send the same again.
 *
 * @module
 */

import { z } from "zod";
import { ConditionList } from "../../ottl/mod.ts";
import { durationMs, int, leaf, number, oneOf, readText, section } from "../config/schema.ts";
import type { ComponentDeps } from "../contract/component.ts";
import type { Pressure, PressureGauge } from "../contract/pressure.ts";
import type { TenantTag } from "../core/tenant.ts";
import { type ContextName, Cursor, walk, type WalkOptions } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import { isSignal, type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { BatchRun } from "../statements/batch_run.ts";
import { ottlText } from "../statements/group_config.ts";
import {
  CHECK_TOOLS,
  type CountingTools,
  createTools,
  type PlacedProblem,
  reportProblems,
  TextLoader,
} from "../statements/loader.ts";
import { MAX_PRIORITY } from "./limits.ts";

/** Rules of one gateway: each costs a look at every request. */
const MAX_RULES = 32;

/** How long the conditions of all rules may take for one request, milliseconds. */
const BATCH_LIMIT_MS = 1_000;

const MIB = 1024 * 1024;

/** The lowest number of each range. Source: opentelemetry-proto logs.proto, SeverityNumber. */
const SEVERITIES = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
type Severity = keyof typeof SEVERITIES;
const SEVERITY_NAMES = Object.keys(SEVERITIES) as [Severity, ...Severity[]];

const signalList = () =>
  leaf<Signal[]>("list of strings", `a list of ${SIGNAL_NAMES.join(", ")}`, (input) => {
    const texts = Array.isArray(input) ? input.map(readText) : undefined;
    return texts?.every((text): text is Signal => text !== undefined && isSignal(text))
      ? [...new Set(texts)]
      : undefined;
  });

const ruleSchema = section({
  memory_mib: int({ min: 1 }).optional(),
  queue: number({ min: 0.01, max: 1 }).optional(),
  lag: durationMs({ minMs: 1 }).optional(),
  until: number({ min: 0.1, max: 1 }).default(0.9),
  signals: signalList().optional(),
  priority_below: int({ min: 1, max: MAX_PRIORITY + 1 }).optional(),
  severity_below: oneOf(SEVERITY_NAMES, { ignoreCase: true }).optional(),
  condition: ottlText("an OTTL condition").optional(),
  share: number({ min: 0.001, max: 1 }).default(1),
}).superRefine((rule, context) => {
  if (rule.memory_mib === undefined && rule.queue === undefined && rule.lag === undefined) {
    context.addIssue({ code: "custom", message: "has no pressure to act on, wanted memory_mib, queue or lag" });
  }
  reportProblems(context, [], problemsOf(rule));
});

/** One of `tenancy::shedding`. */
export type SheddingRule = z.output<typeof ruleSchema>;

/** `tenancy::shedding`. */
export const sheddingSchema = z.array(ruleSchema).max(MAX_RULES, { message: `has more than ${MAX_RULES} rules` })
  .default([]);

/** Texts that must all hold for an item to be shed; none where whole requests are. */
function textsOf({ severity_below, condition }: SheddingRule): string[] {
  const texts: string[] = [];
  if (severity_below !== undefined) {
    const limit = SEVERITIES[severity_below];
    texts.push(`log.severity_number > 0 and log.severity_number < ${limit}`); // 0: it does not say
  }
  if (condition !== undefined) texts.push(condition);
  return texts;
}

/** A rule that does not say its signals has those for which its texts mean something. */
function problemsOf(rule: SheddingRule): readonly PlacedProblem[] {
  const signals = rule.signals ?? SIGNAL_NAMES;
  const problems = signals.map((signal) => loadTexts(rule, signal, CHECK_TOOLS).problems);
  const isEnough = rule.signals === undefined
    ? problems.some((each) => each.length === 0)
    : problems.every((each) => each.length === 0);
  return isEnough ? [] : problems.find((each) => each.length > 0) ?? [];
}

/** Looks at items in one context; several contexts must all hold, the outer ones are asked first. */
interface ItemTest {
  readonly context: ContextName;
  readonly list: ConditionList;
}

function loadTexts(
  rule: SheddingRule,
  signal: Signal,
  tools: CountingTools,
): { readonly test: ItemTest | undefined; readonly cursor: Cursor; readonly problems: readonly PlacedProblem[] } {
  const loader = new TextLoader(signal, tools);
  const cursor = loader.newCursor();
  const texts = textsOf(rule);
  const [text] = texts.length === 0 ? [] : [texts.map((each) => `(${each})`).join(" and ")];
  if (text === undefined) return { test: undefined, cursor, problems: [] };
  const parsed = loader.conditions([{ text, path: [rule.condition === undefined ? "severity_below" : "condition"] }]);
  const context = loader.contextOf(undefined, parsed, ["filter"], []);
  const compiled = context === undefined ? [] : loader.compiler(context, false, cursor).conditions("filter", parsed);
  const test = context === undefined || compiled.length === 0
    ? undefined
    : { context, list: new ConditionList(compiled, "ignore", tools.limits.budget) };
  return { test, cursor, problems: loader.problems };
}

/** What was shed of a payload. */
export interface Shed {
  readonly payload: Payload;
  readonly items: number;
  /** For the sender; "" when nothing was. */
  readonly message: string;
}

/** Sheds what comes to one thread. */
export class Shedder {
  readonly #gauge: PressureGauge;
  readonly #rules: readonly Rule[];
  readonly #batch: BatchRun;
  /** That the rules were last asked about. */
  #pressure: Pressure | undefined;
  #isActive = false;

  constructor(rules: readonly SheddingRule[], gauge: PressureGauge, deps: ComponentDeps) {
    const tools = createTools(deps);
    this.#gauge = gauge;
    this.#rules = rules.map((rule, i) => new Rule(rule, i + 1, tools));
    this.#batch = new BatchRun(deps, BATCH_LIMIT_MS, this.#rules.flatMap(({ lists }) => lists), tools.limits.budget);
  }

  /** @throws {GatewayError} The conditions take too long, or the payload is past a bound. */
  shed(payload: Payload, tenant: TenantTag): Shed | undefined {
    const pressure = this.#gauge.read();
    if (pressure !== this.#pressure) this.#look(pressure);
    return this.#isActive ? this.#batch.run(payload.byteLength, () => this.#run(payload, tenant)) : undefined;
  }

  #look(pressure: Pressure): void {
    this.#pressure = pressure;
    this.#isActive = false;
    for (const rule of this.#rules) if (rule.look(pressure)) this.#isActive = true;
  }

  #run(payload: Payload, tenant: TenantTag): Shed | undefined {
    let kept = payload;
    const acted: number[] = [];
    for (const rule of this.#rules) {
      if (kept.itemCount === 0) break;
      const left = rule.apply(kept, tenant, this.#batch.checkDeadline);
      if (left.itemCount < kept.itemCount) acted.push(rule.number);
      kept = left;
    }
    const items = payload.itemCount - kept.itemCount;
    if (items === 0) return undefined;
    const rules = `${acted.length === 1 ? "rule" : "rules"} ${acted.join(", ")}`;
    return { payload: kept, items, message: `${items} items are shed: the gateway is under pressure (${rules})` };
  }
}

/** One rule, and whether it acts now. */
class Rule {
  readonly number: number;
  readonly lists: readonly ConditionList[];
  readonly #rule: SheddingRule;
  readonly #walks = new Map<Signal, { readonly cursor: Cursor; readonly visit: WalkOptions["visit"] }>();
  readonly #signals: ReadonlySet<Signal>;
  /** How much of what matches is owed to the share. */
  #due = 0;
  #isActive = false;

  constructor(rule: SheddingRule, number: number, tools: CountingTools) {
    this.number = number;
    this.#rule = rule;
    const loaded = (rule.signals ?? SIGNAL_NAMES).map((signal) => ({ signal, ...loadTexts(rule, signal, tools) }))
      .filter(({ problems }) => problems.length === 0);
    this.#signals = new Set(loaded.map(({ signal }) => signal));
    for (const { signal, test, cursor } of loaded) {
      if (test === undefined) continue;
      const { context, list } = test;
      const keeps = (item: Cursor) => !(list.matches(item) && this.#isDue());
      this.#walks.set(signal, { cursor, visit: { [context]: keeps } });
    }
    this.lists = loaded.flatMap(({ test }) => test === undefined ? [] : [test.list]);
  }

  /** It begins at one of its thresholds, and ends when all readings are below `until` of theirs. @returns Whether it acts. */
  look(pressure: Pressure): boolean {
    const factor = this.#isActive ? this.#rule.until : 1;
    const { memory_mib: memory = Infinity, queue = Infinity, lag = Infinity } = this.#rule;
    this.#isActive = pressure.memoryBytes >= factor * memory * MIB || pressure.queueFill >= factor * queue ||
      pressure.lagMs >= factor * lag;
    return this.#isActive;
  }

  /** What is left of `payload`. */
  apply(payload: Payload, { priority }: TenantTag, checkDeadline: () => void): Payload {
    if (!this.#isActive || !this.#signals.has(payload.signal)) return payload;
    if (priority >= (this.#rule.priority_below ?? Infinity)) return payload;
    const items = this.#walks.get(payload.signal);
    if (items !== undefined) return walk(payload, items.cursor, { visit: items.visit, prune: true, checkDeadline });
    return this.#isDue() ? { ...payload, chunks: [], itemCount: 0, byteLength: 0 } : payload;
  }

  /** Of a share of 0.25 every fourth one is. */
  #isDue(): boolean {
    this.#due += this.#rule.share;
    if (this.#due < 1 - Number.EPSILON * 1_000) return false;
    this.#due -= 1;
    return true;
  }
}
