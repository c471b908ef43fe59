import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Consumer, Lifecycle, Outcome } from "../../../../pipeline/contract/consumer.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { GatewayError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { describeError, silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { kafkaExporterFactory } from "../../../../pipeline/exporters/kafka/kafka.ts";
import { murmur2, saramaCompat } from "../../../../pipeline/exporters/kafka/partitioners.ts";
import type { Payload } from "../../../../pipeline/otlp/payload.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { attributeMapHash, resourceAttribute } from "../../../../pipeline/otlp/resource.ts";
import type { Signal } from "../../../../pipeline/otlp/signals.ts";
import { partitionByTraceId } from "../../../../pipeline/otlp/split.ts";
import { eventually } from "../../../support/eventually.ts";
import { type KafkaCluster, missingForKafka, startKafka, type StoredRecord } from "../../../support/kafka.ts";
import { decodeRequest } from "../../../support/otlp_proto.ts";
import { skipWithout } from "../../../support/real_parts.ts";
import { resourcesOf } from "../../../support/resources.ts";
import { kafkaConfig, originWith, samplePayload } from "./kafka_support.ts";

const never = new AbortController().signal;
const text = new TextDecoder();
/** One attempt, and its result is the answer. */
const ONCE =
  "retry_on_failure: {enabled: false}\nsending_queue: {enabled: false}\nmetadata: {retry: {max: 10, backoff: 100ms}}";

function createExporter(yaml: string, signal: Signal = "traces"): Consumer & Lifecycle {
  return kafkaExporterFactory.create(kafkaConfig(yaml), {
    id: "kafka",
    signal,
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  });
}

/** Sends payloads one after another through an exporter of its own. */
async function send(bootstrap: readonly string[], yaml: string, ...payloads: Payload[]): Promise<Outcome[]> {
  const exporter = createExporter(`brokers: [${bootstrap.join(", ")}]\n${ONCE}\n${yaml}`, payloads[0]!.signal);
  await exporter.start?.();
  try {
    const outcomes: Outcome[] = [];
    for (const payload of payloads) outcomes.push(await exporter.consume(payload, never));
    return outcomes;
  } finally {
    await exporter.shutdown?.(AbortSignal.timeout(5_000));
  }
}

function keysAndPartitions(records: readonly StoredRecord[]) {
  return records.map(({ key, partition }) => [key === null ? null : key.toHex(), partition]).sort();
}

function spansIn(records: readonly StoredRecord[]): number {
  const ids = records.flatMap((
    { value },
  ) => [...JSON.stringify(decodeRequest("traces", value)).matchAll(/"span_id"/g)]);
  return ids.length;
}

Deno.test({
  name: "kafka exporter and a real broker",
  ignore: skipWithout("kafka", await missingForKafka()),
  async fn(t) {
    const kafka = await startKafka("--sasl", "--tls", "--acl", "--auto-create", "true", "--partitions", "3");
    try {
      await encodingsAndCodecs(t, kafka);
      await topicsKeysAndHeaders(t, kafka);
      await sizes(t, kafka);
      await topicsThatAreNotThere(t, kafka);
      await securedListeners(t, kafka);
      await aCollectorsConfig(t, kafka);
    } finally {
      await kafka.stop();
    }
  },
});

