/**
 * Sends records to partitions and says "kept" only when the leader of that partition said so for exactly those records.
 *
 * Each partition has a lane with one request under way: what comes meanwhile goes into the next one together, and a
 * dead leader stops nobody but its own partitions. All requests under way are bounded in bytes.
 *
 * @module
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { type GatewayError, toGatewayError, UnavailableError } from "../../../core/errors.ts";
import type { MemoryBudget } from "../../../core/memory.ts";
import { ByteGate } from "./byte_gate.ts";
import { checkTopicName, Cluster, type ClusterSettings, type TopicPartitions } from "./cluster.ts";
import { isStale, kafkaError, MESSAGE_TOO_LARGE, NO_ERROR } from "./error_codes.ts";
import { BATCH_OVERHEAD_BYTES, type KafkaRecord, recordBytes } from "./record.ts";
import { produceRequest, type ProduceSettings, requestBytesAtMost } from "./record_batch.ts";
import { readProduceReply } from "./wire.ts";

/** The longest wait before a request is sent again, milliseconds. */
const MAX_BACKOFF_MS = 1_000;

/** What the exporter needs of a Kafka client. */
export interface RecordProducer {
  /**
   * @throws {GatewayError} Nobody can say, or `topic` is not one that may be written to.
   */
  partitions(topic: string, abort: AbortSignal): Promise<TopicPartitions>;

  /**
   * Settles when `records` are kept, as far as `acks` asks; they are kept or refused together.
   *
   * @param records Together within the size of one batch.
   * @param abort Fires when nobody waits any more: what is not yet sent is dropped.
   * @throws {GatewayError} Not known to be kept.
   */
  produce(topic: string, partition: number, records: readonly KafkaRecord[], abort: AbortSignal): Promise<void>;

  /** Lets requests under way finish until `deadline`, then closes the connections. */
  close(deadline: AbortSignal): Promise<void>;
}

export interface ProducerSettings extends ClusterSettings, ProduceSettings {
  /** Size of an uncompressed batch that several callers' records may share, bytes. */
  readonly maxBatchBytes: number;
  /** Records in a batch at the most. */
  readonly maxBatchRecords: number;
  /** Requests under way, all together, bytes. */
  readonly maxInFlightBytes: number;
}

/** Records of one caller. */
interface Parcel {
  readonly records: readonly KafkaRecord[];
  readonly bytes: number;
  readonly abort: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

/** A broker's wish for quiet is heeded for so long at the most, milliseconds; a quota's window is seconds. */
const MAX_THROTTLE_MS = 30_000;

export class KafkaProducer implements RecordProducer {
  readonly #settings: ProducerSettings;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #memory: MemoryBudget;
  readonly #inFlight: ByteGate;
  /** Those with something to send, by topic and partition. */
  readonly #lanes = new Map<string, Parcel[]>();
  /** Fires when the connections are closed: nothing waits longer than that. */
  readonly #over = new AbortController();
  #closing = false;
  #onIdle = () => {};

  constructor(settings: ProducerSettings, memory: MemoryBudget) {
    this.#settings = settings;
    this.#cluster = new Cluster(settings);
    this.#clock = settings.connection.clock;
    this.#memory = memory;
    this.#inFlight = new ByteGate(settings.maxInFlightBytes);
  }

