import { deepStrictEqual } from "node:assert";
import type { UsageSeries } from "../../../../pipeline/contract/usage.ts";
import type { TenantTag } from "../../../../pipeline/core/tenant.ts";
import { DoorUsage, type Ended } from "../../../../pipeline/tenants/usage/door_usage.ts";
import { tenantTag } from "../../queue/support.ts";

const acme = tenantTag(0, { id: "acme" });
const KEPT: Ended = { status: 200, items: 10, bytes: 100, rejectedItems: 0, cutItems: 0 };

function setUp() {
  const sums: string[] = [];
  const door = new DoorUsage({
    counter: ({ signal, outcome, reason }: UsageSeries) => ({
      add: ({ id }: TenantTag, ...amounts: readonly number[]) =>
        void sums.push(`${id} ${signal} ${outcome} ${reason}`.trim() + `: ${amounts.join(" ")}`),
    }),
  });
  return { door, sums };
}

Deno.test("usage at the door: a request once, an item once", async (t) => {
  const cases: { name: string; tell: (door: DoorUsage) => void; want: string[] }[] = [
    { name: "kept", tell: (door) => door.ended(acme, "logs", KEPT), want: ["acme logs accepted: 1 10 100"] },
    {
      name: "a part is cut off at the gate, another behind it",
      tell: (door) => {
        door.cut(acme, "logs", "items_per_second", 3);
        door.ended(acme, "logs", { ...KEPT, rejectedItems: 4, cutItems: 3 });
      },
      want: [
        "acme logs rejected items_per_second: 0 3 0",
        "acme logs accepted: 1 6 100",
        "acme logs rejected pipeline: 0 1 0",
      ],
    },
    { name: "shed", tell: (door) => door.cut(acme, "logs", "shed", 2), want: ["acme logs shed: 0 2 0"] },
    {
      name: "refused at the gate",
      tell: (door) => door.refused(acme, "traces", "requests_per_second", 0),
      want: ["acme traces refused requests_per_second: 1 0 0"],
    },
    ...[[503, "not_kept"], [429, "not_kept"], [500, "not_kept"], [400, "invalid"]].map(([status, reason]) => ({
      name: `answered with ${status}`,
      tell: (door: DoorUsage) => door.ended(acme, "logs", { ...KEPT, status: Number(status) }),
      want: [`acme logs refused ${reason}: 1 10 100`],
    })),
  ];
  for (const { name, tell, want } of cases) {
    await t.step(name, () => {
      const { door, sums } = setUp();
      tell(door);
      deepStrictEqual(sums, want);
    });
  }
});
