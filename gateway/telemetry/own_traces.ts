/**
 * `service::telemetry::traces`: own spans through the OpenTelemetry SDK, which is loaded only when they are wanted.
 *
 * @module
 */

import type {
  Context,
  HrTime,
  Link,
  Span as ApiSpan,
  SpanContext as ApiSpanContext,
  TimeInput,
} from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { ProcessorConfig, SamplerConfig, TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { Attributes } from "../../pipeline/core/telemetry.ts";
import type { Span, SpanAttributes, SpanKind, SpanOptions, Tracer, TracerSetup } from "../../pipeline/core/trace.ts";
import { PROPAGATORS, type SpanContext } from "../../pipeline/core/trace_context.ts";
import { alwaysOff, alwaysOn, byParent, byRatio, type Sampler } from "../../pipeline/core/trace_sampler.ts";
import { lastWords, OtlpPush, type OtlpPushDeps } from "./otlp_push.ts";
import { batchLimits, otlpOf } from "./processor.ts";

const SCOPE = "sluice";
const SAMPLED_FLAG = 1;

/** Whether there are own spans at all. */
export function isTracing({ level, processors }: TelemetryConfig["traces"]): boolean {
  return level !== "none" && processors.some((processor) => otlpOf(processor) !== undefined);
}

/** The part of a thread that makes spans: while it runs, `tracer` has a setup. */
export function ownTraces(
  config: TelemetryConfig["traces"],
  resource: Attributes,
  tracer: Tracer,
  deps: OtlpPushDeps,
): Lifecycle {
  let stop = (_deadline: AbortSignal) => Promise.resolve();
  return {
    async start() {
      const sdk = await loadSdk();
      const provider = openProvider(sdk, config, resource, deps);
      const remove = tracer.use({
        propagators: config.propagators.map((name) => PROPAGATORS[name]),
        sampler: samplerOf(config.sampler),
        startSpan: provider.startSpan,
      });
      stop = async (deadline) => {
        remove();
        await lastWords(provider.shutdown(), deadline);
      };
    },
    shutdown: (deadline) => stop(deadline),
  };
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;

async function loadSdk() {
  const [trace, transformer, resources, api] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/api"),
  ]);
  return { ...trace, ...transformer, ...resources, api };
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

function openProvider(
  sdk: Sdk,
  config: TelemetryConfig["traces"],
  resource: Attributes,
  deps: OtlpPushDeps,
): Pick<TracerSetup, "startSpan"> & { shutdown(): Promise<void> } {
  const ids = new Ids();
  const provider = new sdk.TracerProvider({
    resource: sdk.resourceFromAttributes(resource),
    sampler: new sdk.AlwaysOnSampler(), // whoever asks for a span has decided
    idGenerator: ids,
    spanProcessors: config.processors.flatMap((processor) => openProcessor(sdk, processor, deps) ?? []),
  });
  const tracer = provider.getTracer(SCOPE);
  const { api } = sdk;
  const start = (name: string, { kind, parent, links, attributes, startMs, traceId }: SpanOptions): SdkSpan => {
    ids.nextTraceId = traceId;
    const context = parent === undefined
      ? api.ROOT_CONTEXT
      : api.trace.setSpanContext(api.ROOT_CONTEXT, toApi(sdk, parent, true));
    const span = tracer.startSpan(name, {
      kind: kindOf(sdk, kind),
      attributes,
      links: links.map((link): Link => ({ context: toApi(sdk, link, true) })),
      ...(startMs === undefined ? {} : { startTime: hrTime(startMs) }),
    }, context);
    return new SdkSpan(
      sdk,
      span,
      (childName, at) => tracer.startSpan(childName, { startTime: at }, contextOf(sdk, span)),
    );
  };
  return { startSpan: start, shutdown: () => provider.shutdown() };
}

function openProcessor(sdk: Sdk, processor: ProcessorConfig, deps: OtlpPushDeps): SpanProcessor | undefined {
  const otlp = otlpOf(processor);
  if (otlp === undefined) return undefined;
  const serializers = { protobuf: sdk.ProtobufTraceSerializer, json: sdk.JsonTraceSerializer };
  const exporter = new OtlpPush<ReadableSpan[]>(otlp, "/v1/traces", serializers, deps);
  const { batch } = processor;
  if (batch === undefined) return new sdk.SimpleSpanProcessor({ exporter });
  return new sdk.BatchSpanProcessor({ exporter, ...batchLimits(batch) });
}

/** Ids of spans; a trace's is given where its sampling was decided by it. */
class Ids {
  nextTraceId: string | undefined;

  generateTraceId(): string {
    const traceId = this.nextTraceId ?? randomHex(16);
    this.nextTraceId = undefined;
    return traceId;
  }

  generateSpanId(): string {
    return randomHex(8);
  }
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  random[0]! |= 1; // an id is not all 0
  return random.toHex();
}

class SdkSpan implements Span {
  readonly context: SpanContext;
  readonly #sdk: Sdk;
  readonly #span: ApiSpan;
  readonly #startChild: (name: string, at: TimeInput) => ApiSpan;

  constructor(sdk: Sdk, span: ApiSpan, startChild: (name: string, at: TimeInput) => ApiSpan) {
    const { traceId, spanId, traceState } = span.spanContext();
    this.context = { traceId, spanId, isSampled: true, traceState: traceState?.serialize() ?? "" };
    this.#sdk = sdk;
    this.#span = span;
    this.#startChild = startChild;
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(message: string): void {
    this.#span.setStatus({ code: this.#sdk.api.SpanStatusCode.ERROR, ...(message === "" ? {} : { message }) });
  }

  addChild(name: string, startMs: number, endMs: number): void {
    this.#startChild(name, hrTime(startMs)).end(hrTime(endMs));
  }

  end(endMs?: number): void {
    if (endMs === undefined) this.#span.end();
    else this.#span.end(hrTime(endMs));
  }
}

function contextOf({ api }: Sdk, span: ApiSpan): Context {
  return api.trace.setSpan(api.ROOT_CONTEXT, span);
}

function toApi(
  { api }: Sdk,
  { traceId, spanId, isSampled, traceState }: SpanContext,
  isRemote: boolean,
): ApiSpanContext {
  return {
    traceId,
    spanId,
    isRemote,
    traceFlags: isSampled === true ? SAMPLED_FLAG : 0,
    ...(traceState === "" ? {} : { traceState: api.createTraceState(traceState) }),
  };
}

function kindOf({ api: { SpanKind } }: Sdk, kind: SpanKind) {
  if (kind === "server") return SpanKind.SERVER;
  return kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

/** The SDK takes a small number for a time since its start. */
function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1e6)];
}
