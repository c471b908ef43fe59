import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { MAX_WAITING_SAMPLES, SLOW_CLIENT_MS, Tap } from "../../../../gateway/admin/taps/tap.ts";
import type { Sample } from "../../../../gateway/admin/thread_messages.ts";
import type { TapEvent } from "../../../../routes/admin/schemas.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const sample = (at_ms: number): Sample => ({
  ...{ type: "sample", thread: "control", at_ms, signal: "traces", items: 1, bytes: 1, payload: null },
});

function open(maxSamples = 100) {
  const clock = new FakeClock();
  let ends = 0;
  const tap = new Tap({ durationMs: 60_000, maxSamples, clock, onEnd: () => void ends++ });
  return { clock, tap, ends: () => ends };
}

async function rest(tap: Tap): Promise<TapEvent[]> {
  const events: TapEvent[] = [];
  for await (const event of tap) events.push(event);
  return events;
}

Deno.test("a tap", async (t) => {
  await t.step("gives its samples in order, and ends once it has all", async () => {
    const { tap, ends, clock } = open(2);
    for (const at of [1, 2, 3]) tap.push(sample(at));
    deepStrictEqual(await rest(tap), [
      sample(1),
      sample(2),
      { type: "end", reason: "max_samples", samples: 2, dropped: 0 },
    ]);
    deepStrictEqual([ends(), clock.pending], [1, 0]);
  });
  await t.step("wakes who waits", async () => {
    const { tap } = open();
    const next = tap.next();
    tap.push(sample(1));
    deepStrictEqual((await next).value, sample(1));
    await tap.return();
  });
  await t.step("ends when its time is up", async () => {
    const { tap, clock } = open();
    const events = rest(tap);
    await clock.advance(60_000);
    deepStrictEqual(await events, [{ type: "end", reason: "duration", samples: 0, dropped: 0 }]);
  });
  await t.step("drops what a slow client has no room for, and tells how much", async () => {
    const { tap } = open();
    for (let at = 0; at < MAX_WAITING_SAMPLES + 3; at++) tap.push(sample(at));
    tap.end("duration");
    const events = await rest(tap);
    strictEqual(events.length, MAX_WAITING_SAMPLES + 1);
    deepStrictEqual(events.at(-1), { type: "end", reason: "duration", samples: MAX_WAITING_SAMPLES, dropped: 3 });
  });
  for (const [late, isLetGo] of [[SLOW_CLIENT_MS - 1, false], [SLOW_CLIENT_MS, true]] as const) {
    await t.step(`a client that takes nothing for ${late} ms is ${isLetGo ? "" : "not "}let go`, async () => {
      const { tap, clock, ends } = open();
      for (let at = 0; at < MAX_WAITING_SAMPLES; at++) tap.push(sample(at));
      await clock.advance(late);
      tap.push(sample(0));
      strictEqual(ends(), isLetGo ? 1 : 0);
      await tap.return();
    });
  }
  await t.step("of a client that left gives nothing more", async () => {
    const { tap, ends } = open();
    tap.push(sample(1));
    await tap.return();
    tap.push(sample(2));
    deepStrictEqual([await rest(tap), ends()], [[], 1]);
  });
});
