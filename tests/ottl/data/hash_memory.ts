/**
 * Hashes many times, and prints by how many bytes each way to hash has let the resident set grow, as one JSON object.
 *
 * A program of its own, so that nothing else of the tests moves the resident set: `hash_memory.ts CALLS`.
 *
 * @module
 */

import { communityId } from "../../../ottl/data/hash_community_id.ts";
import { digest, type DigestName, hmac } from "../../../ottl/data/hash_digest.ts";

const DIGESTS: readonly DigestName[] = ["md5", "sha1", "sha256", "sha512", "sha3-256"];
const ENDPOINT = { ip: "10.0.0.1", port: 1n };

const WAYS: Readonly<Record<string, (text: string) => unknown>> = {
  ...Object.fromEntries(DIGESTS.map((name) => [name, (text: string) => digest(name, text)])),
  hmac: hmac("sha256", "k".repeat(32)),
  communityId: () => communityId(ENDPOINT, ENDPOINT, "TCP", 0n),
};

const calls = Number(Deno.args[0]);
const grownBytes: Record<string, number> = {};
for (const hash of Object.values(WAYS)) repeat(hash, calls / 4); // until V8's heap has its size
for (const [name, hash] of Object.entries(WAYS)) {
  const before = Deno.memoryUsage().rss;
  repeat(hash, calls);
  grownBytes[name] = Deno.memoryUsage().rss - before;
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(grownBytes)));

function repeat(hash: (text: string) => unknown, times: number): void {
  for (let i = 0; i < times; i++) hash(`user.${i}@example.com`);
}
