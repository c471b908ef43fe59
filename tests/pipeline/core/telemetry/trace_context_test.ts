import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  b3,
  type HeaderPair,
  MAX_TRACE_STATE_CHARS,
  type SpanContext,
  traceContext,
} from "../../../../pipeline/core/telemetry/trace_context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const reader = (headers: Readonly<Record<string, string>>) => ({ header: (name: string) => headers[name] });
const context = (isSampled: boolean | undefined, traceState = ""): SpanContext => ({
  traceId: TRACE,
  spanId: SPAN,
  isSampled,
  traceState,
});

Deno.test("traceContext.extract()", async (t) => {
  const cases: { name: string; headers: Record<string, string>; want: SpanContext | undefined }[] = [
    { name: "sampled", headers: { traceparent: `00-${TRACE}-${SPAN}-01` }, want: context(true) },
    { name: "not sampled", headers: { traceparent: `00-${TRACE}-${SPAN}-00` }, want: context(false) },
    { name: "other flags", headers: { traceparent: `00-${TRACE}-${SPAN}-fe` }, want: context(false) },
    {
      name: "with a state",
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1,b=2" },
      want: context(true, "a=1,b=2"),
    },
    {
      name: "a state at its limit",
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: `a=${"x".repeat(MAX_TRACE_STATE_CHARS - 2)}` },
      want: context(true, `a=${"x".repeat(MAX_TRACE_STATE_CHARS - 2)}`),
    },
    {
      name: "a state past its limit is left out",
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: `a=${"x".repeat(MAX_TRACE_STATE_CHARS - 1)}` },
      want: context(true),
    },
    {
      name: "a state with a line break is left out",
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1\r\nx: y" },
      want: context(true),
    },
    { name: "a later version", headers: { traceparent: `cc-${TRACE}-${SPAN}-01-what` }, want: context(true) },
    { name: "a later version glued", headers: { traceparent: `cc-${TRACE}-${SPAN}-01what` }, want: undefined },
    { name: "version 00 has nothing more", headers: { traceparent: `00-${TRACE}-${SPAN}-01-what` }, want: undefined },
    { name: "version ff", headers: { traceparent: `ff-${TRACE}-${SPAN}-01` }, want: undefined },
    { name: "no trace", headers: { traceparent: `00-${"0".repeat(32)}-${SPAN}-01` }, want: undefined },
    { name: "no span", headers: { traceparent: `00-${TRACE}-${"0".repeat(16)}-01` }, want: undefined },
    { name: "upper case", headers: { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` }, want: undefined },
    { name: "too short", headers: { traceparent: `00-${TRACE}-${SPAN}-1` }, want: undefined },
    {
      name: "two of them",
      headers: { traceparent: `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01` },
      want: undefined,
    },
    { name: "none", headers: {}, want: undefined },
  ];
  for (const { name, headers, want } of cases) {
    await t.step(name, () => deepStrictEqual(traceContext.extract(reader(headers)), want));
  }
});

Deno.test("b3.extract()", async (t) => {
  const multiple = { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN };
  const cases: { name: string; headers: Record<string, string>; want: SpanContext | undefined }[] = [
    { name: "single, sampled", headers: { b3: `${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90` }, want: context(true) },
    { name: "single, debug", headers: { b3: `${TRACE}-${SPAN}-d` }, want: context(true) },
    { name: "single, not sampled", headers: { b3: `${TRACE}-${SPAN}-0` }, want: context(false) },
    { name: "single, undecided", headers: { b3: `${TRACE}-${SPAN}` }, want: context(undefined) },
    {
      name: "an id of 64 bits",
      headers: { b3: `${SPAN}-${SPAN}-1` },
      want: { ...context(true), traceId: SPAN.padStart(32, "0") },
    },
    { name: "only a decision", headers: { b3: "0" }, want: undefined },
    { name: "several headers", headers: { ...multiple, "x-b3-sampled": "1" }, want: context(true) },
    { name: "several headers, old words", headers: { ...multiple, "x-b3-sampled": "false" }, want: context(false) },
    { name: "several headers, debug", headers: { ...multiple, "x-b3-flags": "1" }, want: context(true) },
    { name: "several headers, undecided", headers: multiple, want: context(undefined) },
    { name: "no span id", headers: { "x-b3-traceid": TRACE }, want: undefined },
    { name: "all 0", headers: { b3: `${"0".repeat(32)}-${SPAN}-1` }, want: undefined },
    { name: "none", headers: {}, want: undefined },
  ];
  for (const { name, headers, want } of cases) {
    await t.step(name, () => deepStrictEqual(b3.extract(reader(headers)), want));
  }
});

Deno.test("what a propagator writes it reads", () => {
  const hex = (length: number) =>
    fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length - 1, maxLength: length - 1 })
      .map((digits) => `${digits.join("")}1`);
  const asHeaders = (pairs: readonly HeaderPair[]) => reader(Object.fromEntries(pairs));
  fc.assert(fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) => {
    for (const propagator of [traceContext, b3]) {
      const wanted = { traceId, spanId, isSampled, traceState: "" };
      deepStrictEqual(propagator.extract(asHeaders(propagator.inject(wanted))), wanted);
    }
  }));
  strictEqual(asHeaders(traceContext.inject(context(true, "a=1"))).header("tracestate"), "a=1");
  strictEqual(asHeaders(traceContext.inject(context(undefined))).header("traceparent")?.slice(-2), "00");
});
