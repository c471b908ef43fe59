/**
 * `sluice ottl explain`: what each statement did with one item.
 *
 * @module
 */

import { type CompiledStatement, OttlError, type PathResolver } from "../../ottl/mod.ts";
import { copyMap, type PlainMap, type Value } from "../../ottl/values/value.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import { walk } from "../../pipeline/otlp/ottl/mod.ts";
import { writeLine } from "../console.ts";
import {
  type Asked,
  type AskedTexts,
  groupsFor,
  openTexts,
  readAskedComponent,
  readInputOf,
  readTexts,
} from "./asked.ts";
import type { TextGroup } from "./component.ts";
import { diffLines, flatten, showValue } from "./item_text.ts";
import { jsonOf, runOver } from "./run.ts";
import type { Session } from "./session.ts";
import { tellFailure, UsageError } from "./usage_error.ts";

export interface ExplainFlags extends Asked {
  /** Which one in the input, from 1. */
  readonly item: number;
}

/** Runs of one statement that are timed. */
const MAX_TIMED_RUNS = 1_000;

/** What an explanation may cost. */
export interface ExplainBounds {
  /** What the timed runs of one text may take together, milliseconds. */
  readonly timedMs: number;
  /** Called before each text; what it throws ends the explanation. */
  readonly check: () => void;
}

const UNBOUNDED: ExplainBounds = { timedMs: 20, check: () => {} };

/** Prints for each text what it read, whether it matched, what it changed and how long it took. */
export function explainStatements(flags: ExplainFlags): Promise<number> {
  return tellFailure(() => printExplanation(flags));
}

async function printExplanation(flags: ExplainFlags): Promise<number> {
  const component = await readAskedComponent(flags);
  const texts = component === undefined ? await readTexts(flags) : undefined;
  const { payloads: given } = await readInputOf(flags);
  const { signal } = given[0]!;
  const payloads = given.filter((payload) => payload.signal === signal);
  const groups = texts === undefined ? groupsFor(component!, signal) : [texts];
  for (const line of explainGroups(payloads, groups, flags)) writeLine(Deno.stdout, line);
  return 0;
}

/** Each group sees what those before it did. */
function explainGroups(
  payloads: readonly Payload[],
  groups: readonly (AskedTexts | TextGroup)[],
  flags: ExplainFlags,
): string[] {
  const lines: string[] = [];
  let current = payloads;
  for (const group of groups) {
    const found = find(current, openTexts(group, flags, payloads[0]!.signal), flags.item);
    const { payload } = found;
    if (lines.length > 0) lines.push("");
    lines.push(...explain(payload, group, { ...flags, item: found.item }, found));
    const session = openTexts(group, flags, payload.signal);
    current = current.map((each) => runOver(each, session, "ignore").changed);
  }
  return lines;
}

/** Where an item stands in all of the input. */
interface Standing {
  readonly before: number;
  readonly total: number;
}

/** The payload that holds an item, and its number there. */
function find(payloads: readonly Payload[], session: Session, item: number) {
  const counts = payloads.map((payload) => countItems(session, payload));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let before = 0;
  for (const [i, payload] of payloads.entries()) {
    if (item <= before + counts[i]!) return { payload, item: item - before, before, total };
    before += counts[i]!;
  }
  throw new UsageError(`Cannot explain item ${item}: there are ${total} of the context ${session.context}`);
}

/**
 * The lines to print.
 *
 * @throws {UsageError} The texts do not load, or the payload has no such item.
 */
export function explain(
  payload: Payload,
  texts: AskedTexts | TextGroup,
  flags: ExplainFlags,
  standing?: Standing,
  bounds: ExplainBounds = UNBOUNDED,
): string[] {
  const reads = new Reads();
  const watched = openTexts(texts, flags, payload.signal, (resolver) => reads.watch(resolver));
  const timed = openTexts(texts, flags, payload.signal); // watching costs more than running
  const fate = "fate" in texts ? texts.fate : undefined;
  return new Explanation(watched, timed, reads, flags.item, bounds).over(payload, fate, standing);
}

/** What paths gave since the last `take`. */
class Reads {
  readonly #values = new Map<string, string>();

  watch(inner: PathResolver): PathResolver {
    return {
      resolve: (path) => {
        const access = inner.resolve(path);
        const note = (value: Value) => {
          this.#values.set(path.text, showValue(value));
          return value;
        };
        return { get: (item) => note(access.get(item)), set: (item, value) => access.set(item, value) };
      },
    };
  }

  take(): string[] {
    const lines = Array.from(this.#values, ([path, value]) => `${path} = ${value}`);
    this.#values.clear();
    return lines;
  }
}

/** A text, in the session whose paths are watched and in the one that is timed. */
interface Step {
  readonly text: string;
  readonly watched: Action;
  readonly timed: Action;
}

/** Runs a text on an item. @returns Whether its condition held. */
type Action = (item: object) => boolean;

class Explanation {
  readonly #watched: Session;
  readonly #timed: Session;
  readonly #reads: Reads;
  readonly #item: number;
  readonly #bounds: ExplainBounds;

