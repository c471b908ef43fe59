/**
 * Compiles texts of one group once, to closures that run over many items.
 *
 * @module
 */

import type { Expression } from "../functions/definition.ts";
import type { OttlLimits } from "../limits.ts";
import type { BooleanNode, Statement, ValueNode } from "../syntax/ast.ts";
import { parseCondition, parseRule, parseStatement, parseValue } from "../syntax/parser.ts";
import { type OttlProblem, OttlSyntaxError } from "../syntax/problem.ts";
import { compileCall } from "./calls.ts";
import { compileExpression } from "./expressions.ts";
import type { ParsedCondition } from "./inference.ts";
import { compileBoolean } from "./operators.ts";
import { type Environment, type Parts, Scope } from "./scope.ts";
import type { CompiledCondition, CompiledStatement } from "./sequence.ts";

const PARTS: Parts = { value: compileExpression, condition: compileBoolean };

/** Gathers the problems of several texts or groups, so that all are told at once. */
export class ProblemCollector {
  readonly #problems: OttlProblem[] = [];

  /** What `load` gives, or undefined when it does not load. */
  collect<T>(load: () => T): T | undefined {
    try {
      return load();
    } catch (error) {
      if (!(error instanceof OttlSyntaxError)) throw error;
      this.#problems.push(...error.problems);
      return undefined;
    }
  }

  /** What `load` gives for each, without those that do not load. */
  collectEach<From, To>(each: readonly From[], load: (from: From) => To): To[] {
    return each.flatMap((from) => {
      const loaded = this.collect(() => [load(from)]);
      return loaded ?? [];
    });
  }

  /** @throws {OttlSyntaxError} With every problem, if there was one. */
  throwProblems(): void {
    if (this.#problems.length > 0) throw new OttlSyntaxError(this.#problems);
  }
}

function loadEach<From, To>(each: readonly From[], load: (from: From) => To): To[] {
  const problems = new ProblemCollector();
  const loaded = problems.collectEach(each, load);
  problems.throwProblems();
  return loaded;
}

/** @throws {OttlSyntaxError} With the problems of all texts. */
export function parseStatements(texts: readonly string[], limits: OttlLimits): Statement[] {
  return loadEach(texts, (text) => parseStatement(text, limits));
}

/**
 * Texts of our own form, `condition > editor(…)`.
 *
 * @throws {OttlSyntaxError} With the problems of all texts.
 */
export function parseRules(texts: readonly string[], limits: OttlLimits): Statement[] {
  return loadEach(texts, (text) => parseRule(text, limits));
}

/** @throws {OttlSyntaxError} With the problems of all texts. */
export function parseConditions(texts: readonly string[], limits: OttlLimits): ParsedCondition[] {
  return loadEach(texts, (text) => ({ kind: "condition", text, node: parseCondition(text, limits) }));
}

/** Compiles the texts of one group against one context. */
export class OttlCompiler {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @throws {OttlSyntaxError} With the problems of all of them. */
  statements(statements: readonly (string | Statement)[]): CompiledStatement[] {
    return loadEach(
      statements,
      (each) => this.#statement(typeof each === "string" ? this.#parse(parseStatement, each) : each),
    );
  }

  /** @throws {OttlSyntaxError} With the problems of all of them. */
  conditions(conditions: readonly (string | ParsedCondition)[]): CompiledCondition[] {
    return loadEach(
      conditions,
      (each) =>
        typeof each === "string"
          ? this.#condition(each, this.#parse(parseCondition, each))
          : this.#condition(each.text, each.node),
    );
  }

  /** @throws {OttlSyntaxError} It is no value expression, or names what there is not. */
  value(text: string): Expression {
    const node: ValueNode = this.#parse(parseValue, text);
    const { evaluate, constant } = this.#scope(text).compile((scope) => scope.value(node));
    return { evaluate, constant };
  }

  #parse<T>(parse: (text: string, limits: OttlLimits) => T, text: string): T {
    return parse(text, this.#environment.tools.limits);
  }

  #scope(text: string): Scope {
    return new Scope(this.#environment, text, PARTS);
  }

  #statement({ text, editor, where }: Statement): CompiledStatement {
    return this.#scope(text).compile((scope) => {
      const compiled = scope.all<unknown>([
        () => compileCall(editor, "editor", scope).evaluate,
        () => where && toCondition(text, where, scope),
      ]) as [CompiledStatement["execute"], CompiledCondition | undefined];
      return { text, execute: compiled[0], where: compiled[1] };
    });
  }

  #condition(text: string, node: BooleanNode): CompiledCondition {
    return this.#scope(text).compile((scope) => toCondition(text, node, scope));
  }
}

function toCondition(text: string, node: BooleanNode, scope: Scope): CompiledCondition {
  const { test, known } = scope.condition(node);
  return { text, test, known };
}
