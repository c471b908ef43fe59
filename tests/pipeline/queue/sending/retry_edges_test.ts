/**
 * Retries at the very bounds of their time, and who takes over what is left.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import type { Adopt } from "../../../../pipeline/contract/consumer.ts";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { CancelledError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { RetrySender } from "../../../../pipeline/queue/sending/retry.ts";
import { MIN_ATTEMPT_MS, MOVED } from "../../../../pipeline/queue/sender.ts";
import { countedAbort } from "../../../support/abort_listeners.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { Destination, payloadWith } from "../support.ts";
import { watch } from "../../../support/component_deps.ts";

const START_MS = 1_000;
const FIRST_WAIT_MS = 5_000;
const POLICY = {
  enabled: true,
  initial_interval: FIRST_WAIT_MS,
  max_interval: 30_000,
  max_elapsed_time: 300_000,
  multiplier: 1.5,
  randomization_factor: 0.5,
};
const away = new UnavailableError("Cannot send: away");

function setUp(
  { config = {}, cutAtDeadline = false }: { config?: Partial<typeof POLICY>; cutAtDeadline?: boolean } = {},
) {
  const clock = new FakeClock(START_MS);
  const destination = new Destination();
  const startsMs: number[] = [];
  const retries: [number, number][] = [];
  destination.answer = () => (startsMs.push(clock.monotonicMs() - START_MS), away);
  const { controller: caller, listeners } = countedAbort();
  const retry = new RetrySender(destination, { ...POLICY, ...config }, { clock, random: () => 0.5 }, {
    cutAtDeadline,
    onRetry: (attempt, retryInMs) => retries.push([attempt, retryInMs]),
  });
  const send = (giveUpAtMs = Infinity) => watch(retry.send(payloadWith(3), caller.signal, giveUpAtMs));
  return { clock, destination, startsMs, retries, caller, listeners, retry, send };
}

/** Takes what it is offered or not, and counts. */
function heirOf(takes: boolean) {
  const heir = { takes, asked: 0 };
  const adopt: Adopt = () => (heir.asked++, heir.takes);
  return { heir, adopt };
}

Deno.test("an attempt is made if a second is left for it, and not with a millisecond less", async (t) => {
  const cases: { name: string; giveUpAtMs: number; want: number[] }[] = [
    { name: "the first", giveUpAtMs: START_MS + MIN_ATTEMPT_MS, want: [0] },
    { name: "the first, too late", giveUpAtMs: START_MS + MIN_ATTEMPT_MS - 1, want: [] },
    { name: "the second", giveUpAtMs: START_MS + FIRST_WAIT_MS + MIN_ATTEMPT_MS, want: [0, FIRST_WAIT_MS] },
    { name: "the second, too late", giveUpAtMs: START_MS + FIRST_WAIT_MS + MIN_ATTEMPT_MS - 1, want: [0] },
  ];
  for (const { name, giveUpAtMs, want } of cases) {
    await t.step(name, async () => {
      const { clock, startsMs, send } = setUp();
      const result = send(giveUpAtMs);
      await clock.advance(60_000);
      deepStrictEqual(startsMs, want);
      strictEqual(result.error.retryable, true);
    });
  }
});

Deno.test("without an interval it tries again at once", async () => {
  const { clock, destination, startsMs, send } = setUp({ config: { initial_interval: 0, max_interval: 0 } });
  destination.answer = (_payload, call) => (startsMs.push(clock.monotonicMs() - START_MS), call < 3 ? away : KEPT);
  const result = send();
  await clock.advance(0);
  deepStrictEqual([startsMs, result.settled], [[0, 0, 0], KEPT]);
});

Deno.test("a sender that is held too long comes back while it still has its data", async () => {
  for (
    const [leftMs, retryAfterMs] of [[999, 2_000], [500, 2_000], [499, 1_000], [-500, 1_000], [-9_000, 1_000]] as const
  ) {
    const result = setUp().send(START_MS + leftMs);
    await settle();
    strictEqual(result.error.retryAfterMs, retryAfterMs, `${leftMs} ms are left`);
  }
});

Deno.test("a first attempt that its caller cut off has not failed", async () => {
  const gone = new CancelledError("Cannot send: nobody waits");
  for (const [cutAt, calls] of [[1, 1], [2, 3]] as const) {
    const { clock, destination, send } = setUp();
    destination.answer = (_payload, call) => call === cutAt ? gone : call === 3 ? KEPT : away;
    const result = send();
    await clock.advance(60_000);
    strictEqual(result.settled, cutAt === 1 ? gone : KEPT);
    strictEqual(destination.calls.length, calls);
  }
});

