/**
 * What is wrong with a configuration, all of it at once, each with its path and its place.
 *
 * @module
 */

import { GatewayError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { formatPath, type NodePath, type Place } from "./tree/node.ts";

/** One thing that is wrong ("error": it cannot run) or that deserves a look ("warning": it runs). */
export interface Problem {
  readonly severity: "error" | "warning";
  /** As the collector writes it: `receivers::otlp::protocols::http::endpoint`; "" for the whole. */
  readonly path: string;
  /** Continues the path as a sentence: `is "x", wanted true or false`. No secrets. */
  readonly message: string;
  /** What it was read from, as the user named it. */
  readonly file: string;
  /** Counts from 1; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
  /** Of a text that cannot be read: the line and a mark below the place, two lines, secrets hidden. */
  readonly excerpt?: string;
}

export function errorAt(place: Place, path: NodePath, message: string): Problem {
  return { severity: "error", path: formatPath(path), message, ...place };
}

export function warningAt(place: Place, path: NodePath, message: string): Problem {
  return { severity: "warning", path: formatPath(path), message, ...place };
}

/** One line: `gateway.yaml:3:5: receivers::otlp: is 7, wanted a map`; a warning says that it is one. */
export function formatProblem(problem: Problem): string {
  const { severity } = problem;
  return `${placeText(problem)}: ${severity === "warning" ? "warning: " : ""}${whatIsWrong(problem)}`;
}

/** The same for a log, whose lines have their severity. */
export function problemLine(problem: Problem): string {
  return `${placeText(problem)}: ${whatIsWrong(problem)}`;
}

function placeText({ file, line, column }: Problem): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

function whatIsWrong({ path, message }: Problem): string {
  return path === "" ? message : `${path}: ${message}`;
}

/** One problem a line, in the order of their places; below one of a text that cannot be read, its excerpt. */
export function formatProblems(problems: readonly Problem[]): string {
  return sortProblems(problems)
    .flatMap((problem) => [formatProblem(problem), ...problem.excerpt === undefined ? [] : [problem.excerpt]])
    .join("\n");
}

/** By file in the order in which files are first mentioned, then by line and column; equal ones once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = new Map(files.map((file, index) => [file, index]));
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...distinct.values()].sort((a, b) =>
    (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column
  );
}

/** A configuration that cannot run. `problems` has every error that could be found, and the warnings beside them. */
export class ConfigError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  readonly problems: readonly Problem[];
  /** Whether more may show when these are mended: what is wrong hides it. */
  readonly isPartial: boolean;

  constructor(problems: readonly Problem[], { isPartial = false }: { readonly isPartial?: boolean } = {}) {
    const sorted = sortProblems(problems);
    const errors = errorsIn(sorted);
    super(`Cannot use the configuration: ${countProblems(errors)}\n${errors.map(formatProblem).join("\n")}`);
    this.problems = sorted;
    this.isPartial = isPartial;
  }

  /** The message, and whether it is all. Without excerpts: what a start says is kept in logs. */
  get explanation(): string {
    return this.isPartial ? `${this.message}\n${moreMayShow(errorsIn(this.problems).length)}` : this.message;
  }
}

/** Everything that was found, a line each, and how much that is: the last line. */
export function formatReport(problems: readonly Problem[], isPartial = false): string {
  const rest = isPartial ? `; ${moreMayShow(errorsIn(problems).length)}` : "";
  return `${formatProblems(problems)}\n${countProblems(problems)}${rest}`;
}

/** `13 problems, 5 warnings`: those that are equal count once. */
export function countProblems(problems: readonly Problem[]): string {
  const distinct = sortProblems(problems);
  const errors = errorsIn(distinct).length;
  const warnings = distinct.length - errors;
  const counts = [
    ...errors > 0 ? [counted(errors, "problems")] : [],
    ...warnings > 0 ? [counted(warnings, "warnings")] : [],
  ];
  return counts.length === 0 ? "no problems" : counts.join(", ");
}

function moreMayShow(errors: number): string {
  return `more may show when ${errors === 1 ? "it is" : "these are"} mended`;
}

function errorsIn(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ severity }) => severity === "error");
}
