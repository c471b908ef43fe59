import { strictEqual } from "node:assert";
import { counted, shortened, withArticle } from "../../../pipeline/core/text.ts";

Deno.test("counted()", async (t) => {
  for (
    const [count, plural, want] of [
      [0, "spans", "0 spans"],
      [1, "data points", "1 data point"],
      [2, "attempts", "2 attempts"],
    ] as const
  ) {
    await t.step(want, () => strictEqual(counted(count, plural), want));
  }
});

Deno.test("withArticle()", async (t) => {
  for (const want of ["an exporter", "an extension", "a receiver", "a connector"]) {
    await t.step(want, () => strictEqual(withArticle(want.split(" ")[1]!), want));
  }
});

Deno.test("shortened()", async (t) => {
  for (
    const [name, text, want] of [
      ["as long as it may be", "abcd", "abcd"],
      ["one longer", "abcde", "abc…"],
      ["a pair at the end goes whole", "ab\u{1f600}de", "ab…"],
      ["a pair before the end stays", "a\u{1f600}de", "a\u{1f600}…"],
    ] as const
  ) {
    await t.step(name, () => strictEqual(shortened(text, 4), want));
  }
});
