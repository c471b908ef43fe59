/**
 * The kafka exporter's `RecordProducer` on kafkajs: this room alone knows that package, and is loaded when a
 * configuration chooses it.
 *
 * Used plainly, kafkajs 2.2.4 says "ok" for data that is not in Kafka: with `idempotent` (a sequence number is given
 * twice), with several partitions in one send (a retry leaves out brokers that have answered), and for a partition that
 * its metadata lacks (it is dropped, and the reply is empty). So: never idempotent, one topic-partition a send, chosen
 * before, no retries of its own, and a reply counts only when it speaks of exactly that partition.
 *
 * It recovers badly from what it has once believed: a hung broker stays the leader, and a deleted topic fails every send
 * of its client. So each topic has a client of its own, and one that failed is replaced by a new one.
 *
 * @module
 */

import type { Admin, Message, Producer, RecordMetadata } from "kafkajs";
import { sleep } from "../../../core/clock.ts";
import { UnavailableError } from "../../../core/errors.ts";
import { describeError } from "../../../core/log/logger.ts";
import type { MemoryBudget } from "../../../core/memory.ts";
import { checkTopicName, MAX_TOPICS, type TopicPartitions } from "../client/cluster.ts";
import { isStale, kafkaError, NO_ERROR, UNKNOWN_TOPIC_OR_PARTITION } from "../client/error_codes.ts";
import { type Attempt, PartitionLanes, untilAborted } from "../client/lanes.ts";
import { dropOldest, LookupCache } from "../client/lookup_cache.ts";
import type { ProducerSettings, RecordProducer } from "../client/producer.ts";
import type { KafkaRecord } from "../client/record.ts";
import { closed, protocolCode, toFailure } from "./failures.ts";
import { Link, NO_RETRY, type Shared } from "./link.ts";
import { rareLog } from "./log.ts";
import { registerCodec, toMessages, unregisterCodec } from "./messages.ts";
import { TopicClient } from "./topic_client.ts";

/** Topics that have a client; past it the one that was used longest ago finishes what it has under way and is closed. */
export const MAX_TOPIC_CLIENTS = 100;

/** Records of several callers that share a batch: kafkajs copies its list of them once for each. */
const MAX_SHARED_RECORDS = 1_000;

/**
 * @param settings As for the client of our own. Bootstrap addresses, TLS and SASL mean the same.
 */
export function createKafkajsProducer(settings: ProducerSettings, memory: MemoryBudget): RecordProducer {
  return new KafkajsProducer(settings, memory);
}

class KafkajsProducer implements RecordProducer {
  readonly #settings: ProducerSettings;
  readonly #lanes: PartitionLanes;
  readonly #topics: LookupCache<TopicPartitions>;
  readonly #clients = new Map<string, TopicClient>();
  readonly #shared: Shared;
  readonly #compression: number;
  #admin: Link<Admin> | undefined;

