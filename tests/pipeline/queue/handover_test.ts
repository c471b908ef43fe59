import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Consumer, KEPT, type Lifecycle, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { type QueueConfig, queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "./support.ts";
import { type TestDeps, testDeps } from "../../support/component_deps.ts";

const away = new UnavailableError("Cannot send: away");
const refused = new RejectedError("Cannot send: refused", "invalid_argument");
const FOREVER = new AbortController().signal;
const ANSWERED: QueueConfig = { ...queueSchema.parse({}), wait_for_result: false };

type Chain = Consumer & Lifecycle;

function chainTo(
  destination: Destination,
  deps: TestDeps,
  queue: QueueConfig | undefined,
  retry: Partial<ReturnType<typeof retrySchema.parse>> = {},
): Chain {
  const retry_on_failure = { ...retrySchema.parse({}), ...retry };
  return createSenderChain(destination, { timeoutMs: 5_000, retry_on_failure, sending_queue: queue }, deps);
}

/** The old chain and the one that replaces it, on one meter; a destination each. */
function setUp(oldQueue: QueueConfig | undefined, newQueue: QueueConfig | undefined) {
  const deps = testDeps();
  const [before, after] = [new Destination(), new Destination()];
  const [old, heir] = [chainTo(before, deps, oldQueue), chainTo(after, deps, newQueue)];
  const metric = (name: string) => deps.meter.get(`otelcol_exporter_${name}`);
  const send = (...items: number[]) => Promise.all(items.map((count) => old.consume(payloadWith(count), FOREVER)));
  const deadline = new AbortController();
  const replace = () => old.shutdown?.(deadline.signal, (payload) => heir.adopt?.(payload) ?? false);
  return { deps, clock: deps.clock, before, after, old, heir, metric, send, replace, deadline };
}

Deno.test("What was answered for goes on in the chain that replaces one", async (t) => {
  for (
    const [name, queue] of [
      ["a queue of the same kind", ANSWERED],
      ["a queue whose senders wait", queueSchema.parse({})],
      ["no queue", undefined],
    ] as const
  ) {
    await t.step(`to ${name}`, async () => {
      const { send, replace, before, after, metric, deps, clock } = setUp({ ...ANSWERED, num_consumers: 1 }, queue);
      before.answer = () => away;
      await send(1, 2, 3);
      await settle();
      await replace();
      await settle();
      deepStrictEqual(after.items.toSorted(), [1, 2, 3]);
      deepStrictEqual([metric("queue_size"), metric("in_flight_requests"), deps.memory.heldBytes()], [3, 3, 60]);
      for (const call of after.calls) call.answer(KEPT);
      await clock.advance(10_000);
      deepStrictEqual([metric("sent_spans"), metric("send_failed_spans"), metric("queue_size")], [6, 0, 0]);
      deepStrictEqual([metric("in_flight_requests"), deps.memory.heldBytes(), clock.pending], [0, 0, 0]);
      ok(deps.lines.some(({ message, fields }) => message.includes("goes on") && fields["items"] === 6));
    });
  }

  await t.step("an attempt on its way is waited for, and moves when it fails", async () => {
    const { send, replace, before, after, metric } = setUp(ANSWERED, ANSWERED);
    await send(1, 2, 4);
    const down = replace();
    await settle();
    deepStrictEqual(after.items, []);
    before.calls[0]?.answer(KEPT);
    before.calls[1]?.answer(away);
    before.calls[2]?.answer(refused);
    await down;
    await settle();
    deepStrictEqual(after.items, [2]);
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [1, 4]);
  });

  await t.step("an attempt that hangs moves at the deadline", async () => {
    const { send, replace, after, deadline, metric, clock } = setUp(ANSWERED, ANSWERED);
    await send(1, 2);
    const down = replace();
    await settle();
    deadline.abort();
    await down;
    await settle();
    deepStrictEqual(after.items, [1, 2]);
    strictEqual(metric("send_failed_spans"), 0);
    for (const call of after.calls) call.answer(KEPT);
    await clock.advance(10_000);
    deepStrictEqual([metric("in_flight_requests"), clock.pending], [0, 0]);
  });

  await t.step("what finds no room is still sent from the old one, and what cannot be is told", async () => {
    const small = { ...ANSWERED, queue_size: 2 };
    const { send, replace, before, after, deadline, metric, deps } = setUp({ ...ANSWERED, num_consumers: 1 }, small);
    await send(1, 2, 4, 8);
    const down = replace();
    await settle();
    deepStrictEqual(after.items, [2, 4]);
    before.calls[0]?.answer(KEPT);
    await settle();
    deepStrictEqual(before.items, [1, 8]);
    deadline.abort();
    await down;
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [1, 8]);
    ok(deps.lines.some(({ message }) => message === "export failed, the data is lost"));
  });

  await t.step("senders that wait keep their answer", async () => {
    const { old, replace, before, after, metric } = setUp(queueSchema.parse({}), ANSWERED);
    const kept = old.consume(payloadWith(3), FOREVER);
    const down = replace();
    await settle();
    before.calls[0]?.answer(KEPT);
    strictEqual(await kept, KEPT);
    await down;
    deepStrictEqual([after.items, metric("sent_spans")], [[], 3]);
  });

  await t.step("through a chain that is itself being replaced", async () => {
    const { deps, send, replace, heir, after } = setUp(ANSWERED, ANSWERED);
    const last = new Destination();
    const third = chainTo(last, deps, ANSWERED);
    await heir.shutdown?.(FOREVER, (payload) => third.adopt?.(payload) ?? false);
    await send(5);
    void replace();
    strictEqual(heir.adopt?.(payloadWith(7)), true);
    await settle();
    deepStrictEqual([after.items, last.items], [[], [7]]);
  });

  await t.step("not to one that has shut down", async () => {
    const { heir } = setUp(ANSWERED, ANSWERED);
    await heir.shutdown?.(FOREVER);
    strictEqual(heir.adopt?.(payloadWith(7)), false);
  });
});

