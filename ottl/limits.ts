/**
 * What OTTL may cost: bounds on texts at load and on values while statements run.
 *
 * @module
 */

export interface OttlLimits {
  /** One statement or condition, UTF-16 units. Default 65,536. */
  readonly maxTextLength: number;
  /** Nesting of expressions in a text, levels. Default 100. */
  readonly maxDepth: number;
  /** Source of one regular expression, UTF-16 units. Default 16,384. */
  readonly maxPatternLength: number;
  /** Regular expressions of patterns that come with the data, kept compiled. Default 128. */
  readonly maxCachedPatterns: number;
  /** One string, list or map that a function makes, bytes as UTF-8 (about). Default 16 MiB. */
  readonly maxValueBytes: number;
  /** Entries of one list or map that a function or an index makes. Default 100,000. */
  readonly maxEntries: number;
  /** Text that is parsed as JSON, XML, CSV and so on, bytes. Default 16 MiB. */
  readonly maxParseBytes: number;
  /** Nesting of parsed JSON and of values, levels. Default 128. */
  readonly maxParseDepth: number;
}

export const DEFAULT_OTTL_LIMITS: OttlLimits = {
  maxTextLength: 65_536,
  maxDepth: 100,
  maxPatternLength: 16_384,
  maxCachedPatterns: 128,
  maxValueBytes: 16 * 1024 * 1024,
  maxEntries: 100_000,
  maxParseBytes: 16 * 1024 * 1024,
  maxParseDepth: 128,
};
