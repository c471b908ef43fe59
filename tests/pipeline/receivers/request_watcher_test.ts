import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { createRegion, TelemetryStore, ThreadMeter } from "../../../pipeline/core/telemetry/store.ts";
import { TIMED_ONE_IN } from "../../../pipeline/core/telemetry/stages.ts";
import { type Span, Tracer } from "../../../pipeline/core/telemetry/trace.ts";
import { type SpanContext, traceContext } from "../../../pipeline/core/telemetry/trace_context.ts";
import { alwaysOff, alwaysOn, type Sampler } from "../../../pipeline/core/telemetry/trace_sampler.ts";
import { RequestWatcher } from "../../../pipeline/receivers/otlp/request_watcher.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const CONTEXT: SpanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true, traceState: "" };
const traced = { header: (name: string) => name === "traceparent" ? `00-${"c".repeat(32)}-${"d".repeat(16)}-01` : "" };
const plain = { header: () => undefined };

function open(sampler?: Sampler) {
  const store = new TelemetryStore();
  const region = createRegion();
  store.addThread("a", region);
  const meter = new ThreadMeter(region, (series) => store.announce("a", series));
  const clock = new FakeClock(1_000);
  const calls: unknown[] = [];
  const span: Span = {
    context: CONTEXT,
    set: (attributes) => void calls.push(attributes),
    fail: () => void calls.push("failed"),
    addChild: (...child) => void calls.push(child),
    end: (endMs) => void calls.push(endMs),
  };
  const tracer = new Tracer(() => 0);
  const startSpan = (name: string) => (calls.push(name), span);
  if (sampler !== undefined) tracer.use({ propagators: [traceContext], sampler, startSpan });
  const deps = {
    id: "otlp",
    logger: silentLogger,
    meter,
    clock,
    random: () => 0,
    memory: createMemoryBudget(),
    tracer,
  };
  const watcher = new RequestWatcher(deps, new Map([["traces", "/v1/traces"]]));
  const stages = () => store.collect().filter(({ name }) => name === "sluice_stage_duration");
  return { watcher, clock, calls, stages };
}

Deno.test("RequestWatcher", async (t) => {
  await t.step("without traces it follows one request in eight", async () => {
    const { watcher, clock, stages } = open();
    const watches = Array.from({ length: TIMED_ONE_IN + 1 }, () => watcher.watch("traces", traced));
    deepStrictEqual(
      watches.map((watch) => watch !== undefined),
      [true, ...new Array<boolean>(TIMED_ONE_IN - 1).fill(false), true],
    );
    strictEqual(watches[0]?.trace, undefined);
    await clock.advance(2_000);
    watches[0]?.ended("read");
    watches[0]?.answered(200);
    deepStrictEqual(stages().map(({ attributes, values }) => [attributes, values.at(-1)]), [
      [{ component: "otlp", stage: "read" }, 2],
    ]);
  });

  await t.step("a sampled request has a span with its stages", async () => {
    const { watcher, clock, calls } = open(alwaysOn);
    const watch = watcher.watch("traces", plain);
    deepStrictEqual(watch?.trace, { context: CONTEXT, links: [] });
    await clock.advance(5);
    watch?.ended("read");
    await clock.advance(7);
    watch?.ended("validate");
    watch?.answered(200);
    deepStrictEqual(calls, [
      "POST /v1/traces",
      ["read", 1_000, 1_005],
      ["validate", 1_005, 1_012],
      { "http.response.status_code": 200 },
      1_012,
    ]);
  });

  for (const [status, failed] of [[499, false], [500, true]] as const) {
    await t.step(`status ${status} ${failed ? "is" : "is not"} an error of the span`, () => {
      const { watcher, calls } = open(alwaysOn);
      watcher.watch("traces", plain)?.answered(status);
      strictEqual(calls.includes("failed"), failed);
    });
  }

  await t.step("one that is not sampled keeps its sender's context", () => {
    const { watcher } = open(alwaysOff);
    for (let request = 0; request < TIMED_ONE_IN - 1; request++) {
      strictEqual(watcher.watch("traces", traced)?.trace?.context.traceId, "c".repeat(32));
    }
    strictEqual(watcher.watch("traces", plain), undefined);
  });
});
