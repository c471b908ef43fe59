/**
 * What a queue owes to each sender when its data is in parts, waits for room, or is taken over.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { KEPT, type Outcome, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import type { Payload } from "../../../pipeline/otlp/payload.ts";
import { type BatchSettings, NO_BATCHING } from "../../../pipeline/queue/batch.ts";
import { MemoryQueue, type MemoryQueueSettings } from "../../../pipeline/queue/memory_queue.ts";
import { countedAbort } from "../../support/abort_listeners.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { Destination, payloadFrom, payloadWith, RecordingMeter, tenantTag, testDeps, watch } from "./support.ts";

const HOLD_MS = 30_000;
const away = new UnavailableError("Cannot send: away");
const refused = new RejectedError("Cannot send: refused", "invalid_argument");

/** Batches of at most ten items, at once. */
const TENS: BatchSettings = { ...NO_BATCHING, sizer: "items", turnSizer: "items", maxSize: 10, keepOrigin: false };

/** Cuts into pieces of `max` items. */
function cut(payload: Payload, max: number): readonly Payload[] {
  const pieces: Payload[] = [];
  for (let left = payload.itemCount; left > 0; left -= max) pieces.push(payloadWith(Math.min(max, left)));
  return pieces;
}

function setUp(settings: Partial<MemoryQueueSettings> = {}) {
  const clock = new FakeClock(1_000);
  const destination = new Destination();
  const { memory } = testDeps();
  const meter = new RecordingMeter();
  const losses = { refused: 0, ofTenants: 0, dropped: 0 };
  const queue = new MemoryQueue(
    { send: (payload, abort) => destination.consume(payload, abort) },
    {
      sizer: "items",
      capacity: 100,
      maxInFlight: 1,
      blockOnOverflow: false,
      waitForResult: true,
      holdMs: HOLD_MS,
      batch: NO_BATCHING,
      ...settings,
    },
    {
      clock,
      random: () => 0,
      memory,
      losses: {
        refused({ itemCount }, isTenants) {
          losses.refused += itemCount;
          if (isTenants) losses.ofTenants += itemCount;
        },
        dropped(pieces) {
          for (const { payload } of pieces) losses.dropped += payload.itemCount;
        },
      },
      split: cut,
      size: meter.gauge("size", {}),
    },
  );
  const send = (items: number | Payload, sender = countedAbort()) => {
    const payload = typeof items === "number" ? payloadWith(items) : items;
    return { ...sender, result: watch(queue.consume(payload, sender.controller.signal)) };
  };
  const answer = async (call: number, result: Outcome | Error = KEPT) => {
    destination.calls[call]?.answer(result);
    await settle();
  };
  return { clock, destination, memory, meter, losses, queue, send, answer };
}

Deno.test("a sender of several parts is told of all of them", async (t) => {
  await t.step("one that time can mend fails it at once, and what waits is thrown away", async () => {
    const { queue, destination, losses, send, answer } = setUp({ batch: TENS, maxInFlight: 2 });
    const { result } = send(30);
    await answer(0, away);
    deepStrictEqual([result.settled, losses.dropped], [away, 10]);
    strictEqual(queue.snapshot().depth, 30, "a part of it is still on its way");
    strictEqual(destination.calls[1]?.abort.aborted, true, "but nobody waits for it");
    await answer(1, away);
    deepStrictEqual([queue.snapshot().depth, destination.calls.length], [0, 2]);
  });
  await t.step("some refused for good are rejected items, the others are kept", async () => {
    const { queue, send, answer } = setUp({ batch: TENS });
    const { result } = send(25);
    await answer(0, refused);
    strictEqual(result.settled, undefined);
    await answer(1);
    await answer(2);
    deepStrictEqual(result.settled, { rejectedItems: 10, message: refused.message });
    strictEqual(queue.snapshot().depth, 0);
  });
  await t.step("all refused for good are a failure", async () => {
    const { send, answer } = setUp({ batch: TENS });
    const { result } = send(20);
    await answer(0, refused);
    await answer(1, refused);
    strictEqual(result.settled, refused);
  });
  await t.step("rejects are added up, the first message stands for all", async () => {
    const { send, answer } = setUp({ batch: TENS });
    const { result } = send(30);
    await answer(0, { rejectedItems: 2, message: "" });
    await answer(1, { rejectedItems: 3, message: "bad" });
    await answer(2, { rejectedItems: 1, message: "worse" });
    deepStrictEqual(result.settled, { rejectedItems: 6, message: "bad" });
  });
  await t.step("a part that a queue behind this one holds makes all of it held", async () => {
    const { send, answer } = setUp({ batch: TENS });
    const { result } = send(20);
    await answer(0, QUEUED);
    await answer(1);
    strictEqual(result.settled, QUEUED);
  });
  await t.step("all kept", async () => {
    const { send, answer } = setUp({ batch: TENS });
    const { result, listeners } = send(20);
    await answer(0);
    deepStrictEqual([result.settled, listeners()], [undefined, 1]);
    await answer(1);
    deepStrictEqual([result.settled, listeners()], [KEPT, 0]);
  });
});

