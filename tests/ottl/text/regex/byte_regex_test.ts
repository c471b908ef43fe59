/** Patterns on bytes, held against Go's recorded answers and against the engines that run on strings. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { byteRegexOf, Found, MAX_SEARCHED_BYTES } from "../../../../ottl/text/regex/byte_regex.ts";
import { compileRegex } from "../../../../ottl/text/regex/regex.ts";
import { encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { readAnswers } from "../go_answers/answers.ts";

/** The text does not begin and end where its bytes do. */
const BEFORE = "ab1/";
const BEHIND = "zz9@";

interface Place {
  readonly start: number;
  readonly end: number;
}

/** All matches; undefined where bytes are not enough. */
function placesIn(pattern: string, text: string): Place[] | undefined {
  const regex = byteRegexOf(pattern);
  const bytes = encodeUtf8(BEFORE + text + BEHIND);
  const start = BEFORE.length;
  const end = bytes.length - BEHIND.length;
  if (regex === undefined) return undefined;
  const places: Place[] = [];
  let found = regex.first(bytes, start, end);
  if (found !== Found.unknown) strictEqual(regex.test(bytes, start, end), found);
  for (; found === Found.yes; found = regex.next(bytes, start, end)) {
    places.push({ start: regex.start - start, end: regex.end - start });
  }
  if (found === Found.unknown) return undefined;
  return places;
}

function expected(pattern: string, text: string): Place[] {
  const places: Place[] = [];
  compileRegex(pattern, DEFAULT_OTTL_LIMITS).forEachMatch(text, ({ index, end }) => places.push({ start: index, end }));
  return places;
}

interface RegexAnswer {
  readonly pattern: string;
  readonly invalid?: boolean;
  readonly text: string;
  readonly found: readonly (readonly (number | string | null)[])[];
}

Deno.test("patterns on bytes answer as Go does", () => {
  let answered = 0;
  for (const { pattern, invalid, text, found } of readAnswers<RegexAnswer>("regex")) {
    if (invalid) continue;
    const places = placesIn(pattern, text);
    if (places === undefined) continue;
    answered++;
    const want = found.map(([start, match]) => ({ start, end: Number(start) + String(match).length }));
    deepStrictEqual(places, want, `${pattern} on ${JSON.stringify(text)}`);
  }
  ok(answered > 150, `only ${answered} were answered`);
});

Deno.test("patterns on bytes answer as those on strings", () => {
  const atom = fc.constantFrom("a", "b", ".", "[^a]", "\\w", "\\d", "^", "$", "(?i:k)", "(a|ab)", "(?:b|)", "(?s:.)");
  const item = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,3}", "+?", "*?", "??"))
    .map((parts) => parts.join(""));
  const sequence = fc.array(item, { maxLength: 4 }).map((items) => items.join(""));
  const pattern = fc.array(sequence, { minLength: 1, maxLength: 3 }).map((branches) => branches.join("|"))
    .filter((source) => byteRegexOf(source) !== undefined);
  const text = fc.array(fc.constantFrom("a", "b", "k", "K", "1", "\n", " "), { minLength: 1, maxLength: 12 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      deepStrictEqual(placesIn(source, subject), expected(source, subject));
    }),
    { numRuns: 2_000 },
  );
});

/** Letters in no order that repeats. */
function scatteredText(): string {
  let state = 1;
  return Array.from({ length: 5_000 }, () => {
    state = (state * 16_807) % 2_147_483_647;
    return state % 64 < 32 ? "a" : "b";
  }).join("");
}

const unknown: { name: string; pattern: string; text: string }[] = [
  { name: "a byte past ASCII", pattern: "x", text: "aéx" },
  { name: "nothing", pattern: "x", text: "" },
  { name: "a text that is longer than the most", pattern: "x", text: "a".repeat(MAX_SEARCHED_BYTES + 1) },
  { name: "more states than there is room for", pattern: "(a|b)*a(a|b){12}x", text: scatteredText() },
];

Deno.test("ByteRegex says where it has no answer", async (t) => {
  for (const { name, pattern, text } of unknown) {
    await t.step(name, () => {
      const bytes = encodeUtf8(text);
      strictEqual(byteRegexOf(pattern)!.test(bytes, 0, bytes.length), Found.unknown);
    });
  }
  await t.step("not past the end of a match that nothing can make longer", () => {
    strictEqual(byteRegexOf("a")!.test(encodeUtf8("aé"), 0, 3), Found.yes);
  });
  await t.step("a text of the most", () => {
    const bytes = encodeUtf8("a".repeat(MAX_SEARCHED_BYTES - 1) + "x");
    strictEqual(byteRegexOf("x$")!.test(bytes, 0, bytes.length), Found.yes);
  });
});

Deno.test("what patterns are not for bytes", async (t) => {
  for (const pattern of ["\\bx", "(?m)^x", "\\pL", "(a*)*", "(^)+a", "(", "(?:a{100}){6}"]) {
    await t.step(pattern, () => strictEqual(byteRegexOf(pattern), undefined));
  }
});
