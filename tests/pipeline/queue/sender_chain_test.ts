/**
 * The chain as a whole: which of its parts are there by what is configured, and what each is told.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { type Consumer, KEPT, type Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { TIMED_ONE_IN } from "../../../pipeline/core/telemetry/stages.ts";
import { createSenderChain, type SenderChainConfig } from "../../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { testDeps, watch } from "../../support/component_deps.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "./support.ts";

const FOREVER = new AbortController().signal;
const QUEUE = queueSchema.parse({});
const away = new UnavailableError("Cannot send: away");

/** A destination that says when it was started and shut down. */
class Living extends Destination implements Consumer, Lifecycle {
  readonly life: string[] = [];

  async start(): Promise<void> {
    await settle();
    this.life.push("started");
  }

  shutdown(): Promise<void> {
    this.life.push("shut down");
    return Promise.resolve();
  }
}

function setUp(sending_queue: QueueConfig | undefined, more: Partial<SenderChainConfig> = {}) {
  const deps = testDeps();
  const destination = new Living();
  const retry_on_failure = { ...retrySchema.parse({}), enabled: false };
  const chain = createSenderChain(destination, { timeoutMs: 5_000, retry_on_failure, sending_queue, ...more }, deps);
  const send = (payload = payloadWith(1)) => watch(chain.consume(payload, FOREVER));
  const metric = (name: string) => deps.meter.get(`otelcol_exporter_${name}`);
  return { deps, clock: deps.clock, destination, chain, send, metric };
}

Deno.test("an operator sees a queue where there is one", () => {
  strictEqual(setUp(QUEUE).chain.queue?.snapshot().capacity, QUEUE.queue_size);
  strictEqual(setUp(undefined).chain.queue, undefined);
  strictEqual(setUp({ ...QUEUE, enabled: false }).chain.queue, undefined);
});

Deno.test("what pushes is started before, and shut down after", async () => {
  const { chain, destination, send } = setUp(QUEUE);
  await chain.start?.();
  deepStrictEqual(destination.life, ["started"]);
  send();
  const down = chain.shutdown?.(FOREVER);
  await settle();
  deepStrictEqual(destination.life, ["started"]);
  destination.calls[0]?.answer(KEPT);
  await down;
  deepStrictEqual(destination.life, ["started", "shut down"]);
});

Deno.test("one attempt has its timeout, with a queue or without", async (t) => {
  for (const queue of [undefined, QUEUE]) {
    for (
      const [timeoutMs, cutAtMs] of [[1_000, 1_000], [7_999, 7_999], [8_000, 8_000], [20_000, 8_000], [
        0,
        8_000,
      ]] as const
    ) {
      await t.step(`${timeoutMs} ms ${queue === undefined ? "without" : "with"} a queue`, async () => {
        const { clock, destination, send } = setUp(queue, { timeoutMs });
        const result = send();
        await clock.advance(cutAtMs - 1);
        deepStrictEqual([result.settled, destination.calls[0]?.abort.aborted], [undefined, false]);
        await clock.advance(1);
        deepStrictEqual([result.error.retryable, destination.calls[0]?.abort.aborted], [true, true]);
      });
    }
  }
});

Deno.test("a chain takes over what another was answered for, whatever it is made of", async (t) => {
  for (
    const [name, queue, timeoutMs] of [
      ["with a queue", QUEUE, 5_000],
      ["without one", undefined, 5_000],
      ["without a timeout either", undefined, 0],
    ] as const
  ) {
    await t.step(name, async () => {
      const { chain, destination, metric } = setUp(queue, { timeoutMs });
      strictEqual(chain.adopt?.(payloadWith(3)), true);
      await settle();
      destination.calls[0]?.answer(KEPT);
      await settle();
      deepStrictEqual([destination.items, metric("sent_spans")], [[3], 3]);
      await chain.shutdown?.(FOREVER);
      strictEqual(chain.adopt?.(payloadWith(3)), false, "not when it is down");
    });
  }
  await t.step("nothing once it is down", async () => {
    const { chain } = setUp(QUEUE);
    await chain.shutdown?.(FOREVER);
    strictEqual(chain.adopt?.(payloadWith(3)), false);
  });
  await t.step("as much as its own queue holds", () => {
    const { chain } = setUp({ ...QUEUE, queue_size: 2 });
    deepStrictEqual([1, 2, 3].map(() => chain.adopt?.(payloadWith(1))), [true, true, false]);
  });
  await t.step("and hands on what comes when it is replaced itself", async () => {
    const { chain, deps } = setUp({ ...QUEUE, wait_for_result: false });
    const taken: number[] = [];
    await chain.shutdown?.(FOREVER, ({ itemCount }) => itemCount > 1 && taken.push(itemCount) > 0);
    deepStrictEqual([chain.adopt?.(payloadWith(3)), chain.adopt?.(payloadWith(1)), taken], [true, false, [3]]);
    deepStrictEqual(deps.lines, []);
  });
});

