/**
 * Replacement texts with `$1`, `${1}`, `$name`, `${name}` and `$$`.
 *
 * Source: Go 1.26, regexp, "Regexp.Expand".
 *
 * @module
 */

import type { RegexMatch } from "./regex.ts";

/** A text, or the group whose part comes there: by number, or by name. */
type Part = { readonly text: string } | { readonly group: number } | { readonly name: string };

const REFERENCE = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

/**
 * A name takes all letters, digits and underscores there are, so `$1x` is the group named "1x". A group that there is
 * not, or that took no part, is empty. A `$` before anything else stands for itself.
 */
export function compileTemplate(template: string): (match: RegexMatch) => string {
  const replacement = compileReplacement(template);
  return typeof replacement === "string" ? () => replacement : replacement;
}

/** The same for `Regex.replaceAll`: a string where no group is named. */
export function compileReplacement(template: string): string | ((match: RegexMatch) => string) {
  const parts = partsOf(template);
  if (parts.every((part) => "text" in part)) return parts.map((part) => part.text).join("");
  return (match) => {
    let text = "";
    for (const part of parts) {
      if ("text" in part) text += part.text;
      else text += ("group" in part ? match.groups[part.group] : match.named(part.name)) ?? "";
    }
    return text;
  };
}

function partsOf(template: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: reference, 1: dollar, 2: bare, 3: braced, index } of template.matchAll(REFERENCE)) {
    if (index > end) parts.push({ text: template.slice(end, index) });
    end = index + reference.length;
    parts.push(dollar === undefined ? groupOf(bare ?? braced ?? "") : { text: "$" });
  }
  if (end < template.length) parts.push({ text: template.slice(end) });
  return parts;
}

/** Digits without a zero before them are a number, of at most nine digits. */
function groupOf(name: string): Part {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? { group: Number(name) } : { name };
}
