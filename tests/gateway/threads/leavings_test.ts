import { strictEqual } from "node:assert/strict";
import { COLLECT_ABOVE_BYTES, COLLECT_AFTER_MS, Leavings } from "../../../gateway/threads/leavings.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const LIVE = 20_000_000;

/** After the start, which is collected in any case. */
async function started() {
  const clock = new FakeClock();
  const heap = { used: LIVE + 10, collections: 0 };
  const collect = () => {
    heap.collections++;
    heap.used = LIVE;
  };
  const leavings = new Leavings({ clock, heapUsed: () => heap.used, collect });
  leavings.changed();
  await clock.advance(0);
  strictEqual(heap.collections, 1, "before there is traffic");
  return { clock, heap, leavings };
}

Deno.test("what changes leave is collected when it is much", async (t) => {
  for (
    const { name, left, want } of [
      { name: "a byte less", left: COLLECT_ABOVE_BYTES - 1, want: 1 },
      { name: "enough", left: COLLECT_ABOVE_BYTES, want: 2 },
    ]
  ) {
    await t.step(name, async () => {
      const { clock, heap, leavings } = await started();
      leavings.changed();
      heap.used += left;
      await clock.advance(COLLECT_AFTER_MS - 1);
      strictEqual(heap.collections, 1);
      await clock.advance(1);
      strictEqual(heap.collections, want);
    });
  }

  await t.step("little by little", async () => {
    const { clock, heap, leavings } = await started();
    for (let change = 0; change < 10; change++) {
      leavings.changed();
      heap.used += COLLECT_ABOVE_BYTES / 4;
      await clock.advance(COLLECT_AFTER_MS);
    }
    strictEqual(heap.collections, 3);
  });

  await t.step("counted from where V8 left the heap", async () => {
    const { clock, heap, leavings } = await started();
    leavings.changed();
    heap.used = LIVE / 2;
    await clock.advance(COLLECT_AFTER_MS);
    leavings.changed();
    heap.used = LIVE / 2 + COLLECT_ABOVE_BYTES;
    await clock.advance(COLLECT_AFTER_MS);
    strictEqual(heap.collections, 2);
  });

  await t.step("not after a stop", async () => {
    const { clock, heap, leavings } = await started();
    leavings.changed();
    heap.used += COLLECT_ABOVE_BYTES;
    leavings.stop();
    await clock.advance(COLLECT_AFTER_MS);
    strictEqual(heap.collections, 1);
  });
});
