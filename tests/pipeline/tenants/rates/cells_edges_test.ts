/**
 * The cells one by one: each number has a place of its own, and what is given back is what was held.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { SIGNAL_NAMES } from "../../../../pipeline/otlp/signals.ts";
import { LIMIT_GROUPS, MAX_TENANTS } from "../../../../pipeline/tenants/limits.ts";
import { bytesFor, groupOf, HOLDS, REFUSALS, TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { SharedClock } from "../../../../pipeline/tenants/rates/shared_clock.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const WHOLE = 1_000_000;
const RATES = [0, 1, 2];
const SLOTS = [0, 1, 2];

function open(slots: number): { memory: SharedArrayBuffer; cells: TenantCells } {
  const memory = new SharedArrayBuffer(bytesFor(slots));
  return { memory, cells: new TenantCells(memory) };
}

/** Every number of a slot, as read. */
function numbersOf(cells: TenantCells, slot: number): number[] {
  return [
    ...LIMIT_GROUPS.flatMap((_, group) => [
      ...RATES.map((rate) => cells.times.at(cells.timeAt(slot, group, rate))),
      ...RATES.map((rate) => cells.share(slot, group, rate)),
      cells.concurrency(slot, group),
      cells.bytesInFlight(slot, group),
    ]),
    ...REFUSALS.map((refusal) => cells.refusals(slot, refusal)),
    ...LIMIT_GROUPS.flatMap((_, group) => RATES.map((rate) => cells.takeDemand(slot, group, rate))),
  ];
}

/** Writes something else into each. */
function fill(cells: TenantCells, slot: number): void {
  let next = 1_000 * (slot + 1);
  LIMIT_GROUPS.forEach((_, group) => {
    for (const rate of RATES) cells.times.change(cells.timeAt(slot, group, rate), () => next++);
    for (const rate of RATES) cells.setShare(slot, group, rate, next++);
    for (let held = 0; held <= slot + group; held++) cells.tryHoldRequest(slot, group, Infinity);
    cells.tryHoldBytes(slot, group, next++, Infinity);
  });
  REFUSALS.forEach((_, at) => {
    for (let times = 0; times <= slot + at; times++) cells.countRefusal(slot, at);
  });
  LIMIT_GROUPS.forEach((_, group) => {
    for (const rate of RATES) cells.addDemand(slot, group, rate, 64 * next++);
  });
}

Deno.test("every number of every slot has a place of its own", () => {
  const alone = SLOTS.map((slot) => {
    const { cells } = open(3);
    fill(cells, slot);
    return numbersOf(cells, slot);
  });
  const { cells } = open(3);
  for (const slot of SLOTS) fill(cells, slot);
  deepStrictEqual(SLOTS.map((slot) => numbersOf(cells, slot)), alone);
  strictEqual(new Set(alone.flat().filter((number) => number >= 1_000)).size, 3 * LIMIT_GROUPS.length * 10);
});

Deno.test("a slot that is made as new has nothing, and its neighbours keep what they have", () => {
  const { cells } = open(3);
  const fresh = numbersOf(cells, 1);
  for (const slot of SLOTS) fill(cells, slot);
  cells.clear(1);
  deepStrictEqual(numbersOf(cells, 1), fresh);
  for (const slot of [0, 2]) ok(numbersOf(cells, slot).every((number) => number > 0 && number < WHOLE));
});

Deno.test("slots begin on a cache line, so that two tenants share none", () => {
  const { cells } = open(2);
  for (const slot of [0, 1]) strictEqual(cells.timeAt(slot, 0, 0) * 8 % 64, 0);
});

Deno.test("the last slot that there can be is one like the others", () => {
  const { cells } = open(MAX_TENANTS);
  cells.addDemand(MAX_TENANTS - 1, 4, 2, 64);
  strictEqual(cells.times.at(cells.timeAt(0, 0, 0)), 0, "of which something was asked is written before the slots");
  deepStrictEqual([...cells.takeAsked()], [MAX_TENANTS - 1]);
  strictEqual(cells.takeDemand(MAX_TENANTS - 1, 4, 2), 1);
  cells.times.change(cells.timeAt(0, 0, 0), () => -1);
  deepStrictEqual([...cells.takeAsked()], []);
});

