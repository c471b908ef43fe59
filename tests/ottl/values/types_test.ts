/**
 * Values of any two types beside each other: only ints and floats compare, and nothing else is added to anything else.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { compareValues, equalValues } from "../../../ottl/values/compare.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { highOf, lowOf, sign64 } from "../../../ottl/values/int_halves.ts";
import { calculate } from "../../../ottl/values/math.ts";
import type { ComparisonOperator, MathOperator } from "../../../ottl/values/operators.ts";
import { Duration, Id, Opaque, OttlList, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";

const COMPARISONS: readonly ComparisonOperator[] = ["==", "!=", "<", "<=", ">", ">="];
const MATH: readonly MathOperator[] = ["+", "-", "*", "/"];

const map = (entries: Record<string, Value>) => new PlainMap(Object.entries(entries));
const content = {};

/** One of each type; what JavaScript would take for a number looks like one. */
const values: { type: string; value: Value }[] = [
  { type: "int", value: 7n },
  { type: "float", value: 7.5 },
  { type: "string", value: "7" },
  { type: "bool", value: true },
  { type: "nil", value: null },
  { type: "bytes", value: Uint8Array.of(7) },
  { type: "time", value: new Time(7n) },
  { type: "duration", value: new Duration(7n) },
  { type: "map", value: map({ a: 7n }) },
  { type: "list", value: new OttlList([7n], "slice") },
  { type: "id", value: new Id("span_id", Uint8Array.of(7)) },
  { type: "opaque", value: new Opaque("span events", 7, content) },
];

const NUMBERS = ["int", "float"];

Deno.test("values of two types are not equal, and neither is the smaller one", async (t) => {
  for (const { type, value } of values) {
    await t.step(type, () => {
      for (const other of values) {
        if (other.type === type || (NUMBERS.includes(type) && NUMBERS.includes(other.type))) continue;
        const holds = COMPARISONS.filter((operator) => compareValues(value, operator, other.value));
        deepStrictEqual(holds, ["!="], other.type);
        strictEqual(equalValues(map({ a: value }), map({ a: other.value })), false, other.type);
      }
    });
  }
});

Deno.test("a value is equal to itself, and to one like it", async (t) => {
  const ordered = ["int", "float", "string", "bool", "nil", "bytes", "time", "duration"];
  for (const { type, value } of values) {
    await t.step(type, () => {
      const holds = COMPARISONS.filter((operator) => compareValues(value, operator, value));
      deepStrictEqual(holds.toSorted(), ordered.includes(type) ? ["<=", "==", ">="] : ["=="]);
      strictEqual(equalValues(new OttlList([value]), new OttlList([value])), true);
    });
  }
});

const unequal: { name: string; left: Value; right: Value }[] = [
  { name: "a map and one with more", left: map({ a: 1n }), right: map({ a: 1n, b: 2n }) },
  { name: "an empty map and another", left: map({}), right: map({ a: 1n }) },
  { name: "a list and a longer one", left: new OttlList([1n]), right: new OttlList([1n, 2n]) },
  { name: "things of two contents", left: new Opaque("t", 1, content), right: new Opaque("t", 1, {}) },
  { name: "ids of two kinds", left: new Id("span_id", Uint8Array.of(1)), right: new Id("trace_id", Uint8Array.of(1)) },
];

Deno.test("not equal, whichever comes first", async (t) => {
  for (const { name, left, right } of unequal) {
    await t.step(name, () => {
      deepStrictEqual([equalValues(left, right), equalValues(right, left)], [false, false]);
      deepStrictEqual([compareValues(left, "!=", right), compareValues(right, "!=", left)], [true, true]);
    });
  }
  await t.step("but things of one content are", () => {
    strictEqual(equalValues(new Opaque("t", 1, content), new Opaque("t", 1, content)), true);
  });
});

Deno.test("only numbers are calculated with numbers", async (t) => {
  const adds = [["time", "duration"], ["duration", "time"], ["duration", "duration"], ["time", "time"]];
  for (const { type, value } of values) {
    await t.step(type, () => {
      for (const other of values) {
        if (NUMBERS.includes(type) && NUMBERS.includes(other.type)) continue;
        if (adds.some(([left, right]) => left === type && right === other.type)) continue;
        for (const operator of MATH) {
          throws(() => calculate(value, operator, other.value), OttlError, `${operator} ${other.type}`);
        }
      }
    });
  }
});

Deno.test("floats are calculated as floats", () => {
  const results = MATH.map((operator) => [operator, calculate(7.5, operator, 2)]);
  deepStrictEqual(Object.fromEntries(results), { "+": 9.5, "-": 5.5, "*": 15, "/": 3.75 });
  deepStrictEqual([calculate(9n, "/", 2), calculate(-9, "/", 2n)], [4.5, -4.5]);
});

Deno.test("halves of ints order as ints do", () => {
  const edges = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 33n, 2n ** 63n - 1n];
  const ints = [...edges, ...edges.map((value) => -value), -(2n ** 63n)];
  for (const a of ints) {
    strictEqual(BigInt(highOf(a)) << 32n | BigInt(lowOf(a)), a);
    for (const b of ints) {
      strictEqual(sign64(highOf(a), lowOf(a), highOf(b), lowOf(b)), a < b ? -1 : a === b ? 0 : 1, `${a} ${b}`);
    }
  }
});
