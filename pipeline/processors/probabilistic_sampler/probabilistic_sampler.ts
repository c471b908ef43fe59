/**
 * Processor `probabilistic_sampler`: keeps a share of spans or log records, the same ones wherever the same share is
 * asked for, and writes into each what share it stands for.
 *
 * The bytes of an item are rebuilt only where that writing changes them.
 * Source: the collector's probabilisticsamplerprocessor v0.157; collector reference 6.6. Without `mode` it hashes, as
 * the collector does for both signals. Two things differ: a `tracestate` that is malformed is never rewritten, and a log
 * attribute that is a list or a map is no source of randomness.
 *
 * @module
 */

import type { z } from "zod";
import { bool, int, number, oneOf, section, text } from "../../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../../contract/consumer.ts";
import { tellFiltered, type UsageCounter } from "../../contract/usage.ts";
import type { Counter } from "../../core/telemetry/meter.ts";
import type { Payload } from "../../otlp/payload.ts";
import { type ItemFate, rewriteItems } from "../../otlp/rewrite.ts";
import type { Signal } from "../../otlp/signals.ts";
import { LogAttributes, LogRecordCarrier } from "./log_record.ts";
import { type Decision, MISSING, type Mode, MODES, Sampler, type SamplingState, type Source } from "./sampler.ts";
import { SpanCarrier } from "./span.ts";
import { randomnessOfHash, randomnessOfTraceId, type Threshold } from "./threshold.ts";

/** The least share that 56 bits can say. */
const MIN_PERCENTAGE = 100 / 2 ** 56;

export const samplerSchema = section({
  sampling_percentage: number({ min: 0 }).default(0),
  hash_seed: int({ min: 0, max: 0xffffffff }).default(0),
  mode: oneOf(["", ...MODES]).default(""),
  fail_closed: bool().default(true),
  sampling_precision: int({ min: 1, max: 14 }).default(4),
  attribute_source: oneOf(["traceID", "record"]).default("traceID"),
  from_attribute: text().default(""),
  sampling_priority: text().default(""),
}).superRefine(({ sampling_percentage }, context) => {
  if (!Number.isFinite(sampling_percentage) || sampling_percentage > 0 && sampling_percentage < MIN_PERCENTAGE) {
    const message = `is ${sampling_percentage}, wanted 0 or a finite number of at least ${MIN_PERCENTAGE}`;
    context.addIssue({ code: "custom", path: ["sampling_percentage"], message });
  }
});

export type SamplerConfig = z.output<typeof samplerSchema>;

export const probabilisticSamplerFactory: ProcessorFactory<SamplerConfig> = {
  type: "probabilistic_sampler",
  summary: "Keeps a share of spans or log records, by trace id, tracestate or an attribute.",
  signals: ["traces", "logs"],
  schema: samplerSchema,
  create: (config, deps, next) => new ProbabilisticSampler(config, deps, next),
};

/** An item as a sampler sees it. */
interface Carrier {
  readonly traceId: Uint8Array;
  readonly state: SamplingState;
  readonly priority: Threshold | undefined;
  /** Bytes to hash when the trace id will not do. */
  readonly source?: Uint8Array | undefined;
  marked(decision: Decision): Uint8Array | "keep";
}

type ReadCarrier = (bytes: Uint8Array, start: number, end: number) => Carrier;

class ProbabilisticSampler implements Consumer {
  readonly #sampler: Sampler;
  readonly #sourceOf: (carrier: Carrier) => Source;
  readonly #read: ReadCarrier;
  readonly #counts: PolicyCounts;
  readonly #usage: UsageCounter | undefined;
  readonly #next: Consumer;

