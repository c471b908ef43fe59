import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { Deadlines } from "../../../pipeline/queue/deadlines.ts";
import { LinkedList, ListNode } from "../../../pipeline/queue/linked_list.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const DELAY_MS = 100;

/** Deadlines of 100 ms, by name, and when each fell due. */
function setUp(delayMs = DELAY_MS, onDue = (_name: string) => {}) {
  const clock = new FakeClock(1_000);
  const due: [string, number][] = [];
  const deadlines = new Deadlines<string>(clock, delayMs, (name) => {
    due.push([name, clock.monotonicMs() - 1_000]);
    onDue(name);
  });
  return { clock, due, deadlines, add: (name: string) => deadlines.add(name, clock.monotonicMs()) };
}

Deno.test("Deadlines", async (t) => {
  await t.step("fall due in the order in which they were added, each at its time, with one timer", async () => {
    const { clock, due, deadlines, add } = setUp();
    strictEqual(add("a").dueMs, 1_100);
    add("b");
    await clock.advance(30);
    add("c");
    deepStrictEqual([deadlines.length, clock.pending], [3, 1]);
    await clock.advance(69);
    deepStrictEqual(due, []);
    await clock.advance(1);
    deepStrictEqual([due, deadlines.length, clock.pending], [[["a", 100], ["b", 100]], 1, 1]);
    await clock.advance(30);
    deepStrictEqual([due.at(-1), deadlines.length, clock.pending], [["c", 130], 0, 0]);
  });
  await t.step("that are removed do not fall due", async () => {
    const { clock, due, deadlines, add } = setUp();
    const first = add("a");
    await clock.advance(10);
    const [second, third] = [add("b"), add("c")];
    deadlines.remove(second);
    deadlines.remove(first);
    strictEqual(deadlines.length, 1);
    await clock.advance(DELAY_MS);
    deepStrictEqual([due, clock.pending], [[["c", 110]], 0]);
    deadlines.remove(third);
    strictEqual(deadlines.length, 0);
  });
  await t.step("that are added when one falls due have a timer, and no second one", async () => {
    const { clock, due, deadlines, add } = setUp(DELAY_MS, (name) => {
      if (name === "a") add("again");
    });
    add("a");
    await clock.advance(20);
    add("b");
    await clock.advance(80);
    deepStrictEqual([deadlines.length, clock.pending], [2, 1]);
    await clock.advance(200);
    deepStrictEqual([due, clock.pending], [[["a", 100], ["b", 120], ["again", 200]], 0]);
  });
  await t.step("stop, the oldest first, and can begin anew", async () => {
    const { clock, due, deadlines, add } = setUp();
    for (const name of ["a", "b"]) add(name);
    deepStrictEqual([deadlines.stop(), deadlines.length, clock.pending], [["a", "b"], 0, 0]);
    deepStrictEqual(deadlines.stop(), []);
    await clock.advance(50);
    add("c");
    strictEqual(clock.pending, 1);
    await clock.advance(DELAY_MS);
    deepStrictEqual(due, [["c", 150]]);
  });
  await t.step("without a delay are a list, without a timer", async () => {
    const { clock, due, deadlines, add } = setUp(Infinity);
    strictEqual(add("a").dueMs, Infinity);
    strictEqual(clock.pending, 0);
    await clock.advance(1e9);
    deepStrictEqual([due, deadlines.stop()], [[], ["a"]]);
  });
});

class Thing extends ListNode<Thing> {
  constructor(readonly number: number) {
    super();
  }
}

function numbersOf(list: LinkedList<Thing>): number[] {
  const forward: number[] = [];
  let last: Thing | undefined;
  for (let node = list.first; node !== undefined; node = node.next) {
    strictEqual(node.previous, last);
    strictEqual(node.list, list);
    forward.push(node.number);
    last = node;
  }
  return forward;
}

Deno.test("LinkedList holds what an array would, whatever is done to it", () => {
  const doing = fc.oneof(
    { arbitrary: fc.constant("append" as const), weight: 3 },
    fc.constant("shift" as const),
    fc.nat(8).map((at) => at),
  );
  fc.assert(
    fc.property(fc.array(doing, { maxLength: 30, size: "max" }), (doings) => {
      const list = new LinkedList<Thing>();
      const other = new LinkedList<Thing>();
      const model: Thing[] = [];
      for (const [number, what] of doings.entries()) {
        if (what === "append") {
          const thing = new Thing(number);
          model.push(thing);
          list.append(thing);
        } else if (what === "shift") {
          strictEqual(list.shift(), model.shift());
        } else if (model.length > 0) {
          const [thing] = model.splice(what % model.length, 1);
          other.remove(thing!);
          strictEqual(thing!.list, list, "a list leaves alone what is not in it");
          list.remove(thing!);
          deepStrictEqual([thing!.list, thing!.previous, thing!.next], [undefined, undefined, undefined]);
          list.remove(thing!);
        }
        strictEqual(list.length, model.length);
        deepStrictEqual(numbersOf(list), model.map(({ number }) => number));
      }
    }),
  );
});
