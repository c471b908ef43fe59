/**
 * The answer to a name that nothing has: with those that there are.
 *
 * @module
 */

import { nearest } from "../../pipeline/config/suggest.ts";
import { NotFoundError } from "../../pipeline/core/asked_errors.ts";

/** Names that are listed; of further ones their number. */
export const MAX_LISTED_NAMES = 20;
/** Of the unknown name, in the message. */
const MAX_NAME_CHARS = 100;

/**
 * @param what It should be: "node".
 * @param known In the order in which they are listed, but that those like `name` come first.
 */
export function unknownName(what: string, name: string, known: readonly string[]): NotFoundError {
  const listed = likelyFirst(name, known).slice(0, MAX_LISTED_NAMES);
  const more = known.length > listed.length ? ` and ${known.length - listed.length} more` : "";
  const present = listed.length === 0 ? "there is none" : `there are ${listed.join(", ")}${more}`;
  return new NotFoundError(`Cannot find the ${what} ${JSON.stringify(name.slice(0, MAX_NAME_CHARS))}: ${present}`);
}

/** The one that was mistyped, then those that have most of its words: `otlp_http` is part of `exporter:otlp_http:logs`. */
function likelyFirst(name: string, known: readonly string[]): readonly string[] {
  const near = nearest(name, known);
  const words = name.slice(0, MAX_NAME_CHARS).toLowerCase().split(/[:/]/).filter((word) => word !== "");
  const likeness = (each: string) =>
    each === near ? words.length + 1 : words.filter((word) => each.toLowerCase().includes(word)).length;
  return known.map((each) => ({ each, likeness: likeness(each) })).sort((a, b) => b.likeness - a.likeness)
    .map(({ each }) => each);
}
