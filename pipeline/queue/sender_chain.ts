/**
 * The parts between an exporter's pipelines and its push. From the outside in: queue and batch, retry, timeout, push.
 *
 * A sender that waits for its answer (`wait_for_result`, our default, or no queue at all) is held for at most
 * `HOLD_SENDER_MS`, an attempt under way included; data that was answered for is retried until `max_elapsed_time`.
 * Source: collector reference 3.6.
 *
 * @module
 */

import type { ComponentDeps } from "../contract/component.ts";
import type { Adopt, Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { Destination } from "../contract/destination.ts";
import type { Payload } from "../otlp/payload.ts";
import type { QueueControl } from "../contract/queue_control.ts";
import { StageTimes } from "../core/telemetry/stages.ts";
import { type Signal, SIGNALS } from "../otlp/signals.ts";
import { type BatchSettings, NO_BATCHING } from "./batch.ts";
import { MemoryQueue } from "./memory_queue.ts";
import { heldTooLong } from "./refusals.ts";
import { RetrySender } from "./sending/retry.ts";
import { HOLD_SENDER_MS, type Sender } from "./sender.ts";
import { countSends, SendLedger } from "./sending/send_ledger.ts";
import {
  type QueueBatchConfig,
  type QueueConfig,
  queueSchema,
  type RetryConfig,
  type RetryPolicy,
  retryPolicy,
} from "./settings.ts";
import { splitBy } from "./split_by.ts";
import { type Bounded, TimeoutConsumer } from "./sending/timeout.ts";
import { traceSends } from "./sending/traced_sender.ts";

/** Partitions of a sending queue that hold data at one time; the collector has no bound. */
const MAX_QUEUE_PARTITIONS = 1_000;

/** Upper bounds of otelcol_exporter_queue_batch_send_size, as the collector's. */
export const BATCH_SIZE_BOUNDS: readonly number[] = [
  ...[10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000],
  ...[20_000, 30_000, 50_000, 100_000],
];

/** Upper bounds of the same in bytes, as the collector's. */
export const BATCH_BYTES_BOUNDS: readonly number[] = Array.from({ length: 18 }, (_, at) => 128 * 2 ** at);

export interface SenderChainConfig {
  /** One attempt, milliseconds; 0 for no bound. */
  readonly timeoutMs: number;
  readonly retry_on_failure: RetryConfig;
  /** Absent or not enabled: each call exports by itself and answers with the result. */
  readonly sending_queue: QueueConfig | undefined;
}

type ChainDeps = ComponentDeps & { readonly signal: Signal };

/**
 * @param push Makes one attempt to deliver a payload; the chain starts it and shuts it down.
 * @returns What the exporter's pipelines call.
 */
export function createSenderChain(
  push: Consumer & Lifecycle,
  config: SenderChainConfig,
  deps: ChainDeps,
): Consumer & Lifecycle {
  return new SenderChain(push, config, deps);
}

/** Takes payloads and sends them. */
interface Line {
  readonly head: Consumer & Required<Pick<Lifecycle, "shutdown">>;
  readonly retry: RetrySender;
}

/** A line for data whose senders have had their answer. */
interface AnsweredLine extends Line {
  readonly head: MemoryQueue;
}

class SenderChain implements Consumer, Lifecycle {
  readonly #push: Consumer & Lifecycle;
  readonly #config: SenderChainConfig;
  readonly #deps: ChainDeps;
  readonly #ledger: SendLedger;
  readonly #timeout: TimeoutConsumer | undefined;
  readonly #line: Line;
  /** The line itself where senders do not wait; else one that is made when another chain hands data over. */
  #answered: AnsweredLine | undefined;
  /** Takes what is left: another chain has replaced this one. */
  #heir: Adopt | undefined;
  #movedItems = 0;
  #isDown = false;

  constructor(push: Consumer & Lifecycle, config: SenderChainConfig, deps: ChainDeps) {
    this.#push = push;
    this.#config = config;
    this.#deps = deps;
    this.#ledger = new SendLedger(deps);
    const queue = config.sending_queue?.enabled === true ? config.sending_queue : undefined;
    // A sender that is held is answered before such an attempt is out of time: one deadline will do.
    const isHoldShorter = queue === undefined && (config.timeoutMs === 0 || config.timeoutMs >= HOLD_SENDER_MS);
    this.#timeout = isHoldShorter ? undefined : new TimeoutConsumer(push, config.timeoutMs, deps.clock);
    if (queue?.wait_for_result === false) this.#line = this.#answered = this.#answeredLine(queue);
    else this.#line = this.#waitingLine(queue);
  }

  get queue(): QueueControl | undefined {
    const { head } = this.#line;
    return head instanceof MemoryQueue ? head : undefined;
  }

  get destination(): Destination {
    return this.#ledger.destination;
  }

  async start(): Promise<void> {
    await this.#push.start?.();
  }

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    return this.#line.head.consume(payload, abort);
  }

  admit(bodyBytes: number): void {
    this.#line.head.admit?.(bodyBytes);
    this.#push.admit?.(bodyBytes);
  }

  /** Takes what another chain was answered for, and tries it as long as `max_elapsed_time` says. */
  adopt(payload: Payload): boolean {
    if (this.#heir !== undefined) return this.#heir(payload);
    if (this.#isDown) return false;
    this.#answered ??= this.#answeredLine(this.#config.sending_queue ?? queueSchema.parse({}));
    return this.#answered.head.adopt(payload);
  }

  async shutdown(deadline: AbortSignal, heir?: Adopt): Promise<void> {
    this.#isDown = true;
    this.#heir = heir === undefined ? undefined : (payload) => this.#moveTo(heir, payload);
    const lines = new Set([this.#line, ...(this.#answered === undefined ? [] : [this.#answered])]);
    await Promise.all(
      [...lines].flatMap(({ retry, head }) => [
        retry.shutdown(deadline, this.#heir),
        head.shutdown(deadline, this.#heir),
      ]),
    );
    await this.#timeout?.shutdown(deadline);
    await this.#push.shutdown?.(deadline);
    if (this.#movedItems === 0) return;
    this.#deps.logger.info("what was queued goes on in the exporter that replaces this one", {
      items: this.#movedItems,
    });
  }

  #moveTo(heir: Adopt, payload: Payload): boolean {
    const isMoved = heir(payload);
    if (isMoved) this.#movedItems += payload.itemCount;
    return isMoved;
  }

  #waitingLine(queue: QueueConfig | undefined): Line {
    const retry = new RetrySender(this.#timeout ?? this.#push, this.#policy(true), this.#deps, {
      cutAtDeadline: false,
      onRetry: (_attempts, _retryInMs, error) => this.#ledger.attemptFailed(error),
    });
    const head = queue === undefined
      ? createHold(traceSends(retry, this.#deps), this.#ledger, this.#deps)
      : this.#createQueue(traceSends(retry, this.#deps), queue);
    return { head, retry };
  }

  #answeredLine(queue: QueueConfig): AnsweredLine {
    const attempt = this.#timeout ?? new TimeoutConsumer(this.#push, this.#config.timeoutMs, this.#deps.clock);
    const retry = new RetrySender(attempt, this.#policy(false), this.#deps, {
      cutAtDeadline: true,
      onRetry: (attempts, retryInMs, error) => this.#ledger.retrying(attempts, retryInMs, error),
    });
    const settings = { ...queue, wait_for_result: false };
    return { head: this.#createQueue(traceSends(retry, this.#deps), settings), retry };
  }

  #policy(isHeld: boolean): RetryPolicy {
    return retryPolicy(this.#config.retry_on_failure, isHeld);
  }

  #createQueue(sender: Sender, config: QueueConfig): MemoryQueue {
    const deps = this.#deps;
    const batch = batchSettings(config, deps.signal);
    const labels = { exporter: deps.id, data_type: deps.signal };
    deps.meter.gauge("otelcol_exporter_queue_capacity", labels).set(config.queue_size);
    const items = deps.meter.histogram("otelcol_exporter_queue_batch_send_size", labels, BATCH_SIZE_BOUNDS);
    const bytes = deps.meter.histogram("otelcol_exporter_queue_batch_send_size_bytes", labels, BATCH_BYTES_BOUNDS);
    const stages = new StageTimes(deps, deps.id);
    return new MemoryQueue(sender, {
      sizer: config.sizer,
      capacity: config.queue_size,
      maxInFlight: config.num_consumers,
      blockOnOverflow: config.block_on_overflow,
      waitForResult: config.wait_for_result,
      holdMs: HOLD_SENDER_MS,
      batch,
    }, {
      ...deps,
      losses: this.#ledger,
      split: splitBy(batch.sizer),
      size: deps.meter.gauge("otelcol_exporter_queue_size", labels),
      onBatch({ payload, oldestMs }) {
        items.record(payload.itemCount);
        bytes.record(payload.byteLength);
        if (stages.isTimed()) stages.record("queue_wait", deps.clock.monotonicMs() - oldestMs);
      },
    });
  }
}

/**
 * Without a queue: each call sends by itself, for as long as its sender is held. It is counted when its sender is
 * answered, whether or not a push heeds that it is told to stop; so a sender that leaves is a failure here, since nobody
 * waits to hear whether attempts had failed before.
 */
function createHold(sender: Sender, ledger: SendLedger, { clock }: ChainDeps): Line["head"] {
  const send: Bounded = { consume: (payload, abort, giveUpAtMs) => sender.send(payload, abort, giveUpAtMs) };
  const hold = new TimeoutConsumer(send, HOLD_SENDER_MS, clock, () => heldTooLong(HOLD_SENDER_MS));
  const counted = countSends({ send: (payload, abort) => hold.consume(payload, abort) }, ledger, true);
  return {
    consume(payload, abort) {
      const result = counted.send(payload, abort, Infinity);
      return payload.origin.tenant === undefined ? result : ledger.follow(payload, result);
    },
    shutdown: (deadline) => hold.shutdown(deadline),
  };
}

/** What cannot be merged is not batched: each profile goes by itself. */
function batchSettings({ batch, sizer }: QueueConfig, signal: Signal): BatchSettings {
  if (batch === undefined || !SIGNALS[signal].mergeable) return { ...NO_BATCHING, turnSizer: sizer };
  const unit = batchSizer(batch, sizer);
  return {
    sizer: unit,
    turnSizer: unit,
    minSize: batch.min_size,
    maxSize: batch.max_size === 0 ? Infinity : batch.max_size,
    flushTimeoutMs: batch.flush_timeout,
    metadataKeys: batch.partition.metadata_keys.map((key) => key.toLowerCase()),
    byTenant: batch.partition.by_tenant,
    maxPartitions: MAX_QUEUE_PARTITIONS,
    keepOrigin: false,
  };
}

/** The queue's sizer when the batch names none; a batch is not measured in requests unless it says so. */
function batchSizer({ sizer }: QueueBatchConfig, queueSizer: QueueConfig["sizer"]): QueueConfig["sizer"] {
  return sizer ?? (queueSizer === "requests" ? "items" : queueSizer);
}
