/**
 * Follows requests of the `otlp` receiver: the stages of one in eight are timed, and those that are sampled have spans.
 *
 * A request that is neither costs one question, and while traces are on the look for its sender's context.
 *
 * @module
 */

import type { ComponentDeps } from "../../contract/component.ts";
import type { RequestWatch } from "../../contract/http.ts";
import type { Clock } from "../../core/clock.ts";
import { type Stage, StageTimes } from "../../core/telemetry/stages.ts";
import type { Span, TraceLink, Tracer } from "../../core/telemetry/trace.ts";
import type { HeaderReader, SpanContext } from "../../core/telemetry/trace_context.ts";
import type { Signal } from "../../otlp/signals.ts";

export class RequestWatcher {
  readonly #tracer: Tracer | undefined;
  readonly #clock: Clock;
  readonly #id: string;
  readonly #paths: ReadonlyMap<Signal, string>;
  readonly #stages: StageTimes;

  constructor(deps: ComponentDeps, paths: ReadonlyMap<Signal, string>) {
    this.#tracer = deps.tracer;
    this.#clock = deps.clock;
    this.#id = deps.id;
    this.#paths = paths;
    this.#stages = new StageTimes(deps, deps.id);
  }

  watch(signal: Signal, headers: HeaderReader): RequestWatch | undefined {
    const isTimed = this.#stages.isTimed();
    if (this.#tracer?.isOn !== true) return isTimed ? new Watch(this.#clock, this.#stages) : undefined;
    const sender = this.#tracer.extract(headers);
    const startMs = this.#clock.nowMs();
    const span = this.#startSpan(this.#tracer, signal, sender, startMs);
    if (!isTimed && sender === undefined && span === undefined) return undefined;
    return new Watch(this.#clock, isTimed ? this.#stages : undefined, { span, sender, startMs });
  }

  #startSpan(tracer: Tracer, signal: Signal, sender: SpanContext | undefined, startMs: number): Span | undefined {
    const path = this.#paths.get(signal) ?? "";
    return tracer.startRequest(`POST ${path}`, sender, {
      "http.request.method": "POST",
      "url.path": path,
      "otelcol.component.id": this.#id,
      "otelcol.signal": signal,
    }, startMs);
  }
}

/** The span of a request, if it is sampled, and what its sender said. */
interface Traced {
  readonly span: Span | undefined;
  readonly sender: SpanContext | undefined;
  /** Since the epoch. */
  readonly startMs: number;
}

class Watch implements RequestWatch {
  readonly trace: TraceLink | undefined;
  readonly #clock: Clock;
  readonly #times: StageTimes | undefined;
  readonly #span: Span | undefined;
  /** From monotonic time to time since the epoch, milliseconds. */
  readonly #epochMs: number;
  #sinceMs: number;

  constructor(clock: Clock, times: StageTimes | undefined, { span, sender, startMs }: Traced = NOT_TRACED) {
    const context = span?.context ?? sender;
    this.trace = context && { context, links: [] };
    this.#clock = clock;
    this.#times = times;
    this.#span = span;
    this.#sinceMs = clock.monotonicMs();
    this.#epochMs = startMs - this.#sinceMs;
  }

  ended(stage: Stage): void {
    const nowMs = this.#clock.monotonicMs();
    this.#times?.record(stage, nowMs - this.#sinceMs);
    this.#span?.addChild(stage, this.#epochMs + this.#sinceMs, this.#epochMs + nowMs);
    this.#sinceMs = nowMs;
  }

  answered(status: number): void {
    if (this.#span === undefined) return;
    this.#span.set({ "http.response.status_code": status });
    if (status >= 500) this.#span.fail("");
    this.#span.end(this.#epochMs + this.#clock.monotonicMs());
  }
}

const NOT_TRACED: Traced = { span: undefined, sender: undefined, startMs: 0 };
