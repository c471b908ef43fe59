/**
 * What headers were found to be: found again by their text alone, forgotten within bounds, and holding nothing but it.
 *
 * @module
 */

import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { Identity } from "../../../../pipeline/contract/tenants.ts";
import { AnswerCache } from "../../../../pipeline/tenants/identity/answer_cache.ts";
import { MAX_CREDENTIAL_CHARS } from "../../../../pipeline/tenants/identity/authorization.ts";
import { HeaderCache, type Validity } from "../../../../pipeline/tenants/identity/header_cache.ts";
import { collectGarbage } from "../../../../routes/collect_garbage.ts";

const HEAD_BYTES = 64 * 1024;
const ALWAYS: Validity = { generation: 0, untilMs: Infinity };

const identityOf = (slot: number): Identity => ({
  tenant: { id: "acme", slot, weight: 1, priority: 5, maxQueueShare: 1 },
  credential: "test",
  attributes: new Map(),
});
const numberOf = (found: Identity | undefined) => found?.tenant.slot;

Deno.test("HeaderCache", async (t) => {
  await t.step("says what a map says", () => {
    const step = fc.record({ header: fc.string({ maxLength: 12 }), isPut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const cache = new HeaderCache(1_000, Infinity);
        const map = new Map<string, number>();
        for (const [at, { header, isPut }] of steps.entries()) {
          if (isPut) {
            cache.put(header, identityOf(at), ALWAYS, 0);
            map.set(header, at);
          }
          strictEqual(numberOf(cache.get(header)), map.get(header));
        }
        for (const [header, at] of map) strictEqual(numberOf(cache.get(header)), at);
      }),
    );
  });
  await t.step("texts that are alike where they are sampled are told apart", () => {
    const cache = new HeaderCache(1_000, Infinity);
    const alike = (char: string) => `Bearer ${char}${"x".repeat(60)}`;
    for (const [at, char] of [..."abc"].entries()) cache.put(alike(char), identityOf(at), ALWAYS, 0);
    for (const [at, char] of [..."abc"].entries()) strictEqual(numberOf(cache.get(alike(char))), at);
    strictEqual(cache.get(alike("d")), undefined);
  });
  await t.step("as long as a credential may be, and one more, which is not looked for", () => {
    const cache = new HeaderCache(10, Infinity);
    for (const [chars, want] of [[MAX_CREDENTIAL_CHARS, 1], [MAX_CREDENTIAL_CHARS + 1, undefined]] as const) {
      const header = "x".repeat(chars);
      cache.put(header, identityOf(1), ALWAYS, 0);
      strictEqual(numberOf(cache.get(header)), want);
    }
  });
  await t.step("more than there are seats: what is not forgotten is found", () => {
    const cache = new HeaderCache(20_000, Infinity);
    for (let i = 0; i < 20_000; i++) cache.put(`Bearer key-number-${i}`, identityOf(i), ALWAYS, 0);
    for (let i = 0; i < 20_000; i++) strictEqual(numberOf(cache.get(`Bearer key-number-${i}`)), i);
  });
});

/** Puts parts of a thousand heads; in a function of its own, so that nothing of them is left on the stack. */
function putAll(put: (header: string) => void): void {
  for (let i = 0; i < 1_000; i++) {
    const head = `${i}`.padStart(32, "k") + "x".repeat(HEAD_BYTES);
    strictEqual(head.indexOf("y"), -1); // it is one text from here on
    put(head.slice(0, 32));
  }
}

function heapMib(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed / 2 ** 20;
}

Deno.test("a credential that is remembered does not hold the head that it came in", async (t) => {
  const headers = new HeaderCache(2_000, Infinity);
  const answers = new AnswerCache<number>(2_000);
  const kept: string[] = [];
  const cases: { name: string; put: (header: string) => void; holds: boolean }[] = [
    { name: "HeaderCache", put: (header) => headers.put(header, identityOf(1), ALWAYS, 0), holds: false },
    { name: "AnswerCache", put: (header) => answers.put(header, 1, 0), holds: false },
    { name: "a list, which does", put: (header) => kept.push(header), holds: true },
  ];
  for (const { name, put, holds } of cases) {
    await t.step(name, () => {
      const before = heapMib();
      putAll(put);
      const grown = heapMib() - before;
      strictEqual(grown > 32, holds, `${grown.toFixed(0)} MiB more, of 64 MiB of heads`);
    });
  }
  strictEqual(kept.length, 1_000);
});
