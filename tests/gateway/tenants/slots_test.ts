import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { SLOT_GRACE_MS, TenantSlots } from "../../../gateway/tenants/slots.ts";

Deno.test("a slot is another tenant's after its grace, and never before", () => {
  let nowMs = 0;
  const reused: number[] = [];
  const slots = new TenantSlots({ capacity: 2, nowMs: () => nowMs, onReuse: (slot) => reused.push(slot) });
  deepStrictEqual([slots.take("a"), slots.take("b"), slots.take("a")], [0, 1, 0]);
  strictEqual(slots.take("c"), undefined);

  slots.keep(new Set(["b"]));
  nowMs = SLOT_GRACE_MS - 1;
  strictEqual(slots.take("c"), undefined);
  deepStrictEqual(reused, []);
  nowMs = SLOT_GRACE_MS;
  strictEqual(slots.take("c"), 0);
  deepStrictEqual(reused, [0]);
  strictEqual(slots.used, 2);
});

Deno.test("a tenant that comes back has its slot, as it was", () => {
  const reused: number[] = [];
  const slots = new TenantSlots({ capacity: 4, nowMs: () => 0, onReuse: (slot) => reused.push(slot) });
  slots.take("a");
  slots.take("b");
  slots.keep(new Set());
  deepStrictEqual([slots.take("b"), slots.take("new"), slots.take("a")], [1, 2, 0]);
  deepStrictEqual(reused, []);
});
