/** What an exporter tells of tenants' data: each item of each tenant once. */

import { deepStrictEqual } from "node:assert";
import { KEPT, type Outcome } from "../../../../pipeline/contract/consumer.ts";
import type { UsageSeries } from "../../../../pipeline/contract/usage.ts";
import { RejectedError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import type { TenantTag } from "../../../../pipeline/core/tenant.ts";
import { createSenderChain } from "../../../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../../../pipeline/queue/settings.ts";
import { settle } from "../../../support/fake_clock.ts";
import { Destination, payloadFrom, payloadWith, tenantTag } from "../support.ts";
import { testDeps, watch } from "../../../support/component_deps.ts";

const [a, b] = [tenantTag(0, { id: "a" }), tenantTag(1, { id: "b" })];

/** Sums as `a sent: 2 requests, 5 items, 50 bytes`; those of nothing left out. */
class Book {
  readonly #sums = new Map<string, [number, number, number]>();

  counter({ outcome, reason, signal, destination }: UsageSeries) {
    return {
      add: (tenant: TenantTag, requests: number, items: number, bytes: number) => {
        const key = `${tenant.id} ${signal} ${destination} ${outcome} ${reason}`.trim();
        const [r, i, y] = this.#sums.get(key) ?? [0, 0, 0];
        this.#sums.set(key, [r + requests, i + items, y + bytes]);
      },
    };
  }

  get all(): Record<string, number[]> {
    return Object.fromEntries([...this.#sums].filter(([, sums]) => sums.some((sum) => sum !== 0)).sort());
  }
}

function setUp(sending_queue: Partial<QueueConfig> | undefined, answer: Outcome | Error | undefined) {
  const usage = new Book();
  const deps = { ...testDeps("traces", { id: "up" }), usage };
  const destination = new Destination();
  destination.answer = () => answer;
  const chain = createSenderChain(destination, {
    timeoutMs: 5_000,
    retry_on_failure: { ...retrySchema.parse({}), enabled: false },
    sending_queue: sending_queue && { ...queueSchema.parse({}), ...sending_queue },
  }, deps);
  const send = (tenant: TenantTag | undefined, items: number) =>
    watch(chain.consume(
      tenant === undefined ? payloadWith(items) : payloadFrom(tenant, items),
      new AbortController().signal,
    ));
  return { usage, chain, send, clock: deps.clock, destination };
}

const batch = { ...queueBatchSchema.parse({}), min_size: 10 };
const refused = new RejectedError("Cannot send: refused", "invalid_argument");
const away = new UnavailableError("Cannot send: away");

Deno.test("usage at a destination", async (t) => {
  const cases: {
    name: string;
    queue: Partial<QueueConfig> | undefined;
    answer: Outcome | Error;
    want: Record<string, number[]>;
  }[] = [
    {
      name: "sent without a queue",
      queue: undefined,
      answer: KEPT,
      want: { "a traces up sent": [1, 4, 40], "b traces up sent": [1, 6, 60] },
    },
    {
      name: "sent one by one",
      queue: {},
      answer: KEPT,
      want: { "a traces up sent": [1, 4, 40], "b traces up sent": [1, 6, 60] },
    },
    {
      name: "sent in one batch",
      queue: { batch },
      answer: KEPT,
      want: { "a traces up sent": [1, 4, 40], "b traces up sent": [1, 6, 60] },
    },
    {
      name: "refused in one batch",
      queue: { batch },
      answer: refused,
      want: { "a traces up failed invalid_argument": [1, 4, 0], "b traces up failed invalid_argument": [1, 6, 0] },
    },
    {
      name: "away, without a queue",
      queue: undefined,
      answer: away,
      want: { "a traces up failed unavailable": [1, 4, 0], "b traces up failed unavailable": [1, 6, 0] },
    },
    {
      name: "some rejected of each",
      queue: {},
      answer: { rejectedItems: 1, message: "" },
      want: {
        "a traces up rejected destination": [0, 1, 0],
        "a traces up sent": [1, 3, 40],
        "b traces up rejected destination": [0, 1, 0],
        "b traces up sent": [1, 5, 60],
      },
    },
    {
      name: "some rejected of a batch of both: nobody's",
      queue: { batch },
      answer: { rejectedItems: 1, message: "" },
      want: { "a traces up sent": [1, 4, 40], "b traces up sent": [1, 6, 60] },
    },
    {
      name: "all rejected of a batch of both",
      queue: { batch },
      answer: { rejectedItems: 10, message: "" },
      want: {
        "a traces up rejected destination": [0, 4, 0],
        "a traces up sent": [1, 0, 40],
        "b traces up rejected destination": [0, 6, 0],
        "b traces up sent": [1, 0, 60],
      },
    },
  ];
  for (const { name, queue, answer, want } of cases) {
    await t.step(name, async () => {
      const { usage, send } = setUp(queue, answer);
      send(a, 4);
      send(b, 6);
      await settle();
      deepStrictEqual(usage.all, want);
    });
  }
  await t.step("no room, and dropped with its sender told", async () => {
    const { usage, send, chain } = setUp({ queue_size: 2, num_consumers: 1 }, undefined);
    send(a, 1);
    send(b, 2);
    send(b, 3);
    await chain.shutdown?.(AbortSignal.abort());
    await settle();
    deepStrictEqual(usage.all, {
      "a traces up failed unavailable": [1, 1, 0],
      "b traces up failed queue_full": [1, 3, 0],
      "b traces up failed unavailable": [1, 2, 0],
    });
  });
  await t.step("data of nobody is not counted", async () => {
    const { usage, send } = setUp({}, KEPT);
    send(undefined, 5);
    await settle();
    deepStrictEqual(usage.all, {});
  });
});
