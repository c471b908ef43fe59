import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import type { WorkerSetup } from "../../../gateway/threads/messages.ts";
import { createMemoryCells } from "../../../gateway/threads/thread_memory.ts";
import { MAX_FAILURES, WorkerPool } from "../../../gateway/threads/worker_pool.ts";
import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import { NO_CHANGE } from "../../../pipeline/graph/live_graph.ts";
import { sketchConfig } from "../../support/gateway_config.ts";
import type { LogFields } from "../../../pipeline/core/log/logger.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createRegion } from "../../../pipeline/core/telemetry/store.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const FRAGILE = import.meta.resolve("../../support/fragile_worker.ts");
const SLOW = import.meta.resolve("../../support/slow_worker.ts");

/**
 * A pool of fragile workers. @param scripts What each worker that is set up does, in order; the last one from then on.
 */
function createPool(count: number, scripts: readonly string[], module = FRAGILE) {
  const clock = new FakeClock();
  const gone: string[] = [];
  const setUp: string[] = [];
  const restarts: LogFields[] = [];
  const givenUp = Promise.withResolvers<string>();
  const waiting = { forRestart: Promise.withResolvers<void>(), forReturn: Promise.withResolvers<void>() };
  const pool = new WorkerPool({
    count,
    clock,
    spawn: () => new Worker(module, { type: "module" }),
    setup: (thread): WorkerSetup => {
      const script = scripts[Math.min(setUp.length, scripts.length - 1)] ?? "";
      setUp.push(thread);
      return {
        thread: script,
        number: 0,
        region: createRegion(1),
        memory: createMemoryCells(new SharedArrayBuffer(8)),
        adminChannel: undefined,
        resource: {},
      };
    },
    onSeries: () => {},
    onUsage: () => {},
    onGone: (thread) => gone.push(thread),
    onGivenUp: (reason) => givenUp.resolve(reason),
    logger: {
      ...silentLogger,
      error: (_, fields = {}) => {
        restarts.push(fields);
        queueMicrotask(() => waiting.forRestart.resolve());
      },
      info: () => waiting.forReturn.resolve(),
    },
  });
  const start = async () => {
    await pool.prepare(CONFIG);
    await pool.flip(0);
  };
  return { pool, start, clock, gone, setUp, restarts, givenUp: givenUp.promise, waiting };
}

/** Its scripts are words that a fragile worker understands in a configuration: here none. */
const CONFIG: GatewayConfig = configOf("");

function configOf(script: string): GatewayConfig {
  const place = { file: script, line: 0, column: 0 };
  return { ...sketchConfig({}), tree: { kind: "map", entries: new Map(), place } };
}

Deno.test("WorkerPool starts", async (t) => {
  await t.step("all run, and are drained", async () => {
    const { pool, start, setUp } = createPool(2, ["fine"]);
    await start();
    deepStrictEqual([pool.size, setUp], [2, ["worker-1", "worker-2"]]);
    strictEqual(await pool.shutdown(1_000), true);
    strictEqual(pool.size, 0);
  });

  await t.step("nothing is said to a worker that still loads its modules", async () => {
    const { pool, start } = createPool(2, ["fine"], SLOW);
    await start();
    strictEqual(await pool.shutdown(1_000), true);
  });

  await t.step("every different problem is told, and none runs", async () => {
    const { pool, start } = createPool(4, ["fine", "fail-build b", "fail-build c", "fail-build b"]);
    await rejects(start(), (error: unknown) => {
      deepStrictEqual(error instanceof GraphError ? error.failures : [], [
        "problem of fail-build b",
        "problem of fail-build c",
      ]);
      return true;
    });
    strictEqual(pool.size, 0);
  });

  await t.step("one that cannot start stops all", async () => {
    const { pool, start } = createPool(2, ["fine", "fail-start"]);
    await rejects(start(), (error: unknown) => {
      deepStrictEqual(error instanceof GraphError ? error.failures : [], ["the port is taken"]);
      return true;
    });
    strictEqual(pool.size, 0);
  });
});

