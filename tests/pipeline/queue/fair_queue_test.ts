import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { FairQueue, Waiting } from "../../../pipeline/queue/fair_queue.ts";
import { tenantTag } from "./support.ts";

class Thing extends Waiting<Thing> {
  constructor(readonly tenant: TenantTag | undefined, readonly cost: number, readonly number: number) {
    super();
  }
}

const [a, b, c] = [tenantTag(0), tenantTag(1), tenantTag(2)];

/** A queue with a quantum of 10, of things that are told apart by the order in which they came. */
function setUp(quantum = 10) {
  const queue = new FairQueue<Thing>(quantum);
  let number = 0;
  const add = (tenant: TenantTag | undefined, ...costs: readonly number[]) =>
    costs.map((cost) => {
      const thing = new Thing(tenant, cost, number++);
      queue.append(thing);
      return thing;
    });
  const drain = (most = Infinity) => {
    const numbers: number[] = [];
    for (let thing: Thing | undefined; numbers.length < most && (thing = queue.shift()) !== undefined;) {
      numbers.push(thing.number);
    }
    return numbers;
  };
  return { queue, add, drain };
}

Deno.test("FairQueue serves tenants by turns", async (t) => {
  await t.step("without tenants in the order of arrival, in one lane", () => {
    const { queue, add, drain } = setUp();
    add(undefined, 5, 50, 1);
    strictEqual(queue.lanes, 1);
    deepStrictEqual(drain(), [0, 1, 2]);
    deepStrictEqual([queue.lanes, queue.isEmpty], [0, true]);
  });
  await t.step("who comes late is next when the turn of who was there ends", () => {
    const { add, drain } = setUp();
    add(a, ...Array(6).fill(10));
    deepStrictEqual(drain(2), [0, 1]);
    add(b, 10, 10);
    deepStrictEqual(drain(), [6, 2, 7, 3, 4, 5]);
  });
  await t.step("as much in a turn as the quantum holds, in order", () => {
    const { add, drain } = setUp();
    add(a, 4, 4, 4, 4);
    add(b, 10, 10);
    deepStrictEqual(drain(), [0, 1, 4, 2, 3, 5]);
  });
  await t.step("by weight", () => {
    const { add, drain } = setUp();
    add(tenantTag(7, { weight: 3 }), ...Array(6).fill(10));
    add(b, 10, 10);
    deepStrictEqual(drain(), [0, 1, 2, 6, 3, 4, 5, 7]);
  });
  await t.step("by the weight that a tenant has now", () => {
    const { add, drain } = setUp();
    add(a, 10);
    add(b, 10, 10, 10);
    add({ ...a, weight: 2 }, 10, 10);
    deepStrictEqual(drain(), [0, 4, 1, 5, 2, 3]);
  });
  await t.step("what is nobody's is as one tenant more", () => {
    const { add, drain } = setUp();
    add(undefined, 10, 10);
    add(a, 10, 10);
    add(b, 10, 10);
    deepStrictEqual(drain(), [0, 2, 4, 1, 3, 5]);
  });
  await t.step("something large when the others have had as much, however many rounds that takes", () => {
    const { add, drain } = setUp();
    add(a, 1_000_000_000);
    add(b, 25, 25, 25);
    add(c, 5);
    deepStrictEqual(drain(), [4, 1, 2, 3, 0]);
    add(a, 1_000_000_000);
    add(b, 2_000_000_000);
    deepStrictEqual(drain(), [5, 6]);
  });
});

Deno.test("FairQueue saves nothing up", async (t) => {
  await t.step("for a tenant that was away", () => {
    const { add, drain } = setUp();
    add(a, 3);
    add(b, 10, 10, 10);
    deepStrictEqual(drain(3), [0, 1, 2]);
    add(a, 10, 10);
    deepStrictEqual(drain(), [4, 3, 5]);
  });
  await t.step("for those behind a large one that leaves unserved", () => {
    const { queue, add, drain } = setUp();
    const [large] = add(a, 100, ...Array(20).fill(10));
    add(b, ...Array(30).fill(10));
    drain(9);
    queue.remove(large!);
    queue.remove(large!);
    const next = drain(6);
    ok(next.filter((number) => number <= 20).length <= 4, `${next}`);
  });
  await t.step("against who was alone: it owes nothing", () => {
    const { add, drain } = setUp();
    add(a, ...Array(100).fill(10));
    drain(90);
    add(b, 10, 10);
    deepStrictEqual(drain(4), [100, 90, 101, 91]);
  });
});

