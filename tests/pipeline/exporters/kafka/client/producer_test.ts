import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { systemClock } from "../../../../../pipeline/core/clock.ts";
import {
  DeadlineExceededError,
  GatewayError,
  OwnCredentialsError,
  RejectedError,
  UnavailableError,
} from "../../../../../pipeline/core/errors.ts";
import { type Logger, silentLogger } from "../../../../../pipeline/core/log/logger.ts";
import { createMemoryBudget, type MemoryBudget } from "../../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../../pipeline/core/telemetry/meter.ts";
import { MAX_TOPICS } from "../../../../../pipeline/exporters/kafka/client/cluster.ts";
import { KafkaProducer, type ProducerSettings } from "../../../../../pipeline/exporters/kafka/client/producer.ts";
import type { KafkaRecord } from "../../../../../pipeline/exporters/kafka/client/record.ts";
import { NO_HEADERS } from "../kafka_support.ts";
import { type ProduceAnswer, ScriptedBroker } from "./scripted_broker.ts";
import { eventually } from "../../../../support/eventually.ts";

const never = new AbortController().signal;
const CLIENT_ID = new TextEncoder().encode("test");

type Overrides = Partial<Omit<ProducerSettings, "connection">> & { readonly requestTimeoutMs?: number };

function createProducer(
  broker: { readonly port: number },
  { requestTimeoutMs = 5_000, ...settings }: Overrides = {},
  memory: MemoryBudget = createMemoryBudget(),
): KafkaProducer {
  return new KafkaProducer({
    bootstrap: [{ host: "127.0.0.1", port: broker.port }],
    connection: {
      clientId: CLIENT_ID,
      tls: undefined,
      sasl: undefined,
      connectTimeoutMs: 5_000,
      requestTimeoutMs,
      idleTimeoutMs: 60_000,
      clock: systemClock,
    },
    allowAutoTopicCreation: false,
    refreshIntervalMs: 60_000,
    retryMax: 3,
    retryBackoffMs: 1,
    logger: silentLogger,
    meter: silentMeter,
    clientId: CLIENT_ID,
    acks: -1,
    brokerTimeoutMs: 1_000,
    compressor: undefined,
    maxBatchBytes: 10_000,
    maxBatchRecords: 100,
    maxInFlightBytes: 1_000_000,
    ...settings,
  }, memory);
}

function recordOf(bytes = 10): KafkaRecord {
  return { key: null, value: [new Uint8Array(bytes)], valueBytes: bytes, headers: NO_HEADERS };
}

/** Runs `use` with a broker and a producer for it, then closes both. */
async function withBroker(
  use: (broker: ScriptedBroker, producer: KafkaProducer) => Promise<void>,
  overrides: Overrides = {},
): Promise<void> {
  const broker = new ScriptedBroker();
  const producer = createProducer(broker, overrides);
  try {
    await use(broker, producer);
  } finally {
    await producer.close(AbortSignal.abort());
    broker.close();
  }
}

/** A promise that a test settles. */
function hold(): { readonly promise: Promise<void>; readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, release: resolve };
}

Deno.test("KafkaProducer: only a reply for exactly these records means kept", async (t) => {
  const cases: { answer: ProduceAnswer; error: typeof GatewayError.prototype.code; own?: true }[] = [
    { answer: "no entry", error: "unavailable" },
    { answer: "another partition", error: "unavailable" },
    { answer: "two entries", error: "unavailable" },
    { answer: "cut short", error: "unavailable" },
    { answer: "wrong correlation id", error: "unavailable" },
    { answer: "close", error: "unavailable" },
    { answer: -1, error: "unavailable" },
    { answer: 7, error: "unavailable" },
    { answer: 19, error: "unavailable" },
    { answer: 1_234, error: "unavailable" },
    { answer: 10, error: "invalid_argument" },
    { answer: 29, error: "unavailable", own: true },
    { answer: 31, error: "unavailable", own: true },
    { answer: 87, error: "invalid_argument" },
  ];
  for (const { answer, error, own = false } of cases) {
    await t.step(`${answer}`, () =>
      withBroker(async (broker, producer) => {
        broker.onProduce = () => answer;
        await rejects(
          producer.produce("t", 0, [recordOf()], never),
          (thrown) =>
            thrown instanceof GatewayError && thrown.code === error && thrown.retryable === (error === "unavailable") &&
            (thrown instanceof OwnCredentialsError) === own,
        );
        strictEqual(broker.produced.length, 1, "sent once: its fate is not known, or known for good");
        broker.onProduce = () => 0;
        await producer.produce("t", 0, [recordOf()], never);
      }));
  }
});

