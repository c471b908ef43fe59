/**
 * Why a text does not load: what is so, what is wanted, and where.
 *
 * @module
 */

import type { OttlErrorCategory } from "../values/errors.ts";
import type { Span } from "./ast.ts";

export interface OttlProblem {
  readonly category: OttlErrorCategory;
  /** What is so and what is wanted, with a suggestion where there is one; without a place. */
  readonly message: string;
  /** The whole statement, condition or expression. */
  readonly text: string;
  readonly span: Span;
}

/** One or more texts do not load. Its message shows all problems, each with line, column and a caret. */
export class OttlSyntaxError extends SyntaxError {
  override readonly name = "OttlSyntaxError";
  readonly problems: readonly OttlProblem[];

  constructor(problems: readonly OttlProblem[]) {
    super(problems.map(showProblem).join("\n"));
    this.problems = problems;
  }
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

/** The problem with its place, and below it the line of the text with carets under what is meant. */
export function showProblem({ message, text, span }: OttlProblem): string {
  const { line, column } = placeOf(text, span.start);
  const shown = text.split("\n")[line - 1] ?? "";
  const width = Math.max(1, Math.min(span.end - span.start, shown.length - column + 1));
  return `${line}:${column}: ${message}\n    ${shown}\n    ${" ".repeat(column - 1)}${"^".repeat(width)}`;
}
