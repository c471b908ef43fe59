/**
 * What OTTL may cost: bounds on texts at load and on values while statements run.
 *
 * @module
 */

/** What the statements of one batch may still cost together; values/budget.ts counts it. */
export interface Budget {
  /** A statement or condition is about to run. */
  statement(): void;
  /** Something is about to be done that takes so many units, of about one character that is looked at. */
  work(units: number): void;
  /** Looks at the clock now. */
  look(): void;
  /** @throws {OttlError} So many bytes more are too much for one batch; of category "limit". */
  make(bytes: number): void;
}

export interface OttlLimits {
  /** One statement or condition, UTF-16 units. Default 65,536. */
  readonly maxTextLength: number;
  /** Nesting of expressions in a text, levels. Default 100. */
  readonly maxDepth: number;
  /** Source of one regular expression, UTF-16 units. Default 16,384. */
  readonly maxPatternLength: number;
  /** Regular expressions of patterns that come with the data, kept compiled. Default 16: the automaton of one may take 25 MB. */
  readonly maxCachedPatterns: number;
  /** One string, list or map that a function makes, bytes as UTF-8 (about). Default 16 MiB. */
  readonly maxValueBytes: number;
  /** Entries of one list or map that a function or an index makes. Default 100,000. */
  readonly maxEntries: number;
  /** Text that is parsed as JSON, XML, CSV and so on, bytes. Default 16 MiB. */
  readonly maxParseBytes: number;
  /** Nesting of parsed JSON and of values, levels. Default 128. */
  readonly maxParseDepth: number;
  /** What the batch that runs may still cost. Absent: nothing is counted, as where texts are only checked. */
  readonly budget?: Budget;
}

export const DEFAULT_OTTL_LIMITS: OttlLimits = {
  maxTextLength: 65_536,
  maxDepth: 100,
  maxPatternLength: 16_384,
  maxCachedPatterns: 16,
  maxValueBytes: 16 * 1024 * 1024,
  maxEntries: 100_000,
  maxParseBytes: 16 * 1024 * 1024,
  maxParseDepth: 128,
};
