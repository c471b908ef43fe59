/**
 * Limits over real threads: in no window of 10 s is more or less let in than the limit says, by 2 %.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { bytesFor } from "../../../pipeline/tenants/rates/cells.ts";
import type { Task } from "./precision_worker.ts";
import type { SomeLimits } from "./support.ts";

const THREADS = 2;
const WINDOW_MS = 10_000;
const TOLERANCE = 0.02;

/** What all threads together let in, in each step. */
async function run(task: Pick<Task, "limits" | "steps" | "stepMs" | "asks">): Promise<number[]> {
  const shared = { memory: new SharedArrayBuffer(bytesFor(1)), ended: new SharedArrayBuffer(4), threads: THREADS };
  const workers = Array.from(
    { length: THREADS },
    () => new Worker(new URL("precision_worker.ts", import.meta.url), { type: "module" }),
  );
  try {
    const all = await Promise.all(workers.map((worker, thread) =>
      new Promise<number[]>((resolve, reject) => {
        worker.onerror = reject;
        worker.onmessage = ({ data }) => {
          if (data !== "loaded") return resolve(data);
          worker.postMessage({ ...task, ...shared, thread, startMs: 1_000_000 * thread + 17 } satisfies Task);
        };
      })
    ));
    return Array.from({ length: task.steps }, (_, step) => all.reduce((sum, steps) => sum + (steps[step] ?? 0), 0));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

Deno.test("two threads at 30 % over a limit let in what it says", async (t) => {
  const cases: { name: string; limits: SomeLimits; perSecond: number; stepMs: number }[] = [
    { name: "200 requests a second", limits: { all: { requestsPerSecond: 200 } }, perSecond: 200, stepMs: 10 },
    { name: "3 requests a second", limits: { traces: { requestsPerSecond: 3 } }, perSecond: 3, stepMs: 500 },
    {
      name: "30,000 bytes a second in bodies of 100",
      limits: { all: { bytesPerSecond: 30_000, burstMs: 500 } },
      perSecond: 300,
      stepMs: 10,
    },
  ];
  for (const { name, limits, perSecond, stepMs } of cases) {
    await t.step(name, async () => {
      const steps = 2.5 * WINDOW_MS / stepMs;
      const asks = Math.ceil(perSecond * 1.3 * stepMs / 1_000 / THREADS);
      const admitted = await run({ limits, steps, stepMs, asks });
      const window = WINDOW_MS / stepMs;
      const burst = perSecond * Math.max(limits.all?.burstMs ?? limits.traces?.burstMs ?? 2_000) / 1_000;
      const wanted = perSecond * WINDOW_MS / 1_000;
      // The burst is let in once, on top of the rate: windows after it have the rate alone.
      const settled = Math.ceil(burst / (0.3 * perSecond) * 1_000 / stepMs) + 1;
      for (let from = 0; from + window <= steps; from++) {
        const sum = admitted.slice(from, from + window).reduce((all, count) => all + count, 0);
        ok(sum <= (wanted + (from < settled ? burst : 0)) * (1 + TOLERANCE) + 1, `${sum} of ${wanted} from ${from}`);
        ok(sum >= wanted * (1 - TOLERANCE) - 1, `${sum} of ${wanted} from step ${from}`);
      }
    });
  }
});
