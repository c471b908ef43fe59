import { deepStrictEqual, strictEqual } from "node:assert";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { Request } from "../../../pipeline/queue/request.ts";
import { Room } from "../../../pipeline/queue/room.ts";
import type { Sizer } from "../../../pipeline/queue/settings.ts";
import { payloadFrom, payloadWith, tenantTag } from "./support.ts";
import { RecordingMeter } from "../../support/component_deps.ts";

const [a, b] = [tenantTag(0), tenantTag(1)];

function setUp(capacity: number, { sizer = "items", block = false }: { sizer?: Sizer; block?: boolean } = {}) {
  const room = new Room({ sizer, capacity, blockOnOverflow: block }, {
    random: () => 0.5,
    size: new RecordingMeter().gauge("otelcol_exporter_queue_size", {}),
  });
  const request = (tenant: TenantTag | undefined, size: number) => {
    const payload = tenant === undefined ? payloadWith(size) : payloadFrom(tenant, size);
    return new Request(payload, size, 0, () => {}, () => {});
  };
  const take = (tenant: TenantTag | undefined, size: number) => {
    const taken = request(tenant, size);
    room.take(taken);
    return taken;
  };
  const wait = (tenant: TenantTag | undefined, size: number) => {
    const waiting = request(tenant, size);
    room.wait(waiting);
    return waiting;
  };
  const refusal = (tenant: TenantTag | undefined, size: number) => {
    const refused = room.refusal(size, tenant);
    return refused && [refused.error.name, refused.error.httpStatus, refused.isTenants];
  };
  return { room, take, wait, refusal };
}

const FULL = ["UnavailableError", 503, false];
const SHARE = ["ThrottledError", 429, true];
const TOO_LARGE = ["LimitExceededError", 413, true];

Deno.test("a tenant's share of a queue", async (t) => {
  const half = tenantTag(3, { maxQueueShare: 0.5 });
  for (const block of [false, true]) {
    await t.step(`is held at its limit and not past it, ${block ? "waiting" : "refusing"}`, () => {
      const { room, take, refusal } = setUp(100, { block });
      take(half, 40);
      strictEqual(refusal(half, 10), undefined);
      deepStrictEqual(refusal(half, 11), SHARE);
      deepStrictEqual(
        room.refusal(11, half)?.error.message,
        "Cannot queue: the tenant holds its share of the sending queue, wanted at most 50 items",
      );
      strictEqual(room.refusal(11, half)?.error.retryAfterMs, 2_000);
    });
  }
  await t.step("what is larger than all of it is refused for good", () => {
    const { room, refusal } = setUp(100);
    strictEqual(refusal(half, 50), undefined);
    deepStrictEqual(refusal(half, 51), TOO_LARGE);
    strictEqual(
      room.refusal(51, half)?.error.message,
      "Cannot queue: it has 51 items, wanted at most the tenant's share of the queue of 50",
    );
    deepStrictEqual(refusal(half, 101), ["LimitExceededError", 413, false]);
  });
  await t.step("is one at the least", () => {
    const { take, refusal } = setUp(10, { sizer: "requests" });
    const small = tenantTag(3, { maxQueueShare: 0.01 });
    strictEqual(refusal(small, 1), undefined);
    take(small, 1);
    deepStrictEqual(refusal(small, 1), SHARE);
  });
  await t.step("has what waits for room in it, and is given back", () => {
    const { room, take, wait, refusal } = setUp(100, { block: true });
    const taken = take(half, 30);
    const waiting = wait(half, 20);
    deepStrictEqual(refusal(half, 1), SHARE);
    room.waitsNoLonger(waiting);
    strictEqual(refusal(half, 20), undefined);
    room.giveBack(taken);
    strictEqual(refusal(half, 50), undefined);
    deepStrictEqual([room.used, room.tenants(20)], [0, []]);
  });
  await t.step("is no concern of others, nor of what is nobody's", () => {
    const { take, refusal } = setUp(100, { block: true });
    take(half, 50);
    deepStrictEqual([refusal(b, 50), refusal(undefined, 50)], [undefined, undefined]);
  });
});

Deno.test("a tenant holds eight times what is free at the most", async (t) => {
  await t.step("so one alone fills eight ninths, and who comes then has room", () => {
    const { take, refusal } = setUp(900, { sizer: "requests" });
    for (let held = 0; held < 800; held++) {
      strictEqual(refusal(a, 1), undefined, `${held}`);
      take(a, 1);
    }
    deepStrictEqual(refusal(a, 1), SHARE);
    for (let held = 0; held < 89; held++) {
      strictEqual(refusal(b, 1), undefined, `${held}`);
      take(b, 1);
    }
    deepStrictEqual(refusal(b, 1), SHARE);
    strictEqual(refusal(tenantTag(2), 11), undefined);
  });
  await t.step("who holds nothing takes whatever is free", () => {
    const { take, refusal } = setUp(100);
    strictEqual(refusal(a, 100), undefined);
    take(a, 85);
    strictEqual(refusal(b, 15), undefined);
    deepStrictEqual(refusal(b, 16), FULL);
  });
  await t.step("not where senders wait for room, nor without tenants", () => {
    const waiting = setUp(100, { block: true });
    waiting.take(a, 99);
    strictEqual(waiting.refusal(a, 1), undefined);
    const { take, refusal } = setUp(100);
    take(undefined, 99);
    strictEqual(refusal(undefined, 1), undefined);
    take(undefined, 1);
    deepStrictEqual(refusal(undefined, 1), FULL);
  });
});

Deno.test("those that wait for room come in by turns of their tenants", () => {
  const { room, take, wait } = setUp(2, { sizer: "requests", block: true });
  const held = [take(a, 1), take(a, 1)];
  const many = Array.from({ length: 50 }, () => wait(a, 1));
  const one = wait(b, 1);
  strictEqual(room.nextWithRoom(), undefined);
  held.forEach((request) => room.giveBack(request));
  deepStrictEqual([room.nextWithRoom(), room.nextWithRoom()], [many[0], one]);
  strictEqual(room.waitingRequests, 49);
});

Deno.test("what each tenant has of a queue, the one with the most first", () => {
  const { room, take, wait } = setUp(1_000, { block: true });
  for (let slot = 0; slot < 25; slot++) take(tenantTag(slot), slot + 1);
  take(undefined, 100);
  wait(tenantTag(24), 5);
  const tenants = room.tenants(20);
  strictEqual(tenants.length, 20);
  deepStrictEqual(tenants.slice(0, 2), [
    { id: "tenant-24", depth: 25, waitingRequests: 1 },
    { id: "tenant-23", depth: 24, waitingRequests: 0 },
  ]);
});
