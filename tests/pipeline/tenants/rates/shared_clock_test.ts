/**
 * One time for all threads, whatever their own clocks and the wall clock say.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert/strict";
import type { Clock } from "../../../../pipeline/core/clock.ts";
import { bytesFor, TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { SharedClock } from "../../../../pipeline/tenants/rates/shared_clock.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const MS = 1_000_000;

function cellsOf(memory: SharedArrayBuffer): TenantCells {
  return new TenantCells(memory);
}

Deno.test("shared clock: threads that began at different times agree, and none goes back", async () => {
  const memory = new SharedArrayBuffer(bytesFor(0));
  const first = new FakeClock(50_000);
  const a = new SharedClock(cellsOf(memory), first);
  strictEqual(a.nowNs(), 0);
  await first.advance(3_000);
  strictEqual(a.nowNs(), 3_000 * MS);
  const second = new FakeClock(7);
  const b = new SharedClock(cellsOf(memory), second);
  strictEqual(b.nowNs(), 3_000 * MS);
  for (const ms of [1, 400, 0.25, 10_000]) {
    await first.advance(ms);
    await second.advance(ms);
    const [ofA, ofB] = [a.nowNs(), b.nowNs()];
    ok(Math.abs(ofA - ofB) <= MS, `${ofA} and ${ofB}`);
  }
});

Deno.test("shared clock: a thread that began behind follows the one that is furthest ahead", async () => {
  const memory = new SharedArrayBuffer(bytesFor(0));
  const first = new FakeClock();
  const a = new SharedClock(cellsOf(memory), first);
  await first.advance(9_000); // nobody asked meanwhile
  const b = new SharedClock(cellsOf(memory), new FakeClock());
  strictEqual(b.nowNs(), 0);
  strictEqual(a.nowNs(), 9_000 * MS);
  strictEqual(b.nowNs(), 9_000 * MS);
});

Deno.test("shared clock: who follows does not pass the one ahead, so time runs no faster than it does", async (t) => {
  const cases: { name: string; startsMs: readonly number[]; heldMs: number }[] = [
    { name: "apart by a part of a millisecond", startsMs: [50, 7.5], heldMs: 0 },
    { name: "three of them", startsMs: [50, 7.3, 9.7], heldMs: 0 },
    { name: "held between looking at its own clock and at the shared one", startsMs: [50, 7.5], heldMs: 10 },
  ];
  for (const { name, startsMs, heldMs } of cases) {
    await t.step(name, () => {
      const memory = new SharedArrayBuffer(bytesFor(0));
      let passedMs = 0;
      const threads = startsMs.map((startMs) => {
        const clock = { nowMs: () => 0, monotonicMs: () => startMs + passedMs } as Clock;
        passedMs += 0.4; // who begins later is behind by so much
        return { clock, shared: new SharedClock(cellsOf(memory), clock) };
      });
      const latest = () => Math.max(...threads.map(({ shared }) => shared.nowNs()));
      const [begunNs, begunMs] = [latest(), passedMs];
      for (let turn = 0; turn < 10_000; turn++) {
        const { clock, shared } = threads[turn % threads.length]!;
        const lookedMs = clock.monotonicMs();
        passedMs += heldMs;
        if (heldMs > 0) threads[(turn + 1) % threads.length]!.shared.nowNs();
        shared.atNs(lookedMs);
        passedMs += 0.1;
      }
      const aheadMs = (latest() - begunNs) / MS - (passedMs - begunMs);
      ok(Math.abs(aheadMs) <= 2, `${aheadMs} ms ahead of ${passedMs}`);
    });
  }
});

Deno.test("shared clock: the recent time is that of this millisecond of the wall clock, for 64 looks at the most", () => {
  let wallMs = 1_700_000_000_000;
  let ownMs = 0;
  const clock = { nowMs: () => wallMs, monotonicMs: () => ++ownMs } as Clock;
  const shared = new SharedClock(cellsOf(new SharedArrayBuffer(bytesFor(0))), clock);
  ownMs = 0;
  for (let look = 1; look <= 64; look++) strictEqual(shared.recentMs(), 1);
  strictEqual(shared.recentMs(), 2);
  wallMs += 1;
  strictEqual(shared.recentMs(), 3);
  strictEqual(shared.recentMs(), 3);
  wallMs -= 3_600_000;
  strictEqual(shared.recentMs(), 4);
});

Deno.test("shared clock: steps of the wall clock do not matter", () => {
  let wallMs = 1_700_000_000_000;
  let ownMs = 0;
  const clock = { nowMs: () => wallMs, monotonicMs: () => ownMs } as Clock;
  const shared = new SharedClock(cellsOf(new SharedArrayBuffer(bytesFor(0))), clock);
  for (const stepMs of [3_600_000, -7_200_000, -1e12, 1e12]) {
    const before = shared.nowNs();
    wallMs += stepMs;
    ownMs += 10;
    strictEqual(shared.nowNs() - before, 10 * MS);
  }
});

Deno.test("shared clock: a thread begins at the time that it is, though nobody has asked for a while", () => {
  const memory = new SharedArrayBuffer(bytesFor(0));
  let wallMs = 1_700_000_000_000;
  let ownMs = 50;
  const a = new SharedClock(cellsOf(memory), { nowMs: () => wallMs, monotonicMs: () => ownMs } as Clock);
  const pass = (ms: number) => {
    wallMs += ms;
    ownMs += ms;
  };
  pass(1_300);
  strictEqual(begun(), 1_300 * MS);
  wallMs += 1e9; // and by a wall clock that stepped before the time was last told
  pass(1);
  a.nowNs();
  pass(2_000);
  strictEqual(begun(), 3_301 * MS);
  a.nowNs();
  wallMs -= 5_000; // one that steps back while nobody asks: it begins behind, and follows
  strictEqual(begun(), 3_301 * MS);

  function begun(): number {
    return new SharedClock(cellsOf(memory), { nowMs: () => wallMs, monotonicMs: () => 7 } as Clock).nowNs();
  }
});

Deno.test("shared clock: real threads read one time", async () => {
  const memory = new SharedArrayBuffer(bytesFor(0));
  const first = new ClockThread(memory);
  while (await first.read() < 20 * MS);
  const second = new ClockThread(memory); // its own clock begins here
  const third = new ClockThread(memory); // and that of this one a while after anybody asked
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const told = [await third.read(), await first.read()] as const;
  ok(told[0] >= told[1] - 1_000 * MS && told[1] >= told[0] - MS, told.join(" "));
  third.stop();
  const readings: number[] = [];
  for (let turn = 0; turn < 20; turn++) readings.push(await first.read(), await second.read());
  for (let i = 1; i < readings.length; i++) ok(readings[i]! >= readings[i - 1]! - MS, readings.join(" "));
  first.stop();
  second.stop();
});

/** A thread that reads the clock when it is asked. */
class ClockThread {
  readonly #worker = new Worker(new URL("clock_worker.ts", import.meta.url), { type: "module" });
  readonly #memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
  }

  read(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#worker.onerror = reject;
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.postMessage(this.#memory);
    });
  }

  stop(): void {
    this.#worker.terminate();
  }
}
