import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { UsageTop } from "../../../../gateway/tenants/usage/top.ts";
import { RecordingMeter } from "../../../support/component_deps.ts";

const MINUTE_MS = 60_000;

function setUp(places: number) {
  const meter = new RecordingMeter();
  const top = new UsageTop(meter, places);
  const series = { signal: "traces", destination: "", outcome: "accepted", reason: "" } as const;
  const add = (minute: number, tenant: string, items: number) =>
    top.add(minute * MINUTE_MS, { tenant, series, requests: 1, items, bytes: items * 100 });
  const items = (tenant: string) => meter.values.get(`sluice_tenant_usage_items tenant=${tenant} outcome=accepted`);
  const tenants = () =>
    [...meter.values.keys()].filter((key) => /^sluice_tenant_usage_items .*outcome=accepted/.test(key)).length;
  return { add, items, tenants, meter };
}

Deno.test("tenants that use the most have metrics of their own", async (t) => {
  await t.step("as many as there are places; the others together", () => {
    const { add, items } = setUp(2);
    for (const tenant of ["a", "b", "c", "d", "a"]) add(1, tenant, 10);
    deepStrictEqual([items("a"), items("b"), items("c"), items("(other)")], [20, 10, undefined, 20]);
  });
  await t.step("who is named is seen to be refused from the first time on: the series was there at 0", () => {
    const { add, meter } = setUp(1);
    const made: string[] = [];
    const { counter } = meter;
    meter.counter = (name, attributes) => {
      made.push(`${name} ${attributes.tenant} ${attributes.outcome}`);
      return counter.call(meter, name, attributes);
    };
    add(1, "a", 10);
    add(1, "b", 10);
    const items = made.filter((each) => each.startsWith("sluice_tenant_usage_items "));
    deepStrictEqual(items.map((each) => each.split(" ").slice(1).join(" ")), [
      ...["a accepted", "a refused", "a rejected", "(other) accepted"],
    ]);
  });
  await t.step("who uses more later takes a place; counters never go back, and are the whole", () => {
    const { add, items, meter } = setUp(2);
    add(1, "a", 10);
    add(1, "b", 20);
    add(1, "c", 30);
    add(2, "c", 5);
    add(2, "a", 1);
    deepStrictEqual([items("a"), items("b"), items("c"), items("(other)")], [10, 20, 5, 31]);
    strictEqual(meter.get("sluice_tenant_usage_items"), 66);
  });
  await t.step("four times as many as places at the most, whatever comes", () => {
    const { add, tenants, meter } = setUp(5);
    for (let tenant = 0; tenant < 1_000; tenant++) add(tenant, `tenant-${tenant}`, tenant + 1);
    ok(tenants() <= 4 * 5 + 1, `${tenants()}`);
    strictEqual(meter.get("sluice_tenant_usage_items"), 500_500);
  });
});
