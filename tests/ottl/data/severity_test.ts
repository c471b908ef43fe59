/**
 * Levels of logs by what stands for them.
 *
 * @module
 */

import { strictEqual, throws } from "node:assert";
import { levelOf, readLevels } from "../../../ottl/data/severity.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { OttlList, PlainMap, type Value } from "../../../ottl/values/value.ts";

const range = (min: Value, max: Value) => new PlainMap([["range", new PlainMap([["min", min], ["max", max]])]]);
const equals = (...words: Value[]) => new PlainMap([["equals", new OttlList(words)]]);
const mapping = (levels: Record<string, Value[]>) =>
  new PlainMap(Object.entries(levels).map(([name, criteria]) => [name, new OttlList(criteria)] as const));

const LEVELS = mapping({
  error: [equals("err", "fatal"), range(500n, 599n)],
  warn: [equals("warning"), new PlainMap([["range", "4xx"]])],
  also: [range(500n, 500n)],
});

Deno.test("levelOf()", async (t) => {
  const cases: { value: Value; want: string }[] = [
    { value: "fatal", want: "error" },
    { value: "warning", want: "warn" },
    { value: 500n, want: "error" },
    { value: 599n, want: "error" },
    { value: 400n, want: "warn" },
    { value: 499n, want: "warn" },
  ];
  for (const { value, want } of cases) {
    await t.step(String(value), () => strictEqual(levelOf(value, readLevels(LEVELS)), want));
  }
  for (const value of ["ok", 399n, 600n, 2.5, null, true]) {
    await t.step(`refuses ${value}`, () => throws(() => levelOf(value, readLevels(LEVELS)), OttlError));
  }
});

Deno.test("readLevels() refuses", async (t) => {
  const cases: { name: string; criteria: Value }[] = [
    { name: "no list of criteria", criteria: "err" },
    { name: "a criterion that is no map", criteria: new OttlList(["err"]) },
    { name: "equals that is no list", criteria: new OttlList([new PlainMap([["equals", "x"]])]) },
    { name: "a word that is no string", criteria: new OttlList([equals(1n)]) },
    { name: "a class that is none", criteria: new OttlList([new PlainMap([["range", "9xx"]])]) },
    { name: "a range of floats", criteria: new OttlList([range(1, 2)]) },
    {
      name: "a range without an end",
      criteria: new OttlList([new PlainMap([["range", new PlainMap([["min", 1n]])]])]),
    },
  ];
  for (const { name, criteria } of cases) {
    await t.step(name, () => throws(() => readLevels(new PlainMap([["a", criteria]])), OttlError));
  }
});
