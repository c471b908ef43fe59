/**
 * `sluice ottl check`: whether texts load.
 *
 * @module
 */

import { type Signal, SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { contextsOf } from "../../pipeline/otlp/ottl/mod.ts";
import { writeLine } from "../console.ts";
import { type Asked, type AskedTexts, openTexts, readTexts } from "./asked.ts";
import { tellFailure, UsageError } from "./usage_error.ts";

/** Prints every problem with its place. @returns The exit code: 1 when there is one. */
export function checkTexts(asked: Asked): Promise<number> {
  return tellFailure(() => check(asked));
}

async function check(asked: Asked): Promise<number> {
  const texts = await readTexts(asked);
  const failures: UsageError[] = [];
  for (const signal of signalsOf(asked)) {
    try {
      const { context } = openTexts(texts, asked, signal);
      writeLine(Deno.stdout, `valid: ${counted(texts)} for the context ${context} of ${signal}`);
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      failures.push(thrown);
    }
  }
  // Where the paths name a context of the signal, its problems are the ones that are meant.
  throw failures.find(({ problems }) => problems.some(({ category }) => category !== "inference")) ?? failures[0] ??
    new UsageError(`Cannot find the context ${JSON.stringify(asked.context)}, wanted one of a signal`);
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
