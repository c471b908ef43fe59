/**
 * The cells: where things lie, what is held and given back, and what a dead thread leaves behind.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import {
  bytesFor,
  DEMAND_NS,
  HOLDS,
  MAX_HELD,
  MAX_THREADS,
  REFUSALS,
  TenantCells,
} from "../../../../pipeline/tenants/rates/cells.ts";
import { LIMIT_GROUPS, MAX_TENANTS } from "../../../../pipeline/tenants/limits.ts";
import { residentSetGrowth } from "../../../support/resident_set.ts";

Deno.test("cells: a tenant costs 384 bytes, and the memory for the most tenants can be reserved at once", async () => {
  strictEqual(bytesFor(1_001) - bytesFor(1_000), 384);
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(MAX_TENANTS)));
  cells.setShare(MAX_TENANTS - 1, 0, 0, 500_000);
  strictEqual(cells.slots, MAX_TENANTS);
  const grown = await residentSetGrowth({
    imports: `import { bytesFor, TenantCells } from "./pipeline/tenants/rates/cells.ts";`,
    body: `new TenantCells(new SharedArrayBuffer(bytesFor(${MAX_TENANTS}))).setShare(${
      MAX_TENANTS - 1
    }, 0, 0, 500_000);`,
  });
  ok(grown < 64 * 1024 * 1024, `pages that nobody touches cost nothing: ${grown} bytes`);
});

Deno.test("cells: no two numbers share a place", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(3)));
  LIMIT_GROUPS.forEach((_, group) => {
    for (let rate = 0; rate < 3; rate++) {
      cells.times.change(cells.timeAt(1, group, rate), () => 100 + 10 * group + rate);
    }
    cells.tryHoldBytes(1, group, 1_000 + group, Infinity);
    for (let held = 0; held <= group; held++) cells.tryHoldRequest(1, group, Infinity);
  });
  LIMIT_GROUPS.forEach((_, group) => {
    for (let rate = 0; rate < 3; rate++) {
      cells.setShare(1, group, rate, 1_000 * group + rate);
      cells.addDemand(1, group, rate, DEMAND_NS * (10 * group + rate));
    }
  });
  REFUSALS.forEach((_, at) => cells.countRefusal(1, at));
  LIMIT_GROUPS.forEach((_, group) => {
    for (let rate = 0; rate < 3; rate++) {
      strictEqual(cells.times.at(cells.timeAt(1, group, rate)), 100 + 10 * group + rate);
    }
    strictEqual(cells.bytesInFlight(1, group), 1_000 + group);
    strictEqual(cells.concurrency(1, group), group + 1);
  });
  LIMIT_GROUPS.forEach((_, group) => {
    for (let rate = 0; rate < 3; rate++) {
      strictEqual(cells.share(1, group, rate), 1_000 * group + rate);
      strictEqual(cells.takeDemand(1, group, rate), 10 * group + rate);
    }
  });
  for (const refusal of REFUSALS) strictEqual(cells.refusals(1, refusal), 1);
  for (const slot of [0, 2]) {
    strictEqual(cells.share(slot, 0, 0), 1_000_000);
    strictEqual(cells.concurrency(slot, 4), 0);
    for (const refusal of REFUSALS) strictEqual(cells.refusals(slot, refusal), 0);
  }
  cells.clear(1);
  strictEqual(cells.share(1, 0, 0), 1_000_000);
  strictEqual(cells.bytesInFlight(1, 4), 0);
  strictEqual(cells.times.at(cells.timeAt(1, 0, 0)), 0);
});

Deno.test("cells: holding, at the limit and one past it", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(1)));
  ok(cells.tryHoldRequest(0, 0, 2));
  ok(cells.tryHoldRequest(0, 0, 2));
  ok(!cells.tryHoldRequest(0, 0, 2));
  strictEqual(cells.concurrency(0, 0), 2);
  ok(cells.tryHoldBytes(0, 1, 600, 1_000));
  ok(!cells.tryHoldBytes(0, 1, 401, 1_000));
  ok(cells.tryHoldBytes(0, 1, 400, 1_000));
  strictEqual(cells.bytesInFlight(0, 1), 1_000);
});

Deno.test("cells: what was made as new while it was held does not go below 0", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(1)));
  const counts = HOLDS.requestOfAll | HOLDS.bytesOfSignal;
  const held = { slot: 0, group: 2, counts, bytes: 500 };
  const entry = cells.note(held);
  cells.tryHoldRequest(0, 0, 10);
  cells.tryHoldBytes(0, 2, 500, 1_000);
  cells.clear(0);
  cells.tryHoldBytes(0, 2, 200, 1_000); // of the slot's next tenant
  cells.release(held, entry);
  strictEqual(cells.concurrency(0, 0), 0);
  strictEqual(cells.bytesInFlight(0, 2), 0);
});

Deno.test("cells: a thread that dies holds nothing for ever, and another one's is left alone", () => {
  const memory = new SharedArrayBuffer(bytesFor(4));
  const dead = new TenantCells(memory, 1);
  const other = new TenantCells(memory, 2);
  const counts = HOLDS.requestOfAll | HOLDS.requestOfSignal | HOLDS.bytesOfAll | HOLDS.bytesOfSignal;
  for (const cells of [dead, dead, other]) {
    cells.note({ slot: 3, group: 1, counts, bytes: 700 });
    for (const group of [0, 1]) {
      cells.tryHoldRequest(3, group, 10);
      cells.tryHoldBytes(3, group, 700, 10_000);
    }
  }
  strictEqual(new TenantCells(memory, 1).recover(), 2);
  for (const group of [0, 1]) {
    strictEqual(dead.concurrency(3, group), 1);
    strictEqual(dead.bytesInFlight(3, group), 700);
  }
  strictEqual(new TenantCells(memory, 1).recover(), 0);
});

Deno.test("cells: a journal has room for its limit and no more, and places that are free again are found", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(1)));
  const held = { slot: 0, group: 1, counts: 0, bytes: 0 };
  for (let i = 0; i < MAX_HELD; i++) ok(cells.note(held) >= 0);
  strictEqual(cells.note(held), -1);
  cells.release(held, 77);
  strictEqual(cells.note(held), 77);
  strictEqual(cells.note(held), -1);
});

Deno.test("cells: threads have numbers", () => {
  const memory = new SharedArrayBuffer(bytesFor(0));
  new TenantCells(memory, MAX_THREADS - 1);
  throws(() => new TenantCells(memory, MAX_THREADS), RangeError);
  throws(() => new TenantCells(memory, -1), RangeError);
});

Deno.test("cells: shares that rates have of their own, and the one that all others have", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(2)));
  cells.defaultShare = 250_000;
  cells.setShare(0, 1, 2, 0);
  strictEqual(cells.share(0, 1, 2), 0);
  strictEqual(cells.share(0, 1, 1), 250_000);
  cells.setShare(0, 1, 2, undefined);
  strictEqual(cells.share(0, 1, 2), 250_000);
  cells.setShare(0, 1, 2, 2_000_000);
  strictEqual(cells.share(0, 1, 2), 1_000_000);
});

Deno.test("cells: of which slots something was asked is told once", () => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(70)));
  for (const slot of [0, 31, 32, 63, 69]) cells.addDemand(slot, 0, 0, 1);
  deepStrictEqual([...cells.takeAsked()], [0, 31, 32, 63, 69]);
  deepStrictEqual([...cells.takeAsked()], []);
  cells.addDemand(31, 0, 0, 1e18);
  deepStrictEqual([...cells.takeAsked()], [31]);
  strictEqual(cells.takeDemand(31, 0, 0), 0x8000_0000);
});
