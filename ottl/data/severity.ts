/**
 * Levels of logs by the words and numbers that stand for them.
 *
 * Source: ParseSeverity of the reference engine.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { OttlList, OttlMap, typeName, type Value } from "../values/value.ts";

/** What stands for one level. */
interface Level {
  readonly name: string;
  readonly words: ReadonlySet<string>;
  readonly ranges: readonly { readonly min: bigint; readonly max: bigint }[];
}

const STATUS_CLASS = /^[2-5]xx$/;

/**
 * Reads a mapping of level to criteria, each a map with `equals` (strings) or `range` (`min` and `max`, or `2xx` to `5xx`).
 *
 * @throws {OttlError} It is no such mapping.
 */
export function readLevels(mapping: OttlMap): readonly Level[] {
  return mapping.entries().map(([name, criteria]) => {
    if (!(criteria instanceof OttlList)) throw new OttlError("value", "severity mapping criteria must be a list");
    const words: string[] = [];
    const ranges: { min: bigint; max: bigint }[] = [];
    for (const criterion of criteria.items) {
      if (!(criterion instanceof OttlMap)) throw new OttlError("value", "severity mapping criteria items must be maps");
      words.push(...readWords(criterion.get("equals")));
      const range = criterion.get("range");
      if (range !== undefined) ranges.push(readRange(range));
    }
    return { name, words: new Set(words), ranges };
  });
}

/**
 * The first level, in the order of the mapping, that `value` stands for.
 *
 * @throws {OttlError} None, or the value is neither a string nor an int.
 */
export function levelOf(value: Value, levels: readonly Level[]): string {
  const level = levels.find(({ words, ranges }) => {
    if (typeof value === "string") return words.has(value);
    if (typeof value === "bigint") return ranges.some(({ min, max }) => min <= value && value <= max);
    throw new OttlError("type", `log level must be either string or int, not ${typeName(value)}`);
  });
  if (level === undefined) {
    throw new OttlError("value", "could not map log level: no level of the mapping stands for it");
  }
  return level.name;
}

function readWords(equals: Value | undefined): string[] {
  if (equals === undefined) return [];
  if (!(equals instanceof OttlList)) throw badCriterion("equals must be a list");
  return equals.items.map((word) => {
    if (typeof word === "string") return word;
    throw badCriterion("equals must be a list of strings");
  });
}

function readRange(range: Value): { min: bigint; max: bigint } {
  if (typeof range === "string") {
    if (!STATUS_CLASS.test(range)) {
      throw new OttlError("arg_value", "invalid severity mapping: a range is no 2xx to 5xx");
    }
    const min = BigInt(range.charAt(0)) * 100n;
    return { min, max: min + 99n };
  }
  if (!(range instanceof OttlMap)) throw badCriterion("range must be a map or a string");
  const min = range.get("min");
  const max = range.get("max");
  if (typeof min !== "bigint" || typeof max !== "bigint") throw badCriterion("range must have ints min and max");
  return { min, max };
}

function badCriterion(why: string): OttlError {
  return new OttlError("arg_type", `invalid severity mapping criteria: ${why}`);
}
