import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type LogFields, silentLogger } from "../../../pipeline/core/log/logger.ts";
import { Graph } from "../../../pipeline/graph/graph.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** A graph of one component whose shutdown is the test's. */
async function startGraph(shutdown: (deadline: AbortSignal) => Promise<void>) {
  const clock = new FakeClock();
  const errors: LogFields[] = [];
  const logger = { ...silentLogger, error: (_: string, fields: LogFields = {}) => void errors.push(fields) };
  const graph = new Graph([[{ name: "exporter x (logs)", lifecycle: { shutdown } }]], logger, clock);
  await graph.start();
  return { clock, errors, graph };
}

Deno.test("Graph.start() does not wait for ever", async (t) => {
  const build = (startMs: number) => {
    const clock = new FakeClock();
    const start = () => new Promise<void>((resolve) => void clock.setTimer(resolve, startMs));
    const graph = new Graph([[{ name: "exporter x (logs)", lifecycle: { start } }]], silentLogger, clock);
    let result = "pending";
    graph.start().then(() => result = "started", (error) => result = error.message);
    return { clock, result: () => result };
  };

  await t.step("at the bound", async () => {
    const { clock, result } = build(59_999);
    await clock.advance(59_999);
    deepStrictEqual([result(), clock.pending], ["started", 0]);
  });

  await t.step("past it", async () => {
    const { clock, result } = build(60_001);
    await clock.advance(60_000);
    strictEqual(result(), "Cannot start: exporter x (logs): has not started within 60000 ms");
  });
});

Deno.test("Graph.shutdown()", async (t) => {
  await t.step("a component that gives up at the deadline was not drained", async () => {
    const deadline = new AbortController();
    const { graph, errors } = await startGraph((signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
    );
    const stopped = graph.shutdown(deadline.signal);
    deadline.abort();
    strictEqual(await stopped, false);
    deepStrictEqual(errors, []);
  });

  await t.step("a component that does not heed the deadline is left behind after the grace", async () => {
    const deadline = new AbortController();
    const { graph, errors, clock } = await startGraph(() => new Promise(() => {}));
    let drained: boolean | undefined;
    void graph.shutdown(deadline.signal).then((result) => drained = result);
    deadline.abort();
    await clock.advance(999);
    strictEqual(drained, undefined);
    await clock.advance(1);
    strictEqual(drained, false);
    deepStrictEqual(errors, [{ component: "exporter x (logs)" }]);
  });

  await t.step("a component that fails to stop is told; its timers are gone", async () => {
    const { graph, errors, clock } = await startGraph(() => Promise.reject(new Error("no")));
    strictEqual(await graph.shutdown(new AbortController().signal), false);
    await settle();
    deepStrictEqual(errors, [{ component: "exporter x (logs)", error: "no" }]);
    strictEqual(clock.pending, 0);
  });
});
