/**
 * Whatever arrives, in whatever sizes, whoever leaves, and however the destination fails: nothing is lost in silence.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import type { Outcome } from "../../../pipeline/contract/consumer.ts";
import { RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { NO_ORIGIN, type Payload, payloadBytes, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { type QueueConfig, queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { sizeOf } from "../../../pipeline/queue/batch.ts";
import { settle } from "../../support/fake_clock.ts";
import { tenantTag } from "./support.ts";
import { testDeps, watch, type Watched } from "../../support/component_deps.ts";

/** A log request whose records are told apart by a number. */
function logs(first: number, count: number, tenant: TenantTag | undefined): Payload {
  const records = Array.from({ length: count }, (_, place) => {
    const time = new Uint8Array(9);
    time[0] = 1 << 3 | 1;
    new DataView(time.buffer).setUint32(1, first + place, true);
    return field(2, time);
  });
  const origin = tenant === undefined ? NO_ORIGIN : { ...NO_ORIGIN, tenant };
  return payloadOf("logs", field(1, field(2, join(records))), count, origin);
}

function field(number: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) length.push(rest & 0x7f | 0x80);
  return join([Uint8Array.of(number << 3 | 2, ...length, rest), content]);
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** The numbers of the records in a payload, whatever resources and scopes they are in. */
function numbersOf(payload: Payload): number[] {
  const numbers: number[] = [];
  const walk = (bytes: Uint8Array, depth: number) => {
    for (let at = 0; at < bytes.length;) {
      at++;
      let length = 0;
      for (let shift = 0;; shift += 7) {
        const byte = bytes[at++] ?? 0;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const content = bytes.subarray(at, at + length);
      if (depth === 2) numbers.push(new DataView(content.buffer, content.byteOffset).getUint32(1, true));
      else walk(content, depth + 1);
      at += length;
    }
  };
  walk(payloadBytes(payload), 0);
  return numbers;
}

type Answer = "kept" | "away" | "refused" | "rejects one" | "never";
type Step =
  | { readonly do: "send"; readonly items: number; readonly tenant: TenantTag | undefined }
  | { readonly do: "leave"; readonly sender: number }
  | { readonly do: "pass"; readonly ms: number };

const answers = fc.array(
  fc.record({
    answer: fc.constantFrom<Answer>("kept", "kept", "kept", "away", "refused", "rejects one", "never"),
    afterMs: fc.constantFrom(0, 0, 10, 500, 3_000),
  }),
  { minLength: 1, maxLength: 20 },
);

const tenant = fc.constantFrom(
  undefined,
  tenantTag(0),
  tenantTag(1, { weight: 3 }),
  tenantTag(2, { maxQueueShare: 0.3 }),
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("send" as const), items: fc.integer({ min: 0, max: 30 }), tenant }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), sender: fc.nat(40) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(0, 1, 100, 250, 2_000, 6_000) }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

const sizer = fc.constantFrom("requests" as const, "items" as const, "bytes" as const);

const queues: fc.Arbitrary<QueueConfig | undefined> = fc.option(
  fc.record({
    sizer,
    queue_size: fc.integer({ min: 1, max: 400 }),
    num_consumers: fc.integer({ min: 1, max: 4 }),
    block_on_overflow: fc.boolean(),
    wait_for_result: fc.boolean(),
    batch: fc.option(
      fc.record({
        sizer,
        min_size: fc.integer({ min: 0, max: 40 }),
        extra: fc.integer({ min: 0, max: 40 }),
        by_tenant: fc.boolean(),
      }),
      { nil: undefined },
    ),
  }).map(({ batch, ...queue }) => ({
    ...queueSchema.parse({}),
    ...queue,
    batch: batch && {
      flush_timeout: 200,
      sizer: batch.sizer,
      min_size: batch.min_size,
      max_size: batch.extra === 0 ? 0 : batch.min_size + batch.extra,
      partition: { metadata_keys: [], by_tenant: batch.by_tenant },
    },
  })),
  { nil: undefined },
);

/** What one sender gave. */
interface Sent {
  /** Its records have the numbers from here on. */
  readonly first: number;
  readonly items: number;
  readonly sender: AbortController;
  readonly result: Watched;
}

/** A destination that does as it is told, and checks every batch as it comes. */
class Judge {
  readonly delivered = new Map<number, number>();
  #call = 0;

