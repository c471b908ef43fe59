/**
 * How long a quiet tenant's requests wait in a sending queue while a noisy one sends fifty times as much as it, three
 * times what the destination can take: by turns of tenants, in the order of arrival, and alone. Time is simulated.
 *
 * Run: deno run -A tests/bench/fairness.ts [seconds]
 *
 * @module
 */

import { KEPT } from "../../pipeline/contract/consumer.ts";
import type { TenantTag } from "../../pipeline/core/tenant.ts";
import { createSenderChain } from "../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../pipeline/queue/settings.ts";
import { settle } from "../support/fake_clock.ts";
import { payloadFrom, payloadWith, tenantTag } from "../pipeline/queue/support.ts";
import { testDeps } from "../support/component_deps.ts";

const SECONDS = Number(Deno.args[0] ?? 10);
const EXPORT_MS = 10;
/** Of the quiet one; the noisy one sends fifty times as many. */
const REQUESTS_PER_SECOND = 50;
const NOISE = 50;
const CONSUMERS = 8;
const ITEMS = 100;

const quiet = tenantTag(0);
const noisy = tenantTag(1);
const batch = { ...queueBatchSchema.parse({}), min_size: ITEMS, max_size: ITEMS };

interface Scene {
  readonly noise: boolean;
  /** Whether the queue is told whose data it is. */
  readonly tenants: boolean;
}

async function simulate(queue: Partial<QueueConfig>, { noise, tenants }: Scene) {
  const deps = testDeps();
  const { clock } = deps;
  const push = {
    consume: () => new Promise<typeof KEPT>((resolve) => clock.setTimer(() => resolve(KEPT), EXPORT_MS)),
  };
  const chain = createSenderChain(push, {
    timeoutMs: 5_000,
    retry_on_failure: retrySchema.parse({}),
    sending_queue: { ...queueSchema.parse({}), num_consumers: CONSUMERS, ...queue },
  }, deps);
  const waits: number[] = [];
  let refused = 0;
  const send = (tenant: TenantTag) => {
    const sentMs = clock.monotonicMs();
    const payload = tenants ? payloadFrom(tenant, ITEMS) : payloadWith(ITEMS);
    const isQuiet = tenant === quiet;
    chain.consume(payload, new AbortController().signal).then(
      () => isQuiet && waits.push(clock.monotonicMs() - sentMs),
      () => isQuiet && refused++,
    );
  };
  const stepMs = 1_000 / REQUESTS_PER_SECOND;
  for (let ms = 0; ms < SECONDS * 1_000; ms += stepMs) {
    if (noise) { for (let each = 0; each < NOISE; each++) send(noisy); }
    send(quiet);
    await clock.advance(stepMs);
  }
  await clock.advance(10_000);
  await settle();
  waits.sort((a, b) => a - b);
  return { p50: waits[waits.length >> 1], p99: waits[Math.floor(waits.length * 0.99)], kept: waits.length, refused };
}

const queues: Readonly<Record<string, Partial<QueueConfig>>> = {
  "request by request": {},
  "in batches": { batch },
  "waiting for room": { block_on_overflow: true, queue_size: 100 },
};

for (const [name, queue] of Object.entries(queues)) {
  for (
    const [how, scene] of [
      ["alone", { noise: false, tenants: true }],
      ["by turns", { noise: true, tenants: true }],
      ["by arrival", { noise: true, tenants: false }],
    ] as const
  ) {
    const { p50 = NaN, p99 = NaN, kept, refused } = await simulate(queue, scene);
    const line = `${name}, ${how}: p50 ${p50} ms, p99 ${p99} ms, ${kept} kept, ${refused} refused`;
    await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
  }
}
