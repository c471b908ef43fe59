import { strictEqual } from "node:assert";
import fc from "fast-check";
import type { ComparisonOperator } from "../../../ottl/values/operators.ts";
import { compareValues, equalValues } from "../../../ottl/values/compare.ts";
import { compareUtf8, decodeUtf8, encodeUtf8 } from "../../../ottl/values/utf8.ts";
import { Duration, Id, Opaque, OttlList, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";

const OPERATORS: readonly ComparisonOperator[] = ["==", "!=", "<", "<=", ">", ">="];

const bytes = (...values: number[]) => Uint8Array.from(values);
const list = (...items: Value[]) => new OttlList(items, "list");
const slice = (...items: Value[]) => new OttlList(items, "slice");
const strings = (...items: string[]) => new OttlList(items, "strings");
const map = (entries: Record<string, Value>) => new PlainMap(Object.entries(entries));
const traceId = (last: number) => new Id("trace_id", Uint8Array.from({ length: 16 }, (_, i) => i === 15 ? last : 0));

/** What holds between `left` and `right`: the operators that are true. */
const cases: { name: string; left: Value; right: Value; holds: string }[] = [
  { name: "ints", left: 1n, right: 2n, holds: "!= < <=" },
  { name: "equal ints", left: 2n, right: 2n, holds: "== <= >=" },
  { name: "an int and a float", left: 5n, right: 5, holds: "== <= >=" },
  { name: "a float and a smaller int", left: 5.5, right: 5n, holds: "!= > >=" },
  { name: "an int is made a float, which rounds", left: 2n ** 53n + 1n, right: 2 ** 53, holds: "== <= >=" },
  { name: "not a number", left: NaN, right: NaN, holds: "!=" },
  { name: "not a number and an int", left: NaN, right: 1n, holds: "!=" },
  { name: "zeros", left: 0, right: -0, holds: "== <= >=" },
  { name: "strings", left: "a", right: "b", holds: "!= < <=" },
  { name: "a string and a longer one", left: "a", right: "aa", holds: "!= < <=" },
  { name: "strings in the order of their bytes", left: "\uffff", right: "\u{10000}", holds: "!= < <=" },
  { name: "bools", left: false, right: true, holds: "!= < <=" },
  { name: "bytes", left: bytes(1, 2), right: bytes(1, 3), holds: "!= < <=" },
  { name: "equal bytes", left: bytes(1), right: bytes(1), holds: "== <= >=" },
  { name: "bytes and a string", left: bytes(97), right: "a", holds: "!=" },
  { name: "times in two zones", left: new Time(5n), right: new Time(5n, 3600, "CET"), holds: "== <= >=" },
  { name: "times", left: new Time(5n), right: new Time(4n), holds: "!= > >=" },
  { name: "durations", left: new Duration(1n), right: new Duration(2n), holds: "!= < <=" },
  { name: "a time and an int", left: new Time(5n), right: 5n, holds: "!=" },
  { name: "maps, in any order", left: map({ a: 1n, b: 2n }), right: map({ b: 2n, a: 1n }), holds: "==" },
  { name: "maps with an int and a float", left: map({ a: 1n }), right: map({ a: 1 }), holds: "!=" },
  { name: "maps with nil and nothing", left: map({ a: null }), right: map({ b: null }), holds: "!=" },
  { name: "a list and a slice", left: list(1n, "x"), right: slice(1n, "x"), holds: "==" },
  { name: "lists in another order", left: list(1n, 2n), right: list(2n, 1n), holds: "!=" },
  { name: "lists with an int and a float", left: list(1n), right: list(1), holds: "!=" },
  { name: "deep", left: list(map({ a: slice(null) })), right: slice(map({ a: list(null) })), holds: "==" },
  { name: "a split text and a list", left: strings("a"), right: list("a"), holds: "!=" },
  { name: "two split texts", left: strings("a"), right: strings("a"), holds: "==" },
  { name: "nil", left: null, right: null, holds: "== <= >=" },
  { name: "nil and an empty string", left: null, right: "", holds: "!=" },
  { name: "nil and an empty map", left: null, right: map({}), holds: "!=" },
  { name: "nil and empty bytes", left: null, right: bytes(), holds: "== <= >=" },
  { name: "empty bytes and others", left: bytes(), right: bytes(0), holds: "!=" },
  { name: "nil and empty bytes in lists", left: list(null), right: slice(bytes()), holds: "!=" },
  { name: "empty bytes in lists", left: list(bytes()), right: slice(bytes()), holds: "==" },
  { name: "ids", left: traceId(1), right: traceId(1), holds: "==" },
  { name: "other ids", left: traceId(1), right: traceId(2), holds: "!=" },
  { name: "an id and bytes", left: traceId(1), right: traceId(1).bytes, holds: "!=" },
  { name: "ids of two kinds", left: traceId(0), right: new Id("profile_id", new Uint8Array(16)), holds: "!=" },
  { name: "a string and an int", left: "5", right: 5n, holds: "!=" },
  { name: "a bool and an int", left: true, right: 1n, holds: "!=" },
  {
    name: "objects of a context",
    left: new Opaque("status", undefined, 1),
    right: new Opaque("status", undefined, 2),
    holds: "!=",
  },
];

Deno.test("compareValues()", async (t) => {
  for (const { name, left, right, holds } of cases) {
    await t.step(name, () => {
      strictEqual(OPERATORS.filter((operator) => compareValues(left, operator, right)).join(" "), holds);
      for (const operator of OPERATORS) {
        const mirrored = operator.replace(/[<>]/, (sign) => sign === "<" ? ">" : "<") as ComparisonOperator;
        strictEqual(compareValues(right, mirrored, left), compareValues(left, operator, right), operator);
      }
      strictEqual(equalValues(left, right), holds.includes("=="));
    });
  }
});

Deno.test("compareUtf8() orders strings as their bytes", () => {
  const anyString = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.uint8Array({ maxLength: 8 }).map((raw) => decodeUtf8(raw)),
  );
  fc.assert(fc.property(anyString, anyString, (left, right) => {
    const a = encodeUtf8(left);
    const b = encodeUtf8(right);
    const at = a.findIndex((byte, i) => byte !== b[i]);
    const want = at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1);
    strictEqual(Math.sign(compareUtf8(left, right)), Math.sign(want));
  }));
});
