/**
 * A short outage of a destination costs no data: senders that deliver or drop within 10 s, as SDKs do, get through.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { GatewayError, UnavailableError } from "../../../pipeline/core/errors.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { comeBackAfterMs, HOLD_SENDER_MS } from "../../../pipeline/queue/sender.ts";
import { queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import type { FakeClock } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "./support.ts";
import { testDeps } from "../../support/component_deps.ts";

/** OTEL_EXPORTER_OTLP_TIMEOUT: attempts and waits of one export together. */
const SDK_TIMEOUT_MS = 10_000;

/** From when the destination is there again to when a sender that waits has its 200. */
const MAX_LATE_MS = 2_500;

/** An export as the SDKs do it. @returns When the data was taken; undefined when it was dropped. */
async function exportOnce(
  send: (abort: AbortSignal) => Promise<unknown>,
  clock: FakeClock,
): Promise<number | undefined> {
  const timeout = new AbortController();
  clock.setTimer(() => timeout.abort(), SDK_TIMEOUT_MS);
  const endMs = clock.monotonicMs() + SDK_TIMEOUT_MS;
  for (;;) {
    try {
      await send(timeout.signal);
      return clock.monotonicMs();
    } catch (error) {
      const retryAfterMs = error instanceof GatewayError ? error.retryAfterMs : undefined;
      if (timeout.signal.aborted || retryAfterMs === undefined) return undefined;
      const waitMs = 1_000 * Math.ceil(retryAfterMs / 1_000); // as the header has it
      if (clock.monotonicMs() + waitMs > endMs) return undefined;
      await new Promise((resolve) => clock.setTimer(() => resolve(undefined), waitMs));
    }
  }
}

Deno.test("property: an outage of up to 8 s loses nothing of senders that wait 10 s in all, and they have it soon after", async () => {
  const property = fc.asyncProperty(
    fc.nat({ max: 8_000 }),
    fc.array(fc.nat({ max: 7_999 }), { minLength: 1, maxLength: 30 }),
    fc.boolean(),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1 }),
    async (outageMs, arrivalsMs, enabled, chances) => {
      let chance = 0;
      const deps = testDeps("traces", { random: () => chances[chance++ % chances.length] ?? 0 });
      const { clock } = deps;
      const startMs = clock.monotonicMs();
      const upAtMs = startMs + outageMs;
      const destination = new Destination();
      destination.answer = () => clock.monotonicMs() < upAtMs ? new UnavailableError("Cannot send: away") : KEPT;
      const chain = createSenderChain(destination, {
        timeoutMs: 30_000,
        retry_on_failure: retrySchema.parse({}),
        sending_queue: queueSchema.parse({ enabled: new Scalar(enabled, String(enabled)) }),
      }, deps);
      /** When it could be delivered. */
      const dueMs = (arrivalMs: number) => Math.max(startMs + arrivalMs, upAtMs);
      const results: Promise<number>[] = [];
      for (const atMs of arrivalsMs) {
        const send = (abort: AbortSignal) => chain.consume(payloadWith(1), abort);
        clock.setTimer(() => results.push(exportOnce(send, clock).then((at = NaN) => at - dueMs(atMs))), atMs);
      }
      await clock.advance(30_000);
      strictEqual(results.length, arrivalsMs.length);
      for (const lateMs of await Promise.all(results)) ok(lateMs <= MAX_LATE_MS, `${lateMs} ms late`); // NaN: dropped
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

Deno.test("comeBackAfterMs(): while the sender has its data", async (t) => {
  const cases: { name: string; waitMs: number; heldMs: number; want: number }[] = [
    { name: "the wait, where it fits", waitMs: 1_234.5, heldMs: 0, want: 1_235 },
    { name: "just as long as fits", waitMs: 9_000, heldMs: 500, want: 9_000 },
    { name: "a second less when a millisecond is lacking", waitMs: 9_000, heldMs: 501, want: 8_000 },
    { name: "after a whole hold a second", waitMs: 7_500, heldMs: HOLD_SENDER_MS, want: 1_000 },
    { name: "the least, also where none fits", waitMs: 7_500, heldMs: 20_000, want: 1_000 },
    { name: "nobody is held", waitMs: 45_000, heldMs: -Infinity, want: 45_000 },
  ];
  for (const { name, waitMs, heldMs, want } of cases) {
    await t.step(name, () => strictEqual(comeBackAfterMs(waitMs, HOLD_SENDER_MS - heldMs), want));
  }
});
