/**
 * Asks a gate of its own as often as it is told, in steps of a clock. In a thread, for precision_test.ts.
 *
 * @module
 */

import { FakeClock } from "../../support/fake_clock.ts";
import { senderOf, type SomeLimits, testGate } from "./support.ts";

/** What a thread is to do. */
export interface Task {
  readonly memory: SharedArrayBuffer;
  readonly thread: number;
  readonly threads: number;
  /** Where its own clock begins. */
  readonly startMs: number;
  readonly limits: SomeLimits;
  readonly steps: number;
  readonly stepMs: number;
  /** Requests that it sends in a step. */
  readonly asks: number;
  /** One number: the steps that all threads have ended. No thread begins one before all have ended the last. */
  readonly ended: SharedArrayBuffer;
}

self.onmessage = ({ data: task }: MessageEvent<Task>) => {
  let nowMs = task.startMs;
  const clock = Object.assign(new FakeClock(), { nowMs: () => nowMs, monotonicMs: () => nowMs });
  const { gate } = testGate({ acme: { limits: task.limits } }, clock, task);
  const ended = new Int32Array(task.ended);
  const admitted: number[] = [];
  for (let step = 0; step < task.steps; step++) {
    let count = 0;
    for (let ask = 0; ask < task.asks; ask++) if (isAdmitted()) count++;
    admitted.push(count);
    const all = (step + 1) * task.threads;
    if (Atomics.add(ended, 0, 1) + 1 === all) Atomics.notify(ended, 0);
    for (let seen = Atomics.load(ended, 0); seen < all; seen = Atomics.load(ended, 0)) {
      Atomics.wait(ended, 0, seen, 100);
    }
    nowMs += task.stepMs;
  }
  self.postMessage(admitted);

  function isAdmitted(): boolean {
    try {
      const visit = gate.enter("traces", senderOf("acme"), 100);
      if (visit instanceof Promise) throw new TypeError("who sends is known without a promise");
      visit.leave(200, 0);
      return true;
    } catch (error) {
      if ((error as { httpStatus?: number }).httpStatus === 429) return false;
      throw error;
    }
  }
};

self.postMessage("loaded"); // what is posted to it before that is lost
