/**
 * The context of a trace in request headers: read from a sender, and written for whoever comes next. What is malformed is
 * as if it were not there.
 *
 * Sources: W3C Trace Context (Recommendation), 3.2 and 3.3; B3 propagation, "Multiple headers" and "Single header".
 *
 * @module
 */

/** Where in a trace something is. */
export interface SpanContext {
  /** 32 lower-case hex digits, not all 0. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all 0. */
  readonly spanId: string;
  /** Whether its spans are recorded; undefined when the sender leaves that to us. */
  readonly isSampled: boolean | undefined;
  /** As its header has it; "" for none. */
  readonly traceState: string;
}

/** A request, as far as it is asked for headers. */
export interface HeaderReader {
  /** A header by its lower-case name; several lines are joined by ", ". */
  header(name: string): string | undefined;
}

export type HeaderPair = readonly [name: string, value: string];

/** One way to write a context into headers. */
export interface Propagator {
  extract(headers: HeaderReader): SpanContext | undefined;
  inject(context: SpanContext): readonly HeaderPair[];
}

/** A longer tracestate is left out, as W3C allows. Characters. */
export const MAX_TRACE_STATE_CHARS = 512;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const TRACE_STATE = /^[\x20-\x7e\t]*$/;
const B3_SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/;
const NO_ID = /^0+$/;
const SAMPLED_FLAG = 1;

/** `traceparent` and `tracestate`. */
export const traceContext: Propagator = {
  extract(headers) {
    const text = headers.header("traceparent");
    if (text === undefined) return undefined;
    const [, version = "", traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(text.trim()) ?? [];
    const isKnown = version !== "" && version !== "ff" && (version !== "00" || more === undefined);
    if (!isKnown || NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
    const isSampled = (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0;
    return { traceId, spanId, isSampled, traceState: traceStateOf(headers) };
  },
  inject({ traceId, spanId, isSampled, traceState }) {
    const parent = ["traceparent", `00-${traceId}-${spanId}-${isSampled === true ? "01" : "00"}`] as const;
    return traceState === "" ? [parent] : [parent, ["tracestate", traceState]];
  },
};

function traceStateOf(headers: HeaderReader): string {
  const text = headers.header("tracestate")?.trim() ?? "";
  return text.length <= MAX_TRACE_STATE_CHARS && TRACE_STATE.test(text) ? text : "";
}

/** `b3`, or `x-b3-traceid` and its kin; written as the latter, as the collector does. */
export const b3: Propagator = {
  extract: (headers) => b3Single(headers) ?? b3Multiple(headers),
  inject: ({ traceId, spanId, isSampled }) => [
    ["x-b3-traceid", traceId],
    ["x-b3-spanid", spanId],
    ...(isSampled === undefined ? [] : [["x-b3-sampled", isSampled ? "1" : "0"] as const]),
  ],
};

function b3Single(headers: HeaderReader): SpanContext | undefined {
  const text = headers.header("b3");
  if (text === undefined) return undefined;
  const [, traceId = "", spanId = "", decision] = B3_SINGLE.exec(text.trim().toLowerCase()) ?? [];
  return b3Context(traceId, spanId, decision);
}

function b3Multiple(headers: HeaderReader): SpanContext | undefined {
  const traceId = headers.header("x-b3-traceid")?.trim().toLowerCase() ?? "";
  const spanId = headers.header("x-b3-spanid")?.trim().toLowerCase() ?? "";
  if (!/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(traceId) || !/^[0-9a-f]{16}$/.test(spanId)) return undefined;
  const isDebug = headers.header("x-b3-flags")?.trim() === "1";
  return b3Context(traceId, spanId, isDebug ? "d" : headers.header("x-b3-sampled")?.trim().toLowerCase());
}

function b3Context(traceId: string, spanId: string, decision: string | undefined): SpanContext | undefined {
  if (NO_ID.test(traceId) || NO_ID.test(spanId) || traceId === "") return undefined;
  return { traceId: traceId.padStart(32, "0"), spanId, isSampled: DECISIONS.get(decision ?? ""), traceState: "" };
}

/** Whether a trace is recorded; what is not here leaves it to the receiver. */
const DECISIONS: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["true", true],
  ["d", true],
  ["0", false],
  ["false", false],
]);

/** By their names in `service::telemetry::traces::propagators`. */
export const PROPAGATORS = { tracecontext: traceContext, b3 } as const;
