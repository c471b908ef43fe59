import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { samplerOf } from "../../../gateway/telemetry/own_traces.ts";
import { ownTelemetry } from "../../../gateway/telemetry/own_telemetry.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { LogTee } from "../../../pipeline/core/log/tee.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { Tracer } from "../../../pipeline/core/telemetry/trace.ts";
import { buildParts } from "../../../pipeline/graph/build.ts";
import { type Build, LiveGraph } from "../../../pipeline/graph/live_graph.ts";
import { sketchConfig } from "../../support/gateway_config.ts";

const otlp = (more: Record<string, unknown> = {}) => ({ exporter: { otlp: { endpoint: "http://h", ...more } } });
const deps = {
  clock: systemClock,
  random: () => 0,
  logger: silentLogger,
  resource: {},
  tracer: new Tracer(() => 0),
  tee: new LogTee(),
};

function partsOf(telemetry: unknown, isControl = true) {
  return ownTelemetry(telemetrySchema.parse(telemetry), isControl ? { ...deps, collect: () => [] } : deps);
}

Deno.test("ownTelemetry()", async (t) => {
  const all = {
    traces: { processors: [{ batch: otlp() }] },
    logs: { processors: [{ simple: otlp() }] },
    metrics: { readers: [{ pull: { exporter: { prometheus: {} } } }, { periodic: otlp() }] },
  };
  const grpc = otlp({ protocol: "grpc" });
  const cases: { name: string; telemetry: unknown; isControl?: boolean; want: string[] }[] = [
    { name: "nothing by default", telemetry: {}, want: [] },
    { name: "all of it", telemetry: all, want: ["own traces", "own logs", "own metrics by OTLP, reader 1"] },
    { name: "a data worker has no metrics", telemetry: all, isControl: false, want: ["own traces", "own logs"] },
    {
      name: "levels none",
      telemetry: { ...all, traces: { ...all.traces, level: "none" }, metrics: { ...all.metrics, level: "none" } },
      want: ["own logs"],
    },
    {
      name: "what cannot be sent",
      telemetry: {
        traces: { processors: [{ batch: grpc }, { simple: { exporter: { console: {} } } }] },
        logs: { processors: [{ batch: grpc }] },
        metrics: { readers: [{ periodic: grpc }] },
      },
      want: [],
    },
  ];
  for (const { name, telemetry, isControl = true, want } of cases) {
    await t.step(name, () => deepStrictEqual(partsOf(telemetry, isControl).map((part) => part.name), want));
  }

  await t.step("a part is another when its settings are", () => {
    const [before] = partsOf(all);
    const [same] = partsOf({ traces: all.traces });
    const [other] = partsOf({ traces: { processors: [{ batch: otlp({ compression: "gzip" }) }] } });
    strictEqual(before?.fingerprint, same?.fingerprint);
    notStrictEqual(before?.fingerprint, other?.fingerprint);
  });
});

Deno.test("samplerOf()", async (t) => {
  const half = { trace_id_ratio_based: { ratio: new Scalar(0.5, "0.5") } };
  /** What becomes of a trace at 0.6 without a parent, with a sampled one, with one that is not. */
  const cases: { name: string; sampler: unknown; want: boolean[] }[] = [
    { name: "none: by the parent, else always", sampler: undefined, want: [true, true, false] },
    { name: "always on, bare", sampler: { always_on: new Scalar(null, "") }, want: [true, true, true] },
    { name: "always off", sampler: { always_off: {} }, want: [false, false, false] },
    { name: "ratio", sampler: half, want: [false, false, false] },
    { name: "by the parent", sampler: { parent_based: { root: half } }, want: [false, true, false] },
    {
      name: "by the parent, each way",
      sampler: { parent_based: { remote_parent_sampled: half, remote_parent_not_sampled: { always_on: {} } } },
      want: [true, false, true],
    },
    { name: "asked of somebody else", sampler: { jaeger_remote: {} }, want: [false, false, false] },
  ];
  for (const { name, sampler, want } of cases) {
    await t.step(name, () => {
      const { traces } = telemetrySchema.parse({ traces: sampler === undefined ? {} : { sampler } });
      const decide = samplerOf(traces.sampler);
      deepStrictEqual([decide(undefined, 0.6), decide(true, 0.6), decide(false, 0.6)], want);
    });
  }
});

Deno.test("own traces come and go with the configuration", async () => {
  const tracer = new Tracer(() => 0);
  const build: Build = ({ telemetry }, before) =>
    buildParts(ownTelemetry(telemetry, { ...deps, tracer }), deps, before);
  const live = new LiveGraph(build);
  const withTraces = (traces: unknown) => ({ ...sketchConfig({}), telemetry: telemetrySchema.parse({ traces }) });
  const [off, on] = [withTraces({}), withTraces({ processors: [{ batch: otlp() }] })];
  const other = withTraces({ propagators: ["b3"], processors: [{ batch: otlp() }] });
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true, traceState: "" };
  const written = () => tracer.inject(context).map(([name]) => name)[0];
  const deadline = new AbortController().signal;

  await (await live.prepare(off)).flip()(deadline);
  strictEqual(tracer.isOn, false);
  await (await live.prepare(on)).discard(deadline);
  strictEqual(tracer.isOn, false);
  await (await live.prepare(on)).flip()(deadline);
  strictEqual(written(), "traceparent");
  await (await live.prepare(other)).flip()(deadline);
  strictEqual(written(), "x-b3-traceid");
  await (await live.prepare(off)).flip()(deadline);
  strictEqual(tracer.isOn, false);
});
