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
import type { Piece } from "../../../pipeline/queue/losses.ts";
import { MemoryQueue, type MemoryQueueSettings } from "../../../pipeline/queue/memory_queue.ts";
import { countedAbort } from "../../support/abort_listeners.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { Destination, payloadFrom, payloadWith, tenantTag } from "./support.ts";
import { RecordingMeter, testDeps, watch } from "../../support/component_deps.ts";

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
  const losses = { refused: 0, ofTenants: 0, dropped: 0 };
  /** Items of each batch that landed, the result, and whether its senders wait for it; and of what was dropped. */
  const landed: [number[], Outcome | Error, boolean][] = [];
  const dropped: [number[], boolean][] = [];
  const itemsOf = (pieces: readonly Piece[]) => pieces.map(({ payload }) => payload.itemCount);
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
        landed: (pieces, result, told) => landed.push([itemsOf(pieces), result, told]),
        dropped(pieces, _error, told) {
          dropped.push([itemsOf(pieces), told]);
          for (const { payload } of pieces) losses.dropped += payload.itemCount;
        },
      },
      split: cut,
      size: new RecordingMeter().gauge("otelcol_exporter_queue_size", {}),
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
  return { clock, destination, memory, losses, landed, dropped, queue, send, answer };
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

Deno.test("senders whose data shared a batch are told how much of it was rejected", async (t) => {
  const cases: { rejectedItems: number; message: string; want: string }[] = [
    { rejectedItems: 1, message: "", want: "1 of the 10 spans of a batch that held these was rejected" },
    { rejectedItems: 2, message: "", want: "2 of the 10 spans of a batch that held these were rejected" },
    { rejectedItems: 9, message: "bad", want: "9 of the 10 spans of a batch that held these were rejected: bad" },
  ];
  for (const { rejectedItems, message, want } of cases) {
    await t.step(want, async () => {
      const { send, answer } = setUp({ batch: { ...TENS, minSize: 10, flushTimeoutMs: 1_000 } });
      const results = [send(4), send(6)];
      await answer(0, { rejectedItems, message });
      for (const { result } of results) deepStrictEqual(result.settled, { rejectedItems: 0, message: want });
    });
  }
});

Deno.test("who leaves makes room", async (t) => {
  await t.step("for those behind it that wait for room", async () => {
    const { queue, losses, send } = setUp({ capacity: 10, blockOnOverflow: true });
    send(8);
    const [large, small] = [send(5), send(2)];
    large.controller.abort();
    await settle();
    strictEqual(large.result.error.httpStatus, 503);
    deepStrictEqual([queue.snapshot().waitingRequests, queue.snapshot().depth], [0, 10]);
    deepStrictEqual([large.listeners(), small.listeners(), losses], [0, 1, { refused: 5, ofTenants: 0, dropped: 0 }]);
  });
  await t.step("when its data was queued already", async () => {
    const { queue, dropped, destination, send, answer } = setUp({ capacity: 10, blockOnOverflow: true });
    send(5);
    const [queued, waiting] = [send(5), send(4)];
    queued.controller.abort();
    await settle();
    deepStrictEqual([queue.snapshot().waitingRequests, queue.snapshot().depth], [0, 9]);
    deepStrictEqual(dropped, [[[5], true]]);
    await answer(0);
    await answer(1);
    deepStrictEqual([destination.items, waiting.result.settled], [[5, 4], KEPT]);
  });
  await t.step("when none of its data is on its way any more", async () => {
    const { queue, dropped, destination, send, answer } = setUp({ batch: TENS, maxInFlight: 2 });
    const { controller } = send(20);
    controller.abort();
    await settle();
    deepStrictEqual(destination.calls.map(({ abort }) => abort.aborted), [true, true]);
    strictEqual(queue.snapshot().depth, 20);
    await answer(0, away);
    strictEqual(queue.snapshot().depth, 20);
    await answer(1, away);
    deepStrictEqual([queue.snapshot().depth, dropped], [0, []]);
  });
  await t.step("at shutdown those that wait for room are told, and heard no longer", async () => {
    const { queue, clock, losses, send, answer } = setUp({ capacity: 1, blockOnOverflow: true });
    send(1);
    const waiting = send(1);
    const shutdown = queue.shutdown(new AbortController().signal);
    await settle();
    deepStrictEqual([waiting.result.error.httpStatus, waiting.listeners()], [503, 0]);
    deepStrictEqual(losses, { refused: 1, ofTenants: 0, dropped: 0 });
    await answer(0);
    await shutdown;
    strictEqual(clock.pending, 0);
  });
});

