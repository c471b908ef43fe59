/**
 * Statements and conditions as the command line has them: in files, or one by one.
 *
 * A file holds one statement a line. A line that begins with a space goes on with the one before; empty lines and lines
 * that begin with # are skipped.
 *
 * @module
 */

import {
  DEFAULT_OTTL_LIMITS,
  type OttlProblem,
  OttlSyntaxError,
  parseConditions,
  type ParsedCondition,
  parseRules,
  parseStatements,
  placeOf,
  ProblemCollector,
  showProblem,
  type Statement,
} from "../../ottl/mod.ts";

/** A text, and where it was written. */
export interface WrittenText {
  readonly text: string;
  /** A file's name, or the option. */
  readonly from: string;
  /** Of the text's first line, from 1. */
  readonly line: number;
  /** Of the text's first character, from 1. Default 1. */
  readonly column?: number;
}

export interface ParsedTexts {
  readonly statements: readonly Statement[];
  readonly conditions: readonly ParsedCondition[];
}

/** The statements of a file. */
export function splitFile(content: string, from: string): WrittenText[] {
  const texts: { text: string; from: string; line: number }[] = [];
  content.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const last = texts.at(-1);
    if (/^\s/.test(line) && last !== undefined && last.line + last.text.split("\n").length === i + 1) {
      last.text += `\n${line}`;
    } else texts.push({ text: line, from, line: i + 1 });
  });
  return texts;
}

/** Texts given by an option, numbered as if they were lines. */
export function optionTexts(texts: readonly string[], option: string): WrittenText[] {
  return texts.map((text, i) => ({ text, from: option, line: i + 1 }));
}

/**
 * Parses statements, those of our form `condition > editor(…)` among them, and conditions.
 *
 * @throws {OttlSyntaxError} With the problems of all.
 */
export function parseTexts(statements: readonly WrittenText[], conditions: readonly WrittenText[]): ParsedTexts {
  const problems = new ProblemCollector();
  const parsed = {
    statements: problems.collectEach(statements, ({ text }) => parseStatementOrRule(text)),
    conditions: problems.collectEach(conditions, ({ text }) => parseConditionOrRule(text)),
  };
  problems.throwProblems();
  return parsed;
}

/** Of a rule its condition. */
function parseConditionOrRule(text: string): ParsedCondition {
  if (!RULE_END.test(text)) return parseConditions([text], DEFAULT_OTTL_LIMITS)[0]!;
  const { where } = parseRules([text], DEFAULT_OTTL_LIMITS)[0]!;
  return { kind: "condition", text, node: where! };
}

/** How a rule of the routing connector ends. */
const RULE_END = />\s*(?:route|drop)\s*\([^()]*\)\s*$/;

/** A statement begins with the call of an editor, which a condition cannot. */
function parseStatementOrRule(text: string): Statement {
  const isRule = !/^\s*[a-z]\w*\s*\(/.test(text) && text.includes(">");
  const [parsed] = isRule ? parseRules([text], DEFAULT_OTTL_LIMITS) : parseStatements([text], DEFAULT_OTTL_LIMITS);
  return parsed!;
}

/** Each problem with its place, the line, and carets below it. */
export function showProblems({ problems }: OttlSyntaxError, texts: readonly WrittenText[]): string {
  return problems.map((problem) => showWritten(problem, texts.find(({ text }) => text === problem.text))).join("\n");
}

/** A problem with the place of its text. */
export function showWritten(problem: OttlProblem, written: WrittenText | undefined): string {
  if (written === undefined) return showProblem(problem);
  const { line, column } = placeOf(problem.text, problem.span.start);
  const shift = line === 1 ? (written.column ?? 1) - 1 : 0;
  const excerpt = showProblem(problem).split("\n").slice(-2);
  return [`${written.from}:${written.line + line - 1}:${column + shift}: ${problem.message}`, ...excerpt].join("\n");
}
