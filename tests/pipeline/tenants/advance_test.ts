/**
 * What threads take of rates ahead of their requests: how much, when not, and that it goes back.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Advance } from "../../../pipeline/tenants/advance.ts";
import { planOf, type RateLimit } from "../../../pipeline/tenants/plans.ts";
import { bytesFor, TenantCells } from "../../../pipeline/tenants/rates/cells.ts";
import { SharedClock } from "../../../pipeline/tenants/rates/shared_clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { rowOf, senderOf, type SomeLimits, testGate } from "./support.ts";

const NOW_NS = 1_000_000_000;
/** Buckets of 6.4 s, of which 0.1 s may be ahead: 10 units. */
const HUNDRED: SomeLimits = { all: { requestsPerSecond: 100, burstMs: 6_400 } };
const UNIT_NS = 10_000_000;
const AHEAD_NS = 10 * UNIT_NS;

interface Bucket {
  readonly cells: TenantCells;
  readonly advance: Advance;
  /** Takes so many units at once. */
  take(units: number): boolean;
  /** What is taken of the bucket, for requests and ahead, nanoseconds. */
  taken(): number;
}

function bucket(limits = HUNDRED, memory = new SharedArrayBuffer(bytesFor(1)), thread = 0): Bucket {
  const cells = new TenantCells(memory, thread);
  const rates: readonly RateLimit[] = planOf(rowOf("acme", 0, { limits }), "traces").requests;
  const advance = new Advance(0, rates);
  const [{ group, rate } = { group: 0, rate: 0 }] = rates;
  return {
    cells,
    advance,
    take: (units) => advance.take(cells, 0, advance.ahead.length, units, NOW_NS),
    taken: () => Math.max(0, cells.times.at(cells.timeAt(0, group, rate)) - NOW_NS),
  };
}

Deno.test("take()", async (t) => {
  await t.step("takes a sixty-fourth of the bucket ahead, and then nothing of the bucket until that is used", () => {
    const { take, taken, advance } = bucket();
    ok(take(1));
    deepStrictEqual([taken(), advance.ahead[1]], [UNIT_NS + AHEAD_NS, AHEAD_NS]);
    for (let i = 0; i < 10; i++) ok(take(1));
    deepStrictEqual([taken(), advance.ahead[1]], [UNIT_NS + AHEAD_NS, 0]);
    ok(take(1));
    strictEqual(taken(), 12 * UNIT_NS + AHEAD_NS);
  });
  await t.step("takes as much ahead for a request of just that, and nothing for one of a unit more", () => {
    const [just, more] = [bucket(), bucket()];
    ok(just.take(10));
    strictEqual(just.taken(), 2 * AHEAD_NS);
    ok(more.take(11));
    strictEqual(more.taken(), 11 * UNIT_NS);
  });
  await t.step("of what does not fit at once takes nothing", () => {
    const { take, taken } = bucket();
    ok(!take(641));
    strictEqual(taken(), 0);
    ok(take(640));
  });
  await t.step("one thread lets in what the bucket holds, to the last unit", () => {
    const { take } = bucket();
    for (let i = 0; i < 640; i++) ok(take(1), `of request ${i}`);
    ok(!take(1));
  });
  await t.step("before it refuses, what is ahead goes back", () => {
    const { take, taken, advance } = bucket();
    ok(take(1));
    ok(!take(640));
    deepStrictEqual([taken(), advance.ahead[1]], [UNIT_NS, 0]);
    ok(take(639));
  });
  await t.step("of several rates takes of all or of none", () => {
    const limits: SomeLimits = { ...HUNDRED, traces: { requestsPerSecond: 50, burstMs: 6_400 } };
    const { take, taken, advance } = bucket(limits);
    for (let i = 0; i < 320; i++) ok(take(1), `of request ${i}`);
    ok(!take(1));
    deepStrictEqual([taken(), advance.ahead[1], advance.ahead[3]], [320 * UNIT_NS, 0, 0]);
  });
  await t.step("several threads have no more ahead together", () => {
    const memory = new SharedArrayBuffer(bytesFor(1));
    const threads = [0, 1, 2, 3].map((thread) => bucket(HUNDRED, memory, thread));
    for (const { take } of threads) ok(take(1));
    strictEqual(threads[0]?.taken(), 4 * UNIT_NS + AHEAD_NS);
  });
  await t.step("where limits are shared with other gateways nothing is ahead", () => {
    const { take, taken, advance, cells } = bucket();
    ok(take(1));
    cells.defaultShare = 500_000;
    for (let i = 0; i < 10; i++) ok(take(1));
    ok(!take(1), "takeRates knows the shares");
    deepStrictEqual([taken(), advance.ahead[1]], [11 * UNIT_NS, 0]);
  });
  await t.step("giveBack() gives back what there is, once", () => {
    const { take, taken, advance, cells } = bucket();
    ok(take(1));
    advance.giveBack(cells);
    advance.giveBack(cells);
    strictEqual(taken(), UNIT_NS);
  });
});

Deno.test("threads that ask by any turns let in what the bucket holds, by a sixty-fourth", () => {
  const asks = fc.array(fc.record({ thread: fc.nat({ max: 3 }), units: fc.integer({ min: 1, max: 12 }) }), {
    minLength: 300,
    maxLength: 600,
  });
  fc.assert(
    fc.property(asks, (all) => {
      const memory = new SharedArrayBuffer(bytesFor(1));
      const threads = [3, 2, 1, 0].map((thread) => bucket(HUNDRED, memory, thread));
      let admitted = 0;
      let refused = false;
      for (const { thread, units } of all) {
        if (threads[thread]!.take(units)) admitted += units;
        else refused = true;
      }
      ok(admitted <= 640, `${admitted} of 640`);
      if (refused) ok(admitted >= 640 - 10 - 12, `${admitted} of 640, though some were refused`);
    }),
    { numRuns: 50 },
  );
});

Deno.test("what a gate has ahead of a tenant goes back", async (t) => {
  const seats = 8_192;
  const opened = () => {
    const memory = new SharedArrayBuffer(bytesFor(seats + 1));
    const test = testGate({ acme: { limits: HUNDRED } }, new FakeClock(1_000), { memory });
    const enter = (id: string) => void test.gate.enter("traces", senderOf(id), 0);
    const startNs = new SharedClock(test.cells, new FakeClock(1_000)).nowNs();
    const takenNs = () => test.cells.times.at(test.cells.timeAt(0, 0, 0)) - startNs;
    enter("acme");
    strictEqual(takenNs(), 11 * UNIT_NS);
    return { ...test, enter, takenNs };
  };
  await t.step("with another table", () => {
    const { changeTable, rows, enter, takenNs } = opened();
    rows.push(rowOf("globex", 1));
    changeTable();
    enter("globex");
    strictEqual(takenNs(), UNIT_NS);
  });
  await t.step("when another tenant takes its place", () => {
    const { rows, enter, takenNs } = opened();
    while (rows.length < seats) rows.push(rowOf(`t${rows.length}`, rows.length));
    rows.push(rowOf("globex", seats));
    enter("t1");
    strictEqual(takenNs(), 11 * UNIT_NS, "t1 has another one");
    enter("globex");
    strictEqual(takenNs(), UNIT_NS);
  });
});