Deno.test("a batch of several tenants that is refused for good goes again, each tenant's data by itself", async (t) => {
  const batch: BatchSettings = { ...TENS, minSize: 10, maxSize: Infinity, flushTimeoutMs: 1_000 };
  const [a, b] = [tenantTag(1), tenantTag(2)];
  /** A batch of 4 and 6 items that was refused, and one behind it. */
  const begin = async (settings: Partial<MemoryQueueSettings> = {}) => {
    const parts = setUp({ batch, ...settings });
    const senders = [parts.send(payloadFrom(a, 4)), parts.send(payloadFrom(b, 6)), parts.send(payloadFrom(b, 11))];
    await parts.answer(0, refused);
    const settled = () => senders.map(({ result }) => result.settled);
    return { ...parts, senders, settled };
  };
  await t.step("in the same place in flight, one after the other", async () => {
    const { destination, queue, landed, answer, settled } = await begin();
    deepStrictEqual([destination.items, settled()[0], queue.snapshot().inFlightRequests], [[10, 4], undefined, 1]);
    await answer(1, refused);
    deepStrictEqual([destination.items, settled()], [[10, 4, 6], [refused, undefined, undefined]]);
    await answer(2);
    deepStrictEqual([destination.items, settled()], [[10, 4, 6, 11], [refused, KEPT, undefined]]);
    await answer(3);
    deepStrictEqual([settled()[2], queue.snapshot().depth], [KEPT, 0]);
    deepStrictEqual(landed, [[[], refused, true], [[4], refused, true], [[6], KEPT, true], [[11], KEPT, true]]);
  });
  await t.step("not when time can mend it", async () => {
    const { destination, landed, send, answer } = setUp({ batch });
    const results = [send(payloadFrom(a, 4)), send(payloadFrom(b, 6))];
    await answer(0, away);
    deepStrictEqual([destination.items, results.map(({ result }) => result.settled)], [[10], [away, away]]);
    deepStrictEqual(landed, [[[4, 6], away, true]]);
  });
  await t.step("not when some of it was kept", async () => {
    const { destination, send, answer } = setUp({ batch });
    send(payloadFrom(a, 4));
    send(payloadFrom(b, 6));
    await answer(0, { rejectedItems: 3, message: "bad" });
    deepStrictEqual(destination.items, [10]);
  });
  await t.step("not when all of it is one tenant's", async () => {
    const { destination, landed, send, answer } = setUp({ batch });
    const results = [send(payloadFrom(a, 4)), send(payloadFrom(a, 6))];
    await answer(0, refused);
    deepStrictEqual([destination.items, results.map(({ result }) => result.settled)], [[10], [refused, refused]]);
    deepStrictEqual(landed, [[[4, 6], refused, true]]);
  });
  await t.step("but for those whose sender has left by then", async () => {
    const { destination, dropped, senders, answer, settled } = await begin();
    senders[1]?.controller.abort();
    await answer(1);
    deepStrictEqual([destination.items, dropped, settled()[0]], [[10, 4, 11], [[[6], true]], KEPT]);
    strictEqual(senders[1]?.result.error.httpStatus, 503);
  });
  await t.step("also when nobody waits", async () => {
    const { destination, memory, landed, queue, answer } = await begin({ waitForResult: false });
    await answer(1);
    await answer(2, away);
    await answer(3);
    deepStrictEqual([destination.items, memory.heldBytes(), queue.snapshot().depth], [[10, 4, 6, 11], 0, 0]);
    deepStrictEqual(landed, [[[], refused, false], [[4], KEPT, false], [[6], away, false], [[11], KEPT, false]]);
  });
  await t.step("and who leaves costs those nothing that still wait", async () => {
    const { destination, send, answer } = setUp({ batch: { ...batch, minSize: 12 } });
    const [first, , last] = [a, b, tenantTag(3)].map((tenant) => send(payloadFrom(tenant, 4)));
    await answer(0, refused);
    await answer(1);
    strictEqual(first?.result.settled, KEPT);
    last?.controller.abort();
    await settle();
    strictEqual(destination.calls[2]?.abort.aborted, false);
    await answer(2);
    deepStrictEqual(destination.items, [12, 4, 4]);
  });
  for (const waitForResult of [true, false]) {
    await t.step(`but for what shutdown has given up by then (senders wait: ${waitForResult})`, async () => {
      const { destination, landed, dropped, queue, answer, senders } = await begin({ waitForResult });
      await queue.shutdown(AbortSignal.abort());
      await settle();
      if (waitForResult) { for (const { result } of senders) strictEqual(result.error.httpStatus, 503); }
      strictEqual(destination.calls[1]?.abort.aborted, true);
      await answer(1, away);
      deepStrictEqual([destination.items, queue.snapshot().depth], [[10, 4], 0]);
      deepStrictEqual(landed, [[[], refused, waitForResult], [[4], away, waitForResult]]);
      deepStrictEqual(dropped, [[[11], waitForResult], [[6], waitForResult]]);
    });
  }
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
  await t.step("some of the parts of a request: it has its room until the others are kept", async () => {
    const { queue, memory, send, answer } = setUp({ waitForResult: false, batch: TENS });
    const { taken, adopt } = heirOf(1);
    send(1);
    send(30);
    const shutdown = queue.shutdown(new AbortController().signal, adopt);
    deepStrictEqual([taken, queue.snapshot().depth, memory.heldBytes()], [[10], 31, 310]);
    for (const call of [0, 1, 2]) await answer(call);
    await shutdown;
    deepStrictEqual([queue.snapshot().depth, memory.heldBytes()], [0, 0]);
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
