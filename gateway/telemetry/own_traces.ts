/**
 * `service::telemetry::traces`: own spans by OTLP. A span is written when it ends, so a sampled request leaves some hundred
 * bytes and no objects.
 *
 * Source: opentelemetry-proto 1.11.0, trace; OpenTelemetry specification 1.x, "Trace SDK", "Sampling".
 *
 * @module
 */

import type { SamplerConfig, TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { Span, SpanAttributes, SpanKind, SpanOptions, Tracer } from "../../pipeline/core/telemetry/trace.ts";
import { PROPAGATORS, type SpanContext } from "../../pipeline/core/telemetry/trace_context.ts";
import { alwaysOff, alwaysOn, byParent, byRatio, type Sampler } from "../../pipeline/core/telemetry/trace_sampler.ts";
import type { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import { writeAttributes, writeFlags, writeId, writeTime } from "./otlp_messages.ts";
import type { OtlpPushDeps } from "./otlp_push.ts";
import { isSending } from "./record_batch.ts";
import { openRecorder, type Recorder } from "./recorder.ts";

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 };
const STATUS_ERROR = 2;
/** Of `flags`: sampled; whether the parent is in another process is known; and it is. */
const SAMPLED = 0x01;
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Whether there are own spans at all. */
export function isTracing({ level, processors }: TelemetryConfig["traces"]): boolean {
  return level !== "none" && processors.some(isSending);
}

/** The part of a thread that makes spans: while it runs, `tracer` has a setup. */
export function ownTraces(
  config: TelemetryConfig["traces"],
  resource: Attributes,
  tracer: Tracer,
  deps: OtlpPushDeps,
): Lifecycle {
  const recorder = openRecorder("traces", config.processors, resource, deps);
  let remove = () => {};
  return {
    start() {
      remove = tracer.use({
        propagators: config.propagators.map((name) => PROPAGATORS[name]),
        sampler: samplerOf(config.sampler),
        startSpan: (name, options) => new RecordedSpan(name, options, recorder),
      });
      return Promise.resolve();
    },
    shutdown(deadline) {
      remove();
      return recorder.shutdown(deadline);
    },
  };
}

/** What the configuration samples; a sender's decision counts where nothing else is said. */
export function samplerOf(config: SamplerConfig | undefined): Sampler {
  if (config === undefined) return byParent(alwaysOn);
  const { parent_based: parent } = config;
  if (parent === undefined) return rootSamplerOf(config) ?? alwaysOff;
  return byParent(
    rootSamplerOf(parent.root) ?? alwaysOn,
    rootSamplerOf(parent.remote_parent_sampled) ?? alwaysOn,
    rootSamplerOf(parent.remote_parent_not_sampled) ?? alwaysOff,
  );
}

type RootSamplerConfig = Pick<SamplerConfig, "always_on" | "always_off" | "trace_id_ratio_based">;

function rootSamplerOf(config: RootSamplerConfig | undefined): Sampler | undefined {
  if (config?.trace_id_ratio_based !== undefined) return byRatio(config.trace_id_ratio_based.ratio);
  if (config?.always_on !== undefined) return alwaysOn;
  return config?.always_off === undefined ? undefined : alwaysOff;
}

/** A span that is sampled. */
export class RecordedSpan implements Span {
  readonly context: SpanContext;
  readonly #name: string;
  readonly #options: SpanOptions;
  readonly #recorder: Recorder;
  readonly #startMs: number;
  /** From monotonic time to time since the epoch. */
  readonly #epochMs: number;
  readonly #attributes: SpanAttributes[];
  #failure: string | undefined;
  #hasEnded = false;

  constructor(name: string, options: SpanOptions, recorder: Recorder) {
    const { parent, attributes, startMs, traceId } = options;
    const { clock } = recorder;
    this.context = { traceId, spanId: newSpanId(), isSampled: true, traceState: parent?.traceState ?? "" };
    this.#name = name;
    this.#options = options;
    this.#recorder = recorder;
    this.#startMs = startMs ?? clock.nowMs();
    this.#epochMs = this.#startMs - clock.monotonicMs();
    this.#attributes = [attributes];
  }

  set(attributes: SpanAttributes): void {
    this.#attributes.push(attributes);
  }

  fail(message: string): void {
    this.#failure = message;
  }

  addChild(name: string, startMs: number, endMs: number): void {
    this.#recorder.record((writer) => {
      writeHead(writer, name, "internal", { ...this.context, spanId: newSpanId() }, this.context);
      writeTime(writer, 7, startMs);
      writeTime(writer, 8, endMs);
    });
  }

  end(endMs: number = this.#epochMs + this.#recorder.clock.monotonicMs()): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { kind, parent, links } = this.#options;
    this.#recorder.record((writer) => {
      writeHead(writer, this.#name, kind, this.context, parent);
      writeTime(writer, 7, this.#startMs);
      writeTime(writer, 8, Math.max(endMs, this.#startMs));
      for (const attributes of this.#attributes) writeAttributes(writer, 9, attributes);
      for (const link of links) writeLink(writer, link);
      if (this.#failure !== undefined) writeFailure(writer, this.#failure);
    });
  }
}

/** Of ids; asked for once in 128. */
const randomBytes = new Uint8Array(1_024);
let nextRandom = randomBytes.length;

/** A random id. */
function newSpanId(): string {
  if (nextRandom === randomBytes.length) {
    crypto.getRandomValues(randomBytes);
    nextRandom = 0;
  }
  const id = randomBytes.subarray(nextRandom, nextRandom += 8);
  id[0]! |= 1; // an id is not all 0
  return id.toHex();
}

/** Who it is, what it is, and what it belongs to. The parent of what serves a request is its sender. */
function writeHead(
  writer: ProtoWriter,
  name: string,
  kind: SpanKind,
  { traceId, spanId, traceState }: SpanContext,
  parent: SpanContext | undefined,
): void {
  writeId(writer, 1, traceId);
  writeId(writer, 2, spanId);
  if (traceState !== "") writer.stringField(3, traceState);
  if (parent !== undefined) writeId(writer, 4, parent.spanId);
  writer.stringField(5, name);
  writer.varintField(6, KINDS[kind]);
  writeFlags(writer, 16, SAMPLED | KNOWS_REMOTE | (kind === "server" && parent !== undefined ? IS_REMOTE : 0));
}

function writeLink(writer: ProtoWriter, { traceId, spanId, traceState, isSampled }: SpanContext): void {
  const link = writer.open(13);
  writeId(writer, 1, traceId);
  writeId(writer, 2, spanId);
  if (traceState !== "") writer.stringField(3, traceState);
  writeFlags(writer, 6, isSampled === true ? SAMPLED | KNOWS_REMOTE : KNOWS_REMOTE);
  writer.close(link);
}

function writeFailure(writer: ProtoWriter, message: string): void {
  const status = writer.open(15);
  if (message !== "") writer.stringField(2, message);
  writer.varintField(3, STATUS_ERROR);
  writer.close(status);
}
