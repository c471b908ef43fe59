/**
 * Bytes that many agents share.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { SharedBytes } from "../../../../opamp/server/agents/shared_bytes.ts";

Deno.test("SharedBytes: equal bytes are one copy, gone with the last holder", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3 })), (all) => {
      const shared = new SharedBytes();
      const held = all.map((bytes) => shared.acquire(bytes));
      const distinct = new Map(all.map((bytes) => [bytes.join(), bytes]));
      strictEqual(shared.size, distinct.size);
      for (const [at, bytes] of held.entries()) deepStrictEqual(bytes, all[at]);
      strictEqual(new Set(held).size, distinct.size);
      for (const bytes of held) shared.release(bytes);
      strictEqual(shared.size, 0);
    }),
  );
  const shared = new SharedBytes();
  const large = new Uint8Array(10_000);
  const other = large.slice();
  other[9_999] = 1; // not among the bytes that are sampled
  ok(shared.acquire(large) !== shared.acquire(other));
  strictEqual(shared.size, 2);
});
