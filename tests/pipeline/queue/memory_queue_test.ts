import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { KEPT, type Outcome, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { type GatewayError, RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "./support.ts";
import { testDeps, watch, type Watched } from "../../support/component_deps.ts";

const away = new UnavailableError("Cannot send: away");
const refused = new RejectedError("Cannot send: refused", "invalid_argument");

/** Config as YAML would give it. */
function section(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "number" || typeof value === "boolean"
        ? new Scalar(value, String(value))
        : typeof value === "object" && value !== null && !Array.isArray(value)
        ? section(value as Readonly<Record<string, unknown>>)
        : value,
    ]),
  );
}

function setUp(
  queue: Readonly<Record<string, unknown>> = {},
  { retry = false, signal = "traces", ...intervals }: {
    readonly retry?: boolean;
    readonly signal?: Signal;
    readonly initial_interval?: string;
  } = {},
) {
  const deps = testDeps(signal);
  const destination = new Destination();
  const chain = createSenderChain(destination, {
    timeoutMs: 5_000,
    retry_on_failure: retrySchema.parse(section({ enabled: retry, ...intervals })),
    sending_queue: queueSchema.parse(section(queue)),
  }, deps);
  const senders: AbortController[] = [];
  const send = (items = 1, metadata: Readonly<Record<string, readonly string[]>> = {}): Watched => {
    const sender = new AbortController();
    senders.push(sender);
    return watch(chain.consume(payloadWith(items, metadata, signal), sender.signal));
  };
  const answer = async (call: number, result: Outcome | GatewayError = KEPT) => {
    destination.calls[call]?.answer(result);
    await settle();
  };
  const metric = (name: string) => deps.meter.get(`otelcol_exporter_${name}`);
  const abandoned = () => deps.meter.get("sluice_exporter_abandoned_spans");
  return { deps, clock: deps.clock, destination, chain, senders, send, answer, metric, abandoned };
}

/** A chain whose attempts may take longer than a sender is held. */
function hung(enabled: boolean, queue: Readonly<Record<string, unknown>> = {}) {
  const deps = testDeps();
  const destination = new Destination();
  const chain = createSenderChain(destination, {
    timeoutMs: 30_000,
    retry_on_failure: retrySchema.parse({}),
    sending_queue: queueSchema.parse(section({ enabled, ...queue })),
  }, deps);
  return { deps, destination, chain };
}

Deno.test("A queue answers with the export's result by default", async (t) => {
  await t.step("kept, partly rejected, failed", async () => {
    const { send, answer, metric, clock } = setUp();
    const results = [send(3), send(4), send(5)];
    await settle();
    await answer(0);
    await answer(1, { rejectedItems: 1, message: "one is bad" });
    await answer(2, refused);
    deepStrictEqual(results.map(({ settled }) => settled), [
      KEPT,
      { rejectedItems: 1, message: "one is bad" },
      refused,
    ]);
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [6, 6]);
    deepStrictEqual([metric("queue_size"), metric("in_flight_requests")], [0, 0]);
    await clock.advance(10_000);
    strictEqual(clock.pending, 0);
  });
  await t.step("with num_consumers sends at a time, in order", async () => {
    const { send, answer, destination } = setUp({ num_consumers: 2 });
    const results = [1, 2, 3, 4].map((items) => send(items));
    await settle();
    deepStrictEqual(destination.items, [1, 2]);
    await answer(1);
    deepStrictEqual(destination.items, [1, 2, 3]);
    deepStrictEqual(results.map(({ settled }) => settled !== undefined), [false, true, false, false]);
  });
});

Deno.test("A queue tells its senders that one behind it goes on using their bytes", async () => {
  const { send, answer } = setUp({ batch: { min_size: 4, max_size: 4 } });
  const results = [send(2), send(4)];
  await settle();
  await answer(0, QUEUED);
  await settle();
  await answer(1, { rejectedItems: 1, message: "too old" });
  deepStrictEqual(results.map(({ settled }) => settled), [QUEUED, { rejectedItems: 1, message: "too old" }]);
});

Deno.test("A queue that does not wait for the result keeps what it took", async () => {
  const { deps, send, answer, metric, chain, destination, senders } = setUp({ wait_for_result: false });
  const result = send(3);
  await settle();
  strictEqual(result.settled, QUEUED);
  strictEqual(deps.memory.heldBytes(), 30, "the receiver lets go of what it has answered for");
  senders[0]?.abort();
  await settle();
  strictEqual(destination.calls[0]?.abort.aborted, false);
  await answer(0, refused);
  deepStrictEqual([metric("send_failed_spans"), deps.memory.heldBytes()], [3, 0]);
  deepStrictEqual(deps.lines.map(({ level, fields }) => [level, fields["items"]]), [["error", 3]]);
  await chain.shutdown?.(new AbortController().signal);
});

