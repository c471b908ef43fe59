/**
 * Plain patterns are patterns of Go and of re2js, with the groups that their tree has.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { isPlainPattern } from "../../../../ottl/text/regex/plain_pattern.ts";
import { readPattern } from "../../../../ottl/text/regex/syntax.ts";
import { readAnswers } from "../go_answers/answers.ts";

const cases: { pattern: string; isPlain: boolean }[] = [
  { pattern: "", isPlain: true },
  { pattern: "^GET ", isPlain: true },
  { pattern: "/users/[0-9]+(/|$)", isPlain: true },
  { pattern: "/[0-9a-f]{8}$", isPlain: true },
  { pattern: "^[^@]+@", isPlain: true },
  { pattern: "(?:a|b)+?\\.\\w*", isPlain: true },
  { pattern: "[a-z_-]", isPlain: true },
  { pattern: "a{99}", isPlain: true },
  { pattern: "a{2,30}b{3,}", isPlain: true },
  { pattern: "a{500}", isPlain: true },
  { pattern: "a{501}", isPlain: false },
  { pattern: "a{3,2}", isPlain: false },
  { pattern: "a{,2}", isPlain: false },
  { pattern: "(a{20}){20}", isPlain: true },
  { pattern: "(a{30}){20}", isPlain: false },
  { pattern: "\\b[A-Fa-f0-9]{32}\\b", isPlain: true },
  { pattern: "^(?P<method>\\w+) (?<path>/[^?]*)(\\?.*)?$", isPlain: true },
  { pattern: "(?P<a>x)(?P<a>y)", isPlain: false },
  { pattern: "(?i)error|fatal|(?s:a.b)", isPlain: true },
  { pattern: "a(?i)b", isPlain: false },
  { pattern: "[a-zA-Z0-9._%+-]+@[a-z.-]+\\.[a-z]{2,}", isPlain: true },
  { pattern: "[\\w-z]", isPlain: false },
  { pattern: "[+-.]", isPlain: false },
  { pattern: "[[:alpha:]]", isPlain: false },
  { pattern: "\\b+", isPlain: false },
  { pattern: "a**", isPlain: false },
  { pattern: "^*", isPlain: false },
  { pattern: "[z-a]", isPlain: false },
  { pattern: "[a-f-z]", isPlain: false },
  { pattern: "(a", isPlain: false },
  { pattern: "a)", isPlain: false },
  { pattern: `${"(".repeat(20)}a${")".repeat(20)}`, isPlain: true },
  { pattern: `${"(".repeat(21)}a${")".repeat(21)}`, isPlain: false },
  { pattern: "\\1", isPlain: false },
  { pattern: "é", isPlain: false },
  { pattern: "a".repeat(1_024), isPlain: true },
  { pattern: "a".repeat(1_025), isPlain: false },
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
    .concat([
      "*",
      "+",
      "?",
      "{2}",
      "{20}",
      "{1,3}",
      "{2,}",
      "-",
      "<",
      "z",
      "(?i)",
      "(?i:",
      "(?P<n>",
      "(?<m>",
      "\\b",
      "[",
    ])
    .concat(["]", "\\]", "\\s", "{", "}"]);
  let plain = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 8 }), (pieces) => {
      const pattern = pieces.join("");
      if (!isPlainPattern(pattern)) return;
      plain++;
      const compiled = RE2JS.compile(pattern);
      strictEqual(compiled.groupCount(), readPattern(pattern)?.groupCount, pattern);
      const names = readPattern(pattern)!.names.map(({ name, group }) => [name, group]);
      deepStrictEqual(Object.entries(compiled.namedGroups()).sort(([, a], [, b]) => a - b), names, pattern);
    }),
    { numRuns: 20_000 },
  );
  ok(plain > 1000, `only ${plain} patterns were plain`);
});
