/**
 * Processor `batch`: the collector's keys over the batcher of the sending queue.
 *
 * One thing differs: the collector answers its senders when the data is in a batch, so what the exporter then refuses is
 * lost. Here a sender has its answer when the batch is kept, and 200 means kept. `wait_for_result: false` (a key of
 * ours) is the collector's way. Where there are tenants their data is kept apart, since what comes after tells them
 * apart: routing, topics, turns in queues, usage; `by_tenant: false` joins it, and then it is nobody's. A partition may have several batches on their way, and one that holds no data does not
 * count against `metadata_cardinality_limit`, which is a tenant's own where there are tenants.
 * Source: collector reference 6.1 and 9; `sending_queue.batch` of an exporter does the same nearer to the destination.
 *
 * @module
 */

import type { z } from "zod";
import { bool, durationMs, int, metadataKeys, section } from "../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import type { Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { GatewayError } from "../core/errors.ts";
import { describeError, type Logger } from "../core/log/logger.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { type Batch, type BatchSettings, NO_BATCHING } from "../queue/batch.ts";
import type { Losses, Piece } from "../queue/losses.ts";
import { MemoryQueue } from "../queue/memory_queue.ts";
import { BATCH_BYTES_BOUNDS, BATCH_SIZE_BOUNDS } from "../queue/sender_chain.ts";
import type { Sender } from "../queue/sender.ts";
import { waitWarnings } from "../queue/settings.ts";
import { splitBy } from "../queue/split_by.ts";

/** Requests that one batcher holds, waiting or on their way. More are refused with a retryable error. */
const MAX_HELD_REQUESTS = 10_000;

export const batchSchema = section({
  send_batch_size: int({ min: 0 }).default(8_192),
  send_batch_max_size: int({ min: 0 }).default(0),
  timeout: durationMs().default(200),
  metadata_keys: metadataKeys().default([]),
  metadata_cardinality_limit: int({ min: 0 }).default(1_000),
  by_tenant: bool().default(true),
  wait_for_result: bool().default(true),
}).superRefine((batch, context) => {
  const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const { send_batch_size: size, send_batch_max_size: max, metadata_keys } = batch;
  if (max !== 0 && max < size) {
    issue("send_batch_max_size", `is ${max}, wanted 0 or at least send_batch_size (${size})`);
  }
  const keys = metadata_keys.map((key) => key.toLowerCase());
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice !== undefined) {
    issue("metadata_keys", `has ${JSON.stringify(twice)} twice, wanted each key once (letter case does not count)`);
  }
});

export type BatchConfig = z.output<typeof batchSchema>;

export const batchProcessorFactory: ProcessorFactory<BatchConfig> = {
  type: "batch",
  summary: "Joins requests into batches; a sender has its answer when the batch is kept.",
  signals: SIGNAL_NAMES,
  schema: batchSchema,
  warnings: ({ timeout, wait_for_result }) => waitWarnings("timeout", timeout, wait_for_result),
  senderWait: ({ timeout, wait_for_result }) => ({
    waitMs: wait_for_result ? timeout : 0,
    isAnswered: !wait_for_result,
  }),
  create: (config, deps, next) => createBatchProcessor(config, deps, next),
};

function createBatchProcessor(
  config: BatchConfig,
  deps: ComponentDeps & { readonly signal: Signal },
  next: Consumer,
): Consumer & Lifecycle {
  const { meter, id } = deps;
  const labels = { processor: id };
  const batch = batchSettings(config, deps.signal);
  const sizes = meter.histogram("otelcol_processor_batch_batch_send_size", labels, BATCH_SIZE_BOUNDS);
  const bytes = meter.histogram("otelcol_processor_batch_batch_send_size_bytes", labels, BATCH_BYTES_BOUNDS);
  const triggers = {
    size: meter.counter("otelcol_processor_batch_batch_size_trigger_send", labels),
    timeout: meter.counter("otelcol_processor_batch_timeout_trigger_send", labels),
  };
  const cardinality = meter.gauge("otelcol_processor_batch_metadata_cardinality", labels);
  const losses = new BatchLosses(deps);
  const sender: Sender = {
    send: (payload, abort) =>
      config.wait_for_result ? next.consume(payload, abort) : losses.watch(next, payload, abort),
  };
  const queue = new MemoryQueue(sender, {
    sizer: "requests",
    capacity: MAX_HELD_REQUESTS,
    maxInFlight: Infinity,
    blockOnOverflow: false,
    waitForResult: config.wait_for_result,
    holdMs: Infinity,
    batch,
  }, {
    ...deps,
    losses,
    split: splitBy(batch.sizer),
    size: { set: () => {}, add: () => {} },
    onBatch({ payload, trigger }: Batch<unknown>) {
      sizes.record(payload.itemCount);
      bytes.record(payload.byteLength);
      triggers[trigger].add(1);
      cardinality.set(queue.partitions);
    },
  });
  return {
    consume: (payload, abort) => queue.consume(payload, abort),
    admit(bodyBytes) {
      queue.admit(bodyBytes);
      next.admit?.(bodyBytes);
    },
    shutdown: (deadline) => queue.shutdown(deadline),
  };
}

function batchSettings(config: BatchConfig, signal: Signal): BatchSettings {
  if (!SIGNALS[signal].mergeable) return NO_BATCHING;
  const { send_batch_size, send_batch_max_size, timeout, metadata_keys, metadata_cardinality_limit, by_tenant } =
    config;
  return {
    sizer: "items",
    minSize: timeout === 0 ? 0 : send_batch_size,
    maxSize: send_batch_max_size === 0 ? Infinity : send_batch_max_size,
    flushTimeoutMs: timeout,
    turnSizer: "items",
    byTenant: by_tenant,
    metadataKeys: metadata_keys.map((key) => key.toLowerCase()),
    maxPartitions: metadata_cardinality_limit === 0 ? Infinity : metadata_cardinality_limit,
    keepOrigin: false,
  };
}

/** Counts and logs what a batcher does not deliver; what the destinations refuse their own exporters count. */
class BatchLosses implements Losses {
  readonly #logger: Logger;
  readonly #refused: Counter;
  readonly #dropped: Counter;
  readonly #lost: Counter;

  constructor({ id, logger, meter, signal }: ComponentDeps & { readonly signal: Signal }) {
    const suffix = SIGNALS[signal].metricSuffix;
    this.#logger = logger;
    this.#refused = meter.counter(`otelcol_processor_refused_${suffix}`, { processor: id });
    this.#dropped = meter.counter(`otelcol_processor_dropped_${suffix}`, { processor: id });
    this.#lost = meter.counter(`sluice_processor_lost_${suffix}`, { processor: id });
  }

  refused({ itemCount }: Payload): void {
    this.#refused.add(itemCount);
  }

  dropped(pieces: readonly Piece[], error: GatewayError, told: boolean): void {
    const items = pieces.reduce((sum, { payload }) => sum + payload.itemCount, 0);
    this.#dropped.add(items);
    if (!told) this.#sayLost(items, error);
  }

  /** For data whose senders have their answer: a failure is said here or nowhere. */
  async watch(next: Consumer, payload: Payload, abort: AbortSignal): Promise<Outcome> {
    try {
      return await next.consume(payload, abort);
    } catch (thrown) {
      this.#sayLost(payload.itemCount, thrown);
      throw thrown;
    }
  }

  #sayLost(items: number, error: unknown): void {
    this.#lost.add(items);
    this.#logger.error("batch failed, the data is lost", { items, error: describeError(error) });
  }
}
