import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createMemoryCells } from "../../../gateway/threads/thread_memory.ts";
import { WorkerPool } from "../../../gateway/threads/worker_pool.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createRegion } from "../../../pipeline/core/telemetry/store.ts";
import type { TenantSnapshot } from "../../../pipeline/tenants/table/table.ts";
import { emptyTable } from "../../../pipeline/tenants/table/writer.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { sketchConfig } from "../../support/gateway_config.ts";

const snapshot = (version: number): TenantSnapshot => {
  return { version, table: emptyTable(), cells: new SharedArrayBuffer(8) };
};

Deno.test("workers have the latest tenants, whatever happens to them", async (t) => {
  const clock = new FakeClock();
  /** Versions that each thread was told of. */
  const told = new Map<string, string[]>();
  const gone: number[] = [];
  const tenants = {
    has: async (thread: string, version: number) => {
      for (let turn = 0; turn < 2_000 && told.get(thread)?.at(-1) !== String(version); turn++) await settle();
      strictEqual(told.get(thread)?.at(-1), String(version));
    },
  };
  const pool = new WorkerPool(
    {
      ...{ count: 2, clock, logger: silentLogger, onGivenUp: () => {}, onUsage: () => {} },
      spawn: () => new Worker(new URL("../../support/tenant_worker.ts", import.meta.url), { type: "module" }),
      setup: (thread, number) => ({
        ...{ thread, number, region: createRegion(1), memory: createMemoryCells(new SharedArrayBuffer(8)) },
        ...{ adminChannel: undefined, resource: {} },
      }),
      onSeries: (thread, { name }) => told.set(thread, [...told.get(thread) ?? [], name]),
      onGone: (_, number) => gone.push(number),
    } as ConstructorParameters<typeof WorkerPool>[0],
  );

  await t.step("those of a configuration with its flip", async () => {
    const config = sketchConfig({});
    await pool.prepare(config, snapshot(1));
    deepStrictEqual([...told.keys()], []);
    await pool.flip(0);
    for (const thread of ["worker-1", "worker-2"]) await tenants.has(thread, 1);
  });
  await t.step("a change at once, and it is known when they do", async () => {
    await pool.setTenants(snapshot(2));
    deepStrictEqual(["worker-1", "worker-2"].map((thread) => told.get(thread)?.at(-1)), ["2", "2"]);
  });
  await t.step("one that died has them when it is back, also those that came while it was away", async () => {
    told.clear();
    pool.setLogLevel("debug");
    for (let turn = 0; turn < 2_000 && gone.length < 2; turn++) await settle();
    deepStrictEqual(gone.toSorted(), [0, 1]);
    await pool.setTenants(snapshot(3)); // nobody is there to wait for
    await clock.advance(10_000);
    for (const thread of ["worker-1", "worker-2"]) await tenants.has(thread, 3);
  });
  await pool.shutdown(1_000);
});
