import { deepStrictEqual } from "node:assert/strict";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { queueSchema, retryPolicy, retrySchema } from "../../../pipeline/queue/settings.ts";

const number = (value: number) => new Scalar(value, String(value));

const cases: { name: string; section: Record<string, unknown>; wrong: string[] }[] = [
  { name: "defaults", section: {}, wrong: [] },
  { name: "a storage, which nothing would write to", section: { storage: "file_storage" }, wrong: ["storage"] },
  {
    name: "min_size as large as the queue",
    section: { sizer: "items", queue_size: number(10), batch: { min_size: number(10) } },
    wrong: [],
  },
  {
    name: "min_size larger than the queue",
    section: { sizer: "items", queue_size: number(10), batch: { min_size: number(11) } },
    wrong: ["batch.min_size"],
  },
  {
    name: "max_size below min_size",
    section: { batch: { min_size: number(10), max_size: number(9) } },
    wrong: ["batch.max_size"],
  },
  {
    name: "a key twice, in another case",
    section: { batch: { partition: { metadata_keys: ["X-Tenant", "x-tenant"] } } },
    wrong: ["batch.partition.metadata_keys"],
  },
];

Deno.test("the sending queue's settings", async (t) => {
  for (const { name, section, wrong } of cases) {
    await t.step(name, () => {
      const { error } = queueSchema.safeParse(section);
      deepStrictEqual((error?.issues ?? []).map(({ path }) => path.join(".")), wrong);
    });
  }
});

Deno.test("the intervals between attempts, where none or some are given", async (t) => {
  const cases: { name: string; section: Record<string, string>; isHeld: boolean; want: [number, number] }[] = [
    { name: "a sender is held", section: {}, isHeld: true, want: [500, 1_000] },
    { name: "nobody waits: the collector's", section: {}, isHeld: false, want: [5_000, 30_000] },
    {
      name: "given, a sender is held",
      section: { initial_interval: "5s", max_interval: "30s" },
      isHeld: true,
      want: [5_000, 30_000],
    },
    {
      name: "given, nobody waits",
      section: { initial_interval: "100ms", max_interval: "1s" },
      isHeld: false,
      want: [100, 1_000],
    },
    { name: "only the first, a short one", section: { initial_interval: "50ms" }, isHeld: true, want: [50, 1_000] },
    { name: "only the first, a long one", section: { initial_interval: "3s" }, isHeld: true, want: [3_000, 3_000] },
    {
      name: "only the first, nobody waits",
      section: { initial_interval: "60s" },
      isHeld: false,
      want: [60_000, 30_000],
    },
    { name: "only the longest", section: { max_interval: "2s" }, isHeld: true, want: [500, 2_000] },
  ];
  for (const { name, section, isHeld, want } of cases) {
    await t.step(name, () => {
      const { initial_interval, max_interval } = retryPolicy(retrySchema.parse(section), isHeld);
      deepStrictEqual([initial_interval, max_interval], want);
    });
  }
});
