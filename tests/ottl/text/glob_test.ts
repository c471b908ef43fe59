import { strictEqual, throws } from "node:assert";
import { DEFAULT_OTTL_LIMITS } from "../../../ottl/limits.ts";
import { compileGlob } from "../../../ottl/text/glob.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { readAnswers } from "./go_answers/answers.ts";

interface GlobAnswer {
  readonly pattern: string;
  readonly invalid?: boolean;
  readonly texts: Readonly<Record<string, boolean>>;
}

const isError = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

Deno.test("globs match as those of the reference engine do", () => {
  for (const { pattern, invalid, texts } of readAnswers<GlobAnswer>("glob")) {
    if (invalid) throws(() => compileGlob(pattern, DEFAULT_OTTL_LIMITS), isError("arg_value"), pattern);
    else {
      const matches = compileGlob(pattern, DEFAULT_OTTL_LIMITS);
      for (const [text, want] of Object.entries(texts)) strictEqual(matches(text), want, `${pattern} on ${text}`);
    }
  }
});

const cases: { glob: string; text: string; want: boolean }[] = [
  { glob: "/user/*/list/*", text: "/user/1/2/list/", want: true },
  { glob: "plain.text", text: "plainxtext", want: false },
  { glob: "{GET*,POST}", text: "GET /", want: true },
  { glob: "{GET*,POST}", text: "POST /", want: false },
  { glob: "[!a-c]?", text: "dé", want: true },
  { glob: "\\*\\", text: "*", want: true },
  { glob: "a,b}", text: "a,b}", want: true },
  { glob: "?", text: "\udc80", want: true },
  { glob: "*".repeat(30) + "x", text: "a".repeat(50_000), want: false },
];

Deno.test("compileGlob()", async (t) => {
  for (const { glob, text, want } of cases) {
    await t.step(`${glob} on ${text.slice(0, 20)}`, () => {
      strictEqual(compileGlob(glob, DEFAULT_OTTL_LIMITS)(text), want);
    });
  }
});

Deno.test("the length of a glob is bound", () => {
  throws(() => compileGlob("*".repeat(20_000), DEFAULT_OTTL_LIMITS), isError("limit"));
});
