import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { type Clock, systemClock } from "../../../../pipeline/core/clock.ts";
import {
  type GatewayError,
  OwnCredentialsError,
  RejectedError,
  UnavailableError,
} from "../../../../pipeline/core/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import type { RecordProducer } from "../../../../pipeline/exporters/kafka/client/producer.ts";
import {
  BATCH_OVERHEAD_BYTES,
  type KafkaRecord,
  recordBytes,
} from "../../../../pipeline/exporters/kafka/client/record.ts";
import { KafkaPush } from "../../../../pipeline/exporters/kafka/kafka.ts";
import { partitionByTraceId } from "../../../../pipeline/otlp/split.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { kafkaConfig, samplePayload } from "./kafka_support.ts";

const never = new AbortController().signal;
const text = new TextDecoder();

/** Keeps what it is given, but for what `refuse` has an answer to. */
class FakeProducer implements RecordProducer {
  readonly batches: { readonly topic: string; readonly partition: number; readonly records: readonly KafkaRecord[] }[] =
    [];
  refuse: (topic: string, key: string) => GatewayError | undefined = () => undefined;

  partitions(topic: string) {
    const error = this.refuse(topic, "");
    return error === undefined ? Promise.resolve({ count: 4, writable: [0, 1, 2, 3] }) : Promise.reject(error);
  }

