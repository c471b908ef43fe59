/** One Ctrl-C may come twice; a second one that is meant ends the wait. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { SAME_SIGNAL_MS, stopSignal } from "../../gateway/stop_signals.ts";

/** A process whose signals and time the test makes. */
function fakeProcess() {
  const listeners = new Map<Deno.Signal, () => void>();
  const seen: string[] = [];
  let nowMs = 50_000;
  const stopped = stopSignal({
    listen: (signal, onSignal) => void listeners.set(signal, onSignal),
    monotonicMs: () => nowMs,
    onSecond: () => seen.push("second"),
  }).then(() => void seen.push("first"));
  return {
    seen,
    stopped,
    send: async (signal: Deno.Signal, afterMs: number) => {
      nowMs += afterMs;
      listeners.get(signal)?.();
      await Promise.resolve();
    },
  };
}

const cases: { name: string; signals: [Deno.Signal, afterMs: number][]; want: string[] }[] = [
  { name: "one", signals: [["SIGTERM", 0]], want: ["first"] },
  { name: "the same again in the same millisecond", signals: [["SIGINT", 0], ["SIGINT", 0]], want: ["first"] },
  {
    name: "the same again, just early enough",
    signals: [["SIGINT", 0], ["SIGINT", SAME_SIGNAL_MS - 1]],
    want: ["first"],
  },
  { name: "a second one", signals: [["SIGINT", 0], ["SIGINT", SAME_SIGNAL_MS]], want: ["first", "second"] },
  { name: "a second one of another kind", signals: [["SIGINT", 0], ["SIGTERM", 5_000]], want: ["first", "second"] },
  {
    name: "three at once, then one: the time counts from the first",
    signals: [["SIGINT", 0], ["SIGINT", 600], ["SIGINT", 400]],
    want: ["first", "second"],
  },
];

Deno.test("stopSignal()", async (t) => {
  for (const { name, signals, want } of cases) {
    await t.step(name, async () => {
      const { seen, stopped, send } = fakeProcess();
      for (const [signal, afterMs] of signals) await send(signal, afterMs);
      await stopped;
      deepStrictEqual(seen, want);
    });
  }

  await t.step("none: goes on", async () => {
    const { seen } = fakeProcess();
    await Promise.resolve();
    strictEqual(seen.length, 0);
  });
});