Deno.test("WorkerPool changes the configuration of all workers or of none", async (t) => {
  await t.step("all", async () => {
    const { pool, start, setUp } = createPool(2, ["fine"]);
    await start();
    deepStrictEqual(await pool.prepare(configOf("adds x")), { ...NO_CHANGE, added: ["adds x"] });
    const { drained } = await pool.flip(1_000);
    deepStrictEqual([await drained, setUp.length], [true, 2]);
    strictEqual(await pool.shutdown(1_000), true);
  });

  await t.step("none when one cannot; the next change goes on from there", async () => {
    const { pool, start } = createPool(2, ["fine", "fine second"]);
    await start();
    await rejects(pool.prepare(configOf("fails for second")), GraphError);
    await rejects(pool.flip(0), TypeError);
    deepStrictEqual((await pool.prepare(configOf("adds y"))).added, ["adds y"]);
    strictEqual(await (await pool.flip(1_000)).drained, true);
    strictEqual(await pool.shutdown(1_000), true);
  });

  await t.step("what could not be drained is told", async () => {
    const { pool, start } = createPool(2, ["fine", "fine leaky"]);
    await start();
    await pool.prepare(configOf(""));
    strictEqual(await (await pool.flip(1_000)).drained, false);
    strictEqual(await pool.shutdown(1_000), true);
  });
});

Deno.test("WorkerPool changes the configuration while workers die", async (t) => {
  await t.step("one that dies of the next configuration keeps all as they were, and comes back as it was", async () => {
    const { pool, start, clock, waiting } = createPool(2, ["fine", "fine second", "fine again"]);
    await start();
    await rejects(pool.prepare(configOf("dies for second")), (error: unknown) => {
      match(error instanceof GraphError ? error.failures.join() : "", /the worker was told to die/);
      return true;
    });
    await waiting.forRestart.promise;
    await clock.advance(100);
    await waiting.forReturn.promise;
    strictEqual(pool.size, 2);
    deepStrictEqual((await pool.prepare(configOf("adds y"))).added, ["adds y"]);
    strictEqual(await (await pool.flip(1_000)).drained, true);
    strictEqual(await pool.shutdown(1_000), true);
  });

  await t.step("one that comes back after the others have prepared goes over with them", async () => {
    const { pool, start, clock, waiting } = createPool(2, ["fine", "die", "leaky"]);
    await start();
    await waiting.forRestart.promise;
    await pool.prepare(configOf("adds z"));
    await clock.advance(100);
    await waiting.forReturn.promise;
    strictEqual(pool.size, 2);
    strictEqual(await (await pool.flip(1_000)).drained, false, "the leaky one has flipped, too");
    strictEqual(await pool.shutdown(1_000), true);
  });
});

Deno.test("WorkerPool.shutdown() tells when a worker was not drained", async () => {
  const { pool, start } = createPool(2, ["fine", "stay"]);
  await start();
  strictEqual(await pool.shutdown(1_000), false);
});

Deno.test("WorkerPool starts a worker again that died", async () => {
  const { pool, start, clock, gone, setUp, restarts, waiting } = createPool(2, ["fine", "die", "fine"]);
  await start();
  await waiting.forRestart.promise;
  deepStrictEqual([pool.size, gone], [1, ["worker-2"]]);
  match(String(restarts[0]?.["error"]), /the worker was told to die/);
  await clock.advance(100);
  await waiting.forReturn.promise;
  deepStrictEqual([pool.size, setUp], [2, ["worker-1", "worker-2", "worker-2"]]);
  strictEqual(await pool.shutdown(1_000), true);
});

Deno.test("WorkerPool gives up a worker that cannot be kept alive", async () => {
  const { pool, start, clock, restarts, givenUp, gone } = createPool(1, ["die", "fail-start"]);
  await start();
  let settled = false;
  void givenUp.then(() => settled = true);
  while (!settled) await clock.advance(10_000);
  match(await givenUp, /^worker-1 failed 5 times in a row, the last time with: .*the port is taken/);
  deepStrictEqual(restarts.map(({ delay_ms }) => delay_ms), [100, 200, 400, 800]);
  strictEqual(gone.length, MAX_FAILURES);
  strictEqual(await pool.shutdown(1_000), true);
});