async function encodingsAndCodecs(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  await kafka.createTopic("codecs", 1);
  const payload = samplePayload("traces", 20);
  const codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
  for (const codec of codecs) {
    await send(kafka.bootstrap, `traces: {topic: codecs}\nproducer: {compression: ${codec}}`, payload);
  }
  await t.step("every codec is read back by kafkajs, byte for byte", async () => {
    const values = (await kafka.read("codecs")).map(({ value }) => value);
    deepStrictEqual(values, codecs.map(() => payloadBytes(payload)));
  });
  const read = await kafka.readWithLibrdkafka("codecs");
  await t.step({
    name: "and by librdkafka, which checks every CRC",
    ignore: read === undefined,
    fn: () => deepStrictEqual([read?.total, read?.errors], [codecs.length, []]),
  });
  for (const signal of ["traces", "metrics", "logs", "profiles"] as const) {
    await t.step(`${signal} as otlp_proto`, async () => {
      const sample = samplePayload(signal, 5);
      await send(kafka.bootstrap, `${signal}: {topic: proto_${signal}}`, sample);
      const [record] = await kafka.read(`proto_${signal}`);
      deepStrictEqual(decodeRequest(signal, record!.value), decodeRequest(signal, payloadBytes(sample)));
    });
  }
  await t.step("logs as otlp_json", async () => {
    await send(kafka.bootstrap, "logs: {topic: json, encoding: otlp_json}", samplePayload("logs", 3));
    const [record] = await kafka.read("json");
    strictEqual(JSON.parse(text.decode(record!.value)).resourceLogs[0].scopeLogs[0].logRecords.length, 3);
  });
  for (const acks of [0, 1]) {
    await t.step(`acks ${acks}`, async () => {
      await send(kafka.bootstrap, `traces: {topic: acks${acks}}\nproducer: {required_acks: ${acks}}`, payload);
      await eventually(async () => (await kafka.read(`acks${acks}`)).length === 1); // with 0 nobody says when
    });
  }
}

async function topicsKeysAndHeaders(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  await t.step("a topic for each resource", async () => {
    const payload = samplePayload("traces", 20, { resources: 5 });
    await send(kafka.bootstrap, "topic_from_attribute: k8s.namespace.name", payload);
    const namespaces = Map.groupBy(
      resourcesOf(payload),
      ({ resource }) => resourceAttribute(resource, "k8s.namespace.name")!,
    );
    strictEqual(namespaces.size, 5);
    for (const [namespace, entries] of namespaces) {
      strictEqual(spansIn(await kafka.read(namespace)), entries.reduce((sum, { itemCount }) => sum + itemCount, 0));
    }
  });
  await t.step("topic, key and headers from client metadata", async () => {
    const yaml = "traces: {topic_from_metadata_key: X-Topic, message_key_from_metadata_key: X-Tenant}\n" +
      "include_metadata_keys: [X-Tenant]\nrecord_headers: {env: prod}";
    const origin = originWith({ "x-topic": ["chosen"], "x-tenant": ["acme", "b"] });
    await send(kafka.bootstrap, yaml, { ...samplePayload("traces", 1), origin });
    const [record] = await kafka.read("chosen");
    strictEqual(text.decode(record!.key!), "acme");
    deepStrictEqual(record!.headers, { env: "prod", "X-Tenant": ["acme", "b"] });
  });
  for (const [hasher, hash] of [["sarama_compat", saramaCompat], ["murmur2", murmur2]] as const) {
    await t.step(`traces by id, ${hasher}`, async () => {
      const topic = `traces_${hasher}`;
      await kafka.createTopic(topic, 12);
      const payload = samplePayload("traces", 300);
      const yaml =
        `traces: {topic: ${topic}}\npartition_traces_by_id: true\nrecord_partitioner: {sticky_key: {hasher: ${hasher}}}`;
      await send(kafka.bootstrap, yaml, payload);
      const want = partitionByTraceId(payload).map(({ traceId }) => {
        const key = new TextEncoder().encode(traceId);
        return [key.toHex(), hash(key, 12)];
      });
      deepStrictEqual(keysAndPartitions(await kafka.read(topic)), want.sort());
    });
  }
  await t.step("metrics by resource attributes", async () => {
    await kafka.createTopic("by_resource", 12);
    const payload = samplePayload("metrics", 40, { resources: 8 });
    await send(
      kafka.bootstrap,
      "metrics: {topic: by_resource}\npartition_metrics_by_resource_attributes: true",
      payload,
    );
    const want = resourcesOf(payload).map(({ resource }) => attributeMapHash(resource))
      .map((key) => [key.toHex(), saramaCompat(key, 12)]);
    deepStrictEqual(keysAndPartitions(await kafka.read("by_resource")), want.sort());
  });
  await t.step("round_robin", async () => {
    await kafka.createTopic("round", 3);
    const payload = samplePayload("traces", 1);
    await send(
      kafka.bootstrap,
      "traces: {topic: round}\nrecord_partitioner: {round_robin: {}}",
      payload,
      payload,
      payload,
    );
    deepStrictEqual((await kafka.read("round")).map(({ partition }) => partition), [0, 1, 2]);
  });
}

