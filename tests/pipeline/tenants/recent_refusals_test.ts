import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Visit } from "../../../pipeline/contract/tenants.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import {
  MAX_REFUSALS,
  MAX_REFUSED_ADDRESSES,
  MAX_REFUSED_TENANTS,
  type RecentRefusal,
  RecentRefusals,
  together,
  togetherByAddress,
} from "../../../pipeline/tenants/recent_refusals.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { traceRequestBytes } from "../../support/otlp_samples.ts";
import { senderOf, testGate } from "./support.ts";

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
    refusals.note(tag("acme"), undefined, "expired", 0, "of another reason");
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

  await t.step("those of unknown senders are by address, apart from tenants", async () => {
    const clock = new FakeClock(1_000);
    const refusals = new RecentRefusals(clock);
    refusals.noteUnknown("192.0.2.1", "logs", "unknown", "first");
    await clock.advance(1);
    refusals.noteUnknown("192.0.2.1", "logs", "unknown", "last");
    refusals.noteUnknown("2001:db8:0:7::/64", undefined, "missing", "another");
    refusals.noteUnknown("192.0.2.1", "logs", "limited", "of another reason");
    refusals.noteUnknown("", "logs", "unknown", "nobody knows");
    deepStrictEqual(
      refusals.unknown().map(({ address, reason, times, message }) => [address, reason, times, message]),
      [
        ["2001:db8:0:7::/64", "missing", 1, "another"],
        ["192.0.2.1", "limited", 1, "of another reason"],
        ["192.0.2.1", "unknown", 2, "last"],
        ["", "unknown", 1, "nobody knows"],
      ],
    );
    deepStrictEqual(refusals.of("192.0.2.1"), []);
  });

  await t.step("the address that was silent longest makes room, and its oldest entry", () => {
    const refusals = new RecentRefusals(new FakeClock());
    const of = (wanted: string) => refusals.unknown().filter(({ address }) => address === wanted);
    for (let i = 0; i <= MAX_REFUSALS; i++) refusals.noteUnknown("first", "logs", `reason ${i}`, "");
    deepStrictEqual([of("first").length, of("first").at(-1)?.reason], [MAX_REFUSALS, "reason 1"]);
    for (let i = 1; i < MAX_REFUSED_ADDRESSES; i++) refusals.noteUnknown(`10.0.${i >> 8}.${i & 255}`, "logs", "x", "");
    strictEqual(refusals.unknown().length, MAX_REFUSALS + MAX_REFUSED_ADDRESSES - 1);
    refusals.noteUnknown("one more", "logs", "x", "");
    deepStrictEqual([of("first").length, of("10.0.0.1").length, of("one more").length], [0, 1, 1]);
    strictEqual(refusals.unknown().length, MAX_REFUSED_ADDRESSES);
  });

  await t.step("an address of 64 characters is kept, a longer one is cut", () => {
    const refusals = new RecentRefusals(new FakeClock());
    for (const chars of [64, 65]) refusals.noteUnknown("a".repeat(chars), "logs", "unknown", "");
    deepStrictEqual(refusals.unknown().map(({ address, times }) => [address.length, times]), [[64, 2]]);
  });

  await t.step("a long message is cut", () => {
    const refusals = new RecentRefusals(new FakeClock());
    refusals.note(tag("acme"), "logs", "shed", 0, "x".repeat(1_000));
    strictEqual(refusals.of("acme")[0]?.message.length, 300);
  });
});

Deno.test("a gate notes what it refuses, in the words of the answer", async (t) => {
  const clock = new FakeClock();
  const limits = { all: { itemsPerSecond: 4, burstMs: 1_000, maxRequestBodySize: 5_000 } };
  const payload = readPayload("traces", traceRequestBytes({ spans: 10 }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  const cases: { name: string; bytes: number; end: (visit: Visit) => void; want: [string, number, RegExp] }[] = [
    { name: "before it is read", bytes: 5_001, end: () => {}, want: ["body_size", 0, /more than 5000 bytes/] },
    {
      name: "a part of it",
      bytes: 100,
      end: (visit) => visit.leave(200, visit.take(payload).rejectedItems),
      want: ["items_per_second", 6, /^6 of 10 spans are not taken/],
    },
    {
      name: "kept nowhere",
      bytes: 100,
      end: (visit) => visit.leave(503, 0),
      want: ["not_kept", 0, /answered with 503/],
    },
    { name: "malformed", bytes: 100, end: (visit) => visit.leave(400, 0), want: ["invalid", 0, /answered with 400/] },
  ];
  for (const { name, bytes, end, want: [reason, items, message] } of cases) {
    await t.step(name, () => {
      const refusals = new RecentRefusals(clock);
      const { gate } = testGate({ acme: { limits } }, clock, { refusals });
      try {
        end(gate.enter("traces", senderOf("acme"), bytes) as Visit);
      } catch (thrown) {
        strictEqual((thrown as Error).message, refusals.of("acme")[0]?.message);
      }
      const [noted] = refusals.of("acme");
      deepStrictEqual([noted?.signal, noted?.reason, noted?.items, noted?.times], ["traces", reason, items, 1]);
      match(noted?.message ?? "", message);
    });
  }
  await t.step("nothing of what is kept", () => {
    const refusals = new RecentRefusals(clock);
    const { gate } = testGate({ acme: {} }, clock, { refusals });
    const visit = gate.enter("traces", senderOf("acme"), 100) as Visit;
    visit.take(payload);
    visit.leave(200, 0);
    deepStrictEqual(refusals.of("acme"), []);
  });
});

Deno.test("togetherByAddress() joins what several threads were told of one address alone", () => {
  const refusal = { firstMs: 0, lastMs: 1, times: 2, signal: undefined, reason: "unknown", items: 0, message: "m" };
  const told = ["a", "b", "a"].map((address) => ({ ...refusal, address }));
  deepStrictEqual(togetherByAddress(told).map(({ address, times }) => [address, times]), [["a", 4], ["b", 2]]);
});

Deno.test("together()", async (t) => {
  const refusal = (firstMs: number, lastMs: number, message: string, of: Partial<RecentRefusal> = {}) => (
    { firstMs, lastMs, times: 1, signal: "logs" as const, reason: "shed", items: 2, message, ...of }
  );
  const cases: { name: string; told: RecentRefusal[]; want: [firstMs: number, times: number, message: string][] }[] = [
    { name: "none", told: [], want: [] },
    {
      name: "of a minute and kind are one, with what the last was told",
      told: [refusal(1_000, 9_000, "last"), refusal(0, 2_000, "first"), refusal(59_999, 60_000, "c")],
      want: [[0, 3, "c"]],
    },
    {
      name: "a minute later are another",
      told: [refusal(0, 1, "a"), refusal(60_000, 60_000, "b")],
      want: [
        [0, 1, "a"],
        [60_000, 1, "b"],
      ],
    },
    {
      name: "of another reason or signal stay",
      told: [refusal(0, 1, "a"), refusal(0, 1, "b", { reason: "x" }), refusal(0, 1, "c", { signal: undefined })],
      want: [[0, 1, "a"], [0, 1, "b"], [0, 1, "c"]],
    },
  ];
  for (const { name, told, want } of cases) {
    await t.step(name, () => {
      deepStrictEqual(together(told).map(({ firstMs, times, message }) => [firstMs, times, message]), want);
      strictEqual(together(told).reduce((sum, { items }) => sum + items, 0), 2 * told.length);
    });
  }
});
