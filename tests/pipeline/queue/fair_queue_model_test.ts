/**
 * Deficit round robin as its paper has it, round by round, beside the queue that skips the rounds in which nobody can be
 * served.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { FairQueue, TURN_QUANTUM, Waiting } from "../../../pipeline/queue/fair_queue.ts";
import { tenantTag } from "./support.ts";

class Thing extends Waiting<Thing> {
  constructor(readonly tenant: TenantTag | undefined, readonly cost: number, readonly number: number) {
    super();
  }
}

interface ModelLane {
  readonly slot: number | undefined;
  readonly weight: number;
  credit: number;
  readonly things: Thing[];
}

/** Arrays, and every round by itself. */
class Model {
  lanes: ModelLane[] = [];
  current: ModelLane | undefined;

  constructor(readonly quantum: number) {}

  laneOf(thing: Thing): ModelLane | undefined {
    return this.lanes.find(({ slot }) => slot === thing.tenant?.slot);
  }

  append(thing: Thing): void {
    let lane = this.laneOf(thing);
    if (lane === undefined) {
      lane = { slot: thing.tenant?.slot, weight: thing.tenant?.weight ?? 1, credit: 0, things: [] };
      this.lanes.push(lane);
    }
    lane.things.push(thing);
  }

  peek(): Thing | undefined {
    if (this.lanes.length < 2) {
      this.current = this.lanes[0];
      return this.current?.things[0];
    }
    for (;;) {
      const lane = this.lanes[0]!;
      if (lane !== this.current) lane.credit += this.quantum * lane.weight;
      this.current = lane;
      if (lane.things[0]!.cost <= lane.credit) return lane.things[0];
      this.lanes.push(this.lanes.shift()!);
    }
  }

  shift(): Thing | undefined {
    const thing = this.peek();
    if (thing === undefined) return undefined;
    this.charge(thing, thing.cost);
    this.take(this.laneOf(thing)!, thing);
    return thing;
  }

  charge(thing: Thing, cost: number): void {
    const lane = this.laneOf(thing)!;
    if (this.lanes.length > 1) lane.credit -= cost;
  }

  rotate(thing: Thing): void {
    const { things } = this.laneOf(thing)!;
    things.splice(things.indexOf(thing), 1);
    things.push(thing);
  }

  remove(thing: Thing): void {
    const lane = this.laneOf(thing);
    if (lane === undefined || !lane.things.includes(thing)) return;
    if (lane.things[0] === thing) lane.credit = Math.min(lane.credit, this.quantum * lane.weight);
    this.take(lane, thing);
  }

  take(lane: ModelLane, thing: Thing): void {
    lane.things.splice(lane.things.indexOf(thing), 1);
    if (lane.things.length > 0) return;
    this.lanes = this.lanes.filter((other) => other !== lane);
    if (this.current === lane) this.current = undefined;
  }
}

const TENANTS = [undefined, tenantTag(0), tenantTag(1, { weight: 3 }), tenantTag(2, { weight: 0.5 })];

const what = fc.oneof(
  {
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      tenant: fc.nat(3),
      cost: fc.integer({ min: 1, max: 90 }),
    }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant("shift" as const) }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant("remove" as const), of: fc.nat(99) }), weight: 2 },
  {
    arbitrary: fc.record({ do: fc.constant("serve in part" as const), cost: fc.integer({ min: 1, max: 40 }) }),
    weight: 2,
  },
);

Deno.test("FairQueue serves as deficit round robin does", () => {
  fc.assert(
    fc.property(fc.array(what, { maxLength: 60, size: "max" }), (doings) => {
      const queue = new FairQueue<Thing>(10);
      const model = new Model(10);
      const things: Thing[] = [];
      for (const doing of doings) {
        if (doing.do === "append") {
          const thing = new Thing(TENANTS[doing.tenant], doing.cost, things.length);
          things.push(thing);
          queue.append(thing);
          model.append(thing);
        } else if (doing.do === "shift") {
          strictEqual(queue.shift()?.number, model.shift()?.number);
        } else if (doing.do === "remove") {
          const thing = things[doing.of % Math.max(1, things.length)];
          if (thing === undefined) continue;
          queue.remove(thing);
          model.remove(thing);
        } else {
          const thing = queue.peek();
          strictEqual(thing?.number, model.peek()?.number);
          if (thing === undefined) continue;
          queue.charge(thing, doing.cost);
          model.charge(thing, doing.cost);
          queue.rotate(thing);
          model.rotate(thing);
        }
        strictEqual(queue.lanes, model.lanes.length);
        strictEqual(queue.isEmpty, model.lanes.length === 0);
        deepStrictEqual(
          Array.from(queue.heads(), ({ number }) => number).sort(),
          model.lanes.map(({ things }) => things[0]?.number).sort(),
        );
      }
      const rest = (from: { shift(): Thing | undefined }) => {
        const numbers: number[] = [];
        for (let thing = from.shift(); thing !== undefined; thing = from.shift()) numbers.push(thing.number);
        return numbers;
      };
      deepStrictEqual(rest(queue), rest(model));
    }),
    { numRuns: 500 },
  );
});

Deno.test("a turn is of ten items, of 4 KiB, of one request", async (t) => {
  for (const [sizer, inTurn] of [["items", 10], ["bytes", 4_096], ["requests", 1]] as const) {
    await t.step(sizer, () => {
      const queue = new FairQueue<Thing>(TURN_QUANTUM[sizer]);
      for (const tenant of [tenantTag(0), tenantTag(1)]) {
        for (let number = 0; number < 2 * inTurn; number++) queue.append(new Thing(tenant, 1, number));
      }
      const served = Array.from({ length: 4 * inTurn }, () => queue.shift()?.tenant?.slot);
      deepStrictEqual(served, [0, 1, 0, 1].flatMap((slot) => new Array(inTurn).fill(slot)));
    });
  }
});

Deno.test("a queue leaves alone what is not in it, whatever it holds", () => {
  const queue = new FairQueue<Thing>(10);
  const [tagged, untagged, other] = [
    new Thing(tenantTag(0), 1, 0),
    new Thing(undefined, 1, 1),
    new Thing(tenantTag(0), 1, 2),
  ];
  for (const thing of [tagged, untagged]) queue.remove(thing);
  queue.append(other);
  queue.append(untagged);
  queue.remove(tagged);
  strictEqual(queue.lanes, 2);
  for (const thing of [other, untagged, other]) queue.remove(thing);
  deepStrictEqual([queue.isEmpty, queue.peek(), queue.shift()], [true, undefined, undefined]);
});
