import { strictEqual } from "node:assert";
import { toCamel, toLower, toSnake, toUpper } from "../../../ottl/text/case.ts";
import { readAnswers } from "./go_answers/answers.ts";

interface CaseAnswer {
  readonly text: string;
  readonly snake: string;
  readonly camel: string;
  readonly upper: string;
  readonly lower: string;
}

Deno.test("cases are those of the reference engine", () => {
  for (const { text, snake, camel, upper, lower } of readAnswers<CaseAnswer>("case")) {
    strictEqual(toSnake(text), snake, text);
    strictEqual(toCamel(text), camel, text);
    strictEqual(toUpper(text), upper, text);
    strictEqual(toLower(text), lower, text);
  }
});

Deno.test("a byte that is no UTF-8 becomes U+FFFD where letters change", () => {
  strictEqual(toUpper("a\udc80"), "A\ufffd");
  strictEqual(toLower("A\udc80"), "a\ufffd");
});