async function sizes(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  await t.step("a large payload becomes several records, each within max_message_bytes", async () => {
    await kafka.createTopic("large", 1);
    const payload = samplePayload("traces", 6_000);
    ok(payload.byteLength > 2_500_000);
    deepStrictEqual(await send(kafka.bootstrap, "traces: {topic: large}", payload), [{
      rejectedItems: 0,
      message: "",
    }]);
    const records = await kafka.read("large");
    strictEqual(records.length, Math.ceil(payload.byteLength / 999_900));
    strictEqual(spansIn(records), spansIn([{ ...records[0]!, value: payloadBytes(payload) }]));
  });
  await t.step("a batch of exactly max_message_bytes is taken by a topic with that limit", async () => {
    await kafka.createTopic("exact", 1, { "max.message.bytes": "20000" });
    const payload = samplePayload("traces", 300);
    await send(kafka.bootstrap, "traces: {topic: exact}\nproducer: {max_message_bytes: 20000}", payload);
    strictEqual(spansIn(await kafka.read("exact")), spansIn([{ value: payloadBytes(payload) } as StoredRecord]));
  });
  await t.step("what the topic finds too large is refused for good", async () => {
    await kafka.createTopic("narrow", 1, { "max.message.bytes": "2000" });
    const sent = send(kafka.bootstrap, "traces: {topic: narrow}", samplePayload("traces", 100));
    await rejects(sent, { name: "RejectedError", code: "invalid_argument" });
  });
}

async function topicsThatAreNotThere(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  await t.step("a topic is not made unless allowed", async () => {
    const yaml = "traces: {topic: absent}\nproducer: {allow_auto_topic_creation: false}";
    await rejects(send(kafka.bootstrap, yaml, samplePayload("traces", 1)), UnavailableError);
    strictEqual((await kafka.topics()).includes("absent"), false);
    await kafka.createTopic("absent", 1);
    await send(kafka.bootstrap, yaml, samplePayload("traces", 1));
    strictEqual((await kafka.read("absent")).length, 1);
  });
  await t.step("a topic that was deleted stops only what goes there", async () => {
    await kafka.createTopic("deleted", 1);
    const yaml = "topic_from_attribute: deployment.environment.name\n" +
      "traces: {topic_from_metadata_key: topic}\nproducer: {allow_auto_topic_creation: false}";
    await kafka.createTopic("production", 1);
    const exporter = createExporter(`brokers: [${kafka.bootstrap}]\n${ONCE}\n${yaml}`);
    const toDeleted = { ...samplePayload("traces", 1), origin: originWith({ topic: ["deleted"] }) };
    await exporter.start?.();
    await exporter.consume(toDeleted, never);
    await kafka.deleteTopic("deleted");
    await rejects(exporter.consume(toDeleted, never), UnavailableError);
    await exporter.consume(samplePayload("traces", 1), never);
    await exporter.shutdown?.(never);
    strictEqual((await kafka.read("production")).length, 1);
  });
}

