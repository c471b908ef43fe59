import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { GatewayError, UnavailableError } from "../../../../../pipeline/core/errors.ts";
import { LookupCache, type LookupSettings } from "../../../../../pipeline/exporters/kafka/client/lookup_cache.ts";
import { FakeClock, settle } from "../../../../support/fake_clock.ts";

/** A cache whose answers are the number of the question; `fail` makes the next ones fail. */
function createCache(settings: Partial<LookupSettings<string>> = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const failedRefreshes: string[] = [];
  const state = { fail: false };
  const cache = new LookupCache<string>({
    ask: (key) => {
      asked.push(key);
      if (state.fail) return Promise.reject(new UnavailableError("Cannot say"));
      return Promise.resolve(`${key} ${asked.length}`);
    },
    maxEntries: 2,
    refreshIntervalMs: 1_000,
    failureMemoryMs: 100,
    clock,
    onRefreshFailed: (key) => failedRefreshes.push(key),
    ...settings,
  });
  return { cache, clock, asked, failedRefreshes, state };
}

Deno.test("LookupCache", async (t) => {
  await t.step("those who ask at once share one question, and its answer is remembered", async () => {
    const { cache, asked } = createCache();
    deepStrictEqual(await Promise.all([cache.get("a"), cache.get("a")]), ["a 1", "a 1"]);
    strictEqual(await cache.get("a"), "a 1");
    deepStrictEqual(asked, ["a"]);
  });
  await t.step("an answer is good until its age, then given once more while it is asked for again", async () => {
    const { cache, clock, asked } = createCache();
    await cache.get("a");
    await clock.advance(1_000);
    strictEqual(await cache.get("a"), "a 1");
    strictEqual(asked.length, 1);
    await clock.advance(1);
    strictEqual(await cache.get("a"), "a 1");
    await settle();
    strictEqual(await cache.get("a"), "a 2");
  });
  await t.step("a refresh that fails leaves the old answer", async () => {
    const { cache, state, failedRefreshes } = createCache();
    await cache.get("a");
    cache.age("a");
    state.fail = true;
    strictEqual(await cache.get("a"), "a 1");
    await settle();
    deepStrictEqual(failedRefreshes, ["a"]);
    strictEqual(await cache.get("a"), "a 1");
  });
  await t.step("a failure is the answer for its time, and not longer", async () => {
    const { cache, clock, state, asked } = createCache();
    state.fail = true;
    await rejects(cache.get("a"), UnavailableError);
    state.fail = false;
    await clock.advance(99);
    await rejects(cache.get("a"), UnavailableError);
    strictEqual(asked.length, 1);
    await clock.advance(1);
    strictEqual(await cache.get("a"), "a 2");
  });
  await t.step("what is thrown besides GatewayErrors is one", async () => {
    const { cache } = createCache({ ask: () => Promise.reject(new TypeError("a bug")) });
    await rejects(cache.get("a"), GatewayError);
  });
  await t.step("forget and forgetWhere", async () => {
    const { cache, asked } = createCache();
    await cache.get("a");
    await cache.get("b");
    cache.forget("a");
    cache.forgetWhere((answer) => answer.startsWith("b"));
    await cache.get("a");
    await cache.get("b");
    deepStrictEqual(asked, ["a", "b", "a", "b"]);
  });
  await t.step("as many as the bound are remembered; past it the oldest is not", async () => {
    const { cache, asked } = createCache();
    for (const key of ["a", "b", "a", "c", "b", "c", "a"]) await cache.get(key);
    deepStrictEqual(asked, ["a", "b", "c", "a"]);
  });
});
