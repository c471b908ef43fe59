/**
 * What a bounded call leaves behind, and what it says.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { CancelledError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { type Bounded, TimeoutConsumer } from "../../../../pipeline/queue/sending/timeout.ts";
import { countedAbort } from "../../../support/abort_listeners.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { Destination, payloadWith } from "../support.ts";
import { watch } from "../../../support/component_deps.ts";

const TIMEOUT_MS = 5_000;

function setUp() {
  const clock = new FakeClock(1_000);
  const destination = new Destination();
  const { controller: caller, listeners } = countedAbort();
  const timeout = new TimeoutConsumer(destination, TIMEOUT_MS, clock);
  return {
    clock,
    destination,
    caller,
    listeners,
    timeout,
    send: () => watch(timeout.consume(payloadWith(1), caller.signal)),
  };
}

Deno.test("a call that is over listens to its caller no longer", async (t) => {
  for (const answer of [KEPT, new UnavailableError("Cannot send: away")]) {
    await t.step(answer === KEPT ? "kept" : "failed", async () => {
      const { destination, listeners, send } = setUp();
      send();
      strictEqual(listeners(), 1);
      destination.calls[0]?.answer(answer);
      await settle();
      strictEqual(listeners(), 0);
    });
  }
});

Deno.test("a call knows when its caller is answered, whatever happens", async () => {
  const clock = new FakeClock(1_000);
  const told: number[] = [];
  const next: Bounded = { consume: (_payload, _abort, giveUpAtMs) => (told.push(giveUpAtMs), Promise.resolve(KEPT)) };
  for (const timeoutMs of [TIMEOUT_MS, 1, 0]) {
    await new TimeoutConsumer(next, timeoutMs, clock).consume(payloadWith(1), new AbortController().signal);
  }
  deepStrictEqual(told, [6_000, 1_001, Infinity]);
});

Deno.test("a caller that leaves may say why", async (t) => {
  const held = new UnavailableError("Cannot wait: held long enough");
  const left = new CancelledError("Cannot answer: the sender left");
  const cases = [
    ["it gave up: the destination's failure", held, held, "unavailable"],
    ["its own sender left: nobody's", left, left, "cancelled"],
    ["with anything else", "gone", undefined, "cancelled"],
  ] as const;
  for (const [name, reason, cause, code] of cases) {
    await t.step(name, async () => {
      const { caller, destination, send } = setUp();
      const result = send();
      caller.abort(reason);
      await settle();
      deepStrictEqual([result.error.cause, result.error.code], [cause, code]);
      strictEqual(destination.calls[0]?.abort.reason, result.error);
    });
  }
});

Deno.test("shutdown", async (t) => {
  await t.step("of what does nothing is at once", async () => {
    await setUp().timeout.shutdown(new AbortController().signal);
  });
  await t.step("waits for all calls, not for the first", async () => {
    const { destination, timeout, send } = setUp();
    const results = [send(), send()];
    let isDown = false;
    const shutdown = timeout.shutdown(new AbortController().signal).then(() => isDown = true);
    destination.calls[0]?.answer(KEPT);
    await settle();
    strictEqual(isDown, false);
    destination.calls[1]?.answer(KEPT);
    await shutdown;
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, KEPT]);
  });
  await t.step("after its deadline cuts all calls at once, the oldest first", async () => {
    const { clock, destination, timeout, send } = setUp();
    const results = [send(), send()];
    await timeout.shutdown(AbortSignal.abort());
    await settle();
    for (const { error } of results) strictEqual(error.name, "UnavailableError");
    deepStrictEqual([destination.calls.map(({ abort }) => abort.aborted), clock.pending], [[true, true], 0]);
  });
});

Deno.test("one timer serves all calls, also when the one it was set for is over", async () => {
  const { clock, destination, send } = setUp();
  const first = send();
  await clock.advance(1_000);
  const second = send();
  destination.calls[0]?.answer(KEPT);
  await clock.advance(4_000);
  deepStrictEqual([first.settled, second.settled, clock.pending], [KEPT, undefined, 1]);
  await clock.advance(999);
  strictEqual(second.settled, undefined);
  const third = send();
  await clock.advance(1);
  strictEqual(second.error.name, "DeadlineExceededError");
  strictEqual(clock.pending, 1);
  destination.calls[2]?.answer(KEPT);
  await clock.advance(TIMEOUT_MS);
  deepStrictEqual([third.settled, clock.pending], [KEPT, 0]);
  send();
  strictEqual(clock.pending, 1);
});
