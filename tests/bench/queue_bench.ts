/**
 * What the sender chain costs a request, with a destination that answers at once, without tenants and with some.
 *
 * Run: deno bench -A tests/bench/queue_bench.ts
 *
 * @module
 */

import { type Consumer, KEPT } from "../../pipeline/contract/consumer.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../pipeline/otlp/payload.ts";
import { createSenderChain } from "../../pipeline/queue/sender_chain.ts";
import { tenantTag } from "../pipeline/queue/support.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../pipeline/queue/settings.ts";

const WAITERS = 256;
const payload = payloadOf("traces", new Uint8Array(42_000), 100, NO_ORIGIN);
const plain = Array.from({ length: WAITERS }, () => payload);
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

/** Requests of so many tenants in turns. */
function ofTenants(count: number): Payload[] {
  const tenants = Array.from({ length: count }, (_, slot) => tenantTag(slot));
  return plain.map((each, at) => ({ ...each, origin: { ...NO_ORIGIN, tenant: tenants[at % count]! } }));
}

for (
  const [name, sender, payloads] of [
    ["no chain", push, plain],
    ["timeout and retry", chain(undefined), plain],
    ["queue", chain(queue), plain],
    ["queue, 1 tenant", chain(queue), ofTenants(1)],
    ["queue, 64 tenants", chain(queue), ofTenants(64)],
    ["queue and batch of 64 requests", chain({ ...queue, batch }), plain],
    ["queue and batch of 64 requests, 64 tenants", chain({ ...queue, batch }), ofTenants(64)],
  ] as const
) {
  // One sender a request, as a receiver has it: each brings a signal of its own.
  Deno.bench(`${WAITERS} requests at a time, ${name}`, { group: "chain", baseline: sender === push }, async () => {
    await Promise.all(payloads.map((each) => sender.consume(each, new AbortController().signal)));
  });
}