  async partitions(topic: string, abort: AbortSignal): Promise<TopicPartitions> {
    checkTopicName(topic);
    return await untilAborted(this.#cluster.topic(topic), abort);
  }

  produce(topic: string, partition: number, records: readonly KafkaRecord[], abort: AbortSignal): Promise<void> {
    if (this.#closing) return Promise.reject(shutDown());
    const kept = new Promise<void>((resolve, reject) => {
      const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
      const parcel = { records, bytes, abort, resolve, reject };
      const key = `${topic} ${partition}`;
      const lane = this.#lanes.get(key);
      if (lane !== undefined) {
        lane.push(parcel);
        return;
      }
      const parcels = [parcel];
      this.#lanes.set(key, parcels);
      void this.#run(key, topic, partition, parcels);
    });
    return untilAborted(kept, abort);
  }

  async close(deadline: AbortSignal): Promise<void> {
    this.#closing = true;
    if (this.#lanes.size > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#over.abort();
    this.#cluster.close();
  }

  /** Empties a lane, one request after another. Never rejects: each parcel has its own answer. */
  async #run(key: string, topic: string, partition: number, lane: Parcel[]): Promise<void> {
    while (lane.length > 0) {
      const batch = this.#takeBatch(lane);
      if (batch.length > 0) await this.#deliver(topic, partition, batch);
    }
    this.#lanes.delete(key); // in the same turn as the check above: nothing can join a lane that nobody empties
    if (this.#lanes.size === 0) this.#onIdle();
  }

  /** The oldest parcels that fit into one batch, at least one; those that nobody waits for are dropped. */
  #takeBatch(lane: Parcel[]): Parcel[] {
    const { maxBatchBytes, maxBatchRecords } = this.#settings;
    let bytes = BATCH_OVERHEAD_BYTES;
    let records = 0;
    let end = 0;
    for (; end < lane.length; end++) {
      const parcel = lane[end]!;
      if (parcel.abort.aborted) continue;
      if (records > 0 && (bytes + parcel.bytes > maxBatchBytes || records + parcel.records.length > maxBatchRecords)) {
        break;
      }
      bytes += parcel.bytes;
      records += parcel.records.length;
    }
    return lane.splice(0, end).filter((parcel) => !parcel.abort.aborted);
  }

  async #deliver(topic: string, partition: number, batch: readonly Parcel[]): Promise<void> {
    try {
      const code = await this.#send(topic, partition, batch);
      if (code === MESSAGE_TOO_LARGE && batch.length > 1) {
        for (const parcel of batch) await this.#deliver(topic, partition, [parcel]); // one of them, not all
        return;
      }
      if (code !== NO_ERROR) throw kafkaError(`produce to partition ${partition} of topic "${topic}"`, code);
      for (const { resolve } of batch) resolve();
    } catch (thrown) {
      const error = toGatewayError(thrown);
      for (const { reject } of batch) reject(error);
    }
  }

  /** One request, built once; sent again only after failures of which it is certain that nothing was appended. */
  async #send(topic: string, partition: number, batch: readonly Parcel[]): Promise<number> {
    const records = batch.length === 1 ? batch[0]!.records : batch.flatMap((parcel) => parcel.records);
    const bytes = requestBytesAtMost(this.#settings.clientId, topic, records);
    await this.#inFlight.enter(bytes);
    this.#memory.hold(bytes);
    try {
      const frame = produceRequest(this.#settings, topic, partition, records, this.#clock.nowMs());
      for (let attempt = 0;; attempt++) {
        if (batch.every(({ abort }) => abort.aborted)) throw new UnavailableError("Cannot send to Kafka: nobody waits");
        const last = attempt >= this.#settings.retryMax || this.#closing;
        try {
          const code = await this.#attempt(frame, topic, partition);
          if (!isStale(code) || last) return code;
          this.#cluster.forget(topic);
        } catch (thrown) {
          if (!(thrown instanceof NotSentError)) throw thrown;
          if (!thrown.error.retryable || last) throw thrown.error;
        }
        const backoffMs = Math.min(MAX_BACKOFF_MS, this.#settings.retryBackoffMs * 2 ** attempt);
        await sleep(this.#clock, backoffMs, this.#over.signal);
      }
    } finally {
      this.#memory.release(bytes);
      this.#inFlight.leave(bytes);
    }
  }

  /**
   * @returns The broker's error code for the batch.
   * @throws {NotSentError} There is no leader, or it could not be reached.
   * @throws {GatewayError} Nobody knows the topic; or the request was sent and its fate is not known.
   */
  async #attempt(frame: Uint8Array, topic: string, partition: number): Promise<number> {
    await this.#cluster.topic(topic); // which has tried often enough when it fails
    const connection = await this.#cluster.leader(topic, partition).catch((thrown) => {
      throw new NotSentError(toGatewayError(thrown));
    });
    if (connection.throttledMs > 0) await sleep(this.#clock, connection.throttledMs, this.#over.signal);
    if (this.#settings.acks === 0) {
      await connection.post(frame);
      return NO_ERROR;
    }
    const reader = await connection.request(frame);
    try {
      const reply = readProduceReply(reader, topic, partition);
      if (reply.throttleMs > 0) connection.throttle(Math.min(reply.throttleMs, MAX_THROTTLE_MS));
      return reply.errorCode;
    } catch (thrown) {
      throw connection.distrust(thrown as Error);
    }
  }
}

/** Marks a failure before the first byte was sent. */
class NotSentError extends Error {
  constructor(readonly error: GatewayError) {
    super(error.message);
  }
}

function shutDown(): GatewayError {
  return new UnavailableError("Cannot send to Kafka: the exporter has shut down");
}

/** `promise`, or a rejection as soon as `abort` fires. */
function untilAborted<T>(promise: Promise<T>, abort: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new UnavailableError("Cannot send to Kafka: the sender no longer waits"));
    if (abort.aborted) onAbort();
    else abort.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => abort.removeEventListener("abort", onAbort));
  });
}
