import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { GatewayError, RejectedError, ThrottledError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { RetrySender } from "../../../../pipeline/queue/sending/retry.ts";
import { type RetryPolicy, retryPolicy, retrySchema } from "../../../../pipeline/queue/settings.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { Destination, payloadWith } from "../support.ts";
import { watch } from "../../../support/component_deps.ts";

/** Those of data that nobody waits for. */
const DEFAULTS = retryPolicy(retrySchema.parse({}), false);
const away = new UnavailableError("Cannot send: away");

function setUp(config: Partial<RetryPolicy> = {}, { random = 0.5, giveUpAtMs = Infinity, cutAtDeadline = false } = {}) {
  const clock = new FakeClock(1_000);
  const destination = new Destination();
  const startsMs: number[] = [];
  destination.answer = () => (startsMs.push(clock.monotonicMs() - 1_000), away);
  const caller = new AbortController();
  const deps = { clock, random: () => random };
  const retry = new RetrySender(destination, { ...DEFAULTS, ...config }, deps, { cutAtDeadline });
  const send = () => watch(retry.send(payloadWith(3), caller.signal, giveUpAtMs));
  return { clock, destination, startsMs, caller, retry, send };
}

Deno.test("RetrySender waits as configured", async (t) => {
  const cases: { name: string; config: Partial<RetryPolicy>; random?: number; want: number[] }[] = [
    {
      name: "defaults without jitter: 5 s, half more each time, at most 30 s",
      config: { max_elapsed_time: 130_000 },
      want: [0, 5_000, 12_500, 23_750, 40_625, 65_937.5, 95_937.5, 125_937.5],
    },
    { name: "least jitter", config: { max_elapsed_time: 8_000 }, random: 0, want: [0, 2_500, 6_250] },
    { name: "most jitter", config: { max_elapsed_time: 20_000 }, random: 1, want: [0, 7_500, 18_750] },
    {
      name: "a wait that ends at max_elapsed_time is made",
      config: { max_elapsed_time: 12_500, max_interval: 7_500 },
      want: [0, 5_000, 12_500],
    },
    {
      name: "one that would end a millisecond later is not",
      config: { max_elapsed_time: 12_499 },
      want: [0, 5_000],
    },
    {
      name: "max_interval bounds what grows, not the first",
      config: { initial_interval: 1_000, max_interval: 500, max_elapsed_time: 2_000 },
      want: [0, 1_000, 1_500, 2_000],
    },
    { name: "not enabled: one attempt", config: { enabled: false }, want: [0] },
  ];
  for (const { name, config, random, want } of cases) {
    await t.step(name, async () => {
      const { clock, startsMs, send } = setUp(config, { random: random ?? 0.5 });
      const result = send();
      await clock.advance(400_000);
      deepStrictEqual(startsMs, want);
      ok(result.settled instanceof GatewayError);
      strictEqual(clock.pending, 0);
    });
  }
  await t.step("max_elapsed_time 0 never gives up", async () => {
    const { clock, startsMs, send } = setUp({ max_elapsed_time: 0, initial_interval: 60_000, max_interval: 60_000 });
    const result = send();
    await clock.advance(3_600_000);
    strictEqual(startsMs.length, 61);
    strictEqual(result.settled, undefined);
  });
});

Deno.test("RetrySender heeds what the destination says", async (t) => {
  await t.step("it waits as long as it is asked when that is longer", async () => {
    const { clock, destination, startsMs, send } = setUp({ max_elapsed_time: 60_000 });
    destination.answer = (_payload, call) => {
      startsMs.push(clock.monotonicMs() - 1_000);
      return call === 1 ? new ThrottledError("slow down", { retryAfterMs: 9_000 }) : KEPT;
    };
    const result = send();
    await clock.advance(9_000);
    deepStrictEqual(startsMs, [0, 9_000]);
    strictEqual(result.settled, KEPT);
  });
  await t.step("a final failure is not tried again, even after others", async () => {
    const refused = new RejectedError("Cannot send: refused", "invalid_argument");
    const { clock, destination, send } = setUp();
    destination.answer = (_payload, call) => call === 1 ? away : refused;
    const result = send();
    await clock.advance(100_000);
    strictEqual(destination.calls.length, 2);
    strictEqual(result.settled, refused);
  });
  await t.step("what is no GatewayError is final", async () => {
    const { clock, destination, send } = setUp();
    destination.answer = () => new TypeError("a bug");
    const result = send();
    await clock.advance(100_000);
    strictEqual(destination.calls.length, 1);
    strictEqual(result.error.code, "internal");
  });
});

Deno.test("RetrySender says why it gave up and when to come back", async (t) => {
  await t.step("no later than the caller allows", async () => {
    const { clock, startsMs, send } = setUp({}, { giveUpAtMs: 9_000 });
    const result = send();
    await clock.advance(5_000);
    const error = result.error;
    deepStrictEqual(startsMs, [0, 5_000]);
    strictEqual(error.name, "UnavailableError");
    strictEqual(error.cause, away);
    strictEqual(error.retryAfterMs, 4_000, "of the next wait of 7,500 no more than what its sender has the data for");
    strictEqual(
      error.message,
      "Cannot export 3 spans: 2 attempts failed and the next would come later than the 8 s that a sender is held",
    );
  });
  await t.step("no later than max_elapsed_time", async () => {
    const { clock, send } = setUp({ max_elapsed_time: 12_499 });
    const result = send();
    await clock.advance(5_000);
    const error = result.error;
    strictEqual(error.retryAfterMs, 7_500);
    strictEqual(
      error.message,
      "Cannot export 3 spans: 2 attempts failed and the next would come later than max_elapsed_time",
    );
  });
  await t.step("a throttled destination stays throttled", async () => {
    const { destination, send } = setUp({}, { giveUpAtMs: 9_000 });
    destination.answer = () => new ThrottledError("slow down", { retryAfterMs: 60_000 });
    const result = send();
    await settle();
    const error = result.error;
    deepStrictEqual([error.name, error.httpStatus, error.retryAfterMs], ["ThrottledError", 429, 60_000]);
  });
  await t.step("the caller leaves during a wait", async () => {
    const { clock, caller, send } = setUp();
    const result = send();
    await clock.advance(1_000);
    caller.abort();
    await settle();
    const error = result.error;
    deepStrictEqual([error.name, error.cause, clock.pending], ["UnavailableError", away, 0]);
  });
});

Deno.test("RetrySender ends its waits at shutdown", async (t) => {
  await t.step("at once when senders wait", async () => {
    const { clock, retry, destination, send } = setUp();
    const result = send();
    await clock.advance(1_000);
    await retry.shutdown(new AbortController().signal);
    await settle();
    const error = result.error;
    deepStrictEqual([error.name, error.cause, clock.pending], ["UnavailableError", away, 0]);
    const later = send();
    await settle();
    strictEqual(later.error.retryAfterMs, 5_000);
    strictEqual(destination.calls.length, 2, "a first attempt is still made: the queue drains");
  });
  await t.step("at the deadline when nobody would send the data again", async () => {
    const { clock, retry, send } = setUp({}, { cutAtDeadline: true });
    const deadline = new AbortController();
    const result = send();
    await settle();
    await retry.shutdown(deadline.signal);
    await clock.advance(6_000);
    strictEqual(result.settled, undefined);
    deadline.abort();
    await settle();
    strictEqual(result.error.name, "UnavailableError");
    strictEqual(clock.pending, 0);
  });
});
