/** How a destination does, as its sender chain has met it. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { MAX_DESTINATION_ERROR_CHARS } from "../../../../pipeline/contract/destination.ts";
import { CancelledError, RejectedError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { createSenderChain } from "../../../../pipeline/queue/sender_chain.ts";
import { DestinationState } from "../../../../pipeline/queue/sending/destination_state.ts";
import { type QueueConfig, queueSchema, retrySchema } from "../../../../pipeline/queue/settings.ts";
import { testDeps, watch } from "../../../support/component_deps.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { Destination, payloadWith } from "../support.ts";

const NOTHING = {
  deliveredAtMs: undefined,
  failingSinceMs: undefined,
  unansweredSinceMs: undefined,
  lastError: undefined,
};
const away = new UnavailableError("Cannot send: away");

Deno.test("DestinationState", async (t) => {
  const clock = new FakeClock(1_000);
  const state = new DestinationState(clock);

  await t.step("before anything", () => deepStrictEqual(state.snapshot(), NOTHING));
  await t.step("an attempt is under way", async () => {
    state.begun();
    await clock.advance(10);
    state.begun();
    deepStrictEqual(state.snapshot(), { ...NOTHING, unansweredSinceMs: 1_000 });
  });
  await t.step("one fails, another is under way", async () => {
    await clock.advance(10);
    state.ended();
    state.failed(away);
    await clock.advance(10);
    state.begun();
    deepStrictEqual(state.snapshot(), {
      ...NOTHING,
      failingSinceMs: 1_020,
      unansweredSinceMs: 1_030,
      lastError: { atMs: 1_020, message: "Cannot send: away" },
    });
  });
  await t.step("it goes on to fail: since the first time, the last error", () => {
    state.ended();
    state.failed(new RejectedError("Cannot send: no", "invalid_argument"));
    const { failingSinceMs, unansweredSinceMs, lastError } = state.snapshot();
    deepStrictEqual([failingSinceMs, unansweredSinceMs], [1_020, undefined]);
    deepStrictEqual(lastError, { atMs: 1_030, message: "Cannot send: no" });
  });
  await t.step("senders that leave say nothing", () => {
    state.failed(new CancelledError("Cannot export: left"));
    strictEqual(state.snapshot().lastError?.message, "Cannot send: no");
  });
  await t.step("it delivers: the last error stays", async () => {
    await clock.advance(10);
    state.ended();
    state.delivered();
    deepStrictEqual(state.snapshot(), {
      ...NOTHING,
      deliveredAtMs: 1_040,
      lastError: { atMs: 1_030, message: "Cannot send: no" },
    });
  });
  await t.step("where one of two is taken, the other is not without an answer", () => {
    state.begun();
    state.begun();
    state.ended();
    state.delivered();
    strictEqual(state.snapshot().unansweredSinceMs, undefined);
    state.ended();
  });
  await t.step("what ended without a word is not under way", () => {
    state.begun();
    state.ended();
    strictEqual(state.snapshot().unansweredSinceMs, undefined);
  });
});

Deno.test("a destination's error is told as the log has it, to its bound", () => {
  const messageOf = (error: Error) => {
    const state = new DestinationState(new FakeClock());
    state.failed(error);
    return state.snapshot().lastError?.message;
  };
  const url = "http://user:s3cret@h/p?token=s3cret";
  strictEqual(
    messageOf(
      new UnavailableError("Cannot export 2 spans: 1 attempt failed", { cause: new Error(`no route to ${url}`) }),
    ),
    "Cannot export 2 spans: 1 attempt failed: no route to http://[REDACTED]@h/p?token=[REDACTED]",
  );
  const whole = "x".repeat(MAX_DESTINATION_ERROR_CHARS);
  strictEqual(messageOf(new Error(whole)), whole);
  const cut = messageOf(new Error("x".repeat(MAX_DESTINATION_ERROR_CHARS + 1)));
  deepStrictEqual([cut?.length, cut?.at(-1)], [MAX_DESTINATION_ERROR_CHARS, "…"]);
});

const QUEUE = queueSchema.parse({});
const chains: { name: string; queue: QueueConfig | undefined }[] = [
  { name: "without a queue", queue: undefined },
  { name: "with a queue that senders wait for", queue: QUEUE },
  { name: "with one that has answered", queue: { ...QUEUE, wait_for_result: false } },
];

Deno.test("a sender chain knows how its destination does", async (t) => {
  for (const { name, queue } of chains) {
    await t.step(name, async () => {
      const deps = testDeps();
      const destination = new Destination();
      const retry = { ...retrySchema.parse({}), initial_interval: 100, randomization_factor: 0 };
      const config = { timeoutMs: 0, retry_on_failure: retry, sending_queue: queue };
      const chain = createSenderChain(destination, config, deps);
      const seen = () => chain.destination?.snapshot();
      const startMs = deps.clock.nowMs();
      watch(chain.consume(payloadWith(1), new AbortController().signal));
      await deps.clock.advance(300); // a batch may have to fill
      const [begunMs, call] = [seen()?.unansweredSinceMs ?? -1, destination.calls[0]];
      deepStrictEqual([begunMs >= startMs, seen()?.failingSinceMs], [true, undefined]);
      call?.answer(away);
      await deps.clock.advance(1);
      deepStrictEqual([seen()?.failingSinceMs, seen()?.lastError?.message], [startMs + 300, "Cannot send: away"]);
      await deps.clock.advance(200);
      destination.calls[1]?.answer(KEPT);
      await deps.clock.advance(1);
      deepStrictEqual([seen()?.failingSinceMs, seen()?.deliveredAtMs], [undefined, startMs + 501]);
      strictEqual(seen()?.lastError?.atMs, startMs + 300);
      await chain.shutdown?.(AbortSignal.abort());
    });
  }
});
