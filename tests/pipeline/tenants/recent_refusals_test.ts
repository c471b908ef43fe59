import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { MAX_REFUSALS, MAX_REFUSED_TENANTS, RecentRefusals } from "../../../pipeline/tenants/recent_refusals.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const tag = (id: string) => ({ id, slot: 0, weight: 1, priority: 5, maxQueueShare: 1 });

Deno.test("RecentRefusals", async (t) => {
  await t.step("those of one minute, signal and reason are one entry, with the last one's words", async () => {
    const clock = new FakeClock(1_000);
    const refusals = new RecentRefusals(clock);
    refusals.note(tag("acme"), "logs", "shed", 2, "first");
    await clock.advance(59_999);
    refusals.note(tag("acme"), "logs", "shed", 3, "last");
    const together = { firstMs: 1_000, lastMs: 60_999, times: 2, signal: "logs", reason: "shed", items: 5 };
    deepStrictEqual(refusals.of("acme"), [{ ...together, message: "last" }]);
    await clock.advance(1);
    refusals.note(tag("acme"), "logs", "shed", 1, "of the next minute");
    refusals.note(tag("acme"), "traces", "shed", 1, "of another signal");
    refusals.note(tag("acme"), undefined, "credential", 0, "of another reason");
    deepStrictEqual(refusals.of("acme").map(({ message }) => message), [
      ...["of another reason", "of another signal", "of the next minute", "last"],
    ]);
    deepStrictEqual(refusals.of("globex"), []);
  });

  await t.step("a clock that is set back joins nothing for ever", () => {
    const clock = { nowMs: () => 1e9 };
    const refusals = new RecentRefusals(clock);
    refusals.note(tag("acme"), "logs", "shed", 0, "before");
    clock.nowMs = () => 1_000;
    refusals.note(tag("acme"), "logs", "shed", 0, "after");
    strictEqual(refusals.of("acme").length, 2);
  });

  await t.step("the oldest entry of a tenant makes room, and the tenant that was silent longest", () => {
    const refusals = new RecentRefusals(new FakeClock());
    for (let i = 0; i <= MAX_REFUSALS; i++) refusals.note(tag("acme"), "logs", `reason ${i}`, 0, "");
    strictEqual(refusals.of("acme").length, MAX_REFUSALS);
    deepStrictEqual(refusals.of("acme").at(-1)?.reason, "reason 1");
    for (let i = 1; i < MAX_REFUSED_TENANTS; i++) refusals.note(tag(`t${i}`), "logs", "shed", 0, "");
    strictEqual(refusals.of("acme").length, MAX_REFUSALS);
    refusals.note(tag("one more"), "logs", "shed", 0, "");
    deepStrictEqual([refusals.of("acme").length, refusals.of("t1").length], [0, 1]);
  });

  await t.step("a long message is cut", () => {
    const refusals = new RecentRefusals(new FakeClock());
    refusals.note(tag("acme"), "logs", "shed", 0, "x".repeat(1_000));
    strictEqual(refusals.of("acme")[0]?.message.length, 300);
  });
});
