import { deepStrictEqual, strictEqual } from "node:assert";
import { concatBytes, giveBack, sumOfLengths } from "../../../pipeline/core/bytes.ts";

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

Deno.test("giveBack()", async (t) => {
  const whole = (bytes: number) => new Uint8Array(bytes);
  const cases = [
    { name: "an array of 2 KiB is empty then", bytes: whole(2_048), left: 0 },
    { name: "a smaller one is left to a collection", bytes: whole(2_047), left: 2_047 },
    { name: "the beginning of an array stays", bytes: whole(9_000).subarray(0, 8_935), left: 8_935 },
    { name: "one with a little room behind it is empty then", bytes: whole(9_000).subarray(0, 8_936), left: 0 },
    { name: "the end of an array stays", bytes: whole(9_000).subarray(1), left: 8_999 },
    { name: "what threads share stays", bytes: new Uint8Array(new SharedArrayBuffer(4_096)), left: 4_096 },
  ];
  for (const { name, bytes, left } of cases) {
    await t.step(name, () => {
      giveBack(bytes);
      giveBack(bytes); // once more does no harm
      strictEqual(bytes.length, left);
    });
  }
});
