/**
 * Own spans or log records on their way out: held until there are enough of them or the oldest has waited long enough,
 * and sent one batch after the other. What finds the queue full is dropped and said: own telemetry holds up nothing.
 *
 * Source: OpenTelemetry specification 1.x, "Batching processor"; defaults and limits are those of the configuration.
 *
 * @module
 */

import { isGrpc, type ProcessorConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Timer } from "../../pipeline/core/clock.ts";
import { Repeated } from "../../pipeline/core/log/repeated.ts";
import { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import { ITEM, requestMessage } from "./otlp_messages.ts";
import { OtlpPush, type OtlpPushDeps } from "./otlp_push.ts";

/** Delivers a request, or throws when it is given up. */
type Send = (request: Uint8Array, abort: AbortSignal) => Promise<void>;

export interface BatchLimits {
  /** How long a record waits for others, milliseconds. */
  readonly delayMs: number;
  /** For all attempts to deliver a batch, milliseconds. */
  readonly exportTimeoutMs: number;
  /** Records that wait at the most. */
  readonly maxQueued: number;
  /** Records of one request at the most. */
  readonly maxBatch: number;
}

/** Of `simple`, which sends at once what is there. */
const SIMPLE: BatchLimits = { delayMs: 0, exportTimeoutMs: 30_000, maxQueued: 2_048, maxBatch: 512 };

/** Bytes of the records that wait, at the most. */
export const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
/** Of a buffer that is kept for the next records. */
const MAX_KEPT_BYTES = 256 * 1024;

/** Whether a processor sends to where this gateway can send. */
export function isSending(processor: ProcessorConfig): boolean {
  return otlpOf(processor) !== undefined;
}

function otlpOf({ batch, simple }: ProcessorConfig) {
  const otlp = (batch ?? simple)?.exporter.otlp;
  return otlp === undefined || isGrpc(otlp) ? undefined : otlp;
}

/** What the processors of a signal that can send send through. */
export function openBatches(
  signal: "traces" | "logs",
  processors: readonly ProcessorConfig[],
  resource: Uint8Array,
  deps: OtlpPushDeps,
): RecordBatch[] {
  return processors.flatMap((processor) => {
    const otlp = otlpOf(processor);
    if (otlp === undefined) return [];
    const push = new OtlpPush(otlp, signal, deps);
    return new RecordBatch(resource, limitsOf(processor), (request, abort) => push.send(request, abort), deps);
  });
}

function limitsOf({ batch }: ProcessorConfig): BatchLimits {
  if (batch === undefined) return SIMPLE;
  return {
    delayMs: batch.schedule_delay,
    exportTimeoutMs: batch.export_timeout,
    maxQueued: batch.max_queue_size,
    maxBatch: Math.min(batch.max_export_batch_size, batch.max_queue_size),
  };
}

export class RecordBatch {
  readonly #resource: Uint8Array;
  readonly #limits: BatchLimits;
  readonly #send: Send;
  readonly #deps: OtlpPushDeps;
  readonly #drops = new Repeated();
  /** What waits: fields `ITEM` of a scope. */
  #records = new ProtoWriter(0);
  /** Where each record ends in it. */
  #ends: number[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;

  constructor(resource: Uint8Array, limits: BatchLimits, send: Send, deps: OtlpPushDeps) {
    this.#resource = resource;
    this.#limits = limits;
    this.#send = send;
    this.#deps = deps;
  }

  /** @param record A span or a log record: all that was written. */
  add(record: ProtoWriter): void {
    const { delayMs, maxQueued } = this.#limits;
    const hasRoom = this.#ends.length < maxQueued && this.#records.length + record.length <= MAX_QUEUED_BYTES;
    if (!hasRoom) return this.#drop();
    this.#records.bytesField(ITEM, record.buffer, 0, record.length);
    this.#ends.push(this.#records.length);
    if (this.#sending !== undefined) return;
    if (this.#isFull()) this.#start();
    else this.#timer ??= this.#deps.clock.setTimer(() => this.#start(), delayMs);
  }

  /** Sends what is left. Nothing may be added afterwards. */
  async shutdown(): Promise<void> {
    await this.#sending;
    this.#start();
    await this.#sending;
  }

  #isFull(): boolean {
    return this.#ends.length >= this.#limits.maxBatch;
  }

  #start(): void {
    const { clock } = this.#deps;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#ends.length > 0) this.#timer ??= clock.setTimer(() => this.#start(), this.#limits.delayMs);
    });
  }

  /** What is there now, and full batches of what comes meanwhile. */
  async #sendAll(): Promise<void> {
    for (let due = this.#ends.length; due > 0;) {
      const { maxBatch, exportTimeoutMs } = this.#limits;
      const request = this.#take(Math.min(due, maxBatch));
      await this.#send(request, AbortSignal.timeout(exportTimeoutMs)).catch(() => {}); // it was said
      due = this.#isFull() ? this.#ends.length : due - maxBatch;
    }
  }

  /** The request of the first records, which wait no more. */
  #take(count: number): Uint8Array {
    const end = this.#ends[count - 1] ?? 0;
    const request = requestMessage(this.#resource, this.#records.buffer.subarray(0, end));
    const rest = this.#records.buffer.slice(end, this.#records.length);
    this.#records.clear(MAX_KEPT_BYTES);
    this.#records.copy(rest);
    this.#ends = this.#ends.slice(count).map((at) => at - end);
    return request;
  }

  #drop(): void {
    const { clock, logger } = this.#deps;
    const records = this.#drops.note(clock.monotonicMs());
    if (records !== undefined) logger.warn("Own telemetry is dropped: its queue is full", { records });
  }
}
