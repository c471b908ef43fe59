/**
 * What own telemetry adds to one request: the watch in the receiver, one processor that is observed, and the questions
 * of the exporter. A forwarded request of one span costs 40 to 60 us.
 *
 * @module
 */

import { type Consumer, KEPT } from "../../pipeline/contract/consumer.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { createRegion, ThreadMeter } from "../../pipeline/core/telemetry/store.ts";
import { StageTimes } from "../../pipeline/core/telemetry/stages.ts";
import { joinTraces, Tracer } from "../../pipeline/core/telemetry/trace.ts";
import { traceContext } from "../../pipeline/core/telemetry/trace_context.ts";
import { byRatio } from "../../pipeline/core/telemetry/trace_sampler.ts";
import { observeProcessor } from "../../pipeline/graph/observed_processor.ts";
import { NO_ORIGIN, payloadOf } from "../../pipeline/otlp/payload.ts";
import { RequestWatcher } from "../../pipeline/receivers/otlp/request_watcher.ts";

const NEVER = new AbortController().signal;
const meter = new ThreadMeter(createRegion(), () => {});
const tracer = new Tracer(Math.random);
const deps = {
  id: "a",
  signal: "traces" as const,
  logger: silentLogger,
  meter,
  clock: systemClock,
  random: Math.random,
  memory: createMemoryBudget(),
  tracer,
};
const kept = Promise.resolve(KEPT);
const next: Consumer = { consume: () => kept };
const passOn = (next: Consumer): Consumer => ({ consume: (payload, abort) => next.consume(payload, abort) });
const bare = passOn(next);
const observed = observeProcessor(deps, next, passOn);
const paths = new Map([["traces" as const, "/v1/traces"]]);
const watcher = new RequestWatcher(deps, paths);
const tracing = new Tracer(Math.random);
tracing.use({
  propagators: [traceContext],
  sampler: byRatio(0),
  startSpan: () => {
    throw new Error("Cannot happen: none is sampled");
  },
});
const tracingWatcher = new RequestWatcher({ ...deps, tracer: tracing }, paths);
const exporter = new StageTimes(deps, "exporter");
const payload = payloadOf("traces", new Uint8Array(100), 1, NO_ORIGIN);
const payloads = [payload];
const HEADERS = ["host", "user-agent", "content-length", "content-type", "traceparent-"];
const headers = { header: (name: string) => HEADERS.find((line) => line.length === name.length && line === name) };

function follow(watcher: RequestWatcher): void {
  const watch = watcher.watch("traces", headers);
  watch?.ended("read");
  watch?.ended("validate");
  void observed.consume(payload, NEVER);
  watch?.answered(200);
  joinTraces(payloads);
  if (exporter.isTimed()) exporter.start().ended("send");
}

Deno.bench("a request that nobody follows", { group: "request", baseline: true }, () => {
  void bare.consume(payload, NEVER);
});

Deno.bench("followed, traces off", { group: "request" }, () => follow(watcher));

Deno.bench("followed, traces on, none sampled", { group: "request" }, () => follow(tracingWatcher));
