import { deepStrictEqual, strictEqual } from "node:assert";
import { concatBytes, sumOfLengths } from "../../../pipeline/core/bytes.ts";

Deno.test("concatBytes()", async (t) => {
  const one = Uint8Array.of(1, 2);
  await t.step("none", () => strictEqual(concatBytes([]).length, 0));
  await t.step("one is itself", () => strictEqual(concatBytes([one]), one));
  await t.step("several, an empty one among them", () => {
    deepStrictEqual(concatBytes([one, new Uint8Array(0), Uint8Array.of(3)]), Uint8Array.of(1, 2, 3));
  });
});

Deno.test("sumOfLengths()", () => {
  strictEqual(sumOfLengths([Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]), 3);
});
