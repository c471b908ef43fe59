/** What an unquoted scalar means, as the collector's YAML reader has it. */

import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { resolvePlainScalar } from "../../../../pipeline/config/tree/scalar.ts";

const cases: readonly [text: string, want: unknown][] = [
  ["", null],
  ["~", null],
  ["null", null],
  ["nULL", "nULL"],
  ["true", true],
  ["False", false],
  ["yes", "yes"],
  ["on", "on"],
  ["0", 0],
  ["-7", -7],
  ["+7", 7],
  ["0123", 83],
  ["0o17", 15],
  ["08", 8],
  ["0x1F", 31],
  ["-0b11", -3],
  ["1_000", 1000],
  ["1.5", 1.5],
  [".5", 0.5],
  ["5.", 5],
  ["1e3", 1000],
  ["-1E-2", -0.01],
  [".inf", Infinity],
  ["-.Inf", -Infinity],
  [".nan", NaN],
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["18446744073709551615", 18446744073709551615n],
  ["18446744073709551616", 18446744073709551616],
  ["-9223372036854775808", -9223372036854775808n],
  ["2026-01-02", "2026-01-02"],
  ["127.0.0.1", "127.0.0.1"],
  ["200ms", "200ms"],
  ["-", "-"],
  [".", "."],
];

Deno.test("resolvePlainScalar()", async (t) => {
  for (const [text, want] of cases) {
    await t.step(JSON.stringify(text), () => deepStrictEqual(resolvePlainScalar(text), want));
  }
});

Deno.test("resolvePlainScalar() reads back every integer of 64 bits", () => {
  fc.assert(fc.property(fc.bigInt(-(1n << 63n), (1n << 64n) - 1n), (value) => {
    deepStrictEqual(BigInt(resolvePlainScalar(String(value)) as number | bigint), value);
  }));
});