Deno.test("A queue is bounded, in flight included", async (t) => {
  for (const [sizer, size, fits] of [["requests", 2, [9, 9]], ["items", 10, [4, 6]], ["bytes", 100, [4, 6]]] as const) {
    await t.step(`by ${sizer}`, async () => {
      const { chain, send, answer, metric } = setUp({ sizer, queue_size: size, num_consumers: 1 });
      for (const items of fits) send(items);
      strictEqual(metric("queue_size"), size);
      strictEqual(metric("queue_capacity"), size);
      throws(() => chain.admit?.(0), UnavailableError);
      const over = send(1);
      await settle();
      deepStrictEqual([over.error.name, over.error.httpStatus, over.error.retryAfterMs], [
        "UnavailableError",
        503,
        2_000,
      ]);
      strictEqual(metric("enqueue_failed_spans"), 1);
      await answer(0);
      chain.admit?.(0);
      send(1);
      strictEqual(metric("enqueue_failed_spans"), 1);
    });
  }
  await t.step("what is larger than all of it is refused for good", async () => {
    const { send } = setUp({ sizer: "items", queue_size: 10, block_on_overflow: true });
    send(10);
    const over = send(11);
    await settle();
    deepStrictEqual([over.error.name, over.error.httpStatus], ["LimitExceededError", 413]);
  });
});

Deno.test("block_on_overflow waits for room", async (t) => {
  const full = { queue_size: 1, num_consumers: 1, block_on_overflow: true };
  await t.step("in order", async () => {
    const { send, answer, destination, metric, chain } = setUp({ ...full, sizer: "items", queue_size: 10 });
    send(10);
    const [large, small] = [send(8), send(2)];
    chain.admit?.(0);
    await answer(0);
    deepStrictEqual(destination.items, [10, 8]);
    await answer(1);
    await answer(2);
    deepStrictEqual([large.settled, small.settled, metric("queue_size")], [KEPT, KEPT, 0]);
  });
  await t.step("until the sender leaves", async () => {
    const { send, senders, metric, destination, answer, abandoned } = setUp(full);
    send();
    const waiting = send();
    senders[1]?.abort();
    await settle();
    strictEqual(waiting.error.name, "CancelledError");
    deepStrictEqual([abandoned(), metric("enqueue_failed_spans")], [1, 0]);
    await answer(0);
    strictEqual(destination.calls.length, 1);
  });
  await t.step("no longer than a sender is held, also when it would not wait for the result", async () => {
    const { send, clock } = setUp({ ...full, wait_for_result: false }, { retry: true });
    send();
    const waiting = send();
    await clock.advance(7_999);
    strictEqual(waiting.settled, undefined);
    await clock.advance(1);
    deepStrictEqual([waiting.error.name, waiting.error.retryAfterMs], ["UnavailableError", 1_000]);
  });
});

