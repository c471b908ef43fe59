/**
 * Gives records to partitions in turn: each partition has a lane with one batch under way. What comes meanwhile goes into
 * the next one together, and a dead leader stops nobody but its own partitions. All batches under way are bounded in
 * bytes.
 *
 * How a batch reaches its broker is the `BatchSender`'s matter.
 *
 * @module
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { type GatewayError, OwnCredentialsError, toGatewayError, UnavailableError } from "../../../core/errors.ts";
import type { MemoryBudget } from "../../../core/memory.ts";
import { ByteGate } from "./byte_gate.ts";
import { isStale, kafkaError, MESSAGE_TOO_LARGE, NO_ERROR } from "./error_codes.ts";
import { BATCH_OVERHEAD_BYTES, type KafkaRecord, recordBytes } from "./record.ts";
import { requestBytesAtMost } from "./record_batch.ts";

/** The longest wait before a batch is sent again, milliseconds. */
const MAX_BACKOFF_MS = 1_000;

export interface LaneSettings {
  readonly clientId: Uint8Array;
  /** Size of an uncompressed batch that several callers' records may share, bytes. */
  readonly maxBatchBytes: number;
  /** Records in such a batch at the most. */
  readonly maxBatchRecords: number;
  /** Batches under way, all together, bytes. */
  readonly maxInFlightBytes: number;
  /** How often a batch is sent again of which it is certain that nothing was appended. */
  readonly retryMax: number;
  /** Before the first of these, milliseconds; twice as long before each further one. */
  readonly retryBackoffMs: number;
  readonly clock: Clock;
}

/**
 * Sends a batch once, and may be called again.
 *
 * @returns The broker's error code for it. With one that `isStale` tells, the sender has forgotten what proved wrong.
 * @throws {NotSentError} Not a byte of it was sent.
 * @throws {GatewayError} It is of no use to try again now: its fate is not known, or nobody knows the topic.
 */
export type Attempt = () => Promise<number>;

/** Makes a batch ready for sending, once. */
export type BatchSender = (topic: string, partition: number, records: readonly KafkaRecord[]) => Attempt;

/** Marks a failure before the first byte was sent. */
export class NotSentError extends Error {
  constructor(readonly error: GatewayError) {
    super(error.message);
  }
}

/** Records of one caller. */
interface Parcel {
  readonly records: readonly KafkaRecord[];
  readonly bytes: number;
  readonly abort: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

export class PartitionLanes {
  readonly #settings: LaneSettings;
  readonly #memory: MemoryBudget;
  readonly #prepare: BatchSender;
  readonly #inFlight: ByteGate;
  /** Those with something to send, by topic and partition. */
  readonly #lanes = new Map<string, Parcel[]>();
  readonly #over = new AbortController();
  #closing = false;
  #onIdle = () => {};

  constructor(settings: LaneSettings, memory: MemoryBudget, prepare: BatchSender) {
    this.#settings = settings;
    this.#memory = memory;
    this.#prepare = prepare;
    this.#inFlight = new ByteGate(settings.maxInFlightBytes);
  }

  /** Fires at the end of `close`: nothing may wait longer than that. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** As `RecordProducer.produce`. */
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

  /** Takes nothing more; settles when nothing is under way, or at `deadline`. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#closing = true;
    if (this.#lanes.size > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#over.abort();
  }

  /** Empties a lane, one batch after another. Never rejects: each parcel has its own answer. */
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

  /** Made ready once; sent again only after failures of which it is certain that nothing was appended. */
  async #send(topic: string, partition: number, batch: readonly Parcel[]): Promise<number> {
    const records = batch.length === 1 ? batch[0]!.records : batch.flatMap((parcel) => parcel.records);
    const bytes = requestBytesAtMost(this.#settings.clientId, topic, records);
    await this.#inFlight.enter(bytes);
    this.#memory.hold(bytes);
    try {
      return await this.#try(this.#prepare(topic, partition, records), batch);
    } finally {
      this.#memory.release(bytes);
      this.#inFlight.leave(bytes);
    }
  }

  async #try(attempt: Attempt, batch: readonly Parcel[]): Promise<number> {
    const { clock, retryMax, retryBackoffMs } = this.#settings;
    for (let retries = 0;; retries++) {
      if (batch.every(({ abort }) => abort.aborted)) throw new UnavailableError("Cannot send to Kafka: nobody waits");
      const last = retries >= retryMax || this.#closing;
      try {
        const code = await attempt();
        if (!isStale(code) || last) return code;
      } catch (thrown) {
        if (!(thrown instanceof NotSentError)) throw thrown;
        const isFinal = !thrown.error.retryable || thrown.error instanceof OwnCredentialsError; // the same in a moment
        if (isFinal || last) throw thrown.error;
      }
      await sleep(clock, Math.min(MAX_BACKOFF_MS, retryBackoffMs * 2 ** retries), this.#over.signal);
    }
  }
}

function shutDown(): GatewayError {
  return new UnavailableError("Cannot send to Kafka: the exporter has shut down");
}

/** `promise`, or a rejection as soon as `abort` fires. */
export function untilAborted<T>(promise: Promise<T>, abort: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new UnavailableError("Cannot send to Kafka: the sender no longer waits"));
    if (abort.aborted) onAbort();
    else abort.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => abort.removeEventListener("abort", onAbort));
  });
}
