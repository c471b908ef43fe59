/**
 * What every consumer that holds another keeps to: decorators of the sender chain, processors, connectors.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../../pipeline/contract/consumer.ts";
import { RejectedError, ThrottledError, UnavailableError } from "../../pipeline/core/errors.ts";
import { payloadBytes } from "../../pipeline/otlp/payload.ts";
import { Destination, payloadWith } from "../pipeline/queue/support.ts";
import { type TestDeps, testDeps, watch } from "../support/component_deps.ts";
import { settle } from "../support/fake_clock.ts";

export interface ConsumerUnderTest {
  readonly name: string;
  /** Puts the consumer in front of `next`. It must not hold one request back for longer than a second. */
  make(next: Consumer, deps: TestDeps): Consumer & Lifecycle;
}

/** Registers the suite as one test with a step a rule. */
export function testConsumer({ name, make }: ConsumerUnderTest): void {
  const setUp = async () => {
    const deps = testDeps();
    const destination = new Destination();
    const consumer = make(destination, deps);
    await consumer.start?.();
    return { deps, destination, consumer };
  };

  Deno.test(`a consumer's contract: ${name}`, async (t) => {
    const answers: { readonly name: string; readonly answer: Outcome | Error }[] = [
      { name: "kept", answer: KEPT },
      { name: "some items rejected", answer: { rejectedItems: 2, message: "two are bad" } },
      { name: "a warning", answer: { rejectedItems: 0, message: "deprecated" } },
      { name: "refused for good", answer: new RejectedError("Cannot send: refused", "permission_denied") },
      { name: "unavailable", answer: new UnavailableError("Cannot send: away", { retryAfterMs: 20_000 }) },
      { name: "throttled", answer: new ThrottledError("Cannot send: slow down", { retryAfterMs: 20_000 }) },
    ];
    for (const { name, answer } of answers) {
      await t.step(`the answer goes back: ${name}`, async () => {
        const { deps, destination, consumer } = await setUp();
        destination.answer = () => answer;
        const result = watch(consumer.consume(payloadWith(5), new AbortController().signal));
        await deps.clock.advance(1_000);
        if (answer instanceof Error) {
          const { retryable, httpStatus, retryAfterMs } = result.error;
          const want = answer as UnavailableError;
          deepStrictEqual([retryable, httpStatus, retryAfterMs], [want.retryable, want.httpStatus, want.retryAfterMs]);
        } else deepStrictEqual(result.settled, answer);
        await consumer.shutdown?.(new AbortController().signal);
      });
    }

    await t.step("the bytes arrive as they were, and many calls at once do not disturb each other", async () => {
      const { deps, destination, consumer } = await setUp();
      destination.answer = () => KEPT;
      const payloads = Array.from({ length: 100 }, (_, items) => payloadWith(items + 1));
      const results = payloads.map((payload) => watch(consumer.consume(payload, new AbortController().signal)));
      await deps.clock.advance(1_000);
      for (const { settled } of results) strictEqual(settled, KEPT);
      const bytes = new Set(destination.calls.map(({ payload }) => payload));
      const sum = [...bytes].reduce((total, payload) => total + payloadBytes(payload).length, 0);
      strictEqual(sum, payloads.reduce((total, { byteLength }) => total + byteLength, 0));
      await consumer.shutdown?.(new AbortController().signal);
    });

    await t.step("a sender that leaves is answered, and its attempt stops", async () => {
      const { deps, destination, consumer } = await setUp();
      const sender = new AbortController();
      consumer.consume(payloadWith(5), sender.signal).catch(() => {});
      await deps.clock.advance(1_000);
      sender.abort();
      await settle();
      strictEqual(destination.calls[0]?.abort.aborted, true);
      destination.calls[0]?.answer(new UnavailableError("Cannot send: stopped"));
      await consumer.shutdown?.(new AbortController().signal);
    });

    await t.step("shutdown with nothing to do is over at once and leaves no timer", async () => {
      const { deps, destination, consumer } = await setUp();
      destination.answer = () => KEPT;
      consumer.consume(payloadWith(5), new AbortController().signal);
      await deps.clock.advance(1_000);
      await consumer.shutdown?.(new AbortController().signal);
      strictEqual(deps.clock.pending, 0);
    });
  });
}