Deno.test("KafkaProducer: a broker that does not answer costs one request timeout, and its connection", () =>
  withBroker(async (broker, producer) => {
    broker.onProduce = () => "hang";
    const failures = [1, 2].map(() => rejects(producer.produce("t", 0, [recordOf()], never), DeadlineExceededError));
    await failures[0];
    broker.onProduce = () => 0;
    await Promise.allSettled(failures);
    await producer.produce("t", 0, [recordOf()], never);
    ok(broker.connections >= 2);
  }, { requestTimeoutMs: 50 }));

Deno.test("KafkaProducer: a partition that moved is found again, and the records are sent there", async () => {
  const [one, two] = [new ScriptedBroker(1), new ScriptedBroker(2)];
  let leader = 1;
  for (const broker of [one, two]) {
    broker.cluster = [one, two];
    broker.onMetadata = () => ({ leaders: [leader] });
  }
  one.onProduce = () => {
    leader = 2;
    return 6;
  };
  const producer = createProducer(one);
  await producer.produce("t", 0, [recordOf()], never);
  deepStrictEqual([one.produced.length, two.produced.length], [1, 1]);
  await producer.produce("t", 0, [recordOf()], never);
  deepStrictEqual([one.produced.length, two.produced.length], [1, 2]);
  await producer.close(AbortSignal.abort());
  one.close();
  two.close();
});

Deno.test("KafkaProducer: it gives up on a partition without a leader after retry.max more tries", () =>
  withBroker(async (broker, producer) => {
    broker.onProduce = () => 6;
    await rejects(producer.produce("t", 0, [recordOf()], never), UnavailableError);
    strictEqual(broker.produced.length, 4);
  }));

Deno.test("KafkaProducer: topics", async (t) => {
  await t.step("one that is being made is asked for again", () =>
    withBroker(async (broker, producer) => {
      const answers = [{ errorCode: 5 }, { errorCode: 3 }, { leaders: [1, -1, 1] }];
      let autoCreation = false;
      broker.onMetadata = (_topic, allow) => {
        autoCreation = allow;
        return answers.shift()!;
      };
      const { count, writable } = await producer.partitions("t", never);
      deepStrictEqual([count, writable, autoCreation], [3, [0, 2], true]);
    }, { allowAutoTopicCreation: true }));
  await t.step("one that is not there can be there later", () =>
    withBroker(async (broker, producer) => {
      broker.onMetadata = () => ({ errorCode: 3 });
      await rejects(producer.partitions("t", never), UnavailableError);
      strictEqual(broker.topicsAsked.length, 4);
      await rejects(producer.partitions("t", never), UnavailableError);
      strictEqual(broker.topicsAsked.length, 4, "the failure is remembered for a moment");
    }, { retryBackoffMs: 20 }));
  await t.step("one that is forbidden is refused, and others work", () =>
    withBroker(async (broker, producer) => {
      broker.onMetadata = (topic) => topic === "secret" ? { errorCode: 29 } : { leaders: [1] };
      await rejects(producer.partitions("secret", never), OwnCredentialsError);
      await producer.produce("t", 0, [recordOf()], never);
    }));
  await t.step("one that is gone stops nobody else", () =>
    withBroker(async (broker, producer) => {
      await producer.produce("gone", 0, [recordOf()], never);
      await producer.produce("t", 0, [recordOf()], never);
      broker.onMetadata = (topic) => topic === "gone" ? { errorCode: 3 } : { leaders: [1] };
      broker.onProduce = ({ topic }) => topic === "gone" ? 3 : 0;
      await rejects(producer.produce("gone", 0, [recordOf()], never), UnavailableError);
      await producer.produce("t", 0, [recordOf()], never);
      strictEqual(broker.connections, 1);
    }));
  const illegal = ["", ".", "..", "a b", "ä", "a/b", "x".repeat(250)];
  for (const topic of illegal) {
    await t.step(`"${topic.slice(0, 10)}" is no name`, () =>
      withBroker(async (broker, producer) => {
        await rejects(producer.partitions(topic, never), RejectedError);
        strictEqual(broker.connections, 0);
      }));
  }
  await t.step("the longest name", () =>
    withBroker(async (_broker, producer) => {
      strictEqual((await producer.partitions("x".repeat(249), never)).count, 1);
    }));
  await t.step("as many as the bound are remembered", () =>
    withBroker(async (broker, producer) => {
      for (let at = 0; at < MAX_TOPICS; at++) await producer.partitions(`t${at}`, never);
      await producer.partitions("t0", never);
      strictEqual(broker.topicsAsked.length, MAX_TOPICS);
      await producer.partitions("one more", never).catch(() => {});
      await producer.partitions("one-more", never);
      await producer.partitions("t0", never);
      strictEqual(broker.topicsAsked.length, MAX_TOPICS + 2, "the oldest is asked for again");
    }));
});