Deno.test("each retry is told, with the attempts that failed", async () => {
  const { clock, destination, retries, send } = setUp();
  destination.answer = (_payload, call) => call < 3 ? away : KEPT;
  send();
  await clock.advance(60_000);
  deepStrictEqual(retries, [[1, 5_000], [2, 7_500]]);
});

Deno.test("a caller that leaves during an attempt is not waited for", async () => {
  const { clock, destination, caller, send } = setUp();
  destination.answer = () => (caller.abort(), away);
  const result = send();
  await settle();
  deepStrictEqual([result.error.retryable, result.error.cause, clock.pending], [true, away, 0]);
});

Deno.test("who waited listens to its caller no longer", async (t) => {
  await t.step("when the wait is over", async () => {
    const { clock, destination, listeners, send } = setUp();
    destination.answer = (_payload, call) => call === 1 ? away : undefined;
    send();
    await settle();
    strictEqual(listeners(), 1);
    await clock.advance(FIRST_WAIT_MS);
    deepStrictEqual([destination.calls.length, listeners()], [2, 0]);
  });
  await t.step("at shutdown", async () => {
    const { retry, listeners, send } = setUp();
    send();
    await settle();
    await retry.shutdown(new AbortController().signal);
    strictEqual(listeners(), 0);
  });
});

Deno.test("at shutdown another takes what waits, if its sender has its answer", async (t) => {
  await t.step("at once", async () => {
    const { clock, retry, destination, send } = setUp({ cutAtDeadline: true });
    const { heir, adopt } = heirOf(true);
    const result = send();
    await settle();
    await retry.shutdown(new AbortController().signal, adopt);
    await settle();
    deepStrictEqual([result.settled, heir.asked, clock.pending, destination.calls.length], [MOVED, 1, 0, 1]);
  });
  await t.step("not what its sender waits for", async () => {
    const { retry, send } = setUp();
    const { heir, adopt } = heirOf(true);
    const result = send();
    await settle();
    await retry.shutdown(new AbortController().signal, adopt);
    await settle();
    deepStrictEqual([result.error.cause, heir.asked], [away, 0]);
  });
  await t.step("what it does not take is tried again here, and offered when that fails", async () => {
    const { clock, retry, startsMs, send } = setUp({ cutAtDeadline: true });
    const { heir, adopt } = heirOf(false);
    const result = send();
    await settle();
    await retry.shutdown(new AbortController().signal, adopt);
    strictEqual(heir.asked, 1);
    heir.takes = true;
    await clock.advance(FIRST_WAIT_MS);
    deepStrictEqual([startsMs, result.settled, heir.asked], [[0, FIRST_WAIT_MS], MOVED, 2]);
  });
  await t.step("what waits at the deadline is offered once more", async () => {
    for (const takes of [true, false]) {
      const { retry, startsMs, send } = setUp({ cutAtDeadline: true });
      const { heir, adopt } = heirOf(false);
      const deadline = new AbortController();
      const result = send();
      await settle();
      await retry.shutdown(deadline.signal, adopt);
      heir.takes = takes;
      deadline.abort();
      await settle();
      deepStrictEqual([startsMs, heir.asked], [[0], 2]);
      if (takes) strictEqual(result.settled, MOVED);
      else strictEqual(result.error.cause, away);
    }
  });
  await t.step("what fails for good is offered to nobody", async () => {
    const { retry, destination, send } = setUp({ cutAtDeadline: true });
    const { heir, adopt } = heirOf(true);
    destination.answer = () => new TypeError("a bug");
    await retry.shutdown(new AbortController().signal, adopt);
    const result = send();
    await settle();
    deepStrictEqual([result.error.code, heir.asked], ["internal", 0]);
  });
  await t.step("a deadline that has passed ends waits at once, and no retry is told", async () => {
    const { clock, retry, retries, send } = setUp({ cutAtDeadline: true });
    const before = send();
    await settle();
    await retry.shutdown(AbortSignal.abort());
    await settle();
    const after = send();
    await settle();
    deepStrictEqual([before.error.cause, after.error.cause, clock.pending, retries.length], [away, away, 0, 1]);
  });
});
