/**
 * Digests against published vectors and the runtime's own, and that they leave no memory behind.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { digest, digestBytes, type DigestName, hmac } from "../../../ottl/data/hash_digest.ts";
import { encodeUtf8 } from "../../../ottl/values/utf8.ts";

/** Of "abc". Sources: RFC 1321, FIPS 180-4, FIPS 202's examples, the XXH3 reference. */
const ABC: readonly (readonly [name: DigestName, want: string])[] = [
  ["md5", "900150983cd24fb0d6963f7d28e17f72"],
  ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "sha512",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
  ["sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"],
  ["xxh3", "78af5f94892f3950"],
  ["xxh128", "06b05ab6733a618578af5f94892f3950"],
];

Deno.test("digest() of published vectors", async (t) => {
  for (const [name, want] of ABC) {
    await t.step(name, () => {
      strictEqual(digest(name, "abc"), want);
      strictEqual(digest(name, encodeUtf8("abc")), want);
      strictEqual(digestBytes(name, "abc").toHex(), want);
    });
  }
});

const OF_THE_RUNTIME = ["md5", "sha1", "sha256", "sha512", "sha3-256"] as const;

Deno.test("digest() is what the runtime's would be", async (t) => {
  for (const name of OF_THE_RUNTIME) {
    const want = (data: Uint8Array) => createHash(name).update(data).digest("hex");
    await t.step(`${name} of texts, also of bytes that are no UTF-8`, () => {
      fc.assert(
        fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.constantFrom("", "\udcff"), (text, tail) => {
          strictEqual(digest(name, text + tail), want(encodeUtf8(text + tail)));
        }),
      );
    });
    await t.step(`${name} of bytes`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => strictEqual(digest(name, bytes), want(bytes))),
      );
    });
    // 5,461 characters may need all of the array that strings are encoded in, one more does not fit for sure.
    for (const length of [5_461, 5_462, 16_384, 16_385, 40_000]) {
      await t.step(`${name} of ${length} characters of three bytes`, () => {
        const text = "€".repeat(length);
        strictEqual(digest(name, text), want(encodeUtf8(text)));
      });
    }
  }
});

Deno.test("a digest stays what it was when the next one is made", () => {
  const first = digestBytes("sha256", "first");
  const copy = first.slice();
  digestBytes("sha256", "second");
  deepStrictEqual(first, copy);
});

Deno.test("hmac()", async (t) => {
  const cases = [
    { name: "sha256", block: 64 },
    { name: "sha512", block: 128 },
  ] as const;
  for (const { name, block } of cases) {
    for (const length of [0, 1, block - 1, block, block + 1, 3 * block]) {
      await t.step(`${name} with a key of ${length} bytes`, () => {
        const key = "kéy€".repeat(length).slice(0, length);
        const keyed = hmac(name, key);
        fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
          strictEqual(keyed(text), createHmac(name, key).update(text).digest("hex"));
        }));
      });
    }
  }
  await t.step("RFC 4231, test case 2", () => {
    const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    strictEqual(hmac("sha256", "Jefe")("what do ya want for nothing?"), want);
  });
});

/** The runtime's own leave 4 to 12 MB after so many; without native garbage it is the noise of the heap, 1 MB. */
const CALLS = 40_000;
const MAX_GROWTH_BYTES = 4 * 1024 * 1024;

Deno.test(`${CALLS} hashes of each kind leave the resident set as it was`, async () => {
  const program = new URL("hash_memory.ts", import.meta.url).href;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4", program, `${CALLS}`],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  const grownBytes: Record<string, number> = JSON.parse(new TextDecoder().decode(stdout));
  deepStrictEqual(Object.entries(grownBytes).filter(([, bytes]) => bytes > MAX_GROWTH_BYTES), []);
  strictEqual(Object.keys(grownBytes).length, 7);
});
