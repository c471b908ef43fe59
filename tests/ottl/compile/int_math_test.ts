import { strictEqual } from "node:assert";
import fc from "fast-check";
import { intMath } from "../../../ottl/compile/int_math.ts";
import type { Compiled } from "../../../ottl/compile/scope.ts";
import { compareValues } from "../../../ottl/values/compare.ts";
import { highOf, lowOf } from "../../../ottl/values/int_halves.ts";
import { calculate } from "../../../ottl/values/math.ts";

/** Ends of the range and places where a half runs over come up often. */
const int = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.constantFrom(0n, 1n, -1n, (1n << 63n) - 1n, -(1n << 63n), 0xffff_ffffn, 1n << 32n, -(1n << 32n), 1n << 31n),
);
const comparison = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");

const literal = (value: bigint): Compiled => ({ evaluate: () => value, constant: value, access: undefined });
const ofItem = (value: bigint): Compiled => ({
  evaluate: () => value,
  constant: undefined,
  access: { get: () => value, halves: { high: () => highOf(value), low: () => lowOf(value) } },
});

Deno.test("intMath() compares as calculate() and compareValues() do", () => {
  const sum = fc.constantFrom("+", "-");
  fc.assert(fc.property(int, sum, int, comparison, int, fc.boolean(), (a, operator, b, compare, wanted, isLiteral) => {
    const result = calculate(a, operator, b) as bigint;
    const math = intMath(ofItem(a), operator, isLiteral ? literal(b) : ofItem(b), () => result)!;
    for (const constant of [wanted, result, BigInt.asIntN(64, result + 1n)]) {
      strictEqual(math.comparison!(compare, constant)!({}), compareValues(result, compare, constant));
    }
  }));
});

Deno.test("intMath() leaves what it cannot do to others", () => {
  const unknown: Compiled = { evaluate: () => 1, constant: undefined, access: undefined };
  strictEqual(intMath(ofItem(1n), "*", ofItem(2n), () => 2n), undefined);
  strictEqual(intMath(ofItem(1n), "-", unknown, () => 0), undefined);
  strictEqual(intMath(unknown, "-", ofItem(1n), () => 0), undefined);
  strictEqual(intMath(ofItem(1n), "+", ofItem(2n), () => 3n)!.comparison!("==", 3), undefined);
});
