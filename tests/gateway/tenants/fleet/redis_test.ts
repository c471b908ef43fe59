/**
 * Leases over a real Redis, and over Valkey where there is one: shares that never add up to more than a whole, and whatever may happen to the server.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { RedisLeaseStore } from "../../../../gateway/tenants/fleet/redis_store.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { fleetSchema, type RedisConfig } from "../../../../pipeline/tenants/fleet/schema.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { MemoryLeases } from "../../../support/memory_leases.ts";
import { skipWithout } from "../../../support/real_parts.ts";
import { missingForRedis, type RedisProgram, startStore } from "../../../support/redis.ts";

const programs: readonly (readonly [program: RedisProgram, ignore: boolean])[] = [
  ["redis-server", skipWithout("Redis", await missingForRedis())],
  // Not every distribution has it; where it is there it is tested.
  ["valkey-server", await missingForRedis("valkey-server") !== undefined],
];

function settings(endpoint: string, more: Readonly<Record<string, unknown>> = {}): RedisConfig {
  return fleetSchema.parse(asYaml({ mode: "redis", redis: { endpoint, timeout: "3s", ...more } })).redis!;
}

const store = (config: RedisConfig, replica: string) => new RedisLeaseStore(config, systemClock, replica);
const ask = (demand: number, held = 0, rate = "all:0:acme") => [{ rate, demand, held }];
const shareOf = async (from: RedisLeaseStore, demand: number, held = 0) => (await from.lease(ask(demand, held))).shares;

for (const [program, ignore] of programs) {
  Deno.test({
    name: `leases over ${program}`,
    ignore,
    async fn(t) {
      await using server = await startStore(program);
      const config = settings(server.endpoint, { lease: "20s" }); // longer than a machine under load stands still
      const [a, b, c] = ["a", "b", "c"].map((name) => store(config, name)) as [
        RedisLeaseStore,
        RedisLeaseStore,
        RedisLeaseStore,
      ];
      await t.step("who is new keeps what it has for a round, then has its part", async () => {
        deepStrictEqual(await a.lease(ask(1_040_000, 333_333)), { replicas: 1, shares: [-1] });
        deepStrictEqual(await b.lease(ask(130_000, 333_333)), { replicas: 2, shares: [-1] });
        deepStrictEqual(await c.lease(ask(130_000, 333_333)), { replicas: 3, shares: [-1] });
        deepStrictEqual(await shareOf(a, 1_040_000), [333_334]); // no more is free
        deepStrictEqual(await shareOf(b, 130_000), [102_333]);
        deepStrictEqual(await shareOf(c, 130_000), [102_333]);
        deepStrictEqual(await shareOf(a, 1_040_000), [795_333]);
      });
      await t.step("what is given back is free at once", async () => {
        deepStrictEqual(await shareOf(b, -1), [-1]);
        deepStrictEqual(await shareOf(c, -1), [-1]);
        deepStrictEqual(await shareOf(a, 0), [1_000_000]);
      });
      await t.step("a server that lost everything: all go on with what they have", async () => {
        await server.command("FLUSHALL");
        await server.command("SCRIPT", "FLUSH");
        deepStrictEqual(await shareOf(a, 900_000, 800_000), [-1]);
        deepStrictEqual(await shareOf(b, 900_000, 100_000), [-1]);
        deepStrictEqual(await shareOf(a, 900_000), [500_000]);
        deepStrictEqual(await shareOf(b, 900_000), [500_000]);
      });
      await t.step("paused: no answer in time; the late one is not used, and it comes back by itself", async () => {
        server.pause();
        await rejects(shareOf(a, 900_000), /no answer in 3000 ms/);
        await rejects(shareOf(a, 900_000));
        server.resume();
        ok((await shareOf(a, 900_000))[0] !== undefined);
      });
      await t.step("killed, and started again", async () => {
        await server.kill();
        for (const each of [a, b]) await rejects(shareOf(each, 900_000));
        await server.start();
        deepStrictEqual(await shareOf(a, 900_000, 700_000), [-1]);
        deepStrictEqual(await shareOf(b, 900_000, 200_000), [-1]);
        deepStrictEqual(await shareOf(a, 900_000, 700_000), [500_000]);
      });
      for (const each of [a, b, c]) each.close();
    },
  });

  Deno.test({
    name: `leases over ${program}: who says nothing for a lease loses its share`,
    ignore,
    async fn() {
      await using server = await startStore(program);
      const config = settings(server.endpoint, { lease: "1s", interval: "50ms" });
      const [dies, lives] = [store(config, "dies"), store(config, "lives")];
      await shareOf(dies, 800_000, 900_000);
      await shareOf(lives, 800_000, 100_000);
      strictEqual((await lives.lease(ask(800_000))).shares[0], 100_000);
      dies.close();
      let answer = await lives.lease(ask(800_000));
      for (let round = 0; round < 100 && answer.shares[0]! < 900_000; round++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        answer = await lives.lease(ask(800_000));
      }
      deepStrictEqual(answer, { replicas: 1, shares: [1_000_000] });
      lives.close();
    },
  });

  Deno.test({
    name: `leases over ${program}: a password, and what is not taken without it`,
    ignore,
    async fn() {
      await using server = await startStore(program, "--requirepass", "open sesame");
      const knows = store(settings(server.endpoint, { password: "open sesame", timeout: "5s" }), "knows");
      strictEqual((await knows.lease([])).replicas, 1);
      const guesses = store(settings(server.endpoint, { password: "abracadabra", timeout: "5s" }), "guesses");
      await rejects(guesses.lease([]), (error) => error instanceof Error && !error.message.includes("abracadabra"));
      knows.close();
      guesses.close();
    },
  });

  Deno.test({
    name: `leases over ${program}: shares never pass a whole, and are those of the simulation`,
    ignore,
    async fn() {
      await using server = await startStore(program);
      const config = settings(server.endpoint, { lease: "1h", interval: "1s", timeout: "5s" });
      const replicas = ["a", "b", "c", "d"];
      const stores = new Map(replicas.map((name) => [name, store(config, name)]));
      const step = fc.record({
        replica: fc.constantFrom(...replicas),
        demand: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 3_000_000 })),
        held: fc.integer({ min: 0, max: 1_000_000 }),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
          const model = new MemoryLeases(3_600_000);
          const rate = `run ${run++}`;
          for (const { replica, demand, held } of steps) {
            const asks = ask(demand, held, rate);
            const { shares } = await stores.get(replica)!.lease(asks);
            deepStrictEqual(shares, model.lease(replica, asks, 0).shares);
            ok(model.shared(rate) <= 1_000_000);
          }
        }),
        { numRuns: 40 },
      );
      for (const each of stores.values()) each.close();
    },
  });
}
