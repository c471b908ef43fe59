/**
 * Reads statements, conditions and values of OTTL, and rules of our own form, into trees.
 *
 * One pass without backtracking: the grammar's choices are told apart by the tokens ahead (docs/ottl.md has the grammar).
 * A whole text is read here, its conditions and math by `ExpressionParser`, what these are made of by `OperandParser`.
 *
 * Source: OTTL grammar of the reference engine (pkg/ottl 1.3).
 *
 * @module
 */

import { DEFAULT_OTTL_LIMITS, type OttlLimits } from "../limits.ts";
import type { BooleanNode, CallNode, Statement, ValueNode } from "./ast.ts";
import type { TextKind } from "./cursor.ts";
import { ExpressionParser } from "./expression_parser.ts";
import { quote, startsUpper } from "./names.ts";

/**
 * Reads `editor(…)` or `editor(…) where condition`.
 *
 * @throws {OttlSyntaxError} It is not a statement, or is past a limit.
 */
export function parseStatement(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): Statement {
  return read("statement", text, limits, (parser) => parser.statement());
}

/**
 * Reads a condition.
 *
 * @throws {OttlSyntaxError} It is not a condition, or is past a limit.
 */
export function parseCondition(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): BooleanNode {
  return read("condition", text, limits, (parser) => parser.condition());
}

/**
 * Reads a value expression.
 *
 * @throws {OttlSyntaxError} It is not a value expression, or is past a limit.
 */
export function parseValue(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): ValueNode {
  return read("expression", text, limits, (parser) => parser.value());
}

/**
 * Reads `condition > editor(…)`: our own form of the statement `editor(…) where condition`. A `>` before an editor ends
 * the condition; the reference refuses such a text, as an editor is no value.
 *
 * @throws {OttlSyntaxError} It is not a rule, or is past a limit.
 */
export function parseRule(text: string, limits: OttlLimits = DEFAULT_OTTL_LIMITS): Statement {
  return read("rule", text, limits, (parser) => parser.rule());
}

function read<T>(kind: TextKind, text: string, limits: OttlLimits, parse: (parser: Parser) => T): T {
  const parser = new Parser(kind, text, limits);
  const tree = parse(parser);
  parser.finish();
  return tree;
}

class Parser extends ExpressionParser {
  statement(): Statement {
    const start = this.token.start;
    const editor = this.#editor();
    const where = this.word === "where" ? this.#where() : undefined;
    return { kind: "statement", text: this.text, editor, where, span: this.spanFrom(start) };
  }

  rule(): Statement {
    const start = this.token.start;
    if (this.kind === "lower" && this.atCall()) {
      this.refuse("an editor stands where a condition is wanted: condition > set(…)", this.token);
    }
    const where = this.condition();
    if (this.word !== ">") this.unexpected('">" and an editor, as in condition > set(…)');
    this.at++;
    const editor = this.#editor();
    return { kind: "statement", text: this.text, editor, where, span: this.spanFrom(start) };
  }

  #where(): BooleanNode {
    this.at++;
    return this.condition();
  }

  /** What statements begin with. */
  #editor(): CallNode {
    if (!this.atCall()) {
      this.at = this.wordsEnd();
      this.unexpected(
        "an editor with its arguments, such as set(…)",
        "a statement calls one, and may have where behind it",
      );
    }
    const editor = this.call();
    if (startsUpper(editor.name)) {
      this.note(`editor names must start with a lowercase letter but got ${quote(editor.name)}`, editor.nameSpan);
    }
    if (editor.keys.length > 0) {
      this.note("only paths and converters may be indexed, not editors", {
        start: editor.keys[0]!.span.start - 1,
        end: editor.span.end,
      });
    }
    return editor;
  }
}