  produce(topic: string, partition: number, records: readonly KafkaRecord[]): Promise<void> {
    for (const { key } of records) {
      const error = this.refuse(topic, key === null ? "" : text.decode(key));
      if (error !== undefined) return Promise.reject(error);
    }
    this.batches.push({ topic, partition, records });
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Keys of all records that it kept. */
  get keys(): string[] {
    return this.batches.flatMap(({ records }) => records.map(({ key }) => key === null ? "" : text.decode(key)));
  }
}

async function createPush(
  yaml: string,
  producer = new FakeProducer(),
  { logger = silentLogger, clock = systemClock }: { readonly logger?: Logger; readonly clock?: Clock } = {},
) {
  const push = new KafkaPush(kafkaConfig(yaml), {
    id: "kafka/eu",
    signal: "traces",
    logger,
    meter: silentMeter,
    clock,
    random: () => 0.3,
    memory: createMemoryBudget(),
  }, () => Promise.resolve(producer));
  await push.start();
  return { push, producer };
}

const BY_TRACE = "partition_traces_by_id: true";
const away = new UnavailableError("away");
const bad = new RejectedError("bad", "invalid_argument");
const forbidden = new OwnCredentialsError("the broker says SASL_AUTHENTICATION_FAILED");

Deno.test("KafkaPush: all records kept is an outcome without rejected items", async () => {
  const { push, producer } = await createPush(BY_TRACE);
  deepStrictEqual(await push.consume(samplePayload("traces", 50), never), { rejectedItems: 0, message: "" });
  strictEqual(producer.keys.length, 5);
});

Deno.test("KafkaPush: records of a partition go in batches within max_message_bytes and flush_max_messages", async () => {
  const yaml = `${BY_TRACE}\nproducer: {max_message_bytes: 20000, flush_max_messages: 3}`;
  const { push, producer } = await createPush(yaml);
  await push.consume(samplePayload("traces", 500), never);
  strictEqual(producer.keys.length, 50);
  for (const { records } of producer.batches) {
    ok(records.length <= 3);
    ok(records.reduce((sum, record) => sum + recordBytes(record), BATCH_OVERHEAD_BYTES) <= 20_000);
  }
  ok(producer.batches.some(({ records }) => records.length === 3), "full batches");
});

Deno.test("KafkaPush: a retry sends only what is not kept yet", async () => {
  const { push, producer } = await createPush(BY_TRACE);
  const payload = samplePayload("traces", 50);
  const failing: string[] = [];
  producer.refuse = (_topic, key) => {
    if (key === "" || failing.length >= 2 && !failing.includes(key)) return undefined;
    if (!failing.includes(key)) failing.push(key);
    return away;
  };
  await rejects(push.consume(payload, never), (error) => error instanceof UnavailableError && error.cause === away);
  const keptAtFirst = producer.keys.length;
  ok(keptAtFirst > 0 && keptAtFirst < 5, `${keptAtFirst}`);
  producer.refuse = () => undefined;
  deepStrictEqual(await push.consume(payload, never), { rejectedItems: 0, message: "" });
  strictEqual(producer.keys.length, 5);
  strictEqual(new Set(producer.keys).size, 5);
});

Deno.test("KafkaPush: the same payload again after it was kept is sent again", async () => {
  const { push, producer } = await createPush("");
  const payload = samplePayload("traces", 1);
  await push.consume(payload, never);
  await push.consume(payload, never);
  strictEqual(producer.batches.length, 2);
});

Deno.test("KafkaPush: what Kafka refuses for good is told as a part, and not sent again", async () => {
  const { push, producer } = await createPush(`${BY_TRACE}\nproducer: {flush_max_messages: 1}`);
  const payload = samplePayload("traces", 50);
  const [refused, slow] = partitionByTraceId(payload).map(({ traceId }) => traceId);
  producer.refuse = (_topic, key) => key === refused ? bad : key === slow ? away : undefined;
  await rejects(push.consume(payload, never), UnavailableError);
  producer.refuse = () => undefined;
  const outcome = await push.consume(payload, never);
  deepStrictEqual(outcome, { rejectedItems: 10, message: "Kafka refused some of them for good" });
  strictEqual(producer.keys.includes(refused!), false);
});

Deno.test("KafkaPush: a topic that fails does not keep others from being sent", async () => {
  const { push, producer } = await createPush("topic_from_attribute: k8s.namespace.name");
  const payload = samplePayload("traces", 20, { resources: 5 });
  const topics: string[] = [];
  producer.refuse = (topic) => {
    if (!topics.includes(topic)) topics.push(topic);
    return topic === topics[0] ? away : undefined;
  };
  await rejects(push.consume(payload, never), UnavailableError);
  strictEqual(producer.batches.length, topics.length - 1);
  ok(producer.batches.length > 0);
});

Deno.test("KafkaPush: all refused is a failure with the reason's code, and says nothing of where", async () => {
  const { push, producer } = await createPush("");
  producer.refuse = () => bad;
  await rejects(push.consume(samplePayload("traces", 2), never), {
    name: "RejectedError",
    code: "invalid_argument",
    message: 'Cannot export 2 spans to "kafka/eu": Kafka refuses them',
  });
});

Deno.test("KafkaPush: credentials of the gateway that are refused may be mended: 503, and the log says whose they are", async () => {
  const errors: { message: string; fields: LogFields | undefined }[] = [];
  const logger = {
    ...silentLogger,
    error: (message: string, fields?: LogFields) => void errors.push({ message, fields }),
  };
  const clock = new FakeClock();
  const { push, producer } = await createPush("", new FakeProducer(), { logger, clock });
  producer.refuse = () => forbidden;
  const payload = samplePayload("traces", 2);
  const attempt = () =>
    rejects(push.consume(payload, never), {
      name: "OwnCredentialsError",
      retryable: true,
      httpStatus: 503,
      message: 'Cannot export 2 spans to "kafka/eu": Kafka refuses the gateway\'s credentials',
    });
  await attempt();
  await attempt();
  deepStrictEqual(errors, [{
    message: "Kafka refuses the gateway's credentials",
    fields: { attempts: 1, topic: "otlp_spans", error: "the broker says SASL_AUTHENTICATION_FAILED" },
  }]);
  await clock.advance(10_000);
  await attempt();
  deepStrictEqual(errors.map(({ fields }) => fields?.attempts), [1, 2]);
  producer.refuse = () => undefined;
  deepStrictEqual(await push.consume(payload, never), { rejectedItems: 0, message: "" });
});

Deno.test("KafkaPush: records refused for good are told at once and then rarely, with how many", async () => {
  const told: (LogFields | undefined)[] = [];
  const logger = { ...silentLogger, error: (_: string, fields?: LogFields) => void told.push(fields) };
  const clock = new FakeClock();
  const { push, producer } = await createPush("", new FakeProducer(), { logger, clock });
  producer.refuse = () => bad;
  const refuse = () => rejects(push.consume(samplePayload("traces", 2), never), { name: "RejectedError" });
  await refuse();
  await refuse();
  await clock.advance(10_000);
  await refuse();
  const field = { topic: "otlp_spans", error: "bad" };
  deepStrictEqual(told, [{ requests: 1, items: 2, ...field }, { requests: 2, items: 4, ...field }]);
});

Deno.test("KafkaPush: what is too large is told as a part, or as a failure when it is all", async () => {
  const { push, producer } = await createPush(
    "producer: {max_message_bytes: 1024}\nrecord_headers: {pad: " + "x".repeat(900) + "}",
  );
  await rejects(push.consume(samplePayload("traces", 2), never), { name: "RejectedError", code: "invalid_argument" });
  strictEqual(producer.batches.length, 0);
});

Deno.test("KafkaPush: before start nothing is taken", async () => {
  const push = new KafkaPush(kafkaConfig(), {
    id: "kafka",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  }, () => Promise.resolve(new FakeProducer()));
  await rejects(push.consume(samplePayload("traces", 1), never), UnavailableError);
});