Deno.test("journals, header and slots lie apart", () => {
  const memory = new SharedArrayBuffer(bytesFor(1));
  const held = { slot: 0, group: 1, counts: 15, bytes: 1e9 };
  for (const thread of [0, 1, 63]) {
    const cells = new TenantCells(memory, thread);
    for (let entry = 0; entry < 16_384; entry++) strictEqual(cells.note(held), entry);
    strictEqual(cells.note(held), -1, "16,384 requests of a thread, and not one more");
    deepStrictEqual([cells.isDivided, cells.countsDemand, cells.defaultShare], [false, false, WHOLE]);
    deepStrictEqual([...cells.words.subarray(0, 3)], [0n, 0n, 0n]);
    deepStrictEqual([[...cells.takeAsked()], numbersOf(cells, 0).every((number) => number === 0 || number === WHOLE)], [
      [],
      true,
    ]);
  }
  for (const thread of [0, 1, 63]) strictEqual(new TenantCells(memory, thread).recover(), 16_384);
  for (const thread of [-1, 64]) throws(() => new TenantCells(memory, thread), RangeError);
});

Deno.test("the last place of a journal that is free is found, wherever the search begins", () => {
  const { cells } = open(1);
  const held = { slot: 0, group: 1, counts: 0, bytes: 0 };
  for (let entry = 0; entry < 16_384; entry++) cells.note(held);
  for (const entry of [16_383, 16_382, 0]) {
    cells.release(held, entry);
    deepStrictEqual([cells.note(held), cells.note(held)], [entry, -1]);
  }
});

Deno.test("what all threads share of the header has places of its own", async () => {
  const { memory, cells } = open(1);
  const clock = new FakeClock(1_700_000_000_000);
  const shared = new SharedClock(cells, clock);
  await clock.advance(1e9);
  const nowNs = shared.nowNs();
  deepStrictEqual([cells.isDivided, cells.countsDemand, cells.defaultShare], [false, false, WHOLE]);
  cells.countsDemand = false;
  deepStrictEqual([cells.isDivided, cells.countsDemand], [false, false]);
  cells.countsDemand = true;
  deepStrictEqual([cells.isDivided, cells.countsDemand, cells.defaultShare], [true, true, WHOLE]);
  cells.countsDemand = false;
  deepStrictEqual([cells.isDivided, cells.countsDemand], [true, false], "what once was divided counts as such");
  cells.defaultShare = 250_000;
  deepStrictEqual([cells.countsDemand, cells.defaultShare, cells.share(0, 0, 0)], [false, 250_000, 250_000]);
  strictEqual(new TenantCells(memory).isDivided, true);
  strictEqual(shared.nowNs(), nowNs);
});

Deno.test("whatever divides a limit says so", async (t) => {
  const cases: { name: string; act: (cells: TenantCells) => void; want: boolean }[] = [
    { name: "a share", act: (cells) => cells.setShare(0, 0, 0, WHOLE), want: true },
    { name: "no share", act: (cells) => cells.setShare(0, 0, 0, undefined), want: false },
    { name: "a share of all rates", act: (cells) => cells.defaultShare = WHOLE - 1, want: true },
    { name: "the whole of all rates", act: (cells) => cells.defaultShare = WHOLE, want: false },
    { name: "demand that is counted", act: (cells) => cells.countsDemand = true, want: true },
  ];
  for (const { name, act, want } of cases) {
    await t.step(name, () => {
      const { cells } = open(1);
      act(cells);
      strictEqual(cells.isDivided, want);
    });
  }
});

