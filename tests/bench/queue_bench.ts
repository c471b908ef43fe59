/**
 * What the sender chain costs a request, with a destination that answers at once.
 *
 * Run: deno bench -A tests/bench/queue_bench.ts
 *
 * @module
 */

import { type Consumer, KEPT } from "../../pipeline/contract/consumer.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry.ts";
import { NO_ORIGIN, payloadOf } from "../../pipeline/otlp/payload.ts";
import { createSenderChain } from "../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../pipeline/queue/settings.ts";

const WAITERS = 256;
const payload = payloadOf("traces", new Uint8Array(42_000), 100, NO_ORIGIN);
const push: Consumer = { consume: () => Promise.resolve(KEPT) };
const queue = queueSchema.parse({});
const batch = { ...queueBatchSchema.parse({}), min_size: 6_400 };

function chain(sending_queue: QueueConfig | undefined) {
  return createSenderChain(push, { timeoutMs: 5_000, retry_on_failure: retrySchema.parse({}), sending_queue }, {
    id: "otlp_http",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  });
}

for (
  const [name, sender] of [
    ["no chain", push],
    ["timeout and retry", chain(undefined)],
    ["queue", chain(queue)],
    ["queue and batch of 64 requests", chain({ ...queue, batch })],
  ] as const
) {
  // One sender a request, as a receiver has it: each brings a signal of its own.
  Deno.bench(`${WAITERS} requests at a time, ${name}`, { group: "chain", baseline: sender === push }, async () => {
    const results = [];
    for (let waiter = 0; waiter < WAITERS; waiter++) {
      results.push(sender.consume(payload, new AbortController().signal));
    }
    await Promise.all(results);
  });
}
