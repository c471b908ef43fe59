/**
 * Regular expressions and globs as arguments: compiled at load when they are written in the text, else kept compiled for
 * the patterns used last.
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import { compileGlob, type Glob } from "../text/glob.ts";
import { PatternCache } from "../text/regex/pattern_cache.ts";
import { compileRegex, type Regex } from "../text/regex/regex.ts";
import type { Expression, Item } from "./definition.ts";

/** @throws {OttlError} At load, when it is written in the text and no regular expression. */
export function regexArgument(pattern: Expression<string>, limits: OttlLimits): (item: Item) => Regex {
  return patternArgument(pattern, (source) => compileRegex(source, limits), limits);
}

/** @throws {OttlError} At load, when it is written in the text and no glob. */
export function globArgument(pattern: Expression<string>, limits: OttlLimits): (item: Item) => Glob {
  return patternArgument(pattern, (source) => compileGlob(source, limits), limits);
}

function patternArgument<Compiled>(
  pattern: Expression<string>,
  compile: (source: string) => Compiled,
  limits: OttlLimits,
): (item: Item) => Compiled {
  if (pattern.constant !== undefined) {
    const compiled = compile(pattern.constant);
    return () => compiled;
  }
  const cache = new PatternCache(compile, limits.maxCachedPatterns);
  return (item) => cache.get(pattern.evaluate(item));
}