Deno.test("demand is counted in 64 ns, rounded up", () => {
  const { cells } = open(1);
  for (const [ns, want] of [[0, 0], [1, 1], [64, 1], [65, 2], [6_400, 100]] as const) {
    cells.addDemand(0, 2, 1, ns);
    deepStrictEqual([cells.takeDemand(0, 2, 1), cells.takeDemand(0, 2, 1)], [want, 0]);
  }
});

Deno.test("refusals are counted beyond what 31 bits hold", () => {
  const { memory, cells } = open(1);
  cells.countRefusal(0, 3);
  const words = new Int32Array(memory);
  const at = words.indexOf(1);
  words[at] = 0x7fff_ffff;
  cells.countRefusal(0, 3);
  strictEqual(cells.refusals(0, REFUSALS[3]), 0x8000_0000);
});

/** What a request of group 2 can be counted in. */
const COUNTS = [
  { counts: HOLDS.requestOfAll, want: [0, 1, 700, 700] },
  { counts: HOLDS.requestOfSignal, want: [1, 0, 700, 700] },
  { counts: HOLDS.bytesOfAll, want: [1, 1, 0, 700] },
  { counts: HOLDS.bytesOfSignal, want: [1, 1, 700, 0] },
  { counts: 0, want: [1, 1, 700, 700] },
  { counts: 15, want: [0, 0, 0, 0] },
];

/** A slot whose counts are all held once. */
function heldOnce(thread = 5) {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(2)), thread);
  for (const group of [0, 2]) {
    cells.tryHoldRequest(0, group, 10);
    cells.tryHoldBytes(0, group, 700, 1_000);
  }
  const left = () => [
    ...[0, 2].map((group) => cells.concurrency(0, group)),
    ...[0, 2].map((group) => cells.bytesInFlight(0, group)),
  ];
  return { cells, left };
}

Deno.test("what is given back is what was held", async (t) => {
  for (const { counts, want } of COUNTS) {
    const held = { slot: 0, group: 2, counts, bytes: 700 };
    await t.step(`counts ${counts}, by its request`, () => {
      const { cells, left } = heldOnce();
      cells.release(held, cells.note(held));
      deepStrictEqual([left(), cells.recover()], [want, 0]);
    });
    await t.step(`counts ${counts}, after its thread has died`, () => {
      const { cells, left } = heldOnce();
      cells.note(held);
      deepStrictEqual([cells.recover(), left(), cells.recover()], [1, want, 0]);
    });
    await t.step(`counts ${counts}, written anew meanwhile`, () => {
      const { cells, left } = heldOnce();
      const others = [cells.note({ ...held, slot: 1, counts: 15 }), cells.note({ ...held, slot: 1, counts: 15 })];
      const entry = cells.note({ slot: 0, group: 2, counts: 15 - counts, bytes: 1 });
      cells.renote(entry, counts, 700);
      deepStrictEqual([cells.recover(), left(), others], [3, want, [0, 1]]);
    });
  }
});

Deno.test("nothing goes below 0, whatever is given back", () => {
  const { cells } = open(1);
  const held = { slot: 0, group: 1, counts: 15, bytes: 5 };
  for (const bytes of [0, 1, 4, 5]) {
    cells.tryHoldBytes(0, 1, bytes, Infinity);
    cells.release(held, cells.note(held));
    deepStrictEqual([cells.bytesInFlight(0, 1), cells.concurrency(0, 0)], [0, 0], `${bytes}`);
  }
});

Deno.test("each signal has its group", () => {
  deepStrictEqual(SIGNAL_NAMES.map((signal) => LIMIT_GROUPS[groupOf(signal)]), [...SIGNAL_NAMES]);
});

Deno.test("cells: of what thread they are when nobody says", () => {
  const { memory, cells } = open(1);
  cells.note({ slot: 0, group: 1, counts: 0, bytes: 0 });
  deepStrictEqual([new TenantCells(memory, 1).recover(), new TenantCells(memory, 0).recover()], [0, 1]);
});
