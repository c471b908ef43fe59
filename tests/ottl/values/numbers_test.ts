import { strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { OttlError } from "../../../ottl/values/errors.ts";
import { asStringFloat, floatText, parseGoFloat, parseGoInt } from "../../../ottl/values/numbers.ts";

const isValueError = (error: unknown) => error instanceof OttlError && error.category === "arg_value";

const ints: { text: string; base: number; want: bigint | undefined }[] = [
  { text: "10", base: 10, want: 10n },
  { text: "+10", base: 10, want: 10n },
  { text: "-ff", base: 16, want: -255n },
  { text: "Zz", base: 36, want: 1295n },
  { text: "9", base: 8, want: undefined },
  { text: "", base: 10, want: undefined },
  { text: "-", base: 10, want: undefined },
  { text: "1_0", base: 10, want: undefined },
  { text: "0x1", base: 16, want: undefined },
  { text: "0b101", base: 0, want: 5n },
  { text: "-0O17", base: 0, want: -15n },
  { text: "017", base: 0, want: 15n },
  { text: "08", base: 0, want: undefined },
  { text: "0x_f_f", base: 0, want: 255n },
  { text: "1__0", base: 0, want: undefined },
  { text: "_1", base: 0, want: undefined },
  { text: "0x", base: 0, want: undefined },
  { text: "0", base: 0, want: 0n },
  { text: "9223372036854775807", base: 10, want: 2n ** 63n - 1n },
  { text: "9223372036854775808", base: 10, want: undefined },
  { text: "-8000000000000000", base: 16, want: -(2n ** 63n) },
];

Deno.test("parseGoInt()", async (t) => {
  for (const { text, base, want } of ints) {
    await t.step(`${text} in base ${base}`, () => {
      if (want === undefined) throws(() => parseGoInt(text, base), isValueError);
      else strictEqual(parseGoInt(text, base), want);
    });
  }
});

Deno.test("parseGoInt() takes a long text without working on it for long", () => {
  throws(() => parseGoInt("9".repeat(1_000_000)), isValueError);
});

const floats: { text: string; want: number | undefined }[] = [
  { text: "1e3", want: 1000 },
  { text: "1.", want: 1 },
  { text: ".5", want: 0.5 },
  { text: "+2", want: 2 },
  { text: "-0", want: -0 },
  { text: "inf", want: Infinity },
  { text: "-Infinity", want: -Infinity },
  { text: "NaN", want: NaN },
  { text: "1_0", want: 10 },
  { text: "1__0", want: undefined },
  { text: "1_", want: undefined },
  { text: "1_.5", want: undefined },
  { text: "", want: undefined },
  { text: ".", want: undefined },
  { text: "1e", want: undefined },
  { text: " 1", want: undefined },
  { text: "1d", want: undefined },
  { text: "1e400", want: undefined },
  { text: "1e-400", want: 0 },
  { text: "0x10", want: undefined },
  { text: "0x1p-2", want: 0.25 },
  { text: "-0X.8P1", want: -1 },
  { text: "0xp1", want: undefined },
  { text: "0x1.00000000000008p0", want: 1 },
  { text: "0x1.000000000000081p0", want: 1 + 2 ** -52 },
  { text: "0x1p-1074", want: 5e-324 },
  { text: "0x1p-1075", want: 0 },
  { text: "0x3p-1076", want: 5e-324 },
  { text: "0x1p1023", want: 2 ** 1023 },
  { text: "0x1p1024", want: undefined },
];

Deno.test("parseGoFloat()", async (t) => {
  for (const { text, want } of floats) {
    await t.step(text, () => {
      if (want === undefined) throws(() => parseGoFloat(text), isValueError);
      else strictEqual(parseGoFloat(text), want);
    });
  }
});

Deno.test("parseGoFloat() reads hexadecimal floats exactly", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
    const fraction = bits.getBigUint64(0) & (2n ** 52n - 1n);
    const lead = exponent === 0 ? 0 : 1;
    const sign = bits.getUint8(0) >> 7 ? "-" : "";
    const text = `${sign}0x${lead}.${fraction.toString(16).padStart(13, "0")}p${Math.max(exponent, 1) - 1023}`;
    strictEqual(parseGoFloat(text), value);
  }));
});

const texts: { value: number; want: string; asString?: string }[] = [
  { value: 1, want: "1" },
  { value: -0, want: "-0" },
  { value: 0.000001, want: "0.000001" },
  { value: 1.5e-7, want: "1.5e-07", asString: "1.5e-7" },
  { value: 1e-10, want: "1e-10" },
  { value: 123456789012345680000, want: "123456789012345680000" },
  { value: 1e21, want: "1e+21" },
  { value: 5e-324, want: "5e-324" },
];

Deno.test("floatText() and asStringFloat()", async (t) => {
  for (const { value, want, asString = want } of texts) {
    await t.step(want, () => {
      strictEqual(floatText(value), want);
      strictEqual(asStringFloat(value), asString);
    });
  }
  await t.step("what is not finite has a text in one of them", () => {
    throws(() => floatText(NaN), OttlError);
    strictEqual(asStringFloat(-Infinity), "-Infinity");
  });
});