Deno.test("A waiting sender has its answer in bounded time", async (t) => {
  await t.step("8 s when its data is still queued", async () => {
    const { send, clock, metric, destination, answer } = setUp({ num_consumers: 1 });
    send(1);
    await clock.advance(3_000);
    destination.calls[0]?.answer(KEPT);
    send(2);
    await settle();
    const waiting = send(3);
    // The attempt before it is cut after 5 s; then it goes out itself.
    await clock.advance(5_000);
    deepStrictEqual(destination.items, [1, 2, 3]);
    strictEqual(waiting.settled, undefined);
    await answer(2);
    strictEqual(waiting.settled, KEPT);
    strictEqual(metric("send_failed_spans"), 2);
  });
  await t.step("and its data is thrown away, for it will come again", async () => {
    const deps = testDeps();
    const destination = new Destination();
    const chain = createSenderChain(destination, {
      timeoutMs: 0,
      retry_on_failure: retrySchema.parse({}),
      sending_queue: queueSchema.parse(section({ num_consumers: 1 })),
    }, deps);
    const first = watch(chain.consume(payloadWith(1), new AbortController().signal));
    const waiting = watch(chain.consume(payloadWith(2), new AbortController().signal));
    await deps.clock.advance(8_000);
    deepStrictEqual([waiting.error.name, waiting.error.retryAfterMs], ["UnavailableError", 1_000]);
    strictEqual(first.error.name, "UnavailableError");
    strictEqual(deps.meter.get("otelcol_exporter_send_failed_spans"), 3);
    strictEqual(destination.calls.length, 1);
  });
  for (const enabled of [true, false]) {
    await t.step(`8 s when the attempt under way does not end, ${enabled ? "with" : "without"} a queue`, async () => {
      const { deps, destination, chain } = hung(enabled);
      const result = watch(chain.consume(payloadWith(3), new AbortController().signal));
      await deps.clock.advance(7_999);
      strictEqual(result.settled, undefined);
      await deps.clock.advance(1);
      const { httpStatus, retryable, retryAfterMs, message } = result.error;
      deepStrictEqual([httpStatus, retryable, retryAfterMs], [503, true, 1_000]);
      strictEqual(message, "Cannot export: not delivered after 8000 ms, wanted it to be by then");
      strictEqual(destination.calls[0]?.abort.aborted, true);
      strictEqual(deps.meter.get("otelcol_exporter_send_failed_spans"), 3);
      await deps.clock.advance(60_000);
      deepStrictEqual([destination.calls.length, deps.clock.pending], [1, 0]);
    });
    await t.step(`and a retry that began late is cut too, ${enabled ? "with" : "without"} a queue`, async () => {
      const { deps, destination, chain } = hung(enabled);
      destination.answer = (_payload, call) => call === 1 ? away : undefined;
      const result = watch(chain.consume(payloadWith(3), new AbortController().signal));
      await deps.clock.advance(8_000);
      strictEqual(result.error.httpStatus, 503);
      deepStrictEqual([destination.calls.length, destination.calls[1]?.abort.aborted], [2, true]);
    });
  }
  await t.step("a batch goes on for who still waits", async () => {
    const { deps, destination, chain } = hung(true, {
      batch: { min_size: 2, sizer: "requests", flush_timeout: "30s" },
    });
    const early = watch(chain.consume(payloadWith(1), new AbortController().signal));
    await deps.clock.advance(5_000);
    const late = watch(chain.consume(payloadWith(2), new AbortController().signal));
    await deps.clock.advance(3_000);
    deepStrictEqual([early.error.httpStatus, late.settled], [503, undefined]);
    strictEqual(destination.calls[0]?.abort.aborted, false);
    destination.calls[0]?.answer(KEPT);
    await settle();
    strictEqual(late.settled, KEPT);
  });
  await t.step("no attempt is begun that would be cut within a second", async () => {
    for (const [sentAtMs, want] of [[1_000, 2], [999, 1]] as const) {
      const { deps, destination, chain } = hung(true, { num_consumers: 1 });
      const blocker = new AbortController();
      chain.consume(payloadWith(1), blocker.signal).catch(() => {});
      await deps.clock.advance(sentAtMs);
      const result = watch(chain.consume(payloadWith(2), new AbortController().signal));
      await deps.clock.advance(8_000 - sentAtMs);
      strictEqual(destination.calls.length, want);
      if (want === 2) continue;
      deepStrictEqual([result.error.httpStatus, result.error.retryAfterMs], [503, 500]);
      strictEqual(result.error.message, "Cannot export 2 spans: no time is left for an attempt");
    }
  });
  for (const enabled of [true, false]) {
    await t.step(
      `8 s when its data is retried, ${enabled ? "with" : "without"} a queue: often, by default`,
      async () => {
        const { send, clock, destination } = setUp({ enabled }, { retry: true });
        destination.answer = () => away;
        const result = send();
        await clock.advance(6_249); // attempts after 0, 0.5, 1.25, 2.25 s and so on
        strictEqual(result.settled, undefined);
        await clock.advance(1);
        strictEqual(result.error.retryAfterMs, 1_000);
        await clock.advance(600_000);
        strictEqual(destination.calls.length, 8);
      },
    );
    await t.step(`and as configured, ${enabled ? "with" : "without"} a queue: no wait may end later`, async () => {
      const { send, clock, destination } = setUp({ enabled }, { retry: true, initial_interval: "5s" });
      destination.answer = () => away;
      const result = send();
      await clock.advance(4_999);
      strictEqual(result.settled, undefined);
      await clock.advance(1);
      strictEqual(result.error.retryAfterMs, 4_000);
      await clock.advance(600_000);
      strictEqual(destination.calls.length, 2);
    });
  }
  await t.step("data that was answered for is retried for max_elapsed_time", async () => {
    const { send, clock, destination, metric } = setUp({ wait_for_result: false }, { retry: true });
    destination.answer = () => away;
    send();
    await clock.advance(300_000);
    strictEqual(destination.calls.length, 13);
    strictEqual(metric("send_failed_spans"), 1);
    strictEqual(clock.pending, 0);
  });
});

