/**
 * What the `replace_` editors put in the place of what they find.
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import { compileReplacement, compileTemplate } from "../text/regex/expand.ts";
import { PatternChange } from "../text/regex/pattern_change.ts";
import { compileRegex } from "../text/regex/regex.ts";
import { sprintf } from "../text/sprintf/sprintf.ts";
import { OttlError } from "../values/errors.ts";
import { type Expression, type FunctionReference, type Item, prepared } from "./definition.ts";
import { regexArgument } from "./patterns.ts";

export interface Replacement {
  readonly replacement: Expression<string>;
  /** A converter that the replacement goes through. */
  readonly function: FunctionReference | undefined;
  /** What its result is put into. */
  readonly replacementFormat: Expression<string> | undefined;
}

/** The replacement as it is, through the function if there is one. For globs: `$` means nothing. */
export function plainReplacement(args: Replacement, limits: OttlLimits): (item: Item) => string {
  const finish = finisher(args, limits);
  return (item) => finish(item, args.replacement.evaluate(item));
}

/**
 * A closure per item that replaces all matches in a text. The replacement is expanded for each match (`$1`, `${name}`),
 * and what the function makes of it is not expanded again.
 */
export function patternReplacer(
  args: Replacement & { readonly regexPattern: Expression<string> },
  limits: OttlLimits,
): (item: Item) => (text: string) => string {
  const regexOf = regexArgument(args.regexPattern, limits);
  if (args.function !== undefined) {
    const expanderOf = prepared(args.replacement, compileTemplate);
    const finish = finisher(args, limits);
    return (item) => {
      const expand = expanderOf(item);
      const regex = regexOf(item);
      return (text) => regex.replaceAll(text, (match) => finish(item, expand(match)));
    };
  }
  const replacementOf = prepared(args.replacement, compileReplacement);
  const replacer = (item: Item) => {
    const replacement = replacementOf(item);
    const regex = regexOf(item);
    return (text: string) => regex.replaceAll(text, replacement);
  };
  const isConstant = args.regexPattern.constant !== undefined && args.replacement.constant !== undefined;
  if (!isConstant) return replacer;
  const replace = replacer({});
  return () => replace;
}

/** The replacement of all matches as a change, where all of it is written in the text and no group is named. */
export function patternChange(
  args: Replacement & { readonly regexPattern: Expression<string> },
  limits: OttlLimits,
): PatternChange | undefined {
  const { regexPattern: { constant: pattern }, replacement: { constant: template } } = args;
  if (args.function !== undefined || pattern === undefined || template === undefined) return undefined;
  const replacement = compileReplacement(template);
  if (typeof replacement !== "string") return undefined;
  return new PatternChange(compileRegex(pattern, limits), replacement, limits.budget);
}

function finisher(
  { function: converter, replacementFormat }: Replacement,
  limits: OttlLimits,
): (item: Item, text: string) => string {
  if (converter === undefined) return (_item, text) => text;
  return (item, text) => {
    const converted = converter.call(item, text);
    if (typeof converted !== "string") throw new OttlError("value", "the replacement value must be a string");
    if (replacementFormat === undefined) return converted;
    return formatted(replacementFormat.evaluate(item), converted, limits);
  };
}

/** The engine wants one `%s` in a format, and does not see a second one, which then prints `%!s(MISSING)`. */
function formatted(format: string, text: string, { maxValueBytes }: OttlLimits): string {
  if (format.includes("\n") || !format.includes("%s") || /%[^s]/s.test(format)) {
    throw new OttlError(
      "value",
      "replacementFormat must be format string containing a single %s and no other format specifiers",
    );
  }
  return sprintf(format, [text], NO_PRINTERS, maxValueBytes);
}

/** Only strings are printed here. */
const NO_PRINTERS = { time: String, duration: String, json: String };