  /** @param item From 1. */
  constructor(watched: Session, timed: Session, reads: Reads, item: number, bounds: ExplainBounds) {
    this.#bounds = bounds;
    this.#watched = watched;
    this.#timed = timed;
    this.#reads = reads;
    this.#item = item;
  }

  /** @param fate What becomes of the item by its conditions; undefined where they are for statements. */
  over(payload: Payload, fate: TextGroup["fate"], standing?: Standing): string[] {
    const { context, conditions, statements } = this.#watched;
    const count = countItems(this.#watched, payload);
    if (this.#item > count) {
      throw new UsageError(`Cannot explain item ${this.#item}: there are ${count} of the context ${context}`);
    }
    const { before, total } = standing ?? { before: 0, total: count };
    const lines = [`item ${before + this.#item} of ${total}, context ${context}`];
    const caches: Caches = new Map();
    let current = payload;
    const tell = (step: Step) => {
      const { changed, matched, told } = this.#tell(step, current, caches);
      current = changed;
      lines.push("", ...told);
      return matched;
    };
    const holds = conditions.length === 0 ||
      conditions.some((condition, i) => tell(stepOf(condition.text, condition.test, this.#timed.conditions[i]!.test)));
    if (!holds) return [...lines, "", `no condition holds: ${fate?.other ?? "no statement runs"}`];
    if (fate !== undefined) return [...lines, "", `a condition holds: ${fate.held}`];
    statements.forEach((statement, i) =>
      tell(stepOf(statement.text, actionOf(statement), actionOf(this.#timed.statements[i]!)))
    );
    return lines;
  }

  #tell({ text, watched, timed }: Step, payload: Payload, caches: Caches) {
    this.#bounds.check();
    const took = this.#time(timed, payload, caches);
    this.#reads.take();
    const before = cacheLines(caches);
    let outcome: boolean | OttlError = false;
    const changed = this.#visit(this.#watched, payload, caches, (item) => void (outcome = tryAction(watched, item)));
    const matched = outcome as boolean | OttlError;
    const changes = [
      ...diffLines(flatten(jsonOf(payload)), flatten(jsonOf(changed))),
      ...diffLines(before, cacheLines(caches)),
    ];
    const told = [
      text,
      ...titled("read", this.#reads.take()),
      ...titled("matched", matched instanceof OttlError ? [] : [matched ? "yes" : "no"]),
      ...titled("changed", changes.length > 0 ? changes : ["nothing"]),
      ...titled("failed", matched instanceof OttlError ? [matched.message] : []),
      ...titled("took", [took]),
    ];
    return { changed, matched: matched === true, told };
  }

  /** The median of many runs; each begins with the payload as it is. */
  #time(action: Action, payload: Payload, caches: Caches): string {
    const start = systemClock.monotonicMs();
    const times: number[] = [];
    while (times.length < MAX_TIMED_RUNS && systemClock.monotonicMs() - start < this.#bounds.timedMs) {
      const copies: Caches = new Map(Array.from(caches, ([name, cache]) => [name, copyMap(cache)]));
      this.#visit(this.#timed, payload, copies, (item) => {
        const before = systemClock.monotonicMs();
        tryAction(action, item);
        times.push(systemClock.monotonicMs() - before);
      });
    }
    const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    return `${(median * 1_000).toFixed(1)} us`;
  }

  /** Visits the item that is asked for, and no other. */
  #visit({ context, cursor }: Session, payload: Payload, sharedCaches: Caches, look: (item: object) => void): Payload {
    let at = 0;
    const visitor = (item: object) => {
      if (++at === this.#item) look(item);
      return true;
    };
    return walk(payload, cursor, { visit: { [context]: visitor }, sharedCaches });
  }
}

function countItems({ context, cursor }: Session, payload: Payload): number {
  let count = 0;
  walk(payload, cursor, { visit: { [context]: () => ++count > 0 } });
  return count;
}

type Caches = Map<string, PlainMap>;

/** What is in the caches, as `flatten` has it for a payload. */
function cacheLines(caches: Caches): Map<string, string> {
  const lines = [...caches].flatMap(([context, cache]) =>
    cache.entries().map(([key, value]) => [`${context}.cache[${JSON.stringify(key)}]`, showValue(value)] as const)
  );
  return new Map(lines);
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `  ${(i === 0 ? title : "").padEnd(8)} ${line}`);
}

function stepOf(text: string, watched: Action, timed: Action): Step {
  return { text, watched, timed };
}

function actionOf({ where, execute }: CompiledStatement): Action {
  return (item) => {
    const matched = where === undefined || where.test(item);
    if (matched) execute(item);
    return matched;
  };
}

function tryAction(action: Action, item: object): boolean | OttlError {
  try {
    return action(item);
  } catch (thrown) {
    if (thrown instanceof OttlError) return thrown;
    throw thrown;
  }
}
