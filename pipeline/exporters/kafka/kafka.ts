/**
 * The `kafka` exporter: OTLP to Kafka topics.
 *
 * "Kept" means that the leader of each record's partition said so, by default with all its replicas in sync. A payload
 * may become several records; a retry sends only those that are not kept yet.
 * Source: collector reference 5.3 and 10.
 *
 * @module
 */

import { parseHostPort } from "../../config/network/host_port.ts";
import { tlsOptionsIfWanted } from "../../config/network/tls_client.ts";
import type { ComponentDeps, ExporterFactory } from "../../contract/component.ts";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../../contract/consumer.ts";
import {
  type GatewayError,
  mostRetryable,
  OwnCredentialsError,
  RejectedError,
  toGatewayError,
  UnavailableError,
} from "../../core/errors.ts";
import { counted } from "../../core/text.ts";
import { describeError } from "../../core/log/logger.ts";
import { Repeated } from "../../core/log/repeated.ts";
import { StageTimes } from "../../core/telemetry/stages.ts";
import type { Payload } from "../../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../otlp/signals.ts";
import { createSenderChain } from "../../queue/sender_chain.ts";
import { queueWait, queueWarnings } from "../../queue/settings.ts";
import type { ProducerSettings, RecordProducer } from "./client/producer.ts";
import { BATCH_OVERHEAD_BYTES, recordBytes } from "./client/record.ts";
import { type KafkaConfig, kafkaSchema, kafkaWarnings, saslCredentials } from "./config.ts";
import {
  murmur2,
  type Partitioner,
  roundRobinPartitioner,
  saramaCompat,
  stickyKeyPartitioner,
} from "./partitioners.ts";
import { createPlanner, type Plan, type PlannedRecord } from "./plan.ts";

export const kafkaExporterFactory: ExporterFactory<KafkaConfig> = {
  type: "kafka",
  summary: "Writes OTLP to Kafka topics.",
  signals: SIGNAL_NAMES,
  schema: kafkaSchema,
  warnings: (config) => [...kafkaWarnings(config), ...queueWarnings(config.sending_queue)],
  senderWait: ({ sending_queue }) => queueWait(sending_queue),
  create(config, deps) {
    const push = new KafkaPush(config, deps, () => createProducer(config, deps));
    const { timeout, retry_on_failure, sending_queue } = config;
    return createSenderChain(push, { timeoutMs: timeout, retry_on_failure, sending_queue }, deps);
  },
};

/** Records for one partition that go into one batch. */
interface Parcel {
  readonly topic: string;
  readonly records: readonly PlannedRecord[];
  /** Why it is not known to be kept; undefined when it is. */
  readonly error?: GatewayError;
}

/** One attempt: plan, choose partitions, produce, and tell what became of it. */
export class KafkaPush implements Consumer, Lifecycle {
  readonly #deps: ComponentDeps & { readonly signal: Signal };
  readonly #createProducer: () => Promise<RecordProducer>;
  readonly #plan: (payload: Payload) => Plan;
  readonly #partitioner: Partitioner;
  readonly #maxBatchBytes: number;
  readonly #maxBatchRecords: number;
  readonly #stages: StageTimes;
  /** What is left of payloads that were kept in part, for the next attempt, which brings the same object. */
  readonly #unfinished = new WeakMap<Payload, Plan>();
  readonly #credentialsRefused = new Repeated();
  readonly #recordsRefused = new Repeated();
  /** Items refused for good since that was told last. */
  #refusedItems = 0;
  #producer: RecordProducer | undefined;

  constructor(
    config: KafkaConfig,
    deps: ComponentDeps & { readonly signal: Signal },
    createProducer: () => Promise<RecordProducer>,
  ) {
    this.#deps = deps;
    this.#createProducer = createProducer;
    this.#plan = createPlanner(config, deps.signal, deps.tracer);
    this.#partitioner = createPartitioner(config, deps);
    this.#stages = new StageTimes(deps, deps.id);
    this.#maxBatchBytes = config.producer.max_message_bytes;
    this.#maxBatchRecords = maxBatchRecords(config);
  }

