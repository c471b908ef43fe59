/**
 * Plain patterns are patterns of Go and of re2js, with the groups that their tree has.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { isPlainPattern } from "../../../ottl/text/plain_pattern.ts";
import { readPattern } from "../../../ottl/text/regex_syntax.ts";
import { readAnswers } from "./go_answers/answers.ts";

const cases: { pattern: string; isPlain: boolean }[] = [
  { pattern: "", isPlain: true },
  { pattern: "^GET ", isPlain: true },
  { pattern: "/users/[0-9]+(/|$)", isPlain: true },
  { pattern: "/[0-9a-f]{8}$", isPlain: true },
  { pattern: "^[^@]+@", isPlain: true },
  { pattern: "(?:a|b)+?\\.\\w*", isPlain: true },
  { pattern: "[a-z_-]", isPlain: true },
  { pattern: "a{99}", isPlain: true },
  { pattern: "a{100}", isPlain: false },
  { pattern: "(a{9}){9}", isPlain: false },
  { pattern: "a**", isPlain: false },
  { pattern: "^*", isPlain: false },
  { pattern: "[z-a]", isPlain: false },
  { pattern: "[a-f-z]", isPlain: false },
  { pattern: "(a", isPlain: false },
  { pattern: "a)", isPlain: false },
  { pattern: "((a))", isPlain: false },
  { pattern: "(?i)a", isPlain: false },
  { pattern: "(?P<a>b)", isPlain: false },
  { pattern: "\\1", isPlain: false },
  { pattern: "é", isPlain: false },
  { pattern: "a".repeat(256), isPlain: true },
  { pattern: "a".repeat(257), isPlain: false },
];

Deno.test("isPlainPattern()", async (t) => {
  for (const { pattern, isPlain } of cases) {
    await t.step(pattern.length > 20 ? `${pattern.length} characters` : pattern || "nothing", () => {
      strictEqual(isPlainPattern(pattern), isPlain);
    });
  }
});

Deno.test("what Go refuses is not plain", () => {
  let plain = 0;
  for (const { pattern, invalid } of readAnswers<{ pattern: string; invalid?: boolean }>("regex")) {
    if (!isPlainPattern(pattern)) continue;
    strictEqual(invalid ?? false, false, pattern);
    plain++;
  }
  ok(plain > 50, `only ${plain} patterns are plain`);
});

Deno.test("re2js takes each plain pattern, and counts the groups of its tree", () => {
  const parts = ["a", "/", ".", "\\.", "\\d", "[a-z]", "[^a-f.]", "[\\w-]", "^", "$", "(", "(?:", ")", "|"]
    .concat(["*", "+", "?", "{2}", "{20}", "-", "<", "z"]);
  let plain = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 8 }), (pieces) => {
      const pattern = pieces.join("");
      if (!isPlainPattern(pattern)) return;
      plain++;
      strictEqual(RE2JS.compile(pattern).groupCount(), readPattern(pattern)?.groupCount, pattern);
    }),
    { numRuns: 20_000 },
  );
  ok(plain > 1000, `only ${plain} patterns were plain`);
});