  constructor(
    readonly script: readonly { readonly answer: Answer; readonly afterMs: number }[],
    readonly clock: ReturnType<typeof testDeps>["clock"],
    readonly check: (payload: Payload) => void,
  ) {}

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    this.check(payload);
    const { answer, afterMs } = this.script[this.#call++ % this.script.length] ?? { answer: "kept", afterMs: 0 };
    return new Promise((resolve, reject) => {
      if (answer === "never") return abort.addEventListener("abort", () => reject(abort.reason));
      const timer = this.clock.setTimer(() => {
        if (answer === "away") return reject(new UnavailableError("Cannot send: away"));
        if (answer === "refused") return reject(new RejectedError("Cannot send: refused", "invalid_argument"));
        const rejectedItems = answer === "rejects one" ? Math.min(1, payload.itemCount) : 0;
        for (const number of numbersOf(payload)) this.delivered.set(number, (this.delivered.get(number) ?? 0) + 1);
        resolve({ rejectedItems, message: rejectedItems > 0 ? "one is bad" : "" });
      }, afterMs);
      abort.addEventListener("abort", () => {
        this.clock.clearTimer(timer);
        reject(abort.reason);
      });
    });
  }
}

Deno.test("every item given to a sender chain is kept once, or its sender is told, or it is counted", async () => {
  const timeouts = fc.constantFrom(2_000, 20_000);
  const property = fc.asyncProperty(queues, answers, steps, fc.boolean(), timeouts, async (...drawn) => {
    const [queue, script, todo, drains, timeoutMs] = drawn;
    const deps = testDeps("logs");
    const metric = (name: string) => deps.meter.get(`otelcol_exporter_${name}`);
    const waits = queue?.wait_for_result ?? true;
    const sent: Sent[] = [];
    const wrongs: string[] = [];
    const judge = new Judge(script, deps.clock, (payload) => {
      const { sizer = "items", max_size } = queue?.batch ?? { max_size: 0 };
      const size = sizeOf(payload, sizer);
      if (max_size > 0 && size > max_size && payload.itemCount > 1) wrongs.push(`a batch of ${size} ${sizer}`);
      const numbers = numbersOf(payload);
      const wanted = numbers.some((number) =>
        sent.every(({ first, items, result }) =>
          number < first || number >= first + items || !(result.settled instanceof Error)
        )
      );
      if (waits && numbers.length > 0 && !wanted) wrongs.push("data was sent whose senders were all told to come back");
    });
    const chain = createSenderChain(judge, {
      timeoutMs,
      retry_on_failure: { ...retrySchema.parse({}), initial_interval: 100, max_elapsed_time: 20_000 },
      sending_queue: queue,
    }, deps);

    let given = 0;
    for (const step of todo) {
      if (step.do === "pass") await deps.clock.advance(step.ms);
      else if (step.do === "leave") sent[step.sender]?.sender.abort();
      else {
        const sender = new AbortController();
        const result = watch(chain.consume(logs(given, step.items, step.tenant), sender.signal));
        sent.push({ first: given, items: step.items, sender, result });
        given += step.items;
      }
      if (queue !== undefined) ok(metric("queue_size") <= queue.queue_size, "the queue is bounded");
    }
    const deadline = new AbortController();
    const down = chain.shutdown?.(deadline.signal);
    await deps.clock.advance(drains ? 60_000 : 150);
    deadline.abort();
    await down;
    await settle();

    deepStrictEqual(wrongs, []);
    strictEqual(metric("queue_size"), 0);
    strictEqual(metric("in_flight_requests"), 0);
    strictEqual(deps.memory.heldBytes(), 0);
    await deps.clock.advance(10_000);
    strictEqual(deps.clock.pending, 0, "no timer is left");
    deepStrictEqual(
      metric("sent_log_records") + metric("send_failed_log_records") + metric("enqueue_failed_log_records") +
        deps.meter.get("sluice_exporter_abandoned_log_records"),
      given,
      "every item is counted once",
    );
    for (const { first, items, result } of sent) {
      ok(result.settled !== undefined, "every sender has an answer");
      for (let number = first; number < first + items; number++) {
        const times = judge.delivered.get(number) ?? 0;
        ok(times <= 1, `item ${number} was delivered ${times} times`);
        if (result.settled instanceof Error || !waits) continue;
        const rejected: number = result.settled.rejectedItems;
        ok(times === 1 || rejected > 0, `item ${number} was called kept and is not`);
      }
    }
  });
  await fc.assert(property, { numRuns: 150 });
});