  constructor(config: SamplerConfig, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer) {
    const mode = config.mode === "" ? "hash_seed" : config.mode;
    const isLogs = deps.signal === "logs";
    this.#sampler = new Sampler({
      mode,
      percentage: config.sampling_percentage,
      failClosed: config.fail_closed,
      precision: config.sampling_precision,
      marksMissing: !isLogs,
    });
    this.#sourceOf = sourceReader(mode, config, isLogs);
    this.#read = carrierReader(config, isLogs);
    this.#counts = new PolicyCounts(deps);
    this.#usage = deps.usage?.counter({ signal: deps.signal, destination: "", outcome: "filtered", reason: deps.id });
    this.#next = next;
  }

  /** @throws {GatewayError} Of the next consumer. */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const sampled = rewriteItems(payload, (bytes, start, end) => this.#fateOf(bytes, start, end));
    this.#counts.flush();
    tellFiltered(this.#usage, payload, sampled.itemCount);
    return sampled.itemCount === 0 ? Promise.resolve(KEPT) : this.#next.consume(sampled, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }

  #fateOf(bytes: Uint8Array, start: number, end: number): ItemFate {
    const carrier = this.#read(bytes, start, end);
    const decision = this.#sampler.decide(carrier.state, this.#sourceOf(carrier), carrier.priority);
    this.#counts.count(decision);
    return decision.sampled ? carrier.marked(decision) : "drop";
  }
}

function carrierReader(config: SamplerConfig, isLogs: boolean): ReadCarrier {
  if (!isLogs) return (bytes, start, end) => new SpanCarrier(bytes, start, end);
  const attributes = new LogAttributes(config.from_attribute, config.sampling_priority, config.sampling_precision);
  return (bytes, start, end) => new LogRecordCarrier(bytes, start, end, attributes);
}

/** By trace id, else by attribute; only hashing looks at attributes. */
function sourceReader(mode: Mode, config: SamplerConfig, isLogs: boolean): (carrier: Carrier) => Source {
  const { hash_seed, from_attribute, attribute_source } = config;
  if (mode !== "hash_seed") {
    return ({ traceId }) =>
      isSet(traceId) ? { randomness: randomnessOfTraceId(traceId), policy: "trace_id_w3c" } : MISSING;
  }
  const byTraceId = !isLogs || attribute_source === "traceID";
  return ({ traceId, source }) => {
    if (byTraceId && isSet(traceId)) {
      return { randomness: randomnessOfHash(traceId, hash_seed), policy: "trace_id_hash" };
    }
    return source === undefined ? MISSING : { randomness: randomnessOfHash(source, hash_seed), policy: from_attribute };
  };
}

/** An id of zeros is none. */
function isSet(traceId: Uint8Array): boolean {
  for (let at = 0; at < traceId.length; at++) if (traceId[at] !== 0) return true;
  return false;
}

/** Counts decisions in memory of its own and adds them up once a payload. */
class PolicyCounts {
  readonly #deps: ComponentDeps & { readonly signal: Signal };
  readonly #pending = new Map<string, { sampled: number; dropped: number }>();
  readonly #counters = new Map<string, { readonly sampled: Counter; readonly dropped: Counter }>();

  constructor(deps: ComponentDeps & { readonly signal: Signal }) {
    this.#deps = deps;
  }

  count({ policy, sampled }: Decision): void {
    let counts = this.#pending.get(policy);
    if (counts === undefined) this.#pending.set(policy, counts = { sampled: 0, dropped: 0 });
    if (sampled) counts.sampled++;
    else counts.dropped++;
  }

  flush(): void {
    for (const [policy, counts] of this.#pending) {
      const { sampled, dropped } = this.#countersOf(policy);
      if (counts.sampled > 0) sampled.add(counts.sampled);
      if (counts.dropped > 0) dropped.add(counts.dropped);
      counts.sampled = counts.dropped = 0;
    }
  }

  #countersOf(policy: string) {
    const known = this.#counters.get(policy);
    if (known !== undefined) return known;
    const { meter, id, signal } = this.#deps;
    const name = `otelcol_processor_probabilistic_sampler_count_${signal}_sampled`;
    const counters = {
      sampled: meter.counter(name, { processor: id, policy, sampled: "true" }),
      dropped: meter.counter(name, { processor: id, policy, sampled: "false" }),
    };
    this.#counters.set(policy, counters);
    return counters;
  }
}
