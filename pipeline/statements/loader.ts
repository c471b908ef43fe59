/**
 * Loads the OTTL of a component for one signal: parse, context, compile. What is wrong is gathered, each problem with the
 * place of its text below the component's section.
 *
 * @module
 */

import type { z } from "zod";
import {
  type CompiledCondition,
  type CompiledStatement,
  DEFAULT_OTTL_LIMITS,
  inferContext,
  OttlCompiler,
  type OttlErrorCategory,
  OttlSyntaxError,
  parseConditions,
  type ParsedCondition,
  type ParsedText,
  parseStatements,
  showProblem,
  type Statement,
  type Tools,
} from "../../ottl/mod.ts";
import { BatchBudget } from "../../ottl/values/budget.ts";
import type { ComponentDeps } from "../contract/component.ts";
import { functionsOf, type TextPlace } from "../otlp/ottl/functions/table.ts";
import { contextDefinition, type ContextName, contextsOf, Cursor, openContext } from "../otlp/ottl/mod.ts";
import type { Signal } from "../otlp/signals.ts";
import type { PlacedText } from "./group_config.ts";

/** What is wrong with a text, or with what stands around it. */
export interface PlacedProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Absent: what is wrong is no OTTL. */
  readonly category?: OttlErrorCategory;
}

/**
 * Adds problems to a check of a configuration; each issue's `params` has the category.
 *
 * @param at Where in the section their paths begin.
 */
export function reportProblems(
  context: z.core.$RefinementCtx<unknown>,
  at: readonly string[],
  problems: readonly PlacedProblem[],
): void {
  for (const { path, message, category } of problems) {
    const params = { category };
    context.issues.push({ code: "custom", path: [...at, ...path], message, input: context.value, params });
  }
}

const NO_GATES: ReadonlySet<string> = new Set();

/** Tools that count what a batch costs. */
export type CountingTools = Tools & { readonly limits: { readonly budget: BatchBudget } };

/** What functions are given in a gateway. Times without a zone are UTC, never the machine's. */
export function createTools({ clock, random }: Pick<ComponentDeps, "clock" | "random">): CountingTools {
  return {
    limits: { ...DEFAULT_OTTL_LIMITS, budget: new BatchBudget() },
    nowUnixNano: () => BigInt(Math.round(clock.nowMs() * 1_000)) * 1_000n,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    zone: "UTC",
  };
}

/** For a check of texts that will not run. */
export const CHECK_TOOLS: CountingTools = createTools({
  clock: { nowMs: () => 0 } as ComponentDeps["clock"],
  random: () => 0,
});

export class TextLoader {
  readonly problems: PlacedProblem[] = [];
  readonly #signal: Signal;
  readonly #tools: Tools;

  constructor(signal: Signal, tools: Tools) {
    this.#signal = signal;
    this.#tools = tools;
  }

  /** What `load` makes of the texts; undefined when it refuses one, which is noted at its place. */
  load<T>(texts: readonly PlacedText[], load: () => T): T | undefined {
    try {
      return load();
    } catch (error) {
      if (!(error instanceof OttlSyntaxError)) throw error;
      for (const problem of error.problems) {
        const { path } = texts.find(({ text }) => text === problem.text) ?? texts[0] ?? { path: [] };
        this.problems.push({ path, message: `does not load: ${showProblem(problem)}`, category: problem.category });
      }
      return undefined;
    }
  }

  /** Those of the texts that are statements. */
  statements(texts: readonly PlacedText[]): Placed<Statement>[] {
    return this.#each(texts, (text) => parseStatements([text], this.#tools.limits));
  }

  /** Those of the texts that are conditions. */
  conditions(texts: readonly PlacedText[]): Placed<ParsedCondition>[] {
    return this.#each(texts, (text) => parseConditions([text], this.#tools.limits));
  }

  #each<T>(texts: readonly PlacedText[], parse: (text: string) => readonly T[]): Placed<T>[] {
    return texts.flatMap((placed) => {
      const parsed = this.load([placed], () => parse(placed.text)) ?? [];
      return parsed.map((one) => ({ placed, parsed: one }));
    });
  }

  /**
   * The context that a group says, else the one that its texts mean.
   *
   * @param path Of the group.
   */
  contextOf(
    said: string | undefined,
    texts: readonly Placed<ParsedText>[],
    places: readonly TextPlace[],
    path: readonly (string | number)[],
  ): ContextName | undefined {
    if (said === undefined) {
      const parsed = texts.map((text) => text.parsed);
      return this.load(texts.map(({ placed }) => placed), () => this.#infer(parsed, places));
    }
    const offered = contextsOf(this.#signal);
    const context = offered.find((name) => name === said);
    if (context === undefined) {
      const message = `is the context ${JSON.stringify(said)}, wanted one of ${this.#signal}: ${offered.join(", ")}`;
      this.problems.push({ path: [...path, "context"], message, category: "inference" });
    }
    return context;
  }

  /** The context that texts mean; undefined when they mean none, which is no problem here. */
  inferred(parsed: ParsedText, places: readonly TextPlace[]): ContextName | undefined {
    try {
      return this.#infer([parsed], places);
    } catch (error) {
      if (error instanceof OttlSyntaxError) return undefined;
      throw error;
    }
  }

  #infer(parsed: readonly ParsedText[], places: readonly TextPlace[]): ContextName {
    const candidates = contextsOf(this.#signal).map((name) => ({
      context: contextDefinition(name),
      functions: new Map(places.flatMap((place) => [...functionsOf(place, name)])),
    }));
    return inferContext(parsed, candidates) as ContextName;
  }

  /** Compiles for one context. @param isSaid Whether the context is given: then paths need no prefix. */
  compiler(context: ContextName, isSaid: boolean, cursor: Cursor): ContextTexts {
    const { definition, resolver } = openContext(this.#signal, context, cursor);
    const compilerFor = (place: TextPlace) =>
      new OttlCompiler({
        context: definition,
        resolver,
        functions: functionsOf(place, context),
        tools: this.#tools,
        gates: NO_GATES,
        prefixMode: isSaid ? "explicit" : "inferred",
      });
    const each = <T, U>(texts: readonly Placed<T>[], compile: (parsed: T) => readonly U[]) =>
      texts.flatMap(({ placed, parsed }) => this.load([placed], () => compile(parsed)) ?? []);
    return {
      statements: (place, texts) => each(texts, (parsed) => compilerFor(place).statements([parsed])),
      conditions: (place, texts) => each(texts, (parsed) => compilerFor(place).conditions([parsed])),
    };
  }

  newCursor(): Cursor {
    return new Cursor(this.#signal);
  }
}

/** A parsed text, and where it stands. */
export interface Placed<T> {
  readonly placed: PlacedText;
  readonly parsed: T;
}

/** Compiles texts against one context: those that load. */
interface ContextTexts {
  statements(place: TextPlace, texts: readonly Placed<Statement>[]): readonly CompiledStatement[];
  conditions(place: TextPlace, texts: readonly Placed<ParsedCondition>[]): readonly CompiledCondition[];
}
