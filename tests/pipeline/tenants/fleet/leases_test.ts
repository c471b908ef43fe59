/**
 * How exactly a fleet keeps a limit by leases, in simulated time: `tests/support/fleet_simulation.ts`.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert/strict";
import { bytesFor, TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { FleetLeases, IDLE_MS } from "../../../../pipeline/tenants/fleet/leases.ts";
import { ArrivalTimes, carryOver } from "../../../../pipeline/tenants/rates/gcra.ts";
import { seeded, simulate, type Simulation, SKEWS, worstWindows } from "../../../support/fleet_simulation.ts";
import { rowOf } from "../support.ts";

const LIMIT = 1_000;
const SETTLED_S = 10;

const base: Simulation = {
  replicas: 3,
  limit: LIMIT,
  burstMs: 2_000,
  load: 1.3,
  skew: SKEWS["80/10/10"],
  seconds: 60,
  mode: "redis",
  random: seeded(1),
};

const cases: readonly { name: string; with: Partial<Simulation>; under: number; over: number }[] = [
  { name: "80/10/10 at 30 % over the limit", with: {}, under: 0.02, over: 0.02 },
  { name: "even", with: { skew: SKEWS.even }, under: 0.02, over: 0.02 },
  { name: "thirty replicas, zipf", with: { replicas: 30, skew: SKEWS.zipf, limit: 3_000 }, under: 0.02, over: 0.02 },
  { name: "ten times the limit", with: { load: 10 }, under: 0.02, over: 0.02 },
  { name: "below the limit everything is let in", with: { load: 0.8 }, under: 0.001, over: 0 },
  { name: "a hot spot that moves", with: { skew: SKEWS["moving hot spot"] }, under: 0.13, over: 0.02 },
  {
    name: "the store is lost for half of the time: the last shares go on",
    with: { trouble: (atMs) => () => atMs < 20_000 || atMs > 50_000 },
    under: 0.02,
    over: 0.02,
  },
  {
    name: "the store loses everything, every ten seconds",
    with: {
      trouble: (atMs, store) => {
        if (atMs % 10_000 === 5_000) store.flush();
        return () => true;
      },
    },
    under: 0.02,
    over: 0.02,
  },
  {
    name: "a small replica is cut off: it goes on with its share, and the others have it too",
    with: { trouble: (atMs) => (replica) => replica !== 2 || atMs < 20_000 },
    under: 0.02,
    over: 0.13,
  },
];

Deno.test("a fleet keeps a limit by leases, over any ten seconds", async (t) => {
  for (const { name, with: settings, under, over } of cases) {
    await t.step(name, () => {
      const simulated = simulate({ ...base, ...settings, random: seeded(7) });
      const worst = worstWindows(simulated, settings.limit ?? LIMIT, SETTLED_S);
      ok(worst.under <= under, `${worst.under} under, wanted ${under} at the most`);
      ok(worst.over <= over, `${worst.over} over, wanted ${over} at the most`);
      ok(simulated.mostShared <= 1, `shares add up to ${simulated.mostShared}`);
    });
  }
});

Deno.test("without leases a skew costs what is not asked for, or the limit is each replica's", async (t) => {
  await t.step("divided", () => {
    ok(worstWindows(simulate({ ...base, mode: "divided" }), LIMIT, SETTLED_S).under > 0.3);
  });
  await t.step("local", () => ok(worstWindows(simulate({ ...base, mode: "local" }), LIMIT, SETTLED_S).over > 0.25));
});

Deno.test("leases: what is asked for, and when it is given back", async (t) => {
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(2)));
  const limits = { all: { requestsPerSecond: 100 }, logs: { bytesPerSecond: 1_000 } };
  let rows = [rowOf("acme", 0, { limits }), rowOf("globex", 1, { limits })];
  const leases = new FleetLeases({ cells, table: () => ({ at: (slot) => rows[slot] }), nowNs: () => 0, maxLeases: 2 });
  cells.defaultShare = 250_000;
  leases.collect(0);
  await t.step("rates of which something was asked, each by itself", () => {
    cells.addDemand(0, 0, 0, 500_000_000);
    cells.addDemand(0, 3, 2, 100_000_000);
    const asks = leases.collect(1_000).map(({ rate, demand, held }) =>
      [rate, Math.round(demand / 1_000), held].join(" ")
    );
    strictEqual(asks.join(), "all:0:acme 500 250000,logs:2:acme 100 250000");
  });
  await t.step("one past the most has the share that all have", () => {
    cells.addDemand(1, 0, 0, 500_000_000);
    strictEqual(leases.collect(1_250).length, 2);
  });
  await t.step("an answer counts at once; none keeps what there is", () => {
    leases.apply(leases.collect(1_500), { replicas: 2, shares: [900_000, -1] });
    strictEqual(cells.share(0, 0, 0), 900_000);
    strictEqual(cells.share(0, 3, 2), 500_000);
  });
  await t.step("idle as long as it may be, and a moment longer", () => {
    ok(leases.collect(1_000 + IDLE_MS).every(({ demand }) => demand >= 0));
    const asks = leases.collect(1_001 + IDLE_MS);
    ok(asks.every(({ demand }) => demand === -1));
    leases.apply(asks, { replicas: 2, shares: [-1, -1] });
    strictEqual(cells.share(0, 0, 0), 500_000);
    strictEqual(leases.size, 0);
  });
  await t.step("a slot that is another tenant's now is left alone", () => {
    cells.addDemand(0, 0, 0, 1_000_000);
    leases.apply(leases.collect(20_000), { replicas: 2, shares: [700_000] });
    rows = [rowOf("initech", 0, { limits }), rows[1]!];
    const asks = leases.collect(20_250);
    strictEqual(asks[0]?.demand, -1);
    leases.apply(asks, { replicas: 2, shares: [-1] });
    strictEqual(cells.share(0, 0, 0), 700_000);
  });
});

Deno.test("carryOver(): what there is room for stays, as far as the new bucket holds it", async (t) => {
  const NOW = 1_000;
  const cases = [
    { name: "a full bucket of half the limit becomes a half-full one of all of it", ahead: 0, ratio: 0.5, want: 50 },
    { name: "and a full one of a quarter", ahead: 0, ratio: 2, want: 0 },
    { name: "an empty one stays empty", ahead: 100, ratio: 0.1, want: 100 },
    { name: "a debt is as many units", ahead: 300, ratio: 0.5, want: 200 },
    { name: "the same part", ahead: 30, ratio: 1, want: 30 },
    { name: "from none", ahead: 30, ratio: 0, want: 30 },
    { name: "to none", ahead: 30, ratio: Infinity, want: 30 },
  ];
  for (const { name, ahead, ratio, want } of cases) {
    await t.step(name, () => {
      const times = new ArrivalTimes(new SharedArrayBuffer(8));
      times.change(0, () => NOW + ahead);
      carryOver(times, 0, 100, NOW, ratio);
      strictEqual(times.at(0) - NOW, want);
    });
  }
});
