/**
 * Who follows whom, to the millisecond, and where a thread begins.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Clock } from "../../../../pipeline/core/clock.ts";
import { bytesFor, RATE, TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { SharedClock } from "../../../../pipeline/tenants/rates/shared_clock.ts";

const MS = 1_000_000;

/** Threads with clocks of their own, which a test sets. */
function setUp() {
  const memory = new SharedArrayBuffer(bytesFor(0));
  const wall = { ms: 1_700_000_000_000 };
  const thread = (ownMs: number) => {
    const own = { ms: ownMs };
    const clock = { nowMs: () => wall.ms, monotonicMs: () => own.ms } as Clock;
    return { own, shared: new SharedClock(new TenantCells(memory), clock) };
  };
  return { wall, thread };
}

Deno.test("shared clock: who has followed goes on by its own clock, and not past the one ahead", () => {
  const { thread } = setUp();
  const [ahead, behind] = [thread(0), thread(70)];
  ahead.own.ms += 9_000;
  strictEqual(ahead.shared.nowNs(), 9_000 * MS);
  strictEqual(behind.shared.nowNs(), 9_000 * MS);
  for (const passedMs of [1, 2, 400]) {
    behind.own.ms = 70 + passedMs;
    const nowMs = behind.shared.nowNs() / MS;
    ok(nowMs >= 9_000 + passedMs - 2 && nowMs <= 9_000 + passedMs, `${nowMs} after ${passedMs}`);
  }
  ahead.own.ms += 400;
  const apart = ahead.shared.nowNs() - behind.shared.nowNs();
  ok(apart >= 0 && apart <= 2 * MS, `${apart} ns`);
});

Deno.test("shared clock: a look that is old by now is looked at again before it follows", () => {
  const { thread } = setUp();
  const { own, shared } = thread(0);
  own.ms = 100;
  strictEqual(shared.nowNs(), 100 * MS);
  own.ms = 100.25;
  strictEqual(shared.atNs(50), 100.25 * MS, "the clock is not behind: the look was");
  own.ms = 103.5;
  strictEqual(shared.atNs(50), 103.5 * MS);
  strictEqual(shared.nowNs(), 103.5 * MS, "and it has not moved");
});

Deno.test("shared clock: a millisecond apart is no time to follow", () => {
  const { thread } = setUp();
  const [a, b] = [thread(0), thread(0)];
  a.own.ms = 10.9;
  strictEqual(a.shared.nowNs(), 10.9 * MS);
  b.own.ms = 10.2;
  strictEqual(b.shared.nowNs(), 10.2 * MS, "the same whole millisecond");
});

Deno.test("shared clock: nobody tells less than another has told, in whole milliseconds", () => {
  const { thread } = setUp();
  const [a, b] = [thread(0), thread(0)];
  a.own.ms = 11.2;
  strictEqual(a.shared.nowNs(), 11.2 * MS);
  b.own.ms = 10.4;
  strictEqual(b.shared.nowNs(), 11 * MS);
  b.own.ms = 10.9;
  strictEqual(b.shared.nowNs(), 11 * MS);
});

Deno.test("shared clock: a thread begins at the latest time that was told, whatever the wall clock says", () => {
  const { wall, thread } = setUp();
  const first = thread(0);
  first.own.ms = 3_000;
  strictEqual(first.shared.nowNs(), 3_000 * MS);
  wall.ms -= 3_600_000;
  strictEqual(thread(5).shared.nowNs(), 3_000 * MS);
});

Deno.test("each rate has a place of its own among three", () => deepStrictEqual(Object.values(RATE).sort(), [0, 1, 2]));