Deno.test("what an heir took is told once, by its items", async () => {
  const { chain, deps, destination, send } = setUp({ ...QUEUE, wait_for_result: false, num_consumers: 1 });
  for (const items of [1, 2, 4, 8]) send(payloadWith(items));
  await settle();
  destination.answer = () => KEPT;
  const down = chain.shutdown?.(FOREVER, ({ itemCount }) => itemCount < 4);
  destination.calls[0]?.answer(KEPT);
  await down;
  const told = deps.lines.filter(({ level }) => level === "info");
  deepStrictEqual(told.map(({ fields }) => fields["items"]), [2]);
  deepStrictEqual(destination.items, [1, 4, 8]);
});

Deno.test("who waits for a retry is told at once when its exporter shuts down", async () => {
  for (const queue of [undefined, QUEUE]) {
    const { chain, clock, destination, send } = setUp(queue, { retry_on_failure: retrySchema.parse({}) });
    destination.answer = () => away;
    const result = send();
    await settle();
    strictEqual(result.settled, undefined);
    await chain.shutdown?.(FOREVER);
    deepStrictEqual([result.error.retryable, clock.pending], [true, 0]);
  }
});

Deno.test("a queue counts what its batches hold", async () => {
  const { destination, send, metric } = setUp(QUEUE);
  destination.answer = () => KEPT;
  for (const items of [3, 4]) send(payloadWith(items));
  await settle();
  deepStrictEqual([metric("queue_batch_send_size"), metric("queue_batch_send_size_bytes")], [7, 70]);
});

Deno.test("of eight batches the first tells how long its oldest data waited", async () => {
  const { deps, clock, destination, send } = setUp({ ...QUEUE, num_consumers: 1 });
  const waitedSeconds = () => deps.meter.get("sluice_stage_duration");
  await clock.advance(1_000);
  for (let batch = 0; batch <= TIMED_ONE_IN; batch++) send();
  await settle();
  deepStrictEqual([destination.items.length, waitedSeconds()], [1, 0]);
  await clock.advance(3_000);
  destination.answer = () => KEPT;
  destination.calls[0]?.answer(KEPT);
  await settle();
  deepStrictEqual([destination.items.length, waitedSeconds()], [1 + TIMED_ONE_IN, 3]);
});

Deno.test("without a queue somebody waits for every answer: what fails is told, not lost", async () => {
  const { deps, destination, send, metric } = setUp(undefined);
  destination.answer = () => away;
  const result = send(payloadWith(3));
  await settle();
  deepStrictEqual([result.error.code, metric("send_failed_spans")], [away.code, 3]);
  deepStrictEqual([deps.meter.get("sluice_exporter_lost_spans"), deps.lines.map(({ message }) => message)], [
    0,
    ["export failed, the senders are told"],
  ]);
});

Deno.test("batches are measured in what they say, else in what the queue says, but not in requests", async (t) => {
  const cases: { queue: QueueConfig["sizer"]; batch?: "items" | "bytes" | "requests"; want: number[] }[] = [
    { queue: "requests", want: [10] },
    { queue: "items", want: [10] },
    { queue: "bytes", want: [5, 5] },
    { queue: "bytes", batch: "items", want: [10] },
    { queue: "items", batch: "bytes", want: [5, 5] },
    { queue: "items", batch: "requests", want: [] },
  ];
  for (const { queue, batch, want } of cases) {
    await t.step(`${queue}, ${batch ?? "none"}`, async () => {
      const sized = { ...queueBatchSchema.parse({}), min_size: 10, ...batch === undefined ? {} : { sizer: batch } };
      const { destination, send } = setUp({ ...QUEUE, sizer: queue, queue_size: 1_000, batch: sized });
      for (const items of [5, 5]) send(payloadWith(items));
      await settle();
      deepStrictEqual(destination.items, want);
    });
  }
});

Deno.test("a batch says of its senders only what they have in common, a request by itself all", async () => {
  const batch = { ...queueBatchSchema.parse({}), min_size: 1 };
  for (const [queue, want] of [[{ ...QUEUE, batch }, []], [QUEUE, ["k"]]] as const) {
    const { destination, send } = setUp(queue);
    send(payloadWith(1, { k: ["v"] }));
    await settle();
    deepStrictEqual([...destination.calls[0]!.payload.origin.metadata.keys()], want);
  }
});