Deno.test("A queue that answered early says that its data is not delivered", async () => {
  const { send, clock, destination, deps } = setUp({ wait_for_result: false }, { retry: true });
  destination.answer = () => away;
  send(1);
  await clock.advance(12_500);
  const error = "Cannot send: away";
  const warning = "export failed, will be tried again";
  deepStrictEqual(deps.lines, [
    { level: "warn", message: warning, fields: { failures: 1, attempt: 1, retry_in_ms: 5_000, error } },
    { level: "warn", message: warning, fields: { failures: 2, attempt: 3, retry_in_ms: 11_250, error } },
  ]);
  destination.answer = () => KEPT;
  await clock.advance(11_250);
  send(1);
  await settle();
  deepStrictEqual(deps.lines.slice(2).map(({ level, message }) => [level, message]), [["info", "delivers again"]]);
});

Deno.test("A queue lets go of senders that leave", async (t) => {
  await t.step("while queued: never sent, counted, and no failure of the destination", async () => {
    const { send, senders, answer, destination, metric, abandoned } = setUp({ num_consumers: 1 });
    send(1);
    const waiting = send(2);
    senders[1]?.abort();
    await settle();
    strictEqual(waiting.error.name, "CancelledError");
    deepStrictEqual([abandoned(), metric("send_failed_spans"), metric("queue_size")], [2, 0, 1]);
    await answer(0);
    strictEqual(destination.calls.length, 1);
  });
  await t.step("in flight: the attempt stops when nobody in the batch waits any more", async () => {
    const { send, senders, destination, clock, metric, abandoned, deps } = setUp({
      batch: { min_size: 2, sizer: "requests" },
    });
    const results = [send(1), send(2)];
    await settle();
    senders[0]?.abort();
    await settle();
    strictEqual(destination.calls[0]?.abort.aborted, false);
    senders[1]?.abort();
    await settle();
    strictEqual(destination.calls[0]?.abort.aborted, true);
    deepStrictEqual(results.map(({ error }) => error.name), ["CancelledError", "CancelledError"]);
    deepStrictEqual([abandoned(), metric("send_failed_spans"), metric("in_flight_requests"), deps.lines], [
      3,
      0,
      0,
      [],
    ]);
    await clock.advance(10_000);
    strictEqual(clock.pending, 0);
  });
  await t.step("after an attempt has failed: that was the destination", async () => {
    const { send, senders, destination, clock, metric, abandoned } = setUp({}, { retry: true });
    destination.answer = (_payload, call) => call === 1 ? away : undefined;
    for (const passMs of [100, 600]) {
      send(3);
      await clock.advance(passMs); // in the wait, and in the attempt behind it
      senders.at(-1)?.abort();
      await settle();
      destination.calls.length = 0;
    }
    await clock.advance(10_000);
    deepStrictEqual([abandoned(), metric("send_failed_spans"), clock.pending], [0, 6, 0]);
  });
  await t.step("before it came", async () => {
    const { chain, destination, metric, abandoned } = setUp();
    const result = watch(chain.consume(payloadWith(3), AbortSignal.abort()));
    await settle();
    strictEqual(result.error.name, "CancelledError");
    deepStrictEqual([abandoned(), metric("enqueue_failed_spans"), destination.calls.length], [3, 0, 0]);
  });
});

