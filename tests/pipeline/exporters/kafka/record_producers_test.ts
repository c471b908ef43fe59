import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import type { Consumer, Lifecycle } from "../../../../pipeline/contract/consumer.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { describeError, silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { UnavailableError } from "../../../../pipeline/core/errors.ts";
import { createMemoryBudget } from "../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { KafkaProducer } from "../../../../pipeline/exporters/kafka/client/producer.ts";
import { kafkaExporterFactory } from "../../../../pipeline/exporters/kafka/kafka.ts";
import { createKafkajsProducer, MAX_TOPIC_CLIENTS } from "../../../../pipeline/exporters/kafka/kafkajs/producer.ts";
import {
  BROKER_OPTIONS,
  type CreateProducer,
  producerSettings,
  testBootstrap,
  testCredentials,
  testDistrust,
  testHungLeader,
  testRecordProducer,
} from "../../../contract/record_producer.ts";
import { eventually } from "../../../support/eventually.ts";
import { missingForKafka, startKafka } from "../../../support/kafka.ts";
import { skipWithout } from "../../../support/real_parts.ts";
import { ScriptedBroker } from "./client/scripted_broker.ts";
import { kafkaConfig, NO_HEADERS, samplePayload } from "./kafka_support.ts";

const RECORD = { key: null, value: [new Uint8Array(1)], valueBytes: 1, headers: NO_HEADERS };

const PRODUCERS: Readonly<Record<string, CreateProducer>> = {
  "the client of our own": (settings, memory) => new KafkaProducer(settings, memory),
  kafkajs: createKafkajsProducer,
};

for (const [name, create] of Object.entries(PRODUCERS)) {
  Deno.test(`record producers, ${name}: what a broker must say`, (t) => testDistrust(t, create));
  Deno.test(`record producers, ${name}: a leader that hangs`, () => testHungLeader(create));
  Deno.test(`record producers, ${name}: credentials that are refused`, () => testCredentials(create));
  Deno.test(`record producers, ${name}: bootstrap`, (t) => testBootstrap(t, create));
}

function createExporter(yaml: string): Consumer & Lifecycle {
  return kafkaExporterFactory.create(kafkaConfig(yaml), {
    id: "kafka",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  });
}

Deno.test("kafka exporter: producer.client chooses the client", async (t) => {
  for (const client of ["native", "kafkajs"]) {
    await t.step(client, async () => {
      const broker = new ScriptedBroker();
      const yaml = `brokers: ["127.0.0.1:${broker.port}"]\nproducer: {client: ${client}, compression: zstd}`;
      const exporter = createExporter(yaml);
      await exporter.start?.();
      await exporter.consume(samplePayload("traces", 3), new AbortController().signal);
      await exporter.shutdown?.(AbortSignal.timeout(5_000));
      broker.close();
      deepStrictEqual([broker.produced.length, broker.versionsAsked > 0], [1, client === "kafkajs"]);
    });
  }
});

Deno.test("kafka exporter: of a wrong password of the gateway a sender is told to come back", async (t) => {
  for (const client of ["native", "kafkajs"]) {
    await t.step(client, async () => {
      const broker = new ScriptedBroker();
      const yaml = `
brokers: ["127.0.0.1:${broker.port}"]
producer: {client: ${client}}
auth: {sasl: {mechanism: PLAIN, username: sluice, password: hunter2}}
retry_on_failure: {initial_interval: 10ms, max_elapsed_time: 20ms}`;
      const exporter = createExporter(yaml);
      const never = new AbortController().signal;
      await exporter.start?.();
      await rejects(exporter.consume(samplePayload("traces", 3), never), (error) => {
        ok(error instanceof UnavailableError);
        deepStrictEqual([error.httpStatus, error.retryable, error.retryAfterMs! > 0], [503, true, true]);
        match(describeError(error), /Kafka refuses the gateway's credentials/);
        return true;
      });
      broker.password = "hunter2";
      await eventually(() => exporter.consume(samplePayload("traces", 3), never).then(() => true, () => false));
      await exporter.shutdown?.(AbortSignal.timeout(5_000));
      broker.close();
    });
  }
});

Deno.test("record producers, kafkajs: a topic past the bound closes the client of the oldest", async () => {
  const broker = new ScriptedBroker();
  const settings = await producerSettings({ bootstrap: [`127.0.0.1:${broker.port}`] });
  const producer = createKafkajsProducer(settings, createMemoryBudget());
  const send = (topic: number) => producer.produce(`t${topic}`, 0, [RECORD], new AbortController().signal);
  try {
    for (let topic = 0; topic < MAX_TOPIC_CLIENTS; topic++) await send(topic);
    const before = broker.connections;
    await send(0);
    await send(1);
    strictEqual(broker.connections, before, "as many as the bound are kept");
    await send(MAX_TOPIC_CLIENTS);
    strictEqual(broker.connections, before + 1);
    await send(0);
    await send(1);
    strictEqual(broker.connections, before + 1);
    await send(2);
    strictEqual(broker.connections, before + 2, "the one used longest ago has to connect again");
  } finally {
    await producer.close(AbortSignal.abort());
    broker.close();
  }
});

Deno.test({
  name: "record producers and a real broker",
  ignore: skipWithout("kafka", await missingForKafka()),
  async fn(t) {
    const kafka = await startKafka(...BROKER_OPTIONS);
    try {
      for (const [name, create] of Object.entries(PRODUCERS)) {
        await t.step(name, (t) => testRecordProducer(t, create, kafka));
      }
    } finally {
      await kafka.stop();
    }
  },
});
