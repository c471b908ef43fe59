/**
 * How a storm of agents is let in.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { AcceptBudget } from "../../../../opamp/server/connections/accept_budget.ts";

Deno.test("AcceptBudget: a storm of 18,000 is spread evenly, and is in when it comes back", () => {
  const budget = new AcceptBudget({ acceptsPerSecond: 1_000, acceptBurst: 2_000, maxRetryAfterMs: 60_000 }, 0);
  const waits = Array.from({ length: 18_000 }, () => budget.take(0));
  strictEqual(waits.filter((waitMs) => waitMs === 0).length, 2_000);
  const perSecond = new Map<number, number>();
  for (const waitMs of waits) {
    perSecond.set(Math.ceil(waitMs / 1_000), (perSecond.get(Math.ceil(waitMs / 1_000)) ?? 0) + 1);
  }
  perSecond.delete(0);
  ok([...perSecond.values()].every((agents) => agents <= 1_001), String([...perSecond]));
  ok(Math.max(...waits) <= 17_000);
  const back = waits.filter((waitMs) => waitMs > 0).sort((a, b) => a - b);
  strictEqual(back.filter((waitMs) => budget.take(waitMs) > 0).length, 0);
});

Deno.test("AcceptBudget: the longest wait is bounded", () => {
  const budget = new AcceptBudget({ acceptsPerSecond: 1, acceptBurst: 1, maxRetryAfterMs: 5_000 }, 0);
  deepStrictEqual(Array.from({ length: 7 }, () => budget.take(0)), [0, 2_000, 3_000, 4_000, 5_000, 5_000, 5_000]);
  strictEqual(budget.take(1_000), 0);
});