Deno.test("FairQueue serves in part", () => {
  const { queue, add } = setUp();
  const [first, second] = add(a, 10, 10);
  const [other] = add(b, 10);
  strictEqual(queue.peek(), first);
  strictEqual(queue.peek(), first, "asking changes nothing");
  queue.charge(first!, 10);
  strictEqual(queue.peek(), other);
  queue.charge(other!, 10);
  queue.rotate(first!);
  strictEqual(queue.peek(), second);
});

Deno.test("whatever comes and leaves, all of it is served, each tenant's in its order", () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ tenant: fc.integer({ min: -1, max: 5 }), cost: fc.integer({ min: 1, max: 60 }) }),
    },
    { weight: 2, arbitrary: fc.constant("serve" as const) },
    { weight: 1, arbitrary: fc.record({ leaves: fc.nat(50) }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 40 }), (steps, quantum) => {
    const { queue, add } = setUp(quantum);
    const tenants = [1, 1, 2, 3, 10, 1_000].map((weight, slot) => tenantTag(slot, { weight }));
    const waiting: Thing[] = [];
    const serve = () => {
      const peeked = queue.peek();
      const thing = queue.shift();
      strictEqual(thing, peeked);
      if (thing === undefined) return strictEqual(waiting.length, 0);
      const first = waiting.find(({ tenant }) => tenant === thing.tenant);
      strictEqual(thing, first, "the first of its tenant");
      waiting.splice(waiting.indexOf(thing), 1);
    };
    for (const each of steps) {
      if (each === "serve") serve();
      else if ("leaves" in each) {
        const [thing] = waiting.splice(each.leaves, 1);
        if (thing !== undefined) queue.remove(thing);
      } else waiting.push(...add(tenants[each.tenant], each.cost));
      strictEqual(queue.lanes, new Set(waiting.map(({ tenant }) => tenant)).size, "a lane is there while it is needed");
    }
    while (waiting.length > 0) serve();
    deepStrictEqual([queue.lanes, queue.isEmpty, queue.peek()], [0, true, undefined]);
  }));
});

Deno.test("while all have something waiting, their shares are those of their weights, but for one quantum and one thing", () => {
  const lanes = fc.array(
    fc.record({
      weight: fc.integer({ min: 1, max: 8 }),
      costs: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
    }),
    { minLength: 2, maxLength: 6 },
  );
  fc.assert(
    fc.property(lanes, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 400 }), (drawn, quantum, serves) => {
      const { queue, add } = setUp(quantum);
      const tenants = drawn.map(({ weight }, slot) => tenantTag(slot, { weight }));
      const served = drawn.map(() => 0);
      const refill = (slot: number, at: number) =>
        add(tenants[slot], drawn[slot]!.costs[at % drawn[slot]!.costs.length]!);
      tenants.forEach((_, slot) => (refill(slot, 0), refill(slot, 1)));
      for (let turn = 0; turn < serves; turn++) {
        const { tenant, cost } = queue.shift()!;
        served[tenant!.slot]! += cost;
        refill(tenant!.slot, turn);
      }
      const largest = Math.max(...drawn.flatMap(({ costs }) => costs));
      for (const [i, one] of served.entries()) {
        for (const [j, other] of served.entries()) {
          const [weight, otherWeight] = [drawn[i]!.weight, drawn[j]!.weight];
          const apart = one / weight - other / otherWeight;
          ok(
            apart <= quantum + largest / weight + largest / otherWeight,
            `${served} for weights of ${drawn.map((d) => d.weight)}`,
          );
        }
      }
    }),
  );
});