Deno.test("A batch answers all its senders", async (t) => {
  const pairs = { batch: { min_size: 10 } };
  await t.step("kept together, failed together", async () => {
    const { send, answer, destination, metric } = setUp(pairs);
    const results = [send(4), send(6), send(5), send(5)];
    await settle();
    deepStrictEqual(destination.items, [10, 10]);
    await answer(0);
    await answer(1, refused);
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, KEPT, refused, refused]);
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [10, 10]);
  });
  await t.step("after flush_timeout when nothing more comes", async () => {
    const { send, clock, destination } = setUp({ batch: {} });
    send(4);
    await clock.advance(199);
    strictEqual(destination.calls.length, 0);
    await clock.advance(1);
    deepStrictEqual(destination.items, [4]);
  });
  await t.step("what waits behind busy consumers makes the next batch", async () => {
    const { send, answer, destination } = setUp({ num_consumers: 1, batch: { min_size: 0 } });
    for (const items of [1, 2, 3]) send(items);
    await settle();
    deepStrictEqual(destination.items, [1]);
    await answer(0);
    deepStrictEqual(destination.items, [1, 5]);
  });
  await t.step("rejected items: all of the batch, so each its own", async () => {
    const { send, answer } = setUp(pairs);
    const results = [send(4), send(6)];
    await settle();
    await answer(0, { rejectedItems: 10, message: "bad" });
    deepStrictEqual(results.map(({ settled }) => settled), [
      { rejectedItems: 4, message: "bad" },
      { rejectedItems: 6, message: "bad" },
    ]);
  });
  await t.step("rejected items: some, nobody knows whose; all are warned and the count is exact", async () => {
    const { send, answer, metric } = setUp(pairs);
    const results = [send(4), send(6)];
    await settle();
    await answer(0, { rejectedItems: 3, message: "bad" });
    const message = "3 of the 10 spans of a batch that held these were rejected: bad";
    deepStrictEqual(results.map(({ settled }) => settled), [{ rejectedItems: 0, message }, {
      rejectedItems: 0,
      message,
    }]);
    deepStrictEqual([metric("sent_spans"), metric("send_failed_spans")], [7, 3]);
  });
  await t.step("profiles are never merged", async () => {
    const { send, destination } = setUp(pairs, { signal: "profiles" });
    send(4);
    send(6);
    await settle();
    deepStrictEqual(destination.items, [4, 6]);
  });
  await t.step("too many partitions", async () => {
    const keyed = { num_consumers: 1, queue_size: 2_000, batch: { partition: { metadata_keys: ["X-Tenant"] } } };
    const { send, metric } = setUp(keyed);
    const results = Array.from({ length: 1_001 }, (_, tenant) => send(1, { "x-tenant": [String(tenant)] }));
    await settle();
    strictEqual(results[999]?.settled, undefined);
    strictEqual(
      results[1_000]?.error.message,
      "Cannot batch by x-tenant: 1000 combinations of values hold data, wanted no more",
    );
    strictEqual(metric("enqueue_failed_spans"), 1);
  });
});

Deno.test("A queue drains at shutdown", async (t) => {
  await t.step("sending all that waits, without waiting for flush_timeout", async () => {
    const { send, chain, destination, clock } = setUp({ num_consumers: 1, batch: { min_size: 10, max_size: 10 } });
    const results = [send(6), send(6), send(6)];
    await settle();
    const shutdown = chain.shutdown?.(new AbortController().signal);
    const late = send();
    destination.answer = () => KEPT;
    destination.calls[0]?.answer(KEPT);
    await shutdown;
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, KEPT, KEPT]);
    strictEqual(late.error.name, "UnavailableError");
    strictEqual(clock.pending, 0);
    throws(() => chain.admit?.(0), UnavailableError);
  });
  await t.step("telling those that wait for room at once", async () => {
    const { send, chain } = setUp({ queue_size: 1, num_consumers: 1, block_on_overflow: true });
    const [first, blocked] = [send(), send()];
    const deadline = new AbortController();
    const shutdown = chain.shutdown?.(deadline.signal);
    await settle();
    deepStrictEqual([first.settled, blocked.error.name], [undefined, "UnavailableError"]);
    deadline.abort();
    await shutdown;
  });
  for (const wait of [true, false]) {
    await t.step(`giving up at the deadline: told or logged, and counted (wait_for_result: ${wait})`, async () => {
      const { deps, send, chain, destination, metric, clock } = setUp({ num_consumers: 1, wait_for_result: wait });
      const results = [send(1), send(2), send(3)];
      const deadline = new AbortController();
      const shutdown = chain.shutdown?.(deadline.signal);
      await settle();
      deadline.abort();
      await shutdown;
      await settle();
      if (wait) { for (const { error } of results) strictEqual(error.name, "UnavailableError"); }
      strictEqual(destination.calls.length, 1);
      strictEqual(destination.calls[0]?.abort.aborted, true);
      deepStrictEqual([metric("send_failed_spans"), metric("queue_size"), metric("in_flight_requests")], [6, 0, 0]);
      deepStrictEqual([clock.pending, deps.memory.heldBytes()], [0, 0]);
      deepStrictEqual(deps.lines.length, wait ? 1 : 3);
    });
  }
  await t.step("a retry of answered data goes on until the deadline", async () => {
    const { send, chain, destination, clock, metric } = setUp({ wait_for_result: false }, { retry: true });
    destination.answer = (_payload, call) => call === 1 ? away : KEPT;
    send();
    await settle();
    let down = false;
    chain.shutdown?.(new AbortController().signal).then(() => down = true);
    await clock.advance(4_999);
    strictEqual(down, false);
    await clock.advance(1);
    deepStrictEqual([down, metric("sent_spans"), clock.pending], [true, 1, 0]);
  });
});