async function securedListeners(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  const sasl = (mechanism: string, password = "sluice-secret", username = "sluice") =>
    `auth: {sasl: {mechanism: ${mechanism}, username: ${username}, password: ${password}}}`;
  await kafka.createTopic("secured", 1);
  await kafka.allowWrite("sluice", "secured");
  const toSecured = "traces: {topic: secured}";
  const payload = samplePayload("traces", 1);
  const good: { name: string; brokers: readonly string[]; yaml: string }[] = [
    { name: "PLAIN", brokers: kafka.bootstrapSasl, yaml: sasl("PLAIN") },
    { name: "SCRAM-SHA-256", brokers: kafka.bootstrapSasl, yaml: sasl("SCRAM-SHA-256") },
    {
      name: "SCRAM-SHA-512 over TLS",
      brokers: kafka.bootstrapSaslTls,
      yaml: `${sasl("SCRAM-SHA-512")}\ntls: {ca_file: ${kafka.caFile}}`,
    },
    {
      name: "auth.plain_text and auth.tls",
      brokers: kafka.bootstrapSaslTls,
      yaml: `auth: {plain_text: {username: sluice, password: sluice-secret}, tls: {ca_file: ${kafka.caFile}}}`,
    },
    {
      name: "TLS without a look at the certificate",
      brokers: kafka.bootstrapSaslTls,
      yaml: `${sasl("PLAIN")}\ntls: {insecure_skip_verify: true}`,
    },
  ];
  for (const { name, brokers, yaml } of good) {
    await t.step(name, async () => {
      deepStrictEqual(await send(brokers, `${toSecured}\n${yaml}`, payload), [{ rejectedItems: 0, message: "" }]);
    });
  }
  const bad: { name: string; brokers: readonly string[]; yaml: string; own: boolean }[] = [
    {
      name: "a wrong password, PLAIN",
      brokers: kafka.bootstrapSasl,
      yaml: sasl("PLAIN", "hunter2"),
      own: true,
    },
    {
      name: "a wrong password, SCRAM",
      brokers: kafka.bootstrapSasl,
      yaml: sasl("SCRAM-SHA-256", "hunter2"),
      own: true,
    },
    {
      name: "no right to the topic",
      brokers: kafka.bootstrapSasl,
      yaml: sasl("PLAIN", "other-secret", "other"),
      own: true,
    },
    {
      name: "a certificate of an unknown authority",
      brokers: kafka.bootstrapSaslTls,
      yaml: `${sasl("PLAIN")}\ntls: {}`,
      own: false,
    },
    { name: "plain text to a TLS listener", brokers: kafka.bootstrapTls, yaml: "timeout: 1s", own: false },
  ];
  for (const { name, brokers, yaml, own } of bad) {
    await t.step(`refused: ${name}`, async () => {
      await rejects(send(brokers, `${toSecured}\n${yaml}`, payload), (error) => {
        ok(error instanceof GatewayError);
        ok(!/hunter2|other-secret|sluice-secret/.test(describeError(error)));
        strictEqual(/refuses the gateway's credentials/.test(describeError(error)), own);
        return error.retryable && error.httpStatus === 503;
      });
    });
  }
  strictEqual((await kafka.read("secured")).length, good.length);
}

async function aCollectorsConfig(t: Deno.TestContext, kafka: KafkaCluster): Promise<void> {
  await t.step("a collector's section with queue and batch runs as it is", async () => {
    const exporter = createExporter(`
brokers: ["${kafka.bootstrap}"]
traces: { topic: collector, encoding: otlp_proto }
producer:
  required_acks: 1
  compression: zstd
sending_queue:
  enabled: true
  wait_for_result: true
  queue_size: 10000
  batch: { min_size: 2000, flush_timeout: 20ms }
`);
    await exporter.start?.();
    const payloads = Array.from({ length: 8 }, (_, seed) => samplePayload("traces", 10, { seed: seed + 1 }));
    await Promise.all(payloads.map((payload) => exporter.consume(payload, never)));
    await exporter.shutdown?.(AbortSignal.timeout(5_000));
    const records = await kafka.read("collector");
    strictEqual(
      spansIn(records),
      payloads.reduce((sum, payload) => sum + spansIn([{ value: payloadBytes(payload) } as StoredRecord]), 0),
    );
  });
}
