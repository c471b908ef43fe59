import { deepStrictEqual } from "node:assert/strict";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { queueSchema } from "../../../pipeline/queue/settings.ts";

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
