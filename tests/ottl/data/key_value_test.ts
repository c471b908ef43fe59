/**
 * Texts of pairs.
 *
 * @module
 */

import { deepStrictEqual, throws } from "node:assert";
import { mapOfPairs, splitQuoted } from "../../../ottl/data/key_value.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

Deno.test("splitQuoted()", async (t) => {
  const cases: { name: string; text: string; delimiter?: string; want: string[] }[] = [
    { name: "plain", text: "a=1 b=2", want: ["a=1", "b=2"] },
    { name: "delimiters in a row", text: "  a=1   b=2 ", want: ["a=1", "b=2"] },
    { name: "quotes of both kinds", text: `a="x y" b='z "w'`, want: ["a=x y", 'b=z "w'] },
    { name: "an escaped quote", text: 'a="x\\"y z"', want: ['a=x\\"y z'] },
    { name: "an escaped backslash", text: 'a="x\\\\" b=1', want: ["a=x\\\\", "b=1"] },
    { name: "a long delimiter", text: "a=1!!b=2", delimiter: "!!", want: ["a=1", "b=2"] },
    { name: "more than ASCII", text: "é=ü 😀=1", want: ["é=ü", "😀=1"] },
    { name: "nothing", text: "   ", want: [] },
  ];
  for (const { name, text, delimiter = " ", want } of cases) {
    await t.step(name, () => deepStrictEqual(splitQuoted(text, delimiter), want));
  }
  await t.step("refuses an open quote", () => throws(() => splitQuoted("a='x", " "), OttlError));
});

Deno.test("mapOfPairs()", async (t) => {
  const entries = (pairs: string[]) => mapOfPairs(pairs, "=").entries();
  await t.step("cuts at the first delimiter", () => deepStrictEqual(entries(["a==b=c"]), [["a", "=b=c"]]));
  await t.step("trims", () => deepStrictEqual(entries([" a = b "]), [["a", "b"]]));
  await t.step("takes the last of a key", () => deepStrictEqual(entries(["a=1", "a=2"]), [["a", "2"]]));
  await t.step("takes an empty key", () => deepStrictEqual(entries(["=1"]), [["", "1"]]));
  await t.step("refuses a pair without", () => throws(() => entries(["a"]), OttlError));
});
