/**
 * Rates: never passed, missed by no more than rounding, and told truthfully when they have room.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  ArrivalTimes,
  costNs,
  fittingIn,
  giveBack,
  ROUNDING_NS,
  take,
  takeFitting,
  waitNs,
} from "../../../../pipeline/tenants/rates/gcra.ts";

const SECOND_NS = 1_000_000_000;

const oneTime = () => new ArrivalTimes(new SharedArrayBuffer(8));

Deno.test("take(): a burst, then the rate", () => {
  const times = oneTime();
  const interval = costNs(1, SECOND_NS / 10);
  const burst = 2 * SECOND_NS;
  const now = 5 * SECOND_NS;
  for (let i = 0; i < 20; i++) strictEqual(take(times, 0, interval, burst, now), 0);
  const wait = take(times, 0, interval, burst, now);
  strictEqual(wait, interval - ROUNDING_NS);
  strictEqual(waitNs(times, 0, interval, burst, now), wait);
  ok(take(times, 0, interval, burst, now + wait - 1) > 0, "not a nanosecond before");
  strictEqual(take(times, 0, interval, burst, now + wait), 0);
});

Deno.test("take(): what is dearer than the burst has room when the bucket is full, and then not for long", () => {
  const times = oneTime();
  strictEqual(take(times, 0, 90_000, 9_000, 0), 0);
  strictEqual(take(times, 0, 90_000, 9_000, 88_999), 1);
  strictEqual(take(times, 0, 90_000, 9_000, 89_000), 0);
});

Deno.test("take(): a full bucket has room for all its units, however they are asked for", () => {
  for (const [perSecond, burst] of [[3, SECOND_NS], [7, 2 * SECOND_NS], [900, SECOND_NS]] as const) {
    const times = oneTime();
    const most = fittingIn(burst, SECOND_NS / perSecond);
    for (let unit = 0; unit < most; unit++) {
      strictEqual(take(times, 0, costNs(1, SECOND_NS / perSecond), burst, 0), 0);
    }
    ok(take(times, 0, costNs(1, SECOND_NS / perSecond), burst, 0) > 0);
  }
});

Deno.test("ArrivalTimes: a number is exchanged only while it is the one that was read", () => {
  const memory = new SharedArrayBuffer(16);
  const [times, other] = [new ArrivalTimes(memory), new ArrivalTimes(memory)];
  fc.assert(fc.property(fc.integer(), fc.maxSafeInteger(), fc.maxSafeInteger(), (seen, written, wanted) => {
    times.change(1, () => seen);
    other.change(1, () => written);
    strictEqual(times.exchange(1, seen, wanted), seen === written);
    strictEqual(other.at(1), seen === written ? wanted : written);
    strictEqual(times.at(0), 0);
  }));
});

Deno.test("ArrivalTimes.change(): what another thread writes in between is not lost", () => {
  const memory = new SharedArrayBuffer(8);
  const [times, other] = [new ArrivalTimes(memory), new ArrivalTimes(memory)];
  let calls = 0;
  times.change(0, (before) => {
    if (calls++ === 0) other.change(0, (theirs) => theirs + 10);
    return before + 1;
  });
  deepStrictEqual([times.at(0), calls], [11, 2]);
});

Deno.test("takeFitting(): as many as there is room for", () => {
  const BUCKET = { burst: 100_000, nsPerUnit: 10_000 };
  const times = oneTime();
  strictEqual(takeFitting(times, 0, 7, BUCKET, 0), 7);
  strictEqual(takeFitting(times, 0, 7, BUCKET, 0), 3);
  strictEqual(takeFitting(times, 0, 7, BUCKET, 8_999), 0);
  strictEqual(takeFitting(times, 0, 7, BUCKET, 9_000), 1);
});

Deno.test("fittingIn(): what fits does, and one more does not", () => {
  fc.assert(fc.property(
    fc.double({ min: 1e-3, max: 1e10, noNaN: true }), // 1e12 a second is the largest limit
    fc.integer({ min: 0, max: 60 * SECOND_NS }),
    (nsPerUnit, ns) => {
      const units = fittingIn(ns, nsPerUnit);
      ok(units >= 0 && costNs(units, nsPerUnit) <= ns);
      // Past 2^53 neighbouring numbers are no longer one apart.
      if (units < 2 ** 40) ok(costNs(units + 1, nsPerUnit) >= ns);
    },
  ));
});

/** What happens: time passes, and units are asked for, whole or as many as fit; some are given back. */
const step = fc.record({
  waitNs: fc.integer({ min: 0, max: SECOND_NS }),
  units: fc.integer({ min: 1, max: 500 }),
  mode: fc.constantFrom("whole", "fitting", "given back"),
});

Deno.test("a rate is never passed: in no time is more taken than the burst and what is refilled", () => {
  fc.assert(fc.property(
    fc.double({ min: 0.5, max: 5_000, noNaN: true }),
    fc.integer({ min: 1, max: 5_000 }),
    fc.array(step, { maxLength: 60 }),
    (perSecond, burstMs, steps) => {
      const times = oneTime();
      const nsPerUnit = SECOND_NS / perSecond;
      const burst = Math.max(burstMs * 1_000_000, costNs(1, nsPerUnit));
      const most = fittingIn(burst, nsPerUnit);
      const taken: { atNs: number; units: number }[] = [];
      let now = 0;
      for (const { waitNs: passed, units, mode } of steps) {
        now += passed;
        if (mode === "fitting") {
          taken.push({ atNs: now, units: takeFitting(times, 0, units, { burst, nsPerUnit }, now) });
        } else if (units <= most && take(times, 0, costNs(units, nsPerUnit), burst, now) === 0) {
          if (mode === "whole") taken.push({ atNs: now, units });
          else giveBack(times, 0, costNs(units, nsPerUnit));
        }
      }
      for (let from = 0; from < taken.length; from++) {
        let sum = 0;
        for (let to = from; to < taken.length; to++) {
          sum += taken[to]!.units;
          const passed = taken[to]!.atNs - taken[from]!.atNs;
          ok(sum <= (burst + ROUNDING_NS + passed) / nsPerUnit + 1e-6, `${sum} units in ${passed} ns`);
        }
      }
    },
  ));
});

Deno.test("whoever waits as long as was said has room", () => {
  fc.assert(fc.property(
    fc.double({ min: 0.5, max: 1e6, noNaN: true }),
    fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 }),
    (perSecond, asked) => {
      const times = oneTime();
      const nsPerUnit = SECOND_NS / perSecond;
      const burst = costNs(100, nsPerUnit);
      let now = 0;
      for (const units of asked) {
        const cost = costNs(units, nsPerUnit);
        const wait = take(times, 0, cost, burst, now);
        if (wait === 0) continue;
        strictEqual(waitNs(times, 0, cost, burst, now), wait);
        now += wait;
        strictEqual(take(times, 0, cost, burst, now), 0);
      }
    },
  ));
});

Deno.test("over a long time a rate is missed by no more than a nanosecond a request", () => {
  for (const perSecond of [0.3, 7, 1_000, 33_333, 999_999]) {
    const times = oneTime();
    const cost = costNs(1, SECOND_NS / perSecond);
    const burst = 5 * cost;
    let taken = 0;
    let now = 0;
    for (let request = 0; request < 20_000; request++) {
      const wait = take(times, 0, cost, burst, now);
      if (wait === 0) taken++;
      else now += wait;
    }
    const wanted = (now + burst + ROUNDING_NS) / SECOND_NS * perSecond;
    ok(taken <= wanted + 1e-6 && taken >= wanted * (1 - 1e-3) - 1, `${taken} of ${wanted}`);
  }
});
