/**
 * Sends records to partitions and says "kept" only when the leader of that partition said so for exactly those records.
 *
 * @module
 */

import { giveBack } from "../../../core/bytes.ts";
import { sleep } from "../../../core/clock.ts";
import { toGatewayError } from "../../../core/errors.ts";
import type { MemoryBudget } from "../../../core/memory.ts";
import type { BrokerConnection } from "./connection.ts";
import { type Batch, KafkaTelemetry } from "./kafka_telemetry.ts";
import { checkTopicName, Cluster, type ClusterSettings, type TopicPartitions } from "./cluster.ts";
import { isStale, NO_ERROR } from "./error_codes.ts";
import { type Attempt, NotSentError, PartitionLanes, untilAborted } from "./lanes.ts";
import { type KafkaRecord, recordBytes } from "./record.ts";
import { produceRequest, type ProduceSettings } from "./record_batch.ts";
import { readProduceReply } from "./wire.ts";

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

/** A broker's wish for quiet is heeded for so long at the most, milliseconds; a quota's window is seconds. */
const MAX_THROTTLE_MS = 30_000;

export class KafkaProducer implements RecordProducer {
  readonly #settings: ProducerSettings;
  readonly #cluster: Cluster;
  readonly #lanes: PartitionLanes;
  readonly #telemetry: KafkaTelemetry;

  constructor(settings: ProducerSettings, memory: MemoryBudget) {
    this.#settings = settings;
    this.#telemetry = new KafkaTelemetry(settings.meter, settings.connection.clock);
    this.#cluster = new Cluster(settings);
    this.#lanes = new PartitionLanes(
      { ...settings, clock: settings.connection.clock },
      memory,
      (topic, partition, records) => this.#prepare(topic, partition, records),
    );
  }

  async partitions(topic: string, abort: AbortSignal): Promise<TopicPartitions> {
    checkTopicName(topic);
    return await untilAborted(this.#cluster.topic(topic), abort);
  }

  produce(topic: string, partition: number, records: readonly KafkaRecord[], abort: AbortSignal): Promise<void> {
    return this.#lanes.produce(topic, partition, records, abort);
  }

  async close(deadline: AbortSignal): Promise<void> {
    await this.#lanes.close(deadline);
    this.#cluster.close();
  }

  #prepare(topic: string, partition: number, records: readonly KafkaRecord[]): Attempt {
    const { connection: { clock } } = this.#settings;
    const frame = produceRequest(this.#settings, topic, partition, records, clock.nowMs());
    const bytesUncompressed = records.reduce((sum, record) => sum + recordBytes(record), 0);
    const batch = { topic, partition, records: records.length, bytes: frame.length, bytesUncompressed };
    return () => this.#attempt(frame, batch);
  }

  async #attempt(frame: Uint8Array, batch: Batch): Promise<number> {
    const { topic, partition } = batch;
    await this.#cluster.topic(topic); // which has tried often enough when it fails
    const connection = await this.#cluster.leader(topic, partition).catch((thrown) => {
      throw new NotSentError(toGatewayError(thrown));
    });
    if (connection.throttledMs > 0) {
      await sleep(this.#settings.connection.clock, connection.throttledMs, this.#lanes.over);
    }
    const code = await this.#telemetry.watch(connection.name, batch, () => this.#send(connection, frame, batch));
    if (code === NO_ERROR) giveBack(frame); // else there may be another attempt
    return code;
  }

  /** @returns The broker's error code. */
  async #send(connection: BrokerConnection, frame: Uint8Array, { topic, partition }: Batch): Promise<number> {
    if (this.#settings.acks === 0) {
      await connection.post(frame);
      return NO_ERROR;
    }
    const reader = await connection.request(frame);
    try {
      const { errorCode, throttleMs } = readProduceReply(reader, topic, partition);
      if (throttleMs > 0) {
        this.#telemetry.throttled(connection.name, throttleMs);
        connection.throttle(Math.min(throttleMs, MAX_THROTTLE_MS));
      }
      if (isStale(errorCode)) this.#cluster.forget(topic);
      return errorCode;
    } catch (thrown) {
      throw connection.distrust(thrown as Error);
    }
  }
}
