/**
 * The operators between two values, as texts write them.
 *
 * @module
 */

export type ComparisonOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type MathOperator = "+" | "-" | "*" | "/";
