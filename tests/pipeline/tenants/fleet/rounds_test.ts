/**
 * Rounds: what is told when the store is lost, what goes on, and how it comes back.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { bytesFor, TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { FleetLeases, type LeaseAsk, type LeaseStore } from "../../../../pipeline/tenants/fleet/leases.ts";
import { BATCH, LeaseRounds } from "../../../../pipeline/tenants/fleet/rounds.ts";
import type { Logger } from "../../../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { rowOf } from "../support.ts";

class FragileStore implements LeaseStore {
  readonly batches: (readonly LeaseAsk[])[] = [];
  isLost = false;
  isClosed = false;

  lease(asks: readonly LeaseAsk[]) {
    if (this.isLost) return Promise.reject(new Error("connection refused"));
    this.batches.push(asks);
    return Promise.resolve({ replicas: 4, shares: asks.map(() => 600_000) });
  }

  close(): void {
    this.isClosed = true;
  }
}

function testRounds(tenants = 1) {
  const clock = new FakeClock(1_000);
  const store = new FragileStore();
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(tenants)));
  const row = (slot: number) => rowOf(`t${slot}`, slot, { limits: { all: { requestsPerSecond: 10 } } });
  const rows = Array.from({ length: tenants }, (_, slot) => row(slot));
  const leases = new FleetLeases({ cells, table: () => ({ at: (slot) => rows[slot] }), nowNs: () => 0 });
  const log: string[] = [];
  const write = (level: string) => (message: string) => log.push(`${level}: ${message}`);
  const logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  } as unknown as Logger;
  const rounds = new LeaseRounds({
    ...{ leases, store, clock, logger, meter: silentMeter },
    intervalMs: 250,
    replicas: 3,
    random: () => 0.5,
  });
  return { clock, store, cells, rounds, log };
}

Deno.test("rounds: a store that is lost, and comes back", async (t) => {
  const { clock, store, cells, rounds, log } = testRounds();
  await t.step("lost at the start: that keeps nobody from starting", async () => {
    store.isLost = true;
    await rounds.start();
    deepStrictEqual(rounds.status, { mode: "redis", connected: false, sinceMs: 1_000, replicas: 3, leases: 0 });
    strictEqual(log.length, 1);
  });
  await t.step("it comes", async () => {
    store.isLost = false;
    cells.addDemand(0, 0, 0, 1_000_000);
    await clock.advance(500);
    strictEqual(rounds.status.connected, true);
    deepStrictEqual([cells.share(0, 0, 0), cells.defaultShare], [600_000, 250_000]);
  });
  await t.step("lost for an hour: told once, tried every five seconds, the last share goes on", async () => {
    store.isLost = true;
    await clock.advance(3_600_000);
    strictEqual(rounds.status.connected, false);
    strictEqual(cells.share(0, 0, 0), 600_000);
    deepStrictEqual(log.map((line) => line.split(":")[0]), ["error", "info", "error"]);
  });
  await t.step("back within a try", async () => {
    store.isLost = false;
    await clock.advance(5_500);
    strictEqual(rounds.status.connected, true);
    strictEqual(log.at(-1), "info: The limits of the fleet are shared again");
  });
  await t.step("at the end nothing waits", async () => {
    await rounds.stop();
    strictEqual(clock.pending, 0);
    ok(store.isClosed);
  });
});

Deno.test("rounds: many rates are asked for in batches, and given back at the end", async () => {
  const { store, cells, rounds } = testRounds(BATCH + 1);
  for (let slot = 0; slot <= BATCH; slot++) cells.addDemand(slot, 0, 0, 1_000_000);
  await rounds.start();
  deepStrictEqual(store.batches.map((batch) => batch.length), [BATCH, 1]);
  store.batches.length = 0;
  await rounds.stop();
  deepStrictEqual(store.batches.map((batch) => batch.length), [BATCH, 1]);
  ok(store.batches.flat().every(({ demand }) => demand === -1));
  strictEqual(cells.share(BATCH, 0, 0), cells.defaultShare);
  await settle();
});
