/**
 * Statements and conditions as they run over items: in order, with what an error does.
 *
 * Built once for a group. Nothing is allocated, counted or logged per item; what went wrong is kept here until the end
 * of a batch, when a component takes it out with `drainFailures` for one line of log and a counter.
 *
 * @module
 */

import type { Item } from "../functions/definition.ts";
import type { Budget } from "../limits.ts";
import { OttlError } from "../values/errors.ts";

/** What an error of one statement does: the batch fails, it is told and the rest goes on, or the rest just goes on. */
export type ErrorMode = "propagate" | "ignore" | "silent";

/** A condition of its own, or that of a statement. */
export interface CompiledCondition {
  readonly text: string;
  /** @throws {OttlError} It has no answer for this item. */
  test(item: Item): boolean;
  /** Its answer where it is the same for all items. */
  readonly known: boolean | undefined;
}

export interface CompiledStatement {
  readonly text: string;
  /** Undefined when it always runs. */
  readonly where: CompiledCondition | undefined;
  /**
   * Runs the editor, whatever `where` says.
   *
   * @throws {OttlError} It cannot be done; what was done before stays.
   */
  execute(item: Item): void;
}

/** What went wrong with one text since the last time. */
export interface Failure {
  readonly text: string;
  readonly count: number;
  /** The first one. */
  readonly error: OttlError;
}

/** Errors by text, in the order of the texts. */
class Failures {
  readonly #texts: readonly string[];
  readonly #counts: Float64Array;
  readonly #errors: (OttlError | undefined)[];
  #any = false;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#counts = new Float64Array(texts.length);
    this.#errors = texts.map(() => undefined);
  }

  add(index: number, error: OttlError): void {
    this.#any = true;
    this.#counts[index]! += 1;
    this.#errors[index] ??= error;
  }

  drain(): Failure[] {
    if (!this.#any) return [];
    const failures: Failure[] = [];
    for (const [i, error] of this.#errors.entries()) {
      if (error !== undefined) failures.push({ text: this.#texts[i]!, count: this.#counts[i]!, error });
    }
    this.#counts.fill(0);
    this.#errors.fill(undefined);
    this.#any = false;
    return failures;
  }
}

/** Runs statements over one item after the other. */
export class StatementSequence {
  readonly #statements: readonly CompiledStatement[];
  readonly errorMode: ErrorMode;
  readonly #failures: Failures;
  readonly #budget: Budget | undefined;

  constructor(statements: readonly CompiledStatement[], errorMode: ErrorMode, budget?: Budget) {
    this.#budget = budget;
    this.#statements = statements;
    this.errorMode = errorMode;
    this.#failures = new Failures(statements.map(({ text }) => text));
  }

  get statements(): readonly CompiledStatement[] {
    return this.#statements;
  }

  /**
   * Runs each statement whose condition holds; each sees what those before it did.
   *
   * @throws {OttlError} The first that fails, in error mode "propagate".
   */
  run(item: Item): void {
    for (let next = 0; next < this.#statements.length;) next = this.#runFrom(next, item);
  }

  /** Runs statements up to the end, or to one that fails. @returns The number of the next one. */
  #runFrom(first: number, item: Item): number {
    const statements = this.#statements;
    const budget = this.#budget;
    let i = first;
    try {
      for (; i < statements.length; i++) {
        const statement = statements[i]!;
        budget?.statement();
        if (statement.where === undefined || statement.where.test(item)) statement.execute(item);
      }
    } catch (error) {
      if (!(error instanceof OttlError)) throw error;
      if (this.errorMode === "propagate") throw inText("failed to execute statement", statements[i]!.text, error);
      this.#failures.add(i++, error);
    }
    return i;
  }

  /** What went wrong since the last call, in error modes "ignore" and "silent". */
  drainFailures(): Failure[] {
    return this.#failures.drain();
  }
}

/** Conditions, of which one is enough. */
export class ConditionList {
  readonly #conditions: readonly CompiledCondition[];
  readonly errorMode: ErrorMode;
  readonly #failures: Failures;
  readonly #budget: Budget | undefined;

  constructor(conditions: readonly CompiledCondition[], errorMode: ErrorMode, budget?: Budget) {
    this.#budget = budget;
    this.#conditions = conditions;
    this.errorMode = errorMode;
    this.#failures = new Failures(conditions.map(({ text }) => text));
  }

  get conditions(): readonly CompiledCondition[] {
    return this.#conditions;
  }

  /**
   * Whether one of them holds; false when there is none. One that fails does not hold.
   *
   * @throws {OttlError} The first that fails before one holds, in error mode "propagate".
   */
  matches(item: Item): boolean {
    for (let i = 0; i < this.#conditions.length; i++) if (this.#holds(i, item)) return true;
    return false;
  }

  #holds(index: number, item: Item): boolean {
    const condition = this.#conditions[index]!;
    this.#budget?.statement();
    try {
      return condition.test(item);
    } catch (error) {
      if (!(error instanceof OttlError)) throw error;
      if (this.errorMode === "propagate") throw inText("failed to eval condition", condition.text, error);
      this.#failures.add(index, error);
      return false;
    }
  }

  /** What went wrong since the last call, in error modes "ignore" and "silent". */
  drainFailures(): Failure[] {
    return this.#failures.drain();
  }
}

function inText(what: string, text: string, { category, message }: OttlError): OttlError {
  return new OttlError(category, `${what}: ${text}, ${message}`);
}
