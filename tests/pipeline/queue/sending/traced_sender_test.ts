import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { KEPT, type Outcome } from "../../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../../pipeline/core/errors.ts";
import { type Span, type SpanOptions, Tracer } from "../../../../pipeline/core/telemetry/trace.ts";
import { type SpanContext, traceContext } from "../../../../pipeline/core/telemetry/trace_context.ts";
import { alwaysOn } from "../../../../pipeline/core/telemetry/trace_sampler.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { traceSends } from "../../../../pipeline/queue/sending/traced_sender.ts";

const NEVER = new AbortController().signal;
const context = (digit: string, isSampled = true): SpanContext => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  isSampled,
  traceState: "",
});

function open(send: (payload: Payload) => Promise<Outcome>) {
  const calls: unknown[] = [];
  const sent: Payload[] = [];
  const span: Span = {
    context: context("9"),
    set: (attributes) => void calls.push(attributes),
    fail: (message) => void calls.push(message),
    addChild: () => {},
    end: () => void calls.push("end"),
  };
  const startSpan = (name: string, { parent, links }: SpanOptions) => {
    calls.push([name, parent?.traceId[0], links.length]);
    return span;
  };
  const tracer = new Tracer(() => 0);
  tracer.use({ propagators: [traceContext], sampler: alwaysOn, startSpan });
  const sender = traceSends(
    { send: (payload) => (sent.push(payload), send(payload)) },
    { tracer, id: "otlp_http/eu", signal: "traces" },
  );
  return { calls, sent, sender };
}

const payload = (trace?: SpanContext): Payload =>
  payloadOf(
    "traces",
    new Uint8Array(1),
    3,
    trace === undefined ? NO_ORIGIN : { ...NO_ORIGIN, trace: { context: trace, links: [context("2")] } },
  );

Deno.test("traceSends()", async (t) => {
  await t.step("a payload in a sampled trace goes on with the span of its export", async () => {
    const { calls, sent, sender } = open(() => Promise.resolve({ rejectedItems: 1, message: "" }));
    await sender.send(payload(context("1")), NEVER, Infinity);
    deepStrictEqual(sent[0]?.origin.trace, { context: context("9"), links: [] });
    deepStrictEqual(calls, [["exporter/otlp_http/eu/traces", "1", 1], { "sluice.rejected_items": 1 }, "end"]);
  });

  await t.step("a failure ends the span as one, and is passed on", async () => {
    const { calls, sender } = open(() => Promise.reject(new UnavailableError("Cannot export: no")));
    await rejects(sender.send(payload(context("1")), NEVER, Infinity), UnavailableError);
    deepStrictEqual(calls.slice(1), ["Cannot export: no", "end"]);
  });

  for (const [name, trace] of [["that is not sampled", context("1", false)], ["without one", undefined]] as const) {
    await t.step(`a trace ${name} is passed on as it is`, async () => {
      const { calls, sent, sender } = open(() => Promise.resolve(KEPT));
      const given = payload(trace);
      strictEqual(await sender.send(given, NEVER, Infinity), KEPT);
      strictEqual(sent[0], given);
      deepStrictEqual(calls, []);
    });
  }

  await t.step("without a tracer nothing is in between", () => {
    const next = { send: () => Promise.resolve(KEPT) };
    strictEqual(traceSends(next, { id: "a", signal: "logs" }), next);
  });
});