  constructor(settings: ProducerSettings, memory: MemoryBudget) {
    const { connection: { clock }, logger, maxBatchRecords, refreshIntervalMs, retryBackoffMs } = settings;
    this.#settings = settings;
    this.#shared = { settings, seeds: [...settings.bootstrap.keys()], log: rareLog(logger, clock) };
    this.#compression = registerCodec(settings.compressor);
    this.#topics = new LookupCache({
      ask: (topic) => this.#ask(topic),
      maxEntries: MAX_TOPICS,
      refreshIntervalMs,
      failureMemoryMs: retryBackoffMs,
      clock,
      onRefreshFailed: (topic, error) =>
        logger.debug("cannot refresh Kafka metadata", { topic, error: describeError(error) }),
    });
    this.#lanes = new PartitionLanes(
      { ...settings, clock, maxBatchRecords: Math.min(maxBatchRecords, MAX_SHARED_RECORDS) },
      memory,
      (topic, partition, records) => this.#prepare(topic, partition, records),
    );
  }

  async partitions(topic: string, abort: AbortSignal): Promise<TopicPartitions> {
    checkTopicName(topic);
    return await untilAborted(this.#topics.get(topic), abort);
  }

  produce(topic: string, partition: number, records: readonly KafkaRecord[], abort: AbortSignal): Promise<void> {
    return this.#lanes.produce(topic, partition, records, abort);
  }

  async close(deadline: AbortSignal): Promise<void> {
    await this.#lanes.close(deadline);
    await Promise.all([this.#admin?.close(), ...[...this.#clients.values()].map((client) => client.close())]);
    this.#clients.clear();
    unregisterCodec(this.#compression);
  }

  #prepare(topic: string, partition: number, records: readonly KafkaRecord[]): Attempt {
    const messages = toMessages(records, partition);
    return () => this.#attempt(topic, partition, messages);
  }

  async #attempt(topic: string, partition: number, messages: Message[]): Promise<number> {
    const { count } = await this.#topics.get(topic); // which has tried often enough when it fails
    if (partition >= count) { // kafkajs would drop the records and say nothing
      this.#topics.forget(topic);
      return UNKNOWN_TOPIC_OR_PARTITION;
    }
    const client = this.#client(topic);
    let link: Link<Producer> | undefined;
    try {
      link = await client.link(partition);
      const { acks, brokerTimeoutMs: timeout } = this.#settings;
      const reply = await link.use((producer) =>
        producer.send({ topic, acks, timeout, compression: this.#compression, messages })
      );
      if (acks !== 0) checkReply(reply, topic, partition);
      return NO_ERROR;
    } catch (thrown) {
      const code = protocolCode(thrown);
      if (link !== undefined && (code === undefined || isStale(code))) client.distrust(link, partition);
      if (code === undefined) throw toFailure(thrown, `produce to partition ${partition} of topic "${topic}"`);
      if (code === UNKNOWN_TOPIC_OR_PARTITION) this.#topics.forget(topic);
      else if (isStale(code)) this.#topics.age(topic);
      return code;
    }
  }

  /** The topic's client; the one in use longest ago makes room. */
  #client(topic: string): TopicClient {
    const client = this.#clients.get(topic) ?? new TopicClient(topic, this.#shared);
    this.#clients.delete(topic); // set again, so that the map's order is the order of use
    this.#clients.set(topic, client);
    dropOldest(this.#clients, MAX_TOPIC_CLIENTS)?.retire();
    return client;
  }

  async #ask(topic: string): Promise<TopicPartitions> {
    const { allowAutoTopicCreation, connection: { clock }, retryMax, retryBackoffMs } = this.#settings;
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#fetchPartitions(topic);
      } catch (thrown) {
        const code = protocolCode(thrown);
        if (code === undefined) throw toFailure(thrown, `find Kafka topic "${topic}"`);
        if (!isStale(code) || attempt >= retryMax) throw kafkaError(`find Kafka topic "${topic}"`, code);
        if (code === UNKNOWN_TOPIC_OR_PARTITION && allowAutoTopicCreation) await this.#askForCreation(topic);
      }
      await sleep(clock, retryBackoffMs, this.#lanes.over); // a topic being created has no leaders yet
    }
  }

  /** An administrator never creates a topic by asking, a producer does: if its broker lets it, the next look finds it. */
  async #askForCreation(topic: string): Promise<void> {
    await this.#client(topic).link(0).catch(() => {});
  }

  async #fetchPartitions(topic: string): Promise<TopicPartitions> {
    if (this.#lanes.over.aborted) throw closed();
    const admin = this.#admin ??= new Link(this.#shared, (kafka) => kafka.admin({ retry: NO_RETRY }));
    try {
      const { topics: [found] } = await admin.use((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
      if (found?.name !== topic) throw new UnavailableError(`Cannot find Kafka topic "${topic}": the reply lacks it`);
      const writable = found.partitions.filter(({ leader }) => leader >= 0).map(({ partitionId }) => partitionId);
      return { count: found.partitions.length, writable: writable.sort((a, b) => a - b) };
    } catch (thrown) {
      if (protocolCode(thrown) === undefined && this.#admin === admin) {
        admin.retire(); // it may ask the same hung broker again
        this.#admin = undefined;
      }
      throw thrown;
    }
  }
}

/** @throws {UnavailableError} The reply does not say that these records are kept. */
function checkReply(reply: readonly RecordMetadata[], topic: string, partition: number): void {
  const [entry] = reply;
  const isOurs = reply.length === 1 && entry?.topicName === topic && entry.partition === partition;
  if (isOurs && entry.errorCode === NO_ERROR) return;
  throw new UnavailableError(
    `Cannot trust Kafka's reply: it has ${reply.length} entries, wanted one, for partition ${partition} of ${topic}`,
  );
}
