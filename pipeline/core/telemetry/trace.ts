/**
 * Traces of the gateway's own work: what a span is to the rest of the gateway, and who decides whether there is one.
 *
 * While traces are off a request costs nothing but the question whether they are. A request that is not sampled has no
 * span; the context that its sender sent goes on as it came.
 * Source: W3C Trace Context; OpenTelemetry specification 1.x, "Trace SDK", "Sampling".
 *
 * @module
 */

import type { Random } from "../clock.ts";
import type { LogFields } from "../log/logger.ts";
import type { HeaderPair, HeaderReader, Propagator, SpanContext } from "./trace_context.ts";
import { newTraceId, pointOf, type Sampler } from "./trace_sampler.ts";

/** What a payload has to do with traces. */
export interface TraceLink {
  /** Of the work that it is a part of. */
  readonly context: SpanContext;
  /** Of other work that has a part in it: the other requests of a batch. */
  readonly links: readonly SpanContext[];
}

/** Links of one span at the most; a batch may hold thousands of requests. */
export const MAX_LINKS = 31;

export type SpanKind = "server" | "client" | "internal";
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work, begun. Times are milliseconds since the epoch; absent is now. */
export interface Span {
  readonly context: SpanContext;
  set(attributes: SpanAttributes): void;
  /** It ended in an error. @param message Without payload data. */
  fail(message: string): void;
  /** A piece of this work that has ended. */
  addChild(name: string, startMs: number, endMs: number): void;
  end(endMs?: number): void;
}

export interface SpanOptions {
  readonly kind: SpanKind;
  readonly parent: SpanContext | undefined;
  readonly links: readonly SpanContext[];
  readonly attributes: SpanAttributes;
  readonly startMs?: number;
  /** The parent's, where there is one. */
  readonly traceId: string;
}

/** Where own spans go, as `service::telemetry::traces` has it. */
export interface TracerSetup {
  /** In the order in which they are asked; all of them write. */
  readonly propagators: readonly Propagator[];
  readonly sampler: Sampler;
  startSpan(name: string, options: SpanOptions): Span;
}

/** Begins spans; one a thread. It does nothing until it is given a setup. */
export class Tracer {
  readonly #random: Random;
  readonly #setups: TracerSetup[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  get isOn(): boolean {
    return this.#setups.length > 0;
  }

  /** Own spans go to `setup` from now on. @returns Takes it away: what was there before counts again. */
  use(setup: TracerSetup): () => void {
    this.#setups.push(setup);
    return () => {
      const at = this.#setups.indexOf(setup);
      if (at >= 0) this.#setups.splice(at, 1);
    };
  }

  /** The context that a request came with. */
  extract(headers: HeaderReader): SpanContext | undefined {
    for (const { extract } of this.#setups.at(-1)?.propagators ?? []) {
      const context = extract(headers);
      if (context !== undefined) return context;
    }
    return undefined;
  }

  /** Headers that hand `context` on; a receiver must not have to guess about the decision. */
  inject(context: SpanContext): readonly HeaderPair[] {
    return this.#setups.at(-1)?.propagators.flatMap(({ inject }) => inject(context)) ?? [];
  }

  /** Begins the span of a request, if it is sampled. @param parent Of its sender. */
  startRequest(
    name: string,
    parent: SpanContext | undefined,
    attributes: SpanAttributes,
    startMs: number,
  ): Span | undefined {
    const setup = this.#setups.at(-1);
    if (setup === undefined) return undefined;
    const point = parent === undefined ? this.#random() : pointOf(parent.traceId);
    if (!setup.sampler(parent?.isSampled, point)) return undefined;
    const traceId = parent?.traceId ?? newTraceId(point);
    return setup.startSpan(name, { kind: "server", parent, links: [], attributes, startMs, traceId });
  }

  /** Begins the span of work on a payload, if the work that it belongs to is sampled. */
  startChild(
    name: string,
    kind: SpanKind,
    { context: parent, links }: TraceLink,
    attributes: SpanAttributes,
  ): Span | undefined {
    if (parent.isSampled !== true) return undefined;
    const { traceId } = parent;
    return this.#setups.at(-1)?.startSpan(name, { kind, parent, links, attributes, traceId });
  }
}

/** A payload, as far as it is asked for its trace. */
interface TracedPart {
  readonly origin: { readonly trace?: TraceLink };
}

/**
 * What a batch has to do with the traces of its parts: it belongs to the first one that is sampled and is linked to the
 * others. What stands alone keeps what it has.
 */
export function joinTraces(parts: readonly TracedPart[]): TraceLink | undefined {
  if (parts.length === 1) return parts[0]?.origin.trace;
  let context: SpanContext | undefined;
  const links: SpanContext[] = [];
  for (const { origin: { trace } } of parts) {
    if (trace === undefined || trace.context.isSampled !== true) continue;
    if (context === undefined) context = trace.context;
    else if (links.length < MAX_LINKS) links.push(trace.context);
    else break;
  }
  return context && { context, links };
}

/** The fields of a log line about work in a trace. */
export function traceFields(context: SpanContext | undefined): LogFields {
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}
