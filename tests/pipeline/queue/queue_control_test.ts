/** What an operator sees of a sending queue, and does with it. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { NO_BATCHING } from "../../../pipeline/queue/batch.ts";
import { MemoryQueue } from "../../../pipeline/queue/memory_queue.ts";
import { splitByItems } from "../../../pipeline/otlp/split.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "./support.ts";
import { RecordingMeter, testDeps } from "../../support/component_deps.ts";

interface Setup {
  readonly capacity?: number;
  /** Batches wait for so many items, for a second at the most. */
  readonly minItems?: number;
}

function setUp({ capacity = 10, minItems = 0 }: Setup = {}) {
  const clock = new FakeClock(1_000);
  const destination = new Destination();
  const losses = { refused: 0, dropped: 0 };
  const batch = minItems === 0 ? NO_BATCHING : {
    ...NO_BATCHING,
    sizer: "items" as const,
    minSize: minItems,
    maxSize: Infinity,
    flushTimeoutMs: 1_000,
    keepOrigin: false,
  };
  const queue = new MemoryQueue({ send: (payload, abort) => destination.consume(payload, abort) }, {
    sizer: "items",
    capacity,
    maxInFlight: 1,
    blockOnOverflow: true,
    waitForResult: false,
    holdMs: 30_000,
    batch,
  }, {
    clock,
    random: () => 0,
    memory: testDeps().memory,
    losses: {
      refused: ({ itemCount }) => losses.refused += itemCount,
      dropped: (pieces) => losses.dropped += pieces.length,
    },
    split: splitByItems,
    size: new RecordingMeter().gauge("otelcol_exporter_queue_size", {}),
  });
  const send = (items: number) => queue.consume(payloadWith(items), new AbortController().signal);
  return { clock, destination, queue, send, losses };
}

Deno.test("a snapshot of a queue", async (t) => {
  await t.step("that holds nothing", () => {
    deepStrictEqual(setUp().queue.snapshot(), {
      ...{ unit: "items", depth: 0, capacity: 10, inFlightRequests: 0, waitingRequests: 0 },
      ...{ oldestAgeMs: undefined, isPaused: false, tenants: [] },
    });
  });
  await t.step("counts what is in flight, what is queued, and senders that wait for room", async () => {
    const { clock, queue, send } = setUp();
    void send(4);
    await clock.advance(50);
    void send(5);
    void send(2);
    await clock.advance(20);
    const { depth, inFlightRequests, waitingRequests, oldestAgeMs } = queue.snapshot();
    deepStrictEqual({ depth, inFlightRequests, waitingRequests, oldestAgeMs }, {
      depth: 9,
      inFlightRequests: 1,
      waitingRequests: 1,
      oldestAgeMs: 70,
    });
  });
  await t.step("the oldest is what is still there", async () => {
    const { clock, queue, send, destination } = setUp();
    void send(1);
    await clock.advance(50);
    void send(1);
    destination.calls[0]?.answer(KEPT);
    await settle();
    strictEqual(queue.snapshot().oldestAgeMs, 0);
  });
});

Deno.test("a paused queue", async (t) => {
  await t.step("takes data and sends none; what is in flight goes on", async () => {
    const { queue, send, destination } = setUp();
    await send(1);
    queue.setPaused(true);
    await send(2);
    destination.calls[0]?.answer(KEPT);
    await settle();
    deepStrictEqual([destination.items, queue.snapshot().depth, queue.snapshot().isPaused], [[1], 2, true]);
    queue.setPaused(false);
    deepStrictEqual(destination.items, [1, 2]);
  });
  await t.step("is full at its capacity", async () => {
    const { queue, send } = setUp({ capacity: 3 });
    queue.setPaused(true);
    await send(3);
    void send(1);
    deepStrictEqual([queue.snapshot().depth, queue.snapshot().waitingRequests], [3, 1]);
  });
  await t.step("drains at a shutdown, and cannot be paused then", async () => {
    const { queue, send, destination, losses } = setUp();
    queue.setPaused(true);
    await send(2);
    const stopped = queue.shutdown(new AbortController().signal);
    queue.setPaused(true);
    strictEqual(queue.snapshot().isPaused, false);
    destination.calls[0]?.answer(KEPT);
    await stopped;
    deepStrictEqual([destination.items, losses], [[2], { refused: 0, dropped: 0 }]);
  });
});

Deno.test("a queue that is hurried sends what it holds now, and waits as before for what comes later", async () => {
  const { queue, send, destination } = setUp({ minItems: 5 });
  await send(1);
  await send(2);
  deepStrictEqual(destination.items, []);
  queue.hurry();
  deepStrictEqual(destination.items, [3]);
  destination.calls[0]?.answer(KEPT);
  await settle();
  await send(1);
  deepStrictEqual(destination.items, [3]);
  await queue.shutdown(AbortSignal.abort());
});
