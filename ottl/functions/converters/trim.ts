/**
 * Trim: a string without some characters at its ends.
 *
 * @module
 */

import { converter, litStr, optional, str } from "../definition.ts";

export const trim = converter({
  name: "Trim",
  gives: "string",
  summary: "`target` without the characters of `replacement`, by default the space, at both ends.",
  parameters: { target: str, replacement: optional(litStr) },
  examples: [
    { text: 'Trim("  a b ")', result: '"a b"' },
    { text: 'Trim("--a-+", "-+")', result: '"a"' },
    { text: 'Trim("a", "")', result: '"a"' },
  ],
  compile: ({ target, replacement: cutset = " " }) => {
    const cut = new Set(cutset);
    return (item) => trimmed(target.evaluate(item), cut);
  },
});

function trimmed(text: string, cut: ReadonlySet<string>): string {
  const isCut = (at: number) => cut.has(String.fromCodePoint(text.codePointAt(at)!));
  let start = 0;
  while (start < text.length && isCut(start)) start += text.codePointAt(start)! > 0xffff ? 2 : 1;
  let end = text.length;
  for (let at = lastCharacter(text, end); end > start && isCut(at); at = lastCharacter(text, end)) end = at;
  return text.slice(start, end);
}

/** Where the last character before `end` begins. */
function lastCharacter(text: string, end: number): number {
  return end > 1 && text.codePointAt(end - 2)! > 0xffff ? end - 2 : Math.max(end - 1, 0);
}
