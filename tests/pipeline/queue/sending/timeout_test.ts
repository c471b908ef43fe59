import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../../pipeline/core/errors.ts";
import { TimeoutConsumer } from "../../../../pipeline/queue/sending/timeout.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { Destination, payloadWith } from "../support.ts";
import { watch } from "../../../support/component_deps.ts";

function setUp(timeoutMs: number) {
  const clock = new FakeClock();
  const destination = new Destination();
  const caller = new AbortController();
  const timeout = new TimeoutConsumer(destination, timeoutMs, clock);
  return { clock, destination, caller, timeout, send: () => watch(timeout.consume(payloadWith(1), caller.signal)) };
}

Deno.test("TimeoutConsumer bounds an attempt", async (t) => {
  await t.step("an answer just in time counts", async () => {
    const { clock, destination, send } = setUp(5_000);
    const result = send();
    await clock.advance(4_999);
    strictEqual(result.settled, undefined);
    destination.calls[0]?.answer(KEPT);
    await settle();
    strictEqual(result.settled, KEPT);
  });
  await t.step("at the bound the attempt is told to stop and its answer no longer counts", async () => {
    const { clock, destination, send } = setUp(5_000);
    const result = send();
    await clock.advance(5_000);
    strictEqual(result.error.name, "DeadlineExceededError");
    strictEqual(destination.calls[0]?.abort.aborted, true);
    destination.calls[0]?.answer(KEPT);
    await settle();
    strictEqual(result.error.name, "DeadlineExceededError");
  });
  await t.step("each attempt has its own time, with one timer for all", async () => {
    const { clock, destination, send } = setUp(5_000);
    const first = send();
    await clock.advance(2_000);
    const second = send();
    const third = send();
    strictEqual(clock.pending, 1);
    destination.calls[1]?.answer(KEPT);
    await clock.advance(3_000);
    strictEqual(first.error.name, "DeadlineExceededError");
    strictEqual(second.settled, KEPT);
    strictEqual(third.settled, undefined);
    await clock.advance(2_000);
    strictEqual(third.error.name, "DeadlineExceededError");
    strictEqual(clock.pending, 0);
  });
  await t.step("0 is no bound and no timer", async () => {
    const { clock, send } = setUp(0);
    const result = send();
    strictEqual(clock.pending, 0);
    await clock.advance(86_400_000);
    strictEqual(result.settled, undefined);
  });
});

Deno.test("TimeoutConsumer passes on that the caller left", async (t) => {
  await t.step("during an attempt", async () => {
    const { caller, destination, send } = setUp(5_000);
    const result = send();
    caller.abort();
    await settle();
    strictEqual(result.error.name, "CancelledError");
    strictEqual(destination.calls[0]?.abort.aborted, true);
  });
  await t.step("before it", async () => {
    const { caller, destination, send } = setUp(5_000);
    caller.abort();
    const result = send();
    await settle();
    strictEqual(result.error.name, "CancelledError");
    strictEqual(destination.calls.length, 0);
  });
});

Deno.test("TimeoutConsumer hands failures on as they are", async () => {
  const failure = new UnavailableError("Cannot send: away");
  const { clock, destination, timeout, caller } = setUp(5_000);
  destination.answer = () => failure;
  await rejects(timeout.consume(payloadWith(1), caller.signal), (thrown) => thrown === failure);
  const broken = new TimeoutConsumer({ consume: () => JSON.parse("{") }, 5_000, clock);
  await rejects(broken.consume(payloadWith(1), caller.signal), SyntaxError);
  await broken.shutdown(new AbortController().signal);
});

Deno.test("TimeoutConsumer shuts down", async (t) => {
  await t.step("when the attempts in flight are done", async () => {
    const { clock, destination, timeout, send } = setUp(5_000);
    const result = send();
    let down = false;
    const shutdown = timeout.shutdown(new AbortController().signal).then(() => down = true);
    await settle();
    strictEqual(down, false);
    destination.calls[0]?.answer(KEPT);
    await shutdown;
    deepStrictEqual([result.settled, clock.pending], [KEPT, 0]);
  });
  await t.step("at the deadline at the latest, cutting what is in flight", async () => {
    const { clock, timeout, destination, send } = setUp(5_000);
    const result = send();
    const deadline = new AbortController();
    const shutdown = timeout.shutdown(deadline.signal);
    deadline.abort();
    await shutdown;
    strictEqual(result.error.name, "UnavailableError");
    strictEqual(destination.calls[0]?.abort.aborted, true);
    strictEqual(clock.pending, 0);
    const late = send();
    await settle();
    strictEqual(late.error.name, "UnavailableError");
    strictEqual(destination.calls.length, 1);
  });
});
