/**
 * `sluice ottl check`: whether texts load, and what of them can never work.
 *
 * @module
 */

import { type OttlProblem } from "../../ottl/mod.ts";
import { functionsOf } from "../../pipeline/otlp/ottl/functions/table.ts";
import { type Signal, SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { contextDefinition, contextsOf } from "../../pipeline/otlp/ottl/mod.ts";
import { writeLine } from "../console.ts";
import { type Asked, type AskedTexts, openTexts, readAskedComponent, readTexts } from "./asked.ts";
import type { OttlComponent, TextGroup } from "./component.ts";
import { PathKinds, TextKinds } from "./kinds.ts";
import { parseTexts, showWritten } from "./texts.ts";
import { tellFailure, UsageError } from "./usage_error.ts";
import { warningsOf } from "./warnings.ts";

export interface CheckFlags extends Asked {
  /** A warning is as bad as a problem. */
  readonly strict: boolean;
}

/** What came of texts that load. */
export interface Checked {
  readonly context: string;
  /** Each with its text. */
  readonly warnings: readonly OttlProblem[];
}

/** Prints every problem and warning with its place. @returns The exit code: 1 when there is a problem. */
export function checkTexts(asked: CheckFlags): Promise<number> {
  return tellFailure(() => check(asked));
}

async function check(asked: CheckFlags): Promise<number> {
  const component = await readAskedComponent(asked);
  const isWarned = component === undefined
    ? checkGiven(await readTexts(asked), asked)
    : checkComponent(component, asked);
  return isWarned && asked.strict ? 1 : 0;
}

/** @returns Whether there are warnings. */
function checkGiven(texts: AskedTexts, asked: Asked): boolean {
  const failures: UsageError[] = [];
  for (const signal of signalsOf(asked)) {
    try {
      const { context, warnings } = checkGroup(texts, asked, signal);
      tellWarnings(texts, warnings);
      writeLine(Deno.stdout, `valid: ${counted(texts)} for the context ${context} of ${signal}`);
      return warnings.length > 0;
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      failures.push(thrown);
    }
  }
  // Where the paths name a context of the signal, its problems are the ones that are meant.
  throw failures.find(({ problems }) => problems.some(({ category }) => category !== "inference")) ?? failures[0] ??
    new UsageError(`Cannot find the context ${JSON.stringify(asked.context)}, wanted one of a signal`);
}

/** It loads: its section was checked when it was read. */
function checkComponent(component: OttlComponent, asked: Asked): boolean {
  let isWarned = false;
  const signals = component.signals.filter((signal) => asked.signal === undefined || signal === asked.signal);
  if (signals.length === 0) throw new UsageError(`Cannot check ${component.id}: it has no texts, wanted some`);
  for (const signal of signals) {
    for (const group of component.groups(signal)) {
      const { context, warnings } = checkGroup(group, asked, signal);
      tellWarnings(group, warnings);
      writeLine(Deno.stdout, `valid: ${counted(group)} for the context ${context} of ${signal}`);
      isWarned ||= warnings.length > 0;
    }
  }
  return isWarned;
}

/** @throws {UsageError} The texts do not load. */
export function checkGroup(texts: AskedTexts | TextGroup, asked: Asked, signal: Signal): Checked {
  const paths = new PathKinds();
  const { context, cursor } = openTexts(texts, asked, signal, (resolver) => paths.watch(resolver));
  paths.learn(cursor);
  const place = "fate" in texts ? texts.statementPlace : "transform statement";
  const names = { functions: functionsOf(place, context), enums: contextDefinition(context).enums };
  const { statements, conditions } = parseTexts(texts.statements, texts.conditions);
  const warnings = [...conditions, ...statements].flatMap((parsed) =>
    warningsOf(parsed, new TextKinds(parsed.text, paths, context, cursor, names.functions), names)
  );
  return { context, warnings };
}

function tellWarnings({ statements, conditions }: AskedTexts, warnings: readonly OttlProblem[]): void {
  const texts = [...statements, ...conditions];
  for (const warning of warnings) {
    writeLine(Deno.stderr, showWritten(warning, texts.find(({ text }) => text === warning.text)));
  }
}

/** Where the texts may be for. */
function signalsOf({ signal, context }: Asked): readonly Signal[] {
  if (signal !== undefined) return [signal];
  return SIGNAL_NAMES.filter((name) => context === undefined || contextsOf(name).some((each) => each === context));
}

function counted({ statements, conditions }: AskedTexts): string {
  const parts = [[statements.length, "statement"], [conditions.length, "condition"]] as const;
  return parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}${count === 1 ? "" : "s"}`)
    .join(" and ");
}
