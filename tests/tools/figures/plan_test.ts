/**
 * What there is to measure, and how much time.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { Budget, requestUnits, SCENARIOS, secondsOf, TIMING } from "./plan.ts";

Deno.test("secondsOf()", () => {
  deepStrictEqual(["500ms", "4s", "2.5s", "25m", "1h"].map(secondsOf), [0.5, 4, 2.5, 1_500, 3_600]);
  for (const wrong of ["", "5", "s", "-1s", "1d", "1m30s"]) throws(() => secondsOf(wrong), RangeError);
});

Deno.test("requestUnits()", async (t) => {
  const scenarios = SCENARIOS.filter(({ name }) => name === "p100" || name === "kafka-all-kafkajs");
  await t.step("the gateways take turns, and what only ours can is of ours alone", () => {
    deepStrictEqual(requestUnits(scenarios, TIMING, 0).map(({ key }) => key), [
      ...["p100:plain:sluice", "p100:plain:collector", "p100:base:sluice", "p100:base:collector"],
      "kafka-all-kafkajs:base:sluice",
    ]);
    deepStrictEqual(requestUnits(scenarios, TIMING, 1).map(({ key }) => key), [
      ...["p100:plain:collector", "p100:plain:sluice", "p100:base:collector", "p100:base:sluice"],
      "kafka-all-kafkajs:base:sluice",
    ]);
  });
  await t.step("latencies take as long again", () => {
    const [rated, , plain] = requestUnits(scenarios, TIMING, 0);
    strictEqual((rated?.estimateSeconds ?? 0) - (plain?.estimateSeconds ?? 0), 6.5);
  });
});

Deno.test("Budget", async (t) => {
  await t.step("by the estimates until something was measured, then by what it took", () => {
    const budget = new Budget(100);
    deepStrictEqual([budget.fits(100), budget.fits(101)], [true, false]);
    budget.spent(10, 20);
    deepStrictEqual([budget.expected(40), budget.fits(40), budget.fits(41)], [80, true, false]);
  });
  await t.step("requests leave the others their part", () => {
    const budget = new Budget(100);
    deepStrictEqual([budget.fitsRequests(65, false), budget.fitsRequests(66, false)], [true, false]);
    deepStrictEqual([budget.fitsRequests(100, true), budget.fitsRequests(101, true)], [true, false]);
  });
});
