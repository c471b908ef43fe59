import { deepStrictEqual } from "node:assert/strict";
import { z } from "zod";
import { wantedText } from "../../../routes/api/wanted.ts";

const schema = z.strictObject({
  text: z.string().min(2).max(4).default("ab"),
  form: z.string().regex(/^a+$/).default("a"),
  own: z.string().regex(/^a+$/, "is no a, wanted some").default("a"),
  count: z.int().min(1).max(9).default(1),
  share: z.number().gt(0).lt(1).default(0.5),
  list: z.array(z.string()).max(1).default([]),
  word: z.enum(["a", "b"]).default("a"),
  is: z.boolean().default(true),
});

Deno.test("a request's problems, in the house's words", async (t) => {
  const cases: [input: unknown, wanted: string][] = [
    [{ text: "a" }, "text is too short, wanted 2 characters at least"],
    [{ text: "abcde" }, "text is too long, wanted 4 characters at the most"],
    [{ text: 1 }, "text wanted a string"],
    [{ form: "b" }, "form has another form, wanted /^a+$/"],
    [{ own: "b" }, "own is no a, wanted some"],
    [{ count: 0 }, "count is too small, wanted 1 at least"],
    [{ count: 10 }, "count is too large, wanted 9 at the most"],
    [{ count: 1.5 }, "count wanted a whole number"],
    [{ share: 1 }, "share is too large, wanted less than 1"],
    [{ share: 0 }, "share is too small, wanted more than 0"],
    [{ list: ["a", "b"] }, "list is too long, wanted 1 items at the most"],
    [{ list: {} }, "list wanted a list"],
    [{ word: "c" }, 'word wanted one of "a", "b"'],
    [{ is: "yes" }, "is wanted true or false"],
    [{ other: 1, ["x".repeat(100)]: 2 }, ` has unknown keys: "other", "${"x".repeat(59)}…"`],
    [[], " wanted an object"],
  ];
  for (const [input, wanted] of cases) {
    await t.step(wanted, () => {
      const { error } = schema.safeParse(input, { error: wantedText });
      deepStrictEqual(error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`), [wanted]);
    });
  }
});
