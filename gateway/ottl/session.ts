/**
 * Texts compiled for one signal and context, to run over payloads without a gateway.
 *
 * @module
 */

import {
  type CompiledCondition,
  type CompiledStatement,
  functionTable,
  inferContext,
  type InferenceCandidate,
  OttlCompiler,
  type PathResolver,
  ProblemCollector,
} from "../../ottl/mod.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { functionsOf } from "../../pipeline/otlp/ottl/functions/table.ts";
import {
  contextDefinition,
  contextsOf,
  type Cursor,
  type LevelName,
  openContext,
} from "../../pipeline/otlp/ottl/mod.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { createTools } from "../../pipeline/statements/loader.ts";
import type { ParsedTexts } from "./texts.ts";

export interface Session {
  readonly context: LevelName;
  readonly cursor: Cursor;
  readonly statements: readonly CompiledStatement[];
  readonly conditions: readonly CompiledCondition[];
}

export interface SessionOptions {
  readonly signal: Signal;
  /** Undefined: the texts tell. */
  readonly context: string | undefined;
  readonly gates: ReadonlySet<string>;
  /** Puts something round the paths of the context. */
  readonly wrap?: (resolver: PathResolver) => PathResolver;
}

const TOOLS = createTools({ clock: systemClock, random: Math.random });

/**
 * Compiles a group as the transform processor does.
 *
 * @throws {OttlSyntaxError} With all problems.
 * @throws {RangeError} The signal has no such context.
 */
export function openSession({ statements, conditions }: ParsedTexts, options: SessionOptions): Session {
  const { signal, gates, wrap = (resolver) => resolver } = options;
  const name = options.context ?? inferContext([...statements, ...conditions], candidatesOf(signal));
  const { definition, resolver, cursor } = openContext(signal, name);
  const compilerFor = (place: "transform statement" | "transform condition") =>
    new OttlCompiler({
      context: definition,
      resolver: wrap(resolver),
      functions: functionsOf(place, name),
      tools: TOOLS,
      gates,
      prefixMode: options.context === undefined ? "inferred" : "explicit",
    });
  const problems = new ProblemCollector();
  const compiled = problems.collect(() => compilerFor("transform statement").statements(statements));
  const when = problems.collect(() => compilerFor("transform condition").conditions(conditions));
  problems.throwProblems();
  return { context: name as LevelName, cursor, statements: compiled ?? [], conditions: when ?? [] };
}

function candidatesOf(signal: Signal): InferenceCandidate[] {
  return contextsOf(signal).map((name) => ({
    context: contextDefinition(name),
    functions: functionTable(
      [...functionsOf("transform statement", name).values()],
      [...functionsOf("transform condition", name).values()],
    ),
  }));
}
