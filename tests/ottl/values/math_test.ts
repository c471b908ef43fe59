import { deepStrictEqual, strictEqual, throws } from "node:assert";
import type { MathOperator } from "../../../ottl/values/operators.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { calculate, negate } from "../../../ottl/values/math.ts";
import { Duration, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const CET = [3600, "CET"] as const;

const cases: { left: Value; operator: MathOperator; right: Value; want: Value | { error: string } }[] = [
  { left: 7n, operator: "/", right: 2n, want: 3n },
  { left: -7n, operator: "/", right: 2n, want: -3n },
  { left: MAX, operator: "+", right: 1n, want: MIN },
  { left: MIN, operator: "-", right: 1n, want: MAX },
  { left: MAX, operator: "*", right: 2n, want: -2n },
  { left: MIN, operator: "/", right: -1n, want: MIN },
  { left: 1n, operator: "/", right: 0n, want: { error: "divide_by_zero" } },
  { left: 1, operator: "/", right: 0n, want: { error: "divide_by_zero" } },
  { left: 1n, operator: "/", right: -0, want: { error: "divide_by_zero" } },
  { left: 5n, operator: "+", right: 1.5, want: 6.5 },
  { left: 1.5, operator: "*", right: 2n, want: 3 },
  { left: 1, operator: "-", right: 0.25, want: 0.75 },
  { left: 1n, operator: "+", right: "1", want: { error: "type" } },
  { left: "1", operator: "+", right: 1n, want: { error: "type" } },
  { left: null, operator: "-", right: null, want: { error: "type" } },
  { left: true, operator: "+", right: 1n, want: { error: "type" } },
  { left: new PlainMap(), operator: "+", right: 1n, want: { error: "type" } },
  { left: new Time(5n, ...CET), operator: "-", right: new Time(3n), want: new Duration(2n) },
  { left: new Time(MAX), operator: "-", right: new Time(MIN), want: new Duration(MAX) },
  { left: new Time(MIN), operator: "-", right: new Time(MAX), want: new Duration(MIN) },
  { left: new Time(5n, ...CET), operator: "+", right: new Duration(1n), want: new Time(6n, ...CET) },
  { left: new Time(5n), operator: "-", right: new Duration(1n), want: new Time(4n) },
  { left: new Duration(1n), operator: "+", right: new Time(5n, ...CET), want: new Time(6n, ...CET) },
  { left: new Duration(1n), operator: "-", right: new Time(5n), want: { error: "type" } },
  { left: new Time(5n), operator: "+", right: new Time(5n), want: { error: "type" } },
  { left: new Time(5n), operator: "*", right: new Duration(1n), want: { error: "type" } },
  { left: new Duration(5n), operator: "-", right: new Duration(7n), want: new Duration(-2n) },
  { left: new Duration(MAX), operator: "+", right: new Duration(1n), want: new Duration(MIN) },
  { left: new Duration(5n), operator: "/", right: new Duration(5n), want: { error: "type" } },
  { left: new Duration(5n), operator: "+", right: 1n, want: { error: "type" } },
  { left: 1n, operator: "+", right: new Duration(5n), want: { error: "type" } },
];

function isError(want: Value | { error: string }): want is { error: string } {
  return typeof want === "object" && want !== null && "error" in want;
}

Deno.test("calculate()", async (t) => {
  for (const [i, { left, operator, right, want }] of cases.entries()) {
    await t.step(`${i}: ${operator}`, () => {
      if (isError(want)) {
        const { error } = want;
        throws(
          () => calculate(left, operator, right),
          (thrown) => thrown instanceof OttlError && thrown.category === error,
        );
      } else deepStrictEqual(calculate(left, operator, right), want);
    });
  }
});

Deno.test("negate()", () => {
  strictEqual(negate(5n), -5n);
  strictEqual(negate(MIN), MIN);
  strictEqual(negate(0), -0);
  throws(() => negate(new Duration(1n)), OttlError);
  throws(() => negate(null), OttlError);
});
