import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { hashSecret } from "../../../pipeline/tenants/identity/api_key.ts";
import {
  isTenantId,
  MAX_RESOURCE_ATTRIBUTES,
  tenantDefaultsSchema,
  TenantReader,
  tenantSchema,
} from "../../../pipeline/tenants/schema.ts";
import { asYaml } from "../../support/otlp_edge.ts";

const HASH = hashSecret("secret", new Uint8Array(16));

Deno.test("TenantReader reads what the schema reads, and refuses what it refuses", () => {
  const amount = fc.constantFrom<unknown>(0, 1, 2.5, -1, "many", null);
  const group = fc.record({ requests_per_second: amount, burst: fc.constantFrom("1s", "0s", 5) }, { requiredKeys: [] });
  const settings = fc.record({
    enabled: fc.constantFrom<unknown>(true, false, "yes"),
    keys: fc.constantFrom<unknown>([], [{ id: "aaaaaaaaaaaa", hash: HASH }], [{ id: "A", hash: HASH }], {}),
    limits: fc.record({ all: group, logs: group, log: group }, { requiredKeys: [] }),
    signals: fc.constantFrom<unknown>(["traces"], ["spans"], "traces"),
    resource_attributes: fc.constantFrom<unknown>({ a: "b", c: 1 }, { a: ["b"] }),
    weight: fc.constantFrom<unknown>(1, 1_000, 1_001, "1"),
    max_queue_share: fc.constantFrom<unknown>(0.5, 0, 1.5),
    other: fc.constant(1),
  }, { requiredKeys: [], noNullPrototype: true });
  fc.assert(fc.property(fc.array(settings, { maxLength: 8 }), (fleet) => {
    const reader = new TenantReader();
    for (const each of fleet) {
      const { data } = tenantSchema.safeParse(asYaml(each));
      const hasNull = JSON.stringify(each).includes("null"); // left to the schema
      const read = reader.read(each, asYaml);
      if (read === undefined) strictEqual(hasNull || data === undefined, true);
      else deepStrictEqual(read, data);
    }
  }));
});

Deno.test("bounds of a tenant's settings", async (t) => {
  const attributes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));
  const cases: { name: string; settings: unknown; want: boolean }[] = [
    { name: "attributes", settings: { resource_attributes: attributes(MAX_RESOURCE_ATTRIBUTES) }, want: true },
    {
      name: "attributes past it",
      settings: { resource_attributes: attributes(MAX_RESOURCE_ATTRIBUTES + 1) },
      want: false,
    },
    { name: "an attribute's value", settings: { resource_attributes: { k: "v".repeat(512) } }, want: true },
    { name: "an attribute's value past it", settings: { resource_attributes: { k: "v".repeat(513) } }, want: false },
    { name: "pipelines", settings: { pipelines: Array.from({ length: 64 }, (_, i) => `logs/${i}`) }, want: true },
    {
      name: "pipelines past it",
      settings: { pipelines: Array.from({ length: 65 }, (_, i) => `logs/${i}`) },
      want: false,
    },
    { name: "a limit", settings: { limits: { all: { bytes_per_second: 1e12 } } }, want: true },
    { name: "a limit past it", settings: { limits: { all: { bytes_per_second: 1e12 + 1 } } }, want: false },
    { name: "a share", settings: { max_queue_share: 1 }, want: true },
    { name: "a share past it", settings: { max_queue_share: 1.001 }, want: false },
  ];
  for (const { name, settings, want } of cases) {
    await t.step(name, () => strictEqual(tenantDefaultsSchema.safeParse(asYaml(settings)).success, want));
  }
});

Deno.test("isTenantId()", async (t) => {
  const cases: { name: string; id: string; want: boolean }[] = [
    { name: "plain", id: "acme", want: true },
    { name: "with everything", id: "9A_b.c@d-e", want: true },
    { name: "128 characters", id: "a".repeat(128), want: true },
    { name: "129 characters", id: "a".repeat(129), want: false },
    { name: "empty", id: "", want: false },
    { name: "a hidden file", id: ".acme", want: false },
    { name: "a way out of the directory", id: "../acme", want: false },
    { name: "a name that objects have", id: "__proto__", want: false },
    { name: "a line break", id: "acme\n", want: false },
  ];
  for (const { name, id, want } of cases) await t.step(name, () => strictEqual(isTenantId(id), want));
});
