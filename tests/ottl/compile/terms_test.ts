/**
 * Any number of terms, and comparisons of times with what is no duration.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert";
import { timeMath } from "../../../ottl/compile/int_math.ts";
import type { Compiled } from "../../../ottl/compile/scope.ts";
import { highOf, lowOf } from "../../../ottl/values/int_halves.ts";
import { Duration, PlainMap, Time } from "../../../ottl/values/value.ts";
import { memoryCompiler, memoryItem } from "../../support/ottl_context.ts";

const compiler = memoryCompiler();
const MAX_TERMS = 4;

/** Every way in which so many terms can be true and false. */
function* ways(terms: number): Generator<boolean[]> {
  for (let bits = 0; bits < 1 << terms; bits++) yield Array.from({ length: terms }, (_, at) => (bits >> at & 1) === 1);
}

Deno.test("terms that are joined", async (t) => {
  for (const [operator, join] of [["and", "every"], ["or", "some"]] as const) {
    for (let terms = 1; terms <= MAX_TERMS; terms++) {
      await t.step(`${terms} by ${operator}`, () => {
        const names = Array.from({ length: terms }, (_, at) => `t${at}`);
        const plain = names.map((name) => `attributes["${name}"] == true`).join(` ${operator} `);
        const [condition, opposite] = compiler.conditions([plain, `not (${plain})`]);
        for (const way of ways(terms)) {
          const values = names.map((name, at): [string, boolean] => [name, way[at]!]);
          const item = memoryItem({ "span.attributes": new PlainMap(values) });
          strictEqual(condition?.test(item), way[join](Boolean), `${way}`);
          strictEqual(opposite?.test(item), !way[join](Boolean), `not ${way}`);
        }
      });
    }
  }
});

const ofTime = (value: bigint): Compiled => ({
  evaluate: () => new Time(value),
  constant: undefined,
  access: { get: () => new Time(value), instant: { high: () => highOf(value), low: () => lowOf(value) } },
});

Deno.test("the difference of two times is compared in halves with durations, and with nothing else", () => {
  const math = timeMath(ofTime(7n), "-", ofTime(2n), () => new Duration(5n))!;
  for (const constant of [5n, 5, "5", null, new Time(5n)]) strictEqual(math.comparison!("==", constant), undefined);
  for (const nanos of [2n ** 63n - 1n, -(2n ** 63n)]) {
    strictEqual(
      math.comparison!("==", new Duration(nanos)),
      undefined,
      "a difference that is too large is one of these",
    );
  }
  ok(math.comparison!("==", new Duration(5n))?.({}));
  for (const nanos of [2n ** 63n - 2n, 1n - 2n ** 63n]) {
    strictEqual(math.comparison!("==", new Duration(nanos))?.({}), false);
  }
});
