/** A tenant that sends fifty times as much as another, and what the other notices of it. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { KEPT, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { RejectedError } from "../../../pipeline/core/errors.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadFrom, tenantTag } from "./support.ts";
import { testDeps, watch } from "../../support/component_deps.ts";

const EXPORT_MS = 10;
const noisy = tenantTag(0, { id: "noisy" });
const quiet = tenantTag(1, { id: "quiet" });

function setUp(queue: Partial<QueueConfig>) {
  const deps = testDeps();
  const destination = new Destination();
  const chain = createSenderChain(
    {
      consume(payload, abort) {
        const result = destination.consume(payload, abort);
        const call = destination.calls.at(-1);
        deps.clock.setTimer(() => call?.answer(KEPT), EXPORT_MS);
        return result;
      },
    },
    {
      timeoutMs: 5_000,
      retry_on_failure: retrySchema.parse({}),
      sending_queue: { ...queueSchema.parse({}), num_consumers: 2, ...queue },
    },
    deps,
  );
  const send = (tenant: typeof noisy, items = 1, metadata = {}) =>
    watch(chain.consume(payloadFrom(tenant, items, metadata), new AbortController().signal));
  return { deps, clock: deps.clock, destination, chain, send };
}

/** How long each request of the quiet one took, ms, in steps of one. */
async function waitsOf(queue: Partial<QueueConfig>, requests: number, noise: number) {
  const { clock, send } = setUp(queue);
  const waits: number[] = [];
  for (let round = 0; round < requests; round++) {
    for (let each = 0; each < noise; each++) send(noisy, 10, { host: [String(each)] });
    const result = send(quiet, 10);
    let waitedMs = 0;
    for (; result.settled === undefined && waitedMs < 1_000; waitedMs++) await clock.advance(1);
    strictEqual(result.settled, queue.wait_for_result === false ? QUEUED : KEPT);
    waits.push(waitedMs);
    await clock.advance(20);
  }
  return waits;
}

Deno.test("a quiet tenant waits about one round, whatever a noisy one has queued", async (t) => {
  const batch = { ...queueBatchSchema.parse({}), sizer: "items" as const, min_size: 10, max_size: 10 };
  const cases: { name: string; queue: Partial<QueueConfig> }[] = [
    { name: "request by request", queue: {} },
    { name: "by items", queue: { sizer: "items", queue_size: 5_000 } },
    { name: "by bytes", queue: { sizer: "bytes", queue_size: 100_000 } },
    { name: "in batches", queue: { batch } },
    { name: "in batches by tenant", queue: { batch: { ...batch, partition: { metadata_keys: [], by_tenant: true } } } },
    {
      name: "in batches by metadata that the noisy one has many values of",
      queue: { batch: { ...batch, partition: { metadata_keys: ["host"], by_tenant: false } } },
    },
    { name: "waiting for room", queue: { queue_size: 10, block_on_overflow: true } },
    { name: "in a queue that the noisy one would fill", queue: { queue_size: 100 } },
    { name: "answered early", queue: { wait_for_result: false, queue_size: 100 } },
  ];
  for (const { name, queue } of cases) {
    await t.step(name, async () => {
      const alone = await waitsOf(queue, 4, 0);
      const beside = await waitsOf(queue, 4, 50);
      // What is under way, one turn of the noisy one, and where one waits for room all that has come in before.
      const roomMs = queue.block_on_overflow ? 5 * EXPORT_MS : 0;
      const boundMs = Math.max(...alone) + 2 * EXPORT_MS + roomMs;
      ok(Math.max(...beside) <= boundMs, `${beside} ms, wanted ${boundMs} at the most`);
    });
  }
});

Deno.test("a noisy tenant does not keep the places in flight", async () => {
  const { clock, destination, send } = setUp({ num_consumers: 4 });
  for (let each = 0; each < 100; each++) send(noisy);
  await settle();
  send(quiet, 2);
  send(quiet, 3);
  await clock.advance(EXPORT_MS);
  const ids = () => destination.calls.map(({ payload }) => payload.origin.tenant?.id);
  deepStrictEqual(ids().slice(4), ["noisy", "quiet", "noisy", "quiet"]);
});

Deno.test("weights share a destination that cannot keep up", async () => {
  const { clock, destination, send } = setUp({ queue_size: 2_000, num_consumers: 1 });
  const [heavy, light] = [tenantTag(0, { id: "heavy", weight: 3 }), tenantTag(1, { id: "light" })];
  for (let each = 0; each < 200; each++) [heavy, light].forEach((tenant) => send(tenant));
  await clock.advance(100 * EXPORT_MS);
  const sent = destination.calls.filter(({ payload }) => payload.origin.tenant === heavy).length;
  ok(Math.abs(sent - 75) <= 3, `${sent} of 100`);
});

