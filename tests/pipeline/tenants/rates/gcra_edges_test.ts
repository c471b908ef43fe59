/**
 * Rates to the nanosecond: what fits, what is carried over and given back, and what a lost race costs.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  aheadNs,
  ArrivalTimes,
  carryOver,
  fittingIn,
  giveBack,
  ROUNDING_NS,
  take,
  takeFitting,
  waitNs,
} from "../../../../pipeline/tenants/rates/gcra.ts";

const NOW_NS = 5_000;

/** One bucket, whose time is so far ahead of now. */
function bucket(aheadNs: number): ArrivalTimes {
  const times = new ArrivalTimes(new SharedArrayBuffer(8));
  times.change(0, () => NOW_NS + aheadNs);
  return times;
}

const fitting: { name: string; ns: number; nsPerUnit: number; want: number }[] = [
  { name: "no time", ns: 0, nsPerUnit: 10, want: 0 },
  { name: "less than none", ns: -15, nsPerUnit: 10, want: 0 },
  { name: "no number", ns: NaN, nsPerUnit: 10, want: 0 },
  { name: "not quite one", ns: 9, nsPerUnit: 10, want: 0 },
  { name: "one", ns: 10, nsPerUnit: 10, want: 1 },
  { name: "a nanosecond of two", ns: 1, nsPerUnit: 0.5, want: 2 },
  { name: "not quite four", ns: 39, nsPerUnit: 10, want: 3 },
  { name: "their cost is rounded up", ns: 333_333_333.5, nsPerUnit: 1e9 / 3, want: 0 },
  { name: "of several only the last is not paid", ns: 666_666_666.8, nsPerUnit: 1e9 / 3, want: 1 },
];

Deno.test("fittingIn()", async (t) => {
  for (const { name, ns, nsPerUnit, want } of fitting) {
    await t.step(name, () => strictEqual(fittingIn(ns, nsPerUnit), want));
  }
});

Deno.test("takeFitting() takes what fits, and touches nothing when nothing does", async (t) => {
  const BURST_NS = 1_000;
  const cases: { name: string; aheadNs: number; units: number; want: number; aheadAfterNs: number }[] = [
    { name: "all", aheadNs: 0, units: 5, want: 5, aheadAfterNs: 500 },
    { name: "from a bucket that has been full for long", aheadNs: -4_000, units: 5, want: 5, aheadAfterNs: 500 },
    { name: "some", aheadNs: 300, units: 50, want: 17, aheadAfterNs: 2_000 },
    { name: "the last", aheadNs: BURST_NS + ROUNDING_NS - 100, units: 2, want: 1, aheadAfterNs: 2_000 },
    { name: "none", aheadNs: BURST_NS + ROUNDING_NS - 99, units: 2, want: 0, aheadAfterNs: 1_901 },
    { name: "none of none", aheadNs: -7, units: 0, want: 0, aheadAfterNs: -7 },
  ];
  for (const { name, aheadNs, units, want, aheadAfterNs } of cases) {
    await t.step(name, () => {
      const times = bucket(aheadNs);
      strictEqual(takeFitting(times, 0, units, { burst: BURST_NS, nsPerUnit: 100 }, NOW_NS), want);
      strictEqual(times.at(0) - NOW_NS, aheadAfterNs);
    });
  }
});

Deno.test("how long until there is room, and until all of it is free", () => {
  for (const [ahead, wait] of [[-50, 0], [0, 0], [1_400, 0], [1_500, 0], [1_501, 1], [1_900, 400]] as const) {
    const times = bucket(ahead);
    strictEqual(waitNs(times, 0, 500, 1_000, NOW_NS), wait, `${ahead}`);
    strictEqual(aheadNs(times, 0, NOW_NS), Math.max(0, ahead), `${ahead}`);
    strictEqual(take(times, 0, 500, 1_000, NOW_NS), wait, `${ahead}`);
  }
});

const carried: { name: string; aheadNs: number; ratio: number; want: number }[] = [
  { name: "twice the part: half of the room", aheadNs: 400, ratio: 0.5, want: 700 },
  { name: "half the part: what it can hold of twice the room", aheadNs: 400, ratio: 2, want: 0 },
  { name: "half the part of little room", aheadNs: 900, ratio: 2, want: 800 },
  { name: "the same part", aheadNs: 400, ratio: 1, want: 400 },
  { name: "a bucket that is full has no more room than its burst", aheadNs: -4_000, ratio: 0.5, want: 500 },
  { name: "one that is empty stays so", aheadNs: 1_000, ratio: 0.25, want: 1_000 },
  { name: "to the nearest nanosecond", aheadNs: 400, ratio: 1 / 3.5, want: 829 },
  { name: "nothing before", aheadNs: 400, ratio: 0, want: 400 },
  { name: "nothing after", aheadNs: 400, ratio: Infinity, want: 400 },
  { name: "less than nothing", aheadNs: 400, ratio: -1, want: 400 },
  { name: "no number", aheadNs: 400, ratio: NaN, want: 400 },
];

Deno.test("carryOver() leaves the room that there is, as far as the new part can hold it", async (t) => {
  for (const { name, aheadNs, ratio, want } of carried) {
    await t.step(name, () => {
      const times = bucket(aheadNs);
      carryOver(times, 0, 1_000, NOW_NS, ratio);
      strictEqual(times.at(0) - NOW_NS, want);
    });
  }
});

Deno.test("giveBack() gives back what was taken", () => {
  const times = bucket(300);
  strictEqual(take(times, 0, 500, 1_000, NOW_NS), 0);
  giveBack(times, 0, 500);
  strictEqual(times.at(0), NOW_NS + 300);
});

/** Somebody else always comes between. */
class Contended extends ArrivalTimes {
  tries = 0;

  override exchange(): boolean {
    this.tries++;
    return false;
  }
}

Deno.test("who loses 64 exchanges gives up, and comes again in a millisecond", async (t) => {
  const cases: { name: string; act: (times: ArrivalTimes) => unknown; want: unknown }[] = [
    { name: "take()", act: (times) => take(times, 0, 1, 10, 0), want: 1_000_000 },
    { name: "takeFitting()", act: (times) => takeFitting(times, 0, 5, { burst: 10, nsPerUnit: 1 }, 0), want: 0 },
    { name: "change()", act: (times) => times.change(0, (before) => before + 1), want: undefined },
  ];
  for (const { name, act, want } of cases) {
    await t.step(name, () => {
      const times = new Contended(new SharedArrayBuffer(8));
      deepStrictEqual([act(times), times.tries, times.at(0)], [want, 64, 0]);
    });
  }
});
