/**
 * The calendar, against that of the runtime and past its ends.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { civilFromDays, civilOf, daysFromCivil, daysInMonth } from "../../../ottl/time/civil.ts";
import { Time } from "../../../ottl/values/value.ts";

Deno.test("civilOf() shows what the runtime's calendar shows", () => {
  fc.assert(fc.property(fc.integer({ min: -8_640_000_000_000, max: 8_639_999_999_999 }), (seconds) => {
    const date = new Date(seconds * 1000);
    const civil = civilOf(new Time(BigInt(seconds) * 1_000_000_000n + 7n));
    deepStrictEqual(civil, {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      nanosecond: 7,
      weekday: date.getUTCDay(),
      yearDay: civil.yearDay,
    });
    strictEqual(daysFromCivil(civil.year, 1, civil.yearDay), Math.floor(seconds / 86_400));
  }));
});

Deno.test("civilFromDays() and daysFromCivil() are each other's reverse", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }).map(Number), (days) => {
    const { year, month, day } = civilFromDays(days);
    strictEqual(daysFromCivil(year, month, day), days);
    strictEqual(day >= 1 && day <= daysInMonth(year, month), true);
  }));
});

Deno.test("civilOf() is of the time's own zone", () => {
  const { year, month, day, hour } = civilOf(new Time(0n, -3600, ""));
  deepStrictEqual([year, month, day, hour], [1969, 12, 31, 23]);
});