Deno.test("KafkaProducer: what comes while a request is under way shares the next one", () =>
  withBroker(async (broker, producer) => {
    const first = hold();
    broker.onProduce = async () => {
      if (broker.produced.length === 1) await first.promise;
      return 0;
    };
    const sends = Array.from({ length: 6 }, () => producer.produce("t", 0, [recordOf(3_000)], never));
    await eventually(() => broker.produced.length === 1);
    first.release();
    await Promise.all(sends);
    deepStrictEqual(broker.produced.map(({ recordCount }) => recordCount), [1, 3, 2]);
    ok(broker.produced.every(({ batchBytes }) => batchBytes <= 10_000));
  }));

Deno.test("KafkaProducer: one parcel that is too large does not take the others with it", () =>
  withBroker(async (broker, producer) => {
    const first = hold();
    broker.onProduce = async ({ batchBytes }) => {
      if (broker.produced.length === 1) await first.promise;
      return batchBytes > 2_000 ? 10 : 0;
    };
    const before = producer.produce("t", 0, [recordOf(1)], never);
    await eventually(() => broker.produced.length === 1);
    const [small, large, other] = [500, 3_000, 600].map((bytes) => producer.produce("t", 0, [recordOf(bytes)], never));
    first.release();
    await Promise.all([before, small, other, rejects(large!, { name: "RejectedError", code: "invalid_argument" })]);
  }));

Deno.test("KafkaProducer: a partition whose leader hangs does not stop another's", async () => {
  const [one, two] = [new ScriptedBroker(1), new ScriptedBroker(2)];
  for (const broker of [one, two]) {
    broker.cluster = [one, two];
    broker.onMetadata = () => ({ leaders: [1, 2] });
  }
  const stuck = hold();
  two.onProduce = () => stuck.promise.then(() => 0);
  const producer = createProducer(one);
  const waiting = producer.produce("t", 1, [recordOf()], never);
  await eventually(() => two.produced.length === 1);
  for (let n = 0; n < 5; n++) await producer.produce("t", 0, [recordOf()], never);
  strictEqual(one.produced.length, 5);
  stuck.release();
  await waiting;
  await producer.close(AbortSignal.abort());
  one.close();
  two.close();
});

Deno.test("KafkaProducer: requests under way are bounded in bytes, and counted as held", async () => {
  const broker = new ScriptedBroker();
  broker.onMetadata = () => ({ leaders: [1, 1, 1, 1] });
  const memory = createMemoryBudget();
  const producer = createProducer(broker, { maxInFlightBytes: 6_500 }, memory);
  const stuck = hold();
  broker.onProduce = () => stuck.promise.then(() => 0);
  const sends = [0, 1, 2, 3].map((partition) => producer.produce("t", partition, [recordOf(3_000)], never));
  await eventually(() => broker.produced.length === 1);
  ok(memory.heldBytes() >= 6_000 && memory.heldBytes() <= 6_500, `${memory.heldBytes()}`);
  stuck.release();
  await Promise.all(sends);
  strictEqual(memory.heldBytes(), 0);
  await producer.close(AbortSignal.abort());
  broker.close();
});

