import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  joinTraces,
  MAX_LINKS,
  type Span,
  type SpanOptions,
  traceFields,
  type TraceLink,
  Tracer,
} from "../../../../pipeline/core/telemetry/trace.ts";
import { type SpanContext, traceContext } from "../../../../pipeline/core/telemetry/trace_context.ts";
import {
  alwaysOff,
  alwaysOn,
  byParent,
  byRatio,
  newTraceId,
  pointOf,
} from "../../../../pipeline/core/telemetry/trace_sampler.ts";

const context = (id: number, isSampled: boolean | undefined = true): SpanContext => ({
  traceId: id.toString(16).padStart(32, "0"),
  spanId: id.toString(16).padStart(16, "0"),
  isSampled,
  traceState: "",
});
const link = (id: number, isSampled = true): TraceLink => ({ context: context(id, isSampled), links: [] });

function setup(sampler = alwaysOn) {
  const started: { name: string; options: SpanOptions }[] = [];
  const span: Span = { context: context(99), set: () => {}, fail: () => {}, addChild: () => {}, end: () => {} };
  const startSpan = (name: string, options: SpanOptions) => (started.push({ name, options }), span);
  return { started, setup: { propagators: [traceContext], sampler, startSpan } };
}

const headers = { header: (name: string) => name === "traceparent" ? `00-${"a".repeat(32)}-${"b".repeat(16)}-01` : "" };

Deno.test("Tracer", async (t) => {
  await t.step("does nothing while it is off", () => {
    const tracer = new Tracer(() => 0);
    deepStrictEqual([tracer.isOn, tracer.extract(headers), tracer.inject(context(1))], [false, undefined, []]);
    strictEqual(tracer.startRequest("r", undefined, {}, 0), undefined);
    strictEqual(tracer.startChild("c", "client", link(1), {}), undefined);
  });

  await t.step("goes back to the setup before when the last one is taken away, in any order", () => {
    const tracer = new Tracer(() => 0);
    const [first, second] = [setup(), setup()];
    const dropFirst = tracer.use(first.setup);
    const dropSecond = tracer.use(second.setup);
    tracer.startRequest("a", undefined, {}, 0);
    dropSecond();
    tracer.startRequest("b", undefined, {}, 0);
    dropSecond();
    dropFirst();
    strictEqual(tracer.isOn, false);
    deepStrictEqual([first.started.map(({ name }) => name), second.started.map(({ name }) => name)], [["b"], ["a"]]);
  });

  await t.step("continues what a sender began", () => {
    const tracer = new Tracer(() => 0);
    const { setup: own, started } = setup();
    tracer.use(own);
    tracer.startRequest("r", tracer.extract(headers), { a: 1 }, 5);
    const { parent, startMs, attributes, traceId } = started[0]!.options;
    deepStrictEqual([parent?.traceId, startMs, attributes, traceId], ["a".repeat(32), 5, { a: 1 }, "a".repeat(32)]);
  });

  await t.step("a new trace lies where it was decided that it is sampled", () => {
    const tracer = new Tracer(() => 0.25);
    const { setup: own, started } = setup(byRatio(0.3));
    tracer.use(own);
    tracer.startRequest("r", undefined, {}, 0);
    strictEqual(pointOf(started[0]!.options.traceId), 0.25);
  });

  await t.step("has no span for what is not sampled", () => {
    const tracer = new Tracer(() => 0.5);
    const { setup: own } = setup(byRatio(0.3));
    tracer.use(own);
    strictEqual(tracer.startRequest("r", undefined, {}, 0), undefined);
    strictEqual(tracer.startChild("c", "client", link(1, false), {}), undefined);
    ok(tracer.startChild("c", "client", link(1), {}) !== undefined);
  });
});

Deno.test("samplers", async (t) => {
  const cases: { name: string; sampler: typeof alwaysOn; want: boolean[] }[] = [
    { name: "always on", sampler: alwaysOn, want: [true, true, true, true] },
    { name: "always off", sampler: alwaysOff, want: [false, false, false, false] },
    { name: "by ratio, whatever the parent", sampler: byRatio(0.5), want: [true, false, true, true] },
    { name: "by parent", sampler: byParent(byRatio(0.5)), want: [true, false, true, false] },
    {
      name: "by parent, the other way",
      sampler: byParent(alwaysOn, alwaysOff, alwaysOn),
      want: [true, true, false, true],
    },
  ];
  for (const { name, sampler, want } of cases) {
    await t.step(name, () => {
      const asked = [sampler(undefined, 0.4), sampler(undefined, 0.5), sampler(true, 0), sampler(false, 0)];
      deepStrictEqual(asked, want);
    });
  }

  await t.step("ratio 0 takes none, ratio 1 all", () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (point) => {
      deepStrictEqual([byRatio(0)(undefined, point), byRatio(1)(undefined, point)], [false, true]);
      const id = newTraceId(point);
      match(id, /^[0-9a-f]{32}$/);
      ok(Math.abs(pointOf(id) - point) < 2 ** -51);
    }));
  });
});

Deno.test("joinTraces()", async (t) => {
  const cases: { name: string; parts: { trace?: TraceLink }[]; want: TraceLink | undefined }[] = [
    { name: "nothing traced", parts: [{}, {}], want: undefined },
    { name: "one alone keeps its own, sampled or not", parts: [{ trace: link(1, false) }], want: link(1, false) },
    { name: "of many those that are not sampled say nothing", parts: [{ trace: link(1, false) }, {}], want: undefined },
    {
      name: "the first sampled one, linked to the others",
      parts: [{}, { trace: link(1, false) }, { trace: link(2) }, { trace: link(3) }],
      want: { context: context(2), links: [context(3)] },
    },
  ];
  for (const { name, parts, want } of cases) {
    await t.step(name, () => deepStrictEqual(joinTraces(parts.map((origin) => ({ origin }))), want));
  }
  for (const [extra, want] of [[1, MAX_LINKS], [2, MAX_LINKS]] as const) {
    await t.step(`${MAX_LINKS + extra} parts have ${want} links`, () => {
      const parts = Array.from({ length: MAX_LINKS + extra }, (_, id) => ({ origin: { trace: link(id + 1) } }));
      strictEqual(joinTraces(parts)?.links.length, want);
    });
  }
});

Deno.test("traceFields()", () => {
  deepStrictEqual(traceFields(undefined), {});
  deepStrictEqual(traceFields(context(1)), { trace_id: `${"0".repeat(31)}1`, span_id: `${"0".repeat(15)}1` });
});