Deno.test("what holds nothing takes a place all the same", async () => {
  const { queue, send } = setUp({ capacity: 2, waitForResult: false });
  send(0);
  strictEqual(queue.snapshot().depth, 1);
  strictEqual(queue.adopt(payloadWith(0)), true);
  deepStrictEqual([queue.snapshot().depth, queue.fill], [2, 1]);
  strictEqual(queue.adopt(payloadWith(0)), false);
  const { result } = send(0);
  await settle();
  strictEqual(result.error.retryable, true);
});

Deno.test("a queue says what it refuses, and whose fault it is", async (t) => {
  await t.step("a sender that has left already", async () => {
    const { destination, losses, send } = setUp();
    const sender = countedAbort();
    sender.controller.abort();
    const { result } = send(3, sender);
    await settle();
    deepStrictEqual([result.error.retryable, destination.calls.length], [true, 0]);
    deepStrictEqual(losses, { refused: 3, ofTenants: 0, dropped: 0 });
  });
  await t.step("a tenant that has its share", async () => {
    const { losses, send } = setUp();
    const tenant = tenantTag(1, { maxQueueShare: 0.5 });
    send(payloadFrom(tenant, 50));
    const { result } = send(payloadFrom(tenant, 1));
    await settle();
    strictEqual(result.error.httpStatus, 429);
    deepStrictEqual(losses, { refused: 1, ofTenants: 1, dropped: 0 });
  });
  await t.step("whoever comes when it shuts down", async () => {
    const { queue, losses, send } = setUp();
    await queue.shutdown(new AbortController().signal);
    const { result } = send(4);
    await settle();
    strictEqual(result.error.httpStatus, 503);
    deepStrictEqual(losses, { refused: 4, ofTenants: 0, dropped: 0 });
  });
  await t.step("too many partitions", async () => {
    const { queue, losses, send } = setUp({
      batch: { ...TENS, minSize: 10, flushTimeoutMs: 1_000, metadataKeys: ["k"] },
    });
    send(payloadWith(1, { k: ["a"] }));
    const { result } = send(payloadWith(2, { k: ["b"] }));
    await settle();
    strictEqual(result.error.retryable, true);
    deepStrictEqual([losses.refused, queue.partitions, queue.snapshot().depth], [2, 1, 1]);
  });
});

Deno.test("who waited for room and has its answer is held no longer", async () => {
  const { clock, queue, destination, losses, memory, send, answer } = setUp({
    capacity: 3,
    blockOnOverflow: true,
    waitForResult: false,
  });
  send(3);
  const waiting = [send(1), send(1)];
  deepStrictEqual([queue.snapshot().waitingRequests, waiting.map(({ listeners }) => listeners())], [2, [1, 1]]);
  await answer(0);
  deepStrictEqual(waiting.map(({ result, listeners }) => [result.settled, listeners()]), [[QUEUED, 0], [QUEUED, 0]]);
  strictEqual(memory.heldBytes(), 20);
  await clock.advance(HOLD_MS);
  deepStrictEqual([losses.dropped, queue.snapshot().depth, destination.calls[1]?.abort.aborted], [0, 2, false]);
  await answer(1);
  await answer(2);
  deepStrictEqual([destination.items, queue.snapshot().depth, memory.heldBytes()], [[3, 1, 1], 0, 0]);
});

