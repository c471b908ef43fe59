/**
 * What the parts of the compiler share while one text is compiled: the names it may use, the problems found in it, and
 * the parameters of the lambdas around the place.
 *
 * @module
 */

import type { Expression, Item, Tools } from "../functions/definition.ts";
import type { BooleanNode, Span, ValueNode } from "../syntax/ast.ts";
import { type OttlProblem, OttlSyntaxError } from "../syntax/problem.ts";
import { OttlError, type OttlErrorCategory } from "../values/errors.ts";
import type { Value } from "../values/value.ts";
import type { ContextDefinition, FunctionTable, PathResolver, ReadAccess } from "./context.ts";

/** What the texts of one group are compiled against. */
export interface Environment {
  readonly context: ContextDefinition;
  readonly resolver: PathResolver;
  readonly functions: FunctionTable;
  readonly tools: Tools;
  /** Names of the feature gates that are on. */
  readonly gates: ReadonlySet<string>;
  /**
   * What a path without the name of a context is: "explicit" takes it for one of the context, "inferred" refuses it.
   */
  readonly prefixMode: "inferred" | "explicit";
}

/** A value that the compiler knows more of than functions may. */
export interface Compiled extends Expression {
  /** What a path leads to, or what else need not be taken out to be compared. */
  readonly access: ReadAccess | undefined;
  /** The value of a call that is no literal, where it is the same for all items. */
  readonly fixed?: Value;
}

/** A condition as a closure. */
export interface CompiledBoolean {
  test(item: Item): boolean;
  /** Its answer where it is the same for all items. */
  readonly known: boolean | undefined;
}

/** One parameter of a lambda, set before the body is evaluated. A lambda never runs inside itself. */
export interface Slot {
  readonly name: string;
  value: Value;
}

/** A problem is noted already; only the way out is left. */
class Noted extends Error {}

/** How parts compile what they consist of. */
export interface Parts {
  value(node: ValueNode, scope: Scope): Compiled;
  condition(node: BooleanNode, scope: Scope): CompiledBoolean;
}

export class Scope {
  readonly environment: Environment;
  readonly text: string;
  readonly #parts: Parts;
  readonly #slots: readonly Slot[];
  readonly #problems: OttlProblem[];

  constructor(
    environment: Environment,
    text: string,
    parts: Parts,
    slots: readonly Slot[] = [],
    problems: OttlProblem[] = [],
  ) {
    this.environment = environment;
    this.text = text;
    this.#parts = parts;
    this.#slots = slots;
    this.#problems = problems;
  }

  value(node: ValueNode): Compiled {
    return this.#parts.value(node, this);
  }

  condition(node: BooleanNode): CompiledBoolean {
    return this.#parts.condition(node, this);
  }

  /** Inside a lambda. Its parameters hide outer ones of the same name. */
  inLambda(slots: readonly Slot[]): Scope {
    return new Scope(this.environment, this.text, this.#parts, [...slots, ...this.#slots], this.#problems);
  }

  slot(name: string): Slot | undefined {
    return this.#slots.find((slot) => slot.name === name);
  }

  /** Notes a problem and gives the part up. */
  refuse(category: OttlErrorCategory, message: string, span: Span): never {
    this.#problems.push({ category, message, text: this.text, span });
    throw new Noted();
  }

  /** `compile()`, with what it throws noted as a problem of `span`. */
  located<T>(span: Span, compile: () => T, category?: OttlErrorCategory): T {
    try {
      return compile();
    } catch (error) {
      if (error instanceof OttlError) return this.refuse(category ?? error.category, error.message, span);
      throw error;
    }
  }

  /** Compiles all parts, so that the problems of each are found, and gives up afterwards if there were any. */
  all<T>(parts: readonly (() => T)[]): T[] {
    const done: T[] = [];
    for (const part of parts) {
      const result = this.#attempt(part);
      if (result !== undefined) done.push(result.value);
    }
    if (done.length < parts.length) throw new Noted();
    return done;
  }

  /** @throws {OttlSyntaxError} With every problem of the text. */
  compile<T>(compile: (scope: Scope) => T): T {
    const result = this.#attempt(() => compile(this));
    if (result === undefined) throw new OttlSyntaxError(this.#problems);
    return result.value;
  }

  #attempt<T>(part: () => T): { readonly value: T } | undefined {
    try {
      return { value: part() };
    } catch (error) {
      if (error instanceof Noted) return undefined;
      throw error;
    }
  }
}
