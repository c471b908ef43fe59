/**
 * Settings of the sender chain: the keys that every exporter has beside its own.
 *
 * Source: collector reference 3.6 (exporterhelper). One default differs: `wait_for_result` is true here, so that an
 * answer of 200 means kept; a YAML that sets it to false is obeyed. With it the intervals between attempts differ, where
 * none are given: see `retryPolicy`.
 *
 * @module
 */

import type { z } from "zod";
import type { SenderWait } from "../config/gateway_config.ts";
import { bool, durationMs, int, metadataKeys, number, oneOf, section, text } from "../config/schema.ts";
import { waitConsequence } from "../config/checks/waits.ts";

const SIZERS = ["requests", "items", "bytes"] as const;
export type Sizer = typeof SIZERS[number];

export const retrySchema = section({
  enabled: bool().default(true),
  initial_interval: durationMs().optional(),
  randomization_factor: number({ min: 0, max: 1 }).default(0.5),
  multiplier: number({ min: 1 }).default(1.5),
  max_interval: durationMs().optional(),
  max_elapsed_time: durationMs().default(300_000),
});

export const queueBatchSchema = section({
  flush_timeout: durationMs({ minMs: 1 }).default(200),
  min_size: int({ min: 0 }).default(8_192),
  max_size: int({ min: 0 }).default(0),
  sizer: oneOf(["items", "bytes", "requests"]).optional(),
  partition: section({
    metadata_keys: metadataKeys().default([]),
    by_tenant: bool().default(false),
  }).prefault({}),
}).superRefine((batch, context) => {
  if (batch.max_size !== 0 && batch.max_size < batch.min_size) {
    context.addIssue({
      code: "custom",
      path: ["max_size"],
      message: `is ${batch.max_size}, wanted 0 or at least min_size (${batch.min_size})`,
    });
  }
});

/** The rules that hold between keys. */
type QueueIssue = { readonly path: readonly string[]; readonly message: string };

function queueIssues(
  { queue_size, sizer, storage, batch }: {
    queue_size: number;
    storage?: string | undefined;
    sizer: Sizer;
    batch?: z.output<typeof queueBatchSchema> | undefined;
  },
): readonly QueueIssue[] {
  const issues: QueueIssue[] = [];
  if (storage !== undefined) {
    const message = "asks for a queue on disk, which there is not yet: remove it, with wait_for_result (the default) " +
      "the sender keeps the data until it is delivered";
    issues.push({ path: ["storage"], message });
  }
  if (batch === undefined) return issues;
  if (sameUnit(sizer, batch.sizer) && batch.min_size > queue_size) {
    const message = `is ${batch.min_size}, wanted at most queue_size (${queue_size})`;
    issues.push({ path: ["batch", "min_size"], message });
  }
  const keys = batch.partition.metadata_keys.map((key) => key.toLowerCase());
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice !== undefined) {
    const message = `has ${JSON.stringify(twice)} twice, wanted each key once (letter case does not count)`;
    issues.push({ path: ["batch", "partition", "metadata_keys"], message });
  }
  return issues;
}

/** A batch without a sizer has the queue's, but is never measured in requests. */
function sameUnit(queueSizer: Sizer, batchSizer: Sizer | undefined): boolean {
  return batchSizer === undefined ? queueSizer !== "requests" : batchSizer === queueSizer;
}

export const queueSchema = section({
  enabled: bool().default(true),
  num_consumers: int({ min: 1, max: 10_000 }).default(10),
  queue_size: int({ min: 1 }).default(1_000),
  sizer: oneOf(SIZERS).default("requests"),
  block_on_overflow: bool().default(false),
  wait_for_result: bool().default(true),
  storage: text().optional(),
  batch: queueBatchSchema.optional(),
}).superRefine((queue, context) => {
  for (const { path, message } of queueIssues(queue)) context.addIssue({ code: "custom", path: [...path], message });
});

export type RetryConfig = z.output<typeof retrySchema>;
export type QueueConfig = z.output<typeof queueSchema>;
export type QueueBatchConfig = z.output<typeof queueBatchSchema>;

/** How it is tried again, every interval said. */
export interface RetryPolicy extends Omit<RetryConfig, "initial_interval" | "max_interval"> {
  readonly initial_interval: number;
  readonly max_interval: number;
}

/** The collector's: for data that nobody waits for. Milliseconds. */
const PATIENT = { initial: 5_000, max: 30_000 };

/**
 * While a sender is held, milliseconds. An SDK gives its data up after 10 s: waits of 5 s leave it one more attempt in
 * that time, or none, and an outage of 5 s costs data. With these there are seven in the first 6 s.
 */
const PROMPT = { initial: 500, max: 1_000 };

/**
 * The policy of `config`: the intervals that it gives, else those that fit who waits.
 *
 * @param isHeld Whether a sender waits for the result.
 */
export function retryPolicy(config: RetryConfig, isHeld: boolean): RetryPolicy {
  const defaults = isHeld ? PROMPT : PATIENT;
  const initial_interval = config.initial_interval ?? defaults.initial;
  // Who asks for a longer first wait does not want the later ones to be shorter.
  const longest = isHeld ? Math.max(defaults.max, initial_interval) : defaults.max;
  return { ...config, initial_interval, max_interval: config.max_interval ?? longest };
}

/** What to say of a batch that a sender may wait for; nothing when it is filled soon enough. */
export function waitWarnings(
  path: string,
  waitMs: number,
  waitForResult: boolean,
): { path: string; message: string }[] {
  const consequence = waitConsequence(waitMs);
  if (!waitForResult || consequence === undefined) return [];
  const message =
    `is ${waitMs} ms, and with wait_for_result a sender waits that long for its answer unless the batch ` +
    `fills before: ${consequence}, or wait_for_result: false`;
  return [{ path, message }];
}

/** What to say of an exporter's queue. */
export function queueWarnings({ enabled, wait_for_result, batch }: QueueConfig): { path: string; message: string }[] {
  if (!enabled || batch === undefined) return [];
  return waitWarnings("sending_queue::batch::flush_timeout", batch.flush_timeout, wait_for_result);
}

/** How long a sender may wait for the batch of an exporter's queue. */
export function queueWait(queue: QueueConfig | undefined): SenderWait {
  if (queue?.enabled !== true) return { waitMs: 0, isAnswered: false };
  const { wait_for_result, batch } = queue;
  return { waitMs: wait_for_result ? batch?.flush_timeout ?? 0 : 0, isAnswered: !wait_for_result };
}

/** The keys of the chain for an exporter's section. */
export function senderShape() {
  return {
    retry_on_failure: retrySchema.prefault({}),
    sending_queue: queueSchema.prefault({}),
  };
}
