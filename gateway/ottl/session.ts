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
import { functionsOf, type TextPlace } from "../../pipeline/otlp/ottl/functions/table.ts";
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

export interface TextPlaces {
  readonly statements: TextPlace;
  readonly conditions: TextPlace;
}

const TRANSFORM: TextPlaces = { statements: "transform statement", conditions: "transform condition" };

export interface SessionOptions {
  readonly signal: Signal;
  /** Undefined: the texts tell. */
  readonly context: string | undefined;
  readonly gates: ReadonlySet<string>;
  /** Where the texts stand, which tells their functions. Default: in a transform processor. */
  readonly places?: TextPlaces;
  /** Puts something round the paths of the context. */
  readonly wrap?: (resolver: PathResolver) => PathResolver;
}

const TOOLS = createTools({ clock: systemClock, random: Math.random });

/**
 * Runs `work`, in which statements count what they cost.
 *
 * @param bytes Of the payload. @param look Called now and then; what it throws ends the statements.
 */
export function counted<T>(bytes: number, look: () => void, work: () => T): T {
  const { budget } = TOOLS.limits;
  budget.begin(bytes, look);
  try {
    return work();
  } finally {
    budget.begin(0, () => {}, Infinity);
  }
}

/**
 * Compiles a group as the transform processor does.
 *
 * @throws {OttlSyntaxError} With all problems.
 * @throws {RangeError} The signal has no such context.
 */
export function openSession({ statements, conditions }: ParsedTexts, options: SessionOptions): Session {
  const { signal, gates, places = TRANSFORM, wrap = (resolver) => resolver } = options;
  const name = options.context ?? inferContext([...statements, ...conditions], candidatesOf(signal, places));
  const { definition, resolver, cursor } = openContext(signal, name);
  const compilerFor = (place: TextPlace) =>
    new OttlCompiler({
      context: definition,
      resolver: wrap(resolver),
      functions: functionsOf(place, name),
      tools: TOOLS,
      gates,
      prefixMode: options.context === undefined ? "inferred" : "explicit",
    });
  const problems = new ProblemCollector();
  const compiled = problems.collect(() => compilerFor(places.statements).statements(statements));
  const when = problems.collect(() => compilerFor(places.conditions).conditions(conditions));
  problems.throwProblems();
  return { context: name as LevelName, cursor, statements: compiled ?? [], conditions: when ?? [] };
}

function candidatesOf(signal: Signal, places: TextPlaces): InferenceCandidate[] {
  return contextsOf(signal).map((name) => ({
    context: contextDefinition(name),
    functions: functionTable(
      [...functionsOf(places.statements, name).values()],
      [...functionsOf(places.conditions, name).values()],
    ),
  }));
}
