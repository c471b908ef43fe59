/**
 * What is wrong with a configuration, all of it at once, each with its path and its place.
 *
 * @module
 */

import { GatewayError } from "../core/errors.ts";
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

/** One problem a line, in the order of their places. */
export function formatProblems(problems: readonly Problem[]): string {
  return sortProblems(problems).map(formatProblem).join("\n");
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
    const errors = sorted.filter(({ severity }) => severity === "error");
    super(`Cannot use the configuration: ${countProblems(errors.length)}\n${errors.map(formatProblem).join("\n")}`);
    this.problems = sorted;
    this.isPartial = isPartial;
  }

  /** How many there are, where they are not all: the last line below them. */
  get rest(): string | undefined {
    if (!this.isPartial) return undefined;
    const count = this.problems.filter(({ severity }) => severity === "error").length;
    return `${countProblems(count)}; more may show when ${count === 1 ? "it is" : "these are"} mended`;
  }
}

function countProblems(count: number): string {
  return count === 1 ? "1 problem" : `${count} problems`;
}