Deno.test("KafkaProducer: what nobody waits for any more is not sent", () =>
  withBroker(async (broker, producer) => {
    const first = hold();
    broker.onProduce = () => first.promise.then(() => 0);
    const underWay = producer.produce("t", 0, [recordOf()], never);
    await eventually(() => broker.produced.length === 1);
    const caller = new AbortController();
    const left = producer.produce("t", 0, [recordOf()], caller.signal);
    caller.abort();
    await rejects(left, UnavailableError);
    first.release();
    await underWay;
    await producer.produce("t", 0, [recordOf()], never);
    strictEqual(broker.produced.length, 2);
  }));

Deno.test("KafkaProducer: what waits for room is not sent when its caller has left", async () => {
  const broker = new ScriptedBroker();
  broker.onMetadata = () => ({ leaders: [1, 1] });
  const producer = createProducer(broker, { maxInFlightBytes: 100 });
  const stuck = hold();
  broker.onProduce = () => stuck.promise.then(() => 0);
  const underWay = producer.produce("t", 0, [recordOf()], never);
  await eventually(() => broker.produced.length === 1);
  const caller = new AbortController();
  const left = producer.produce("t", 1, [recordOf()], caller.signal);
  caller.abort();
  await rejects(left, UnavailableError);
  stuck.release();
  await underWay;
  await producer.close(never);
  strictEqual(broker.produced.length, 1);
  broker.close();
});

Deno.test("KafkaProducer: a broker that is away is logged once in a while, not once a try", async () => {
  const broker = new ScriptedBroker();
  const { port } = broker;
  broker.close();
  const lines: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void lines.push(message) };
  const producer = createProducer({ port }, { logger, retryBackoffMs: 0 });
  for (let n = 0; n < 5; n++) await rejects(producer.partitions("t", never), UnavailableError);
  deepStrictEqual(lines, ["cannot connect to a Kafka broker"]);
  await producer.close(never);
});

Deno.test("KafkaProducer: acks 0 waits for no answer", () =>
  withBroker(async (broker, producer) => {
    await producer.produce("t", 0, [recordOf()], never);
    await eventually(() => broker.produced.length === 1);
    strictEqual(broker.produced[0]!.acks, 0);
  }, { acks: 0 }));

Deno.test("KafkaProducer: a quota's pause is kept before the next request", () =>
  withBroker(async (broker, producer) => {
    broker.onProduce = () => ({ code: 0, throttleMs: 60_000 });
    await producer.produce("t", 0, [recordOf()], never);
    const caller = new AbortController();
    const next = producer.produce("t", 0, [recordOf()], caller.signal);
    await producer.partitions("t", never);
    strictEqual(broker.produced.length, 1);
    caller.abort();
    await rejects(next, UnavailableError);
  }));

Deno.test("KafkaProducer: close", async (t) => {
  await t.step("waits for what is under way, and takes nothing more", () =>
    withBroker(async (broker, producer) => {
      const held = hold();
      broker.onProduce = () => held.promise.then(() => 0);
      const underWay = producer.produce("t", 0, [recordOf()], never);
      await eventually(() => broker.produced.length === 1);
      const closed = producer.close(never);
      await rejects(producer.produce("t", 0, [recordOf()], never), UnavailableError);
      held.release();
      await Promise.all([underWay, closed]);
    }));
  await t.step("at its deadline, cuts what is left", () =>
    withBroker(async (broker, producer) => {
      broker.onProduce = () => "hang";
      const underWay = producer.produce("t", 0, [recordOf()], never);
      await eventually(() => broker.produced.length === 1);
      const deadline = new AbortController();
      const closed = producer.close(deadline.signal);
      deadline.abort();
      await Promise.all([closed, rejects(underWay, UnavailableError)]);
    }));
});

Deno.test("KafkaProducer: no broker at all is a failure that time can mend", async () => {
  const broker = new ScriptedBroker();
  const { port } = broker;
  broker.close();
  const producer = createProducer({ port });
  await rejects(producer.partitions("t", never), UnavailableError);
  await producer.close(AbortSignal.abort());
});
