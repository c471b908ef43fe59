/**
 * A queue's room at exactly its bounds, and what is known of who holds it.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { Request } from "../../../pipeline/queue/request.ts";
import { Room } from "../../../pipeline/queue/room.ts";
import { payloadFrom, tenantTag } from "./support.ts";
import { RecordingMeter } from "../../support/component_deps.ts";

function setUp(capacity: number, blockOnOverflow = false) {
  const meter = new RecordingMeter();
  const deps = { random: () => 0.5, size: meter.gauge("otelcol_exporter_queue_size", {}) };
  const room = new Room({ sizer: "items", capacity, blockOnOverflow }, deps);
  const request = (tenant: TenantTag, size: number, enteredMs = 0) =>
    new Request(payloadFrom(tenant, size), size, enteredMs, () => {}, () => {});
  const take = (tenant: TenantTag, size: number) => {
    const taken = request(tenant, size);
    room.take(taken);
    return taken;
  };
  const wait = (tenant: TenantTag, size: number, enteredMs = 0) => {
    const waiting = request(tenant, size, enteredMs);
    room.wait(waiting);
    return waiting;
  };
  const status = (tenant: TenantTag, size: number) => room.refusal(size, tenant)?.error.httpStatus;
  return { room, meter, take, wait, status };
}

const [a, b] = [tenantTag(1), tenantTag(2)];
const half = tenantTag(3, { maxQueueShare: 0.5 });

Deno.test("a tenant holds exactly eight times what is free, and no more", () => {
  const { take, status } = setUp(90);
  take(a, 79);
  deepStrictEqual([status(a, 9), status(a, 10)], [undefined, 429]);
});

Deno.test("a share of all is no bound: it waits for room as others do", () => {
  const { take, status } = setUp(100, true);
  take(a, 100);
  deepStrictEqual([status(a, 1), status(a, 100), status(a, 101)], [undefined, undefined, 413]);
});

Deno.test("a tenant's holding is what is left of all that it took", () => {
  const { room, meter, take, status } = setUp(100);
  const [first, second] = [take(half, 20), take(half, 30)];
  room.giveBack(first);
  deepStrictEqual([status(half, 20), status(half, 21), room.used, meter.get("otelcol_exporter_queue_size")], [
    undefined,
    429,
    30,
    30,
  ]);
  room.giveBack(second);
  deepStrictEqual([room.tenants(9), room.used, first.size, second.size], [[], 0, 0, 0]);
});

Deno.test("who waits is known as long as it waits", () => {
  const { room, take, wait } = setUp(10, true);
  const held = take(a, 10);
  const [first, second] = [wait(a, 1), wait(a, 2)];
  room.giveBack(held);
  deepStrictEqual(room.tenants(9), [{ id: "tenant-1", depth: 0, waitingRequests: 2 }]);
  room.waitsNoLonger(first);
  deepStrictEqual(room.tenants(9), [{ id: "tenant-1", depth: 0, waitingRequests: 1 }]);
  room.waitsNoLonger(second);
  deepStrictEqual([room.tenants(9), room.waitingRequests], [[], 0]);
});

Deno.test("who waits comes in when exactly its size is free", () => {
  const { room, take, wait } = setUp(10, true);
  const [large, small] = [take(a, 6), take(a, 4)];
  const waiting = wait(b, 6);
  room.giveBack(small);
  strictEqual(room.nextWithRoom(), undefined);
  room.giveBack(large);
  take(a, 4);
  strictEqual(room.nextWithRoom(), waiting);
});

Deno.test("who has waited longest for room", () => {
  const { room, wait } = setUp(10, true);
  strictEqual(room.oldestWaitingMs, undefined);
  const first = wait(a, 1, 5);
  for (const enteredMs of [7, 9]) wait(b, 1, enteredMs);
  strictEqual(room.oldestWaitingMs, 5);
  room.waitsNoLonger(first);
  strictEqual(room.oldestWaitingMs, 7);
});

Deno.test("a tenant is called as it was last seen", () => {
  const { room, take } = setUp(10);
  take(a, 1);
  take({ ...a, id: "renamed" }, 1);
  deepStrictEqual(room.tenants(9), [{ id: "renamed", depth: 2, waitingRequests: 0 }]);
});
