import { deepStrictEqual, strictEqual } from "node:assert";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { KEPT, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { RejectedError } from "../../../pipeline/core/errors.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { batchProcessorFactory, batchSchema } from "../../../pipeline/processors/batch.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadFrom, payloadWith, tenantTag } from "../queue/support.ts";
import { testDeps, watch } from "../../support/component_deps.ts";

type Values = Readonly<Record<string, number | boolean | string | readonly string[]>>;

function parse(values: Values) {
  return batchSchema.safeParse(Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "number" || typeof value === "boolean" ? new Scalar(value, String(value)) : value,
    ]),
  ));
}

function setUp(values: Values = {}, signal: Signal = "traces") {
  const { data: config } = parse(values);
  if (config === undefined) throw new Error("the config is not valid");
  const deps = testDeps(signal, { id: "batch" });
  const destination = new Destination();
  const processor = batchProcessorFactory.create(config, deps, destination);
  const send = (items: number, metadata: Readonly<Record<string, readonly string[]>> = {}) =>
    watch(processor.consume(payloadWith(items, metadata, signal), new AbortController().signal));
  const metric = (name: string) => deps.meter.get(`otelcol_processor_${name}`);
  return { deps, clock: deps.clock, destination, processor, send, metric };
}

Deno.test("batch: the collector's defaults", () => {
  deepStrictEqual(batchSchema.parse(null), {
    send_batch_size: 8_192,
    send_batch_max_size: 0,
    timeout: 200,
    metadata_keys: [],
    metadata_cardinality_limit: 1_000,
    by_tenant: true,
    wait_for_result: true,
  });
});

Deno.test("batch: what a config may not say", async (t) => {
  const cases: { name: string; values: Values; want: string | undefined }[] = [
    { name: "max size at the size", values: { send_batch_size: 10, send_batch_max_size: 10 }, want: undefined },
    {
      name: "max size below the size",
      values: { send_batch_size: 10, send_batch_max_size: 9 },
      want: "is 9, wanted 0 or at least send_batch_size (10)",
    },
    {
      name: "a key twice",
      values: { metadata_keys: ["X-A", "x-a"] },
      want: 'has "x-a" twice, wanted each key once (letter case does not count)',
    },
    { name: "a negative timeout", values: { timeout: "-1s" }, want: 'is "-1s", wanted a duration like 200ms or 1h30m' },
  ];
  for (const { name, values, want } of cases) {
    await t.step(name, () => strictEqual(parse(values).error?.issues[0]?.message, want));
  }
});

Deno.test("batch: by size and by time, answered when the batch is", async (t) => {
  await t.step("by size", async () => {
    const { send, destination, metric } = setUp({ send_batch_size: 10 });
    const results = [send(4), send(6)];
    await settle();
    deepStrictEqual(destination.items, [10]);
    strictEqual(results[0]?.settled, undefined);
    destination.calls[0]?.answer(KEPT);
    await settle();
    deepStrictEqual(results.map(({ settled }) => settled), [KEPT, KEPT]);
    deepStrictEqual([metric("batch_batch_size_trigger_send"), metric("batch_timeout_trigger_send")], [1, 0]);
    deepStrictEqual([metric("batch_batch_send_size"), metric("batch_batch_send_size_bytes")], [10, 100]);
  });
  await t.step("by time", async () => {
    const { send, destination, clock, metric } = setUp();
    send(4);
    await clock.advance(199);
    strictEqual(destination.calls.length, 0);
    await clock.advance(1);
    deepStrictEqual(destination.items, [4]);
    deepStrictEqual([metric("batch_batch_size_trigger_send"), metric("batch_timeout_trigger_send")], [0, 1]);
  });
  await t.step("timeout 0 sends at once", async () => {
    const { send, destination } = setUp({ timeout: "0s" });
    send(4);
    send(5);
    await settle();
    deepStrictEqual(destination.items, [4, 5]);
  });
  await t.step("a failure reaches its senders", async () => {
    const refused = new RejectedError("Cannot send: refused", "invalid_argument");
    const { send, destination, clock } = setUp();
    destination.answer = () => refused;
    const result = send(4);
    await clock.advance(200);
    strictEqual(result.settled, refused);
  });
  await t.step("profiles pass one by one", async () => {
    const { send, destination } = setUp({}, "profiles");
    send(4);
    send(5);
    await settle();
    deepStrictEqual(destination.items, [4, 5]);
  });
});

Deno.test("batch: by metadata, within its limit", async () => {
  const { send, destination, clock, metric } = setUp({ metadata_keys: ["X-Tenant"], metadata_cardinality_limit: 2 });
  destination.answer = () => KEPT;
  const results = ["a", "b", "a", "c"].map((tenant) => send(1, { "x-tenant": [tenant] }));
  await clock.advance(200);
  deepStrictEqual(destination.items, [2, 1]);
  deepStrictEqual(results.slice(0, 3).map(({ settled }) => settled), [KEPT, KEPT, KEPT]);
  strictEqual(
    results[3]?.error.message,
    "Cannot batch by x-tenant: 2 combinations of values hold data, wanted no more",
  );
  strictEqual(metric("refused_spans"), 1);
});

Deno.test("batch: wait_for_result false answers first, and says what is lost", async () => {
  const { send, destination, clock, deps, processor } = setUp({ wait_for_result: false });
  destination.answer = () => new RejectedError("Cannot send: refused", "invalid_argument");
  const result = send(4);
  await settle();
  strictEqual(result.settled, QUEUED);
  strictEqual(deps.memory.heldBytes(), 40);
  await clock.advance(200);
  deepStrictEqual(deps.lines.map(({ level, fields }) => [level, fields["items"]]), [["error", 4]]);
  strictEqual(deps.memory.heldBytes(), 0);
  await processor.shutdown?.(new AbortController().signal);
});

Deno.test("batch: at shutdown what waits is sent; at the deadline it is counted and told", async () => {
  const { send, destination, clock, processor, metric } = setUp();
  const result = send(4);
  const deadline = new AbortController();
  const down = processor.shutdown?.(deadline.signal);
  await settle();
  deepStrictEqual(destination.items, [4]);
  deadline.abort();
  await down;
  strictEqual(result.error.name, "UnavailableError");
  const late = send(1);
  await settle();
  deepStrictEqual([late.error.name, metric("refused_spans"), clock.pending], ["UnavailableError", 1, 0]);
});

Deno.test("batch: tenants", async (t) => {
  const [a, b] = [tenantTag(0), tenantTag(1)];
  const setUpFor = (values: Values) => {
    const { processor, destination } = setUp({ send_batch_size: 10, ...values });
    const send = (tenant: typeof a, items: number) => {
      const metadata = { "tenant.id": [tenant.id], host: ["x"] };
      return watch(processor.consume(payloadFrom(tenant, items, metadata), new AbortController().signal));
    };
    const sent = () =>
      destination.calls.map((
        { payload: { itemCount, origin } },
      ) => [itemCount, origin.tenant?.id, [...origin.metadata]]);
    return { send, sent };
  };
  await t.step("are kept apart, for what comes after to tell them apart", async () => {
    const { send, sent } = setUpFor({});
    for (const tenant of [a, b, a, b]) send(tenant, 5);
    await settle();
    deepStrictEqual(sent(), [a, b].map(({ id }) => [10, id, [["tenant.id", [id]]]]));
  });
  await t.step("share batches that are nobody's when asked to", async () => {
    const { send, sent } = setUpFor({ by_tenant: false });
    for (const tenant of [a, b]) send(tenant, 5);
    await settle();
    deepStrictEqual(sent(), [[10, undefined, []]]);
  });
});