Deno.test("adopt() takes what there is room for, in a queue whose senders do not wait", async (t) => {
  const keyed = { ...TENS, minSize: 10, flushTimeoutMs: 1_000, metadataKeys: ["k"] };
  const cases: { name: string; settings: Partial<MemoryQueueSettings>; items: number; want: boolean }[] = [
    { name: "all its room", settings: { waitForResult: false }, items: 100, want: true },
    { name: "one past it", settings: { waitForResult: false }, items: 101, want: false },
    { name: "senders wait", settings: {}, items: 1, want: false },
  ];
  for (const { name, settings, items, want } of cases) {
    await t.step(name, () => {
      const { queue, memory } = setUp(settings);
      strictEqual(queue.adopt(payloadWith(items)), want);
      deepStrictEqual([queue.snapshot().depth, memory.heldBytes()], want ? [items, items * 10] : [0, 0]);
    });
  }
  await t.step("shutting down", async () => {
    const { queue } = setUp({ waitForResult: false });
    await queue.shutdown(new AbortController().signal);
    strictEqual(queue.adopt(payloadWith(1)), false);
  });
  await t.step("too many partitions", () => {
    const { queue } = setUp({ waitForResult: false, batch: keyed });
    strictEqual(queue.adopt(payloadWith(1, { k: ["a"] })), true);
    strictEqual(queue.adopt(payloadWith(1, { k: ["b"] })), false);
    deepStrictEqual([queue.snapshot().depth, queue.partitions], [1, 1]);
  });
});

Deno.test("shutdown sends what waits", async (t) => {
  const cases: { name: string; settings: Partial<MemoryQueueSettings>; isPaused: boolean }[] = [
    {
      name: "for its batch to fill",
      settings: { batch: { ...TENS, minSize: 10, flushTimeoutMs: 1_000 } },
      isPaused: false,
    },
    { name: "in a paused queue", settings: {}, isPaused: true },
  ];
  for (const { name, settings, isPaused } of cases) {
    await t.step(name, async () => {
      const { clock, queue, destination, send } = setUp(settings);
      queue.setPaused(isPaused);
      const { result } = send(1);
      await settle();
      strictEqual(destination.calls.length, 0);
      destination.answer = () => KEPT;
      await queue.shutdown(new AbortController().signal);
      deepStrictEqual([result.settled, clock.pending, queue.snapshot().depth], [KEPT, 0, 0]);
    });
  }
  await t.step("nothing waits: at once", async () => {
    const { queue } = setUp();
    await queue.shutdown(new AbortController().signal);
    queue.setPaused(true);
    strictEqual(queue.snapshot().isPaused, false, "it can be paused no more");
  });
  await t.step("until its deadline, which may have passed already", async () => {
    const { queue, losses, send } = setUp();
    const [flying, waiting] = [send(1), send(2)];
    await queue.shutdown(AbortSignal.abort());
    await settle();
    deepStrictEqual([flying.result.error.httpStatus, waiting.result.error.httpStatus], [503, 503]);
    deepStrictEqual([losses.dropped, queue.snapshot().depth], [2, 0]);
  });
});

Deno.test("at shutdown an heir takes what was answered for", async (t) => {
  const heirOf = (room: number) => {
    const taken: number[] = [];
    const adopt = ({ itemCount }: Payload) => taken.length < room && taken.push(itemCount) > 0;
    return { taken, adopt };
  };
  await t.step("all that waits", async () => {
    const { queue, memory, destination, send, answer } = setUp({ waitForResult: false, batch: TENS });
    const { taken, adopt } = heirOf(Infinity);
    for (const items of [1, 10, 25]) send(items);
    const shutdown = queue.shutdown(new AbortController().signal, adopt);
    deepStrictEqual([taken, queue.snapshot().depth, memory.heldBytes()], [[10, 10, 10, 5], 1, 10]);
    await answer(0);
    await shutdown;
    deepStrictEqual([destination.items, memory.heldBytes()], [[1], 0]);
  });
  await t.step("the rest is sent from here, and offered once more at the deadline", async () => {
    const { queue, losses, memory, destination, send } = setUp({ waitForResult: false });
    const { taken, adopt } = heirOf(1);
    for (const items of [1, 2, 3, 4]) send(items);
    const deadline = new AbortController();
    const shutdown = queue.shutdown(deadline.signal, adopt);
    deepStrictEqual([taken, queue.snapshot().depth], [[2], 8]);
    taken.length = 0;
    deadline.abort();
    await shutdown;
    deepStrictEqual([taken, losses.dropped, destination.items], [[3], 4, [1]]);
    deepStrictEqual([queue.snapshot().depth, memory.heldBytes()], [0, 0]);
  });
  await t.step("nothing that its sender waits for", async () => {
    const { queue, send, answer } = setUp();
    const { taken, adopt } = heirOf(Infinity);
    const results = [send(1), send(2)];
    const shutdown = queue.shutdown(new AbortController().signal, adopt);
    await answer(0);
    await answer(1);
    await shutdown;
    deepStrictEqual([taken, results.map(({ result }) => result.settled)], [[], [KEPT, KEPT]]);
  });
});