Deno.test("nothing that was answered for is lost over any number of replacements", async () => {
  const batch = { ...queueSchema.parse({ batch: { flush_timeout: "50ms" } }).batch!, min_size: 4, max_size: 6 };
  const queues = fc.constantFrom(ANSWERED, { ...ANSWERED, num_consumers: 1 }, { ...ANSWERED, batch });
  const heirs = fc.array(fc.oneof(queues, fc.constantFrom(queueSchema.parse({}), undefined)), { maxLength: 4 });
  const sends = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 });
  const property = fc.asyncProperty(queues, heirs, sends, fc.nat(7_000), async (first, rest, items, passMs) => {
    const deps = testDeps();
    const metric = (name: string) => deps.meter.get(`otelcol_exporter_${name}`);
    let isUp = false;
    const destination = new Destination();
    destination.answer = () => isUp ? KEPT : away;
    const open = (queue: QueueConfig | undefined) => chainTo(destination, deps, queue, { max_elapsed_time: 0 });
    let chain = open(first);
    for (const count of items) strictEqual(await chain.consume(payloadWith(count), FOREVER), QUEUED);
    const downs = [];
    for (const queue of rest) {
      const next = open(queue);
      downs.push(chain.shutdown?.(FOREVER, (payload) => next.adopt?.(payload) ?? false));
      chain = next;
      await deps.clock.advance(passMs);
    }
    isUp = true;
    await deps.clock.advance(60_000);
    await Promise.all(downs);
    const given = items.reduce((sum, count) => sum + count, 0);
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [given, 0]);
    deepStrictEqual([metric("queue_size"), metric("in_flight_requests"), deps.memory.heldBytes()], [0, 0, 0]);
    strictEqual(deps.clock.pending, 0);
  });
  await fc.assert(property, { numRuns: 60 });
});