Deno.test("batches and tenants", async (t) => {
  const batch = { ...queueBatchSchema.parse({}), min_size: 20 };
  await t.step("one of several is nobody's, and each sender has its answer", async () => {
    const { clock, destination, send } = setUp({ batch });
    const results = [send(noisy, 15), send(quiet, 5)];
    await clock.advance(EXPORT_MS);
    deepStrictEqual(destination.items, [20]);
    strictEqual(destination.calls[0]?.payload.origin.tenant, undefined);
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, KEPT]);
  });
  await t.step("so is one that is of one tenant by chance", async () => {
    const { destination, send } = setUp({ batch });
    send(noisy, 20);
    await settle();
    strictEqual(destination.calls[0]?.payload.origin.tenant, undefined);
  });
  await t.step("by tenant they are kept apart, and know whose they are", async () => {
    const { clock, destination, send } = setUp({
      batch: { ...batch, partition: { metadata_keys: [], by_tenant: true } },
    });
    send(noisy, 15);
    send(quiet, 5);
    send(noisy, 5);
    await clock.advance(200);
    deepStrictEqual(destination.items, [20, 5]);
    deepStrictEqual(destination.calls.map(({ payload }) => payload.origin.tenant), [noisy, quiet]);
  });
  await t.step("a tenant with too many partitions leaves the others theirs", async () => {
    const keyed = { ...batch, partition: { metadata_keys: ["host"], by_tenant: false } };
    const { send } = setUp({ queue_size: 5_000, batch: keyed });
    const results = Array.from({ length: 1_001 }, (_, host) => send(noisy, 1, { host: [String(host)] }));
    const other = send(quiet, 1, { host: ["1"] });
    await settle();
    deepStrictEqual([results[999]?.settled, other.settled], [undefined, undefined]);
    strictEqual(
      results[1_000]?.error.message,
      "Cannot batch by host: 1000 combinations of values hold data, wanted no more",
    );
  });
  await t.step("a tenant past its share is refused, counted, and told when to come back", async () => {
    const { deps, send } = setUp({ queue_size: 10 });
    const small = tenantTag(5, { maxQueueShare: 0.2 });
    const results = [send(small, 1), send(small, 1), send(small, 4), send(quiet)];
    await settle();
    const { httpStatus, retryable, retryAfterMs } = results[2]!.error;
    deepStrictEqual([httpStatus, retryable, retryAfterMs], [429, true, 2_000]);
    strictEqual(results[3]?.settled, undefined);
    const metric = (name: string) => deps.meter.get(name);
    deepStrictEqual(
      [metric("sluice_exporter_tenant_share_refused_spans"), metric("otelcol_exporter_enqueue_failed_spans")],
      [4, 4],
    );
  });
});

Deno.test("data that a destination refuses for good costs other tenants nothing", async (t) => {
  const refused = new RejectedError("Cannot send: refused", "invalid_argument");
  function poisoned(wait_for_result: boolean) {
    const deps = testDeps();
    const destination = new Destination();
    // Whatever holds the noisy one's seven items is refused.
    const isPoison = (items: number) => items === 12 || items === 7;
    destination.answer = ({ itemCount }) => isPoison(itemCount) ? refused : KEPT;
    const batch = { ...queueBatchSchema.parse({}), min_size: 12 };
    const sending_queue = { ...queueSchema.parse({}), wait_for_result, batch };
    const chain = createSenderChain(destination, {
      timeoutMs: 5_000,
      retry_on_failure: retrySchema.parse({}),
      sending_queue,
    }, deps);
    const send = (tenant: typeof noisy, items: number) =>
      watch(chain.consume(payloadFrom(tenant, items), new AbortController().signal));
    const metrics = () =>
      ["sent_spans", "send_failed_spans", "in_flight_requests", "queue_size"].map((name) =>
        deps.meter.get(`otelcol_exporter_${name}`)
      );
    return { destination, send, metrics, chain };
  }
  await t.step("each is told its own, and counted once", async () => {
    const { destination, send, metrics } = poisoned(true);
    const results = [send(quiet, 2), send(noisy, 7), send(quiet, 3)];
    await settle();
    deepStrictEqual(destination.items, [12, 5, 7]);
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, refused, KEPT]);
    deepStrictEqual(metrics(), [5, 7, 0, 0]);
  });
  await t.step("also when they have had their answer", async () => {
    const { destination, send, metrics } = poisoned(false);
    send(quiet, 5);
    send(noisy, 7);
    await settle();
    deepStrictEqual([destination.items, metrics()], [[12, 5, 7], [5, 7, 0, 0]]);
  });
  await t.step("what was not sent again when it is given up is counted and told", async () => {
    const { destination, send, metrics, chain } = poisoned(true);
    destination.answer = ({ itemCount }) => itemCount === 12 ? refused : undefined;
    const results = [send(quiet, 5), send(noisy, 7)];
    await settle();
    deepStrictEqual(destination.items, [12, 5]);
    const down = chain.shutdown?.(AbortSignal.abort());
    destination.calls[1]?.answer(KEPT);
    await down;
    await settle();
    strictEqual(destination.items.length, 2);
    deepStrictEqual(results.map(({ error }) => error.name), ["UnavailableError", "UnavailableError"]);
    deepStrictEqual(metrics().reduce((sum, count) => sum + count), 12);
  });
});
