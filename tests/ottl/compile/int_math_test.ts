import { strictEqual } from "node:assert";
import fc from "fast-check";
import { intMath, timeMath } from "../../../ottl/compile/int_math.ts";
import type { Compiled } from "../../../ottl/compile/scope.ts";
import { compareValues } from "../../../ottl/values/compare.ts";
import { highOf, lowOf } from "../../../ottl/values/int_halves.ts";
import { calculate } from "../../../ottl/values/math.ts";
import { Duration, Time } from "../../../ottl/values/value.ts";

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

const ofTime = (value: bigint): Compiled => ({
  evaluate: () => new Time(value),
  constant: undefined,
  access: { get: () => new Time(value), instant: { high: () => highOf(value), low: () => lowOf(value) } },
});

Deno.test("timeMath() compares as calculate() and compareValues() do", () => {
  fc.assert(fc.property(int, int, comparison, int, (a, b, compare, wanted) => {
    const result = calculate(new Time(a), "-", new Time(b)) as Duration;
    const math = timeMath(ofTime(a), "-", ofTime(b), () => result)!;
    for (const nanos of [wanted, result.nanos, BigInt.asIntN(64, result.nanos + 1n)]) {
      const constant = new Duration(nanos);
      const fast = math.comparison!(compare, constant);
      if (fast !== undefined) strictEqual(fast({}), compareValues(result, compare, constant));
    }
  }));
});

Deno.test("timeMath() leaves what it cannot do to others", () => {
  strictEqual(timeMath(ofTime(1n), "+", ofTime(2n), () => null), undefined);
  strictEqual(timeMath(ofTime(1n), "-", ofItem(2n), () => null), undefined);
  strictEqual(timeMath(ofTime(1n), "-", ofTime(2n), () => null)!.comparison!(">", 5n), undefined);
  strictEqual(
    timeMath(ofTime(1n), "-", ofTime(2n), () => null)!.comparison!(">", new Duration((1n << 63n) - 1n)),
    undefined,
  );
});
