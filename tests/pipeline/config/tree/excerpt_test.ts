/** The line of a mistake: the right one, marked at the right place, without what may be a secret. */

import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { excerptAt, MAX_EXCERPT_CHARS } from "../../../../pipeline/config/tree/excerpt.ts";
import { DEFAULT_TREE_LIMITS } from "../../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../../pipeline/config/tree/yaml.ts";

const long = `a: ${"b".repeat(200)}`;

const cases: { name: string; text: string; line: number; column: number; want: string }[] = [
  { name: "the first line", text: "a: [\nb", line: 1, column: 4, want: "  1 | a: [\n    |    ^" },
  { name: "a tab stays under a tab", text: "a:\n\tb: }", line: 2, column: 5, want: "  2 | \tb: }\n    | \t   ^" },
  { name: "line 10", text: "\n".repeat(9) + "a", line: 10, column: 1, want: "  10 | a\n     | ^" },
  {
    name: "the end of the text is the end of its last line",
    text: "a: {\n\n",
    line: 3,
    column: 1,
    want: "  1 | a: {\n    |     ^",
  },
  { name: "a column past the line", text: "a", line: 1, column: 9, want: "  1 | a\n    |  ^" },
  {
    name: "a long line at its beginning",
    text: long,
    line: 1,
    column: 4,
    want: `  1 | ${long.slice(0, MAX_EXCERPT_CHARS)}\n    |    ^`,
  },
  {
    name: "a long line at its end",
    text: long,
    line: 1,
    column: 203,
    want: `  1 | ${"b".repeat(71)}\n    | ${" ".repeat(70)}^`,
  },
  {
    name: "behind a secret's name",
    text: 'auth_token: "ab c1\nx',
    line: 1,
    column: 13,
    want: '  1 | auth_token: "** **\n    |             ^',
  },
  {
    name: "below a secret's name, however far",
    text: "headers:\n  x:\n\n    y: é1 [",
    line: 4,
    column: 10,
    want: "  4 |     y: ** [\n    |          ^",
  },
  { name: "not beside one", text: "token: a\nx: b }", line: 2, column: 6, want: "  2 | x: b }\n    |      ^" },
  {
    name: "not below other names",
    text: "exporters:\n  otlp_http:\n    a: b }",
    line: 3,
    column: 10,
    want: "  3 |     a: b }\n    |          ^",
  },
  {
    name: "not below one that is as far to the right",
    text: "a:\n  token:\n  b: c }",
    line: 3,
    column: 8,
    want: "  3 |   b: c }\n    |        ^",
  },
  {
    name: "not below one in what ended before",
    text: "a:\n    token:\n  b:\n      c: d }",
    line: 4,
    column: 12,
    want: "  4 |       c: d }\n    |            ^",
  },
  {
    name: "not above one",
    text: "a:\n  b: c }\ntoken: d",
    line: 2,
    column: 8,
    want: "  2 |   b: c }\n    |        ^",
  },
  { name: "a continued line", text: "key_pem: |\n  MII=\n x", line: 2, column: 1, want: "  2 |   ***=\n    | ^" },
  {
    name: "user and password of a URL",
    text: "endpoint: http://u:p@h }",
    line: 1,
    column: 24,
    want: "  1 | endpoint: http://*:*@h }\n    |                        ^",
  },
  {
    name: "characters that steer a terminal",
    text: "a\u001b[2J }",
    line: 1,
    column: 7,
    want: "  1 | a [2J }\n    |       ^",
  },
  { name: "nothing at all", text: "", line: 1, column: 1, want: "  0 | \n    | ^" },
];

Deno.test("excerptAt()", async (t) => {
  for (const { name, text, line, column, want } of cases) {
    await t.step(name, () => strictEqual(excerptAt(text.split("\n"), line, column), want));
  }
});

Deno.test("excerptAt() is two bounded lines, whatever there is and wherever", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), fc.nat(20), fc.nat(300), (lines, line, column) => {
    const [shown = "", mark = "", ...more] = excerptAt(
      lines.map((each) => each.replaceAll("\n", "")),
      line + 1,
      column + 1,
    )
      .split("\n");
    strictEqual(more.length, 0);
    strictEqual(shown.length <= MAX_EXCERPT_CHARS + 10 && mark.length <= MAX_EXCERPT_CHARS, true);
    strictEqual(mark.endsWith("^"), true);
  }));
});

Deno.test("every syntax problem has an excerpt, and others have none", () => {
  const problemsOf = (text: string) => parseYaml(text, "f.yaml", DEFAULT_TREE_LIMITS).problems;
  strictEqual(problemsOf("a: }\r\nb: 1")[0]?.excerpt, "  1 | a: }\n    |    ^");
  strictEqual(problemsOf("a: 'x''\nb: 1")[0]?.excerpt, "  1 | a: 'x''\n    |    ^");
  strictEqual(problemsOf("a: 1\na: 2")[0]?.excerpt, undefined);
});
