import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  murmur2,
  roundRobinPartitioner,
  saramaCompat,
  stickyKeyPartitioner,
} from "../../../../pipeline/exporters/kafka/partitioners.ts";

interface Vectors {
  readonly partitions: readonly number[];
  readonly keys: readonly { readonly key: string; readonly java: number[]; readonly sarama_compat: number[] }[];
}

const vectors: Vectors = JSON.parse(
  await Deno.readTextFile(new URL("../../../golden/kafka_partitions.json", import.meta.url)),
);
const KEY = new TextEncoder().encode("tenant-7");

Deno.test("key hashers choose what the Java client and the collector's client chose", async (t) => {
  strictEqual(vectors.keys.length * vectors.partitions.length, 520);
  for (const { key, java, sarama_compat } of vectors.keys) {
    await t.step(`key ${key.slice(0, 20) || "empty"}`, () => {
      const bytes = Uint8Array.fromHex(key);
      deepStrictEqual(vectors.partitions.map((count) => murmur2(bytes, count)), java);
      deepStrictEqual(vectors.partitions.map((count) => saramaCompat(bytes, count)), sarama_compat);
    });
  }
});

Deno.test("stickyKeyPartitioner()", async (t) => {
  const topic = { count: 12, writable: [2, 5, 7] };
  await t.step("hashes keys over all partitions, also those without a leader now", () => {
    const choose = stickyKeyPartitioner(saramaCompat, Math.random).forBatch("t", topic);
    strictEqual(choose(KEY), saramaCompat(KEY, 12));
    strictEqual(choose(new Uint8Array(0)), saramaCompat(new Uint8Array(0), 12));
  });
  await t.step("keeps records without a key on one partition that has a leader", () => {
    const choose = stickyKeyPartitioner(saramaCompat, () => 0.5).forBatch("t", topic);
    deepStrictEqual([choose(null), choose(KEY) && choose(null), choose(null)], [5, 5, 5]);
  });
  await t.step("chooses anew for each batch", () => {
    const randoms = [0, 0.99];
    const partitioner = stickyKeyPartitioner(saramaCompat, () => randoms.shift()!);
    deepStrictEqual([1, 2].map(() => partitioner.forBatch("t", topic)(null)), [2, 7]);
  });
  await t.step("takes any partition when none has a leader", () => {
    strictEqual(stickyKeyPartitioner(saramaCompat, () => 0.99).forBatch("t", { count: 4, writable: [] })(null), 3);
  });
});

Deno.test("roundRobinPartitioner()", async (t) => {
  await t.step("goes on over batches and ignores keys", () => {
    const partitioner = roundRobinPartitioner();
    const topic = { count: 3, writable: [0, 1, 2] };
    const first = partitioner.forBatch("t", topic);
    const second = partitioner.forBatch("t", topic);
    deepStrictEqual([first(null), first(KEY), second(null), second(KEY)], [0, 1, 2, 0]);
  });
  await t.step("leaves out partitions without a leader", () => {
    const choose = roundRobinPartitioner().forBatch("t", { count: 3, writable: [0, 2] });
    deepStrictEqual([choose(null), choose(null), choose(null)], [0, 2, 0]);
  });
  await t.step("remembers 1,000 topics", () => {
    const partitioner = roundRobinPartitioner();
    const topic = { count: 2, writable: [0, 1] };
    const next = (name: string) => partitioner.forBatch(name, topic)(null);
    const first = Array.from({ length: 1_000 }, (_, at) => next(`t${at}`));
    ok(first.every((partition) => partition === 0));
    strictEqual(next("t0"), 1, "1,000 are known");
    next("one more"); // t1 is the one that was used longest ago
    strictEqual(next("t0"), 0);
    strictEqual(next("t1"), 0, "it starts again");
  });
});