  /** Brokers need not be there yet. @throws {Deno.errors.NotFound} A certificate file is not there. */
  async start(): Promise<void> {
    this.#producer = await this.#createProducer();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#producer?.close(deadline);
  }

  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const producer = this.#producer;
    if (producer === undefined) throw new UnavailableError(`Cannot export to "${this.#deps.id}": it has not started`);
    const watch = this.#stages.isTimed() ? this.#stages.start() : undefined;
    const plan = this.#unfinished.get(payload) ?? this.#plan(payload);
    watch?.ended("encode");
    const sent = await Promise.all(
      [...plan.recordsByTopic].map(([topic, records]) => this.#sendTopic(producer, topic, records, abort)),
    );
    watch?.ended("send");
    return this.#conclude(payload, plan, sent.flat());
  }

  async #sendTopic(
    producer: RecordProducer,
    topic: string,
    records: readonly PlannedRecord[],
    abort: AbortSignal,
  ): Promise<readonly Parcel[]> {
    try {
      const choose = this.#partitioner.forBatch(topic, await producer.partitions(topic, abort));
      const byPartition = Map.groupBy(records, ({ key }) => choose(key));
      return await Promise.all(
        [...byPartition].flatMap(([partition, records]) =>
          this.#batches(records).map((batch) =>
            producer.produce(topic, partition, batch, abort).then(
              () => ({ topic, records: batch }),
              (thrown) => ({ topic, records: batch, error: toGatewayError(thrown) }),
            )
          )
        ),
      );
    } catch (thrown) {
      return [{ topic, records, error: toGatewayError(thrown) }];
    }
  }

  /** Records of one partition, in as few batches as their sizes allow. */
  #batches(records: readonly PlannedRecord[]): PlannedRecord[][] {
    const batches: PlannedRecord[][] = [];
    let bytes = Infinity;
    for (const record of records) {
      const added = recordBytes(record);
      if (bytes + added > this.#maxBatchBytes || batches[batches.length - 1]!.length === this.#maxBatchRecords) {
        batches.push([]);
        bytes = BATCH_OVERHEAD_BYTES;
      }
      batches[batches.length - 1]!.push(record);
      bytes += added;
    }
    return batches;
  }

  /** What is told of an attempt: all kept, all but some, or a failure that says whether another attempt can help. */
  #conclude(payload: Payload, plan: Plan, parcels: readonly Parcel[]): Outcome {
    const failed = parcels.filter(hasFailed);
    const open = failed.filter(({ error }) => error.retryable);
    const refused = failed.filter(({ error }) => !error.retryable);
    this.#logRefused(refused);
    const rejectedItems = plan.rejectedItems + countItems(refused);
    const message = plan.message || (refused.length > 0 ? "Kafka refused some of them for good" : "");
    if (open.length > 0) {
      this.#unfinished.set(payload, { recordsByTopic: recordsByTopic(open), rejectedItems, message });
      this.#logCredentials(open.find(({ error }) => error instanceof OwnCredentialsError));
      throw this.#notKept(countItems(open), mostRetryable(open.map(({ error }) => error)));
    }
    this.#unfinished.delete(payload);
    if (rejectedItems === 0) return KEPT;
    if (rejectedItems < payload.itemCount) return { rejectedItems, message };
    throw this.#refused(
      payload.itemCount,
      refused[0]?.error ?? new RejectedError(`Cannot send: ${message}`, "invalid_argument"),
    );
  }

  /** At once and then rarely: the sender learns only how many. */
  #logRefused(refused: readonly (Parcel & { readonly error: GatewayError })[]): void {
    const [first] = refused;
    if (first === undefined) return;
    this.#refusedItems += countItems(refused);
    const requests = this.#recordsRefused.note(this.#deps.clock.monotonicMs());
    if (requests === undefined) return;
    const fields = { requests, items: this.#refusedItems, topic: first.topic, error: describeError(first.error) };
    this.#refusedItems = 0;
    this.#deps.logger.error("Kafka refused records for good", fields);
  }

  /** At once and then rarely: each attempt says so again, and only an operator can mend it. */
  #logCredentials(refused: (Parcel & { readonly error: GatewayError }) | undefined): void {
    if (refused === undefined) return;
    const attempts = this.#credentialsRefused.note(this.#deps.clock.monotonicMs());
    if (attempts === undefined) return;
    const fields = { attempts, topic: refused.topic, error: describeError(refused.error) };
    this.#deps.logger.error("Kafka refuses the gateway's credentials", fields);
  }

  /** The sender is not told where it would have gone; the log has the causes. */
  #notKept(itemCount: number, cause: GatewayError): GatewayError {
    const what = `Cannot export ${this.#items(itemCount)}`;
    const options = { cause, retryAfterMs: cause.retryAfterMs };
    return cause instanceof OwnCredentialsError
      ? new OwnCredentialsError(`${what}: Kafka refuses the gateway's credentials`, options)
      : new UnavailableError(`${what}: Kafka has not kept them`, options);
  }

  #refused(itemCount: number, cause: GatewayError): GatewayError {
    return new RejectedError(`Cannot export ${this.#items(itemCount)}: Kafka refuses them`, cause.code, { cause });
  }

  #items(count: number): string {
    return `${counted(count, SIGNALS[this.#deps.signal].itemName)} to "${this.#deps.id}"`;
  }
}

