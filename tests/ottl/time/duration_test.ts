/**
 * Durations: texts, units, and rounding.
 *
 * @module
 */

import { strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { inUnits, NANOS_PER_HOUR, NANOS_PER_MINUTE, parseDuration, truncated } from "../../../ottl/time/duration.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

Deno.test("parseDuration()", async (t) => {
  const cases: { text: string; want: bigint }[] = [
    { text: "1h30m", want: 5_400_000_000_000n },
    { text: "+5s", want: 5_000_000_000n },
    { text: "-1.5h", want: -5_400_000_000_000n },
    { text: ".5s", want: 500_000_000n },
    { text: "1.s", want: 1_000_000_000n },
    { text: "0", want: 0n },
    { text: "-0", want: 0n },
    { text: "1m1m", want: 120_000_000_000n },
    { text: "1us1\u00b5s1\u03bcs1ns1ms", want: 1_003_001n },
    { text: "1.5ns", want: 1n },
    { text: "0.3333333333333333333h", want: 1_200_000_000_000n },
    { text: "0.99999999999999999999999h", want: 3_600_000_000_000n },
    { text: "9223372036854775807ns", want: 2n ** 63n - 1n },
    { text: "-9223372036854775808ns", want: -(2n ** 63n) },
    { text: "-2562047h47m16.854775808s", want: -(2n ** 63n) },
  ];
  for (const { text, want } of cases) await t.step(text, () => strictEqual(parseDuration(text), want));
  const refused = ["", "-", "1", "1H", "1d", "1 h", "- 1s", ".s", "1s ", "1hm", "\u0663s", "9223372036854775808ns"];
  for (const text of [...refused, "2562047h47m16.854775808s", `${"9".repeat(1000)}s`]) {
    await t.step(`refuses "${text.slice(0, 40)}"`, () => throws(() => parseDuration(text), OttlError));
  }
});

Deno.test("inUnits()", () => {
  strictEqual(inUnits(1_234_567_891n, NANOS_PER_HOUR), 0.00034293552527777776);
  strictEqual(inUnits(-1_999_000_000n, NANOS_PER_MINUTE), -0.03331666666666667);
  strictEqual(inUnits(123_456_789_123_456_789n, NANOS_PER_HOUR), 34293.55253429355);
  strictEqual(inUnits(-(2n ** 63n), NANOS_PER_HOUR), -2562047.7880152157);
});

Deno.test("truncated()", async (t) => {
  await t.step("counts from the year 1", () => {
    strictEqual(truncated(1_653_332_800_724_462_054n, 168n * NANOS_PER_HOUR), 1_653_264_000_000_000_000n);
    strictEqual(truncated(1_653_334_445_999_999_999n, 77_300_000_000n), 1_653_334_397_200_000_000n);
    strictEqual(truncated(-1n, NANOS_PER_HOUR), -NANOS_PER_HOUR);
  });
  await t.step("0 and less change nothing", () => {
    strictEqual(truncated(5n, 0n), 5n);
    strictEqual(truncated(5n, -1n), 5n);
  });
  await t.step("never goes up, nor down by a whole step", () => {
    fc.assert(fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (at, step) => {
      const rest = at - truncated(at, step);
      strictEqual(rest >= 0n && rest < step, true);
    }));
  });
});
