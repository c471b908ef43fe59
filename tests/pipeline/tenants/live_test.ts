import { deepStrictEqual, throws } from "node:assert/strict";
import { groupOf, RATE, WHOLE_SHARE } from "../../../pipeline/tenants/rates/cells.ts";
import { liveTenant } from "../../../pipeline/tenants/live.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { rowOf, senderOf, testGate } from "./support.ts";

const LIMITS = {
  all: { requestsPerSecond: 5, burstMs: 2_000, concurrentRequests: 3, bytesInFlight: 1_000 },
  logs: { bytesPerSecond: 100, burstMs: 1_000 },
};

Deno.test("liveTenant() tells what the gate would let in", async (t) => {
  const clock = new FakeClock();
  const { gate, cells } = testGate({ acme: { limits: LIMITS } }, clock);
  const row = rowOf("acme", 0, { limits: LIMITS });
  const live = () => liveTenant(row, cells, Math.round(clock.monotonicMs() * 1e6));
  const shown = () =>
    live().limits.map(({ of, name, limit, room, left, fullInMs }) => [of, name, limit, room, left, fullInMs]);
  const enter = () => {
    const visit = gate.enter("logs", senderOf("acme"), 60);
    if (visit instanceof Promise) throw new TypeError("who sends is known without a promise");
    return visit;
  };

  await t.step("nothing is used", () => {
    deepStrictEqual(shown(), [
      ["all", "requests_per_second", 5, 10, 10, 0],
      ["all", "concurrent_requests", 3, 3, 3, undefined],
      ["all", "bytes_in_flight", 1_000, 1_000, 1_000, undefined],
      ["logs", "bytes_per_second", 100, 100, 100, 0],
    ]);
  });
  await t.step("a request is being answered", () => {
    enter();
    deepStrictEqual(shown(), [
      ["all", "requests_per_second", 5, 10, 9, 200],
      ["all", "concurrent_requests", 3, 3, 2, undefined],
      ["all", "bytes_in_flight", 1_000, 1_000, 940, undefined],
      ["logs", "bytes_per_second", 100, 100, 40, 600],
    ]);
  });
  await t.step("another has no room, and takes nothing", () => {
    const before = shown();
    throws(enter, /100 bytes_per_second/);
    deepStrictEqual(shown(), before);
    deepStrictEqual(live().refusals, [["bytes_per_second", 1]]);
  });
  await t.step("it fills up again", async () => {
    await clock.advance(600);
    deepStrictEqual(shown()[3], ["logs", "bytes_per_second", 100, 100, 100, 0]);
  });
  await t.step("with a part of the fleet's limit a unit takes more of it; without any nothing is left", () => {
    const [group, rate] = [groupOf("logs"), RATE.bytes];
    const shareAndLeft = () =>
      live().limits.flatMap(({ name, share, left }) => name === "bytes_per_second" ? [share, left] : []);
    cells.setShare(0, group, rate, WHOLE_SHARE / 2);
    deepStrictEqual(shareAndLeft(), [0.5, 50]);
    cells.setShare(0, group, rate, 0);
    deepStrictEqual(shareAndLeft(), [0, 0]);
  });
});