function hasFailed(parcel: Parcel): parcel is Parcel & { readonly error: GatewayError } {
  return parcel.error !== undefined;
}

function countItems(parcels: readonly Parcel[]): number {
  return parcels.reduce((sum, { records }) => records.reduce((items, { itemCount }) => items + itemCount, sum), 0);
}

function recordsByTopic(parcels: readonly Parcel[]): ReadonlyMap<string, readonly PlannedRecord[]> {
  const all = new Map<string, PlannedRecord[]>();
  for (const { topic, records } of parcels) all.set(topic, [...all.get(topic) ?? [], ...records]);
  return all;
}

function createPartitioner({ record_partitioner }: KafkaConfig, { random }: ComponentDeps): Partitioner {
  if (record_partitioner.round_robin !== undefined) return roundRobinPartitioner();
  const { hasher } = record_partitioner.sticky_key ?? { hasher: "sarama_compat" };
  return stickyKeyPartitioner(hasher === "murmur2" ? murmur2 : saramaCompat, random);
}

/** `flush_max_messages`: 0 is no bound but the size's. */
function maxBatchRecords({ producer }: KafkaConfig): number {
  return producer.flush_max_messages || Infinity;
}

/** To the end of the TLS handshake, milliseconds. A cold broker takes more than one second. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The longest that one request may wait for its reply, milliseconds: a hung broker is found out within one attempt. */
const MAX_REQUEST_TIMEOUT_MS = 4_000;

/** Of the request's time, how much the leader may spend waiting for its replicas: so that it can say that it did. */
const BROKER_TIMEOUT_SHARE = 0.75;

/** Requests under way are bounded by `max_broker_write_bytes`, but never to more than this, bytes. */
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** Loads the chosen client with its native modules, which a gateway without this exporter does without. */
async function createProducer(config: KafkaConfig, deps: ComponentDeps): Promise<RecordProducer> {
  const settings = await producerSettings(config, deps);
  if (config.producer.client === "kafkajs") {
    const { createKafkajsProducer } = await import("./kafkajs/producer.ts");
    return createKafkajsProducer(settings, deps.memory);
  }
  const { KafkaProducer } = await import("./client/producer.ts");
  return new KafkaProducer(settings, deps.memory);
}

async function producerSettings(config: KafkaConfig, deps: ComponentDeps): Promise<ProducerSettings> {
  const { createCompressor } = await import("./client/compression.ts");
  const { metadata, producer } = config;
  const clientId = new TextEncoder().encode(config.client_id);
  const requestTimeoutMs = config.timeout === 0
    ? MAX_REQUEST_TIMEOUT_MS
    : Math.min(MAX_REQUEST_TIMEOUT_MS, config.timeout * 0.8);
  return {
    bootstrap: config.brokers.map((broker) => parseHostPort(broker)!),
    connection: {
      clientId,
      tls: await tlsOptionsIfWanted(config.tls ?? config.auth?.tls),
      sasl: saslCredentials(config),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs,
      idleTimeoutMs: config.conn_idle_timeout,
      clock: deps.clock,
    },
    allowAutoTopicCreation: producer.allow_auto_topic_creation,
    refreshIntervalMs: metadata.refresh_interval,
    retryMax: metadata.retry.max,
    retryBackoffMs: metadata.retry.backoff,
    logger: deps.logger,
    meter: deps.meter,
    clientId,
    acks: producer.required_acks,
    brokerTimeoutMs: Math.ceil(requestTimeoutMs * BROKER_TIMEOUT_SHARE),
    compressor: createCompressor(producer.compression, producer.compression_params.level),
    maxBatchBytes: producer.max_message_bytes,
    maxBatchRecords: maxBatchRecords(config),
    maxInFlightBytes: Math.min(MAX_IN_FLIGHT_BYTES, producer.max_broker_write_bytes),
  };
}
