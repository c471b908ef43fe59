import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { sleep, systemClock } from "../../pipeline/core/clock.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget, type MemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { kafkaExporterFactory } from "../../pipeline/exporters/kafka/kafka.ts";
import { partitionByTraceId } from "../../pipeline/otlp/split.ts";
import { kafkaConfig, samplePayload } from "../pipeline/exporters/kafka/kafka_support.ts";
import { type KafkaCluster, missingForKafka, startKafka } from "../support/kafka.ts";
import { skipWithout } from "../support/real_parts.ts";

const never = new AbortController().signal;
const text = new TextDecoder();

/** An exporter whose records have trace ids for keys, so that each can be found again. */
function createExporter(kafka: KafkaCluster, topic: string, yaml: string, memory: MemoryBudget = createMemoryBudget()) {
  const config = kafkaConfig(`
brokers: [${kafka.bootstrap}]
traces: {topic: ${topic}}
partition_traces_by_id: true
sending_queue: {enabled: false}
${yaml}`);
  return kafkaExporterFactory.create(config, {
    id: "kafka",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory,
  });
}

const RETRY = "retry_on_failure: {initial_interval: 200ms, max_interval: 500ms}\ntimeout: 3s";
const NO_RETRY = "retry_on_failure: {enabled: false}\ntimeout: 2s";

Deno.test({
  name: "kafka exporter: brokers that fail",
  ignore: skipWithout("kafka", await missingForKafka()),
  async fn(t) {
    const kafka = await startKafka("--nodes", "3", "--min-isr", "2");
    try {
      await t.step(
        "down at the start: the exporter starts, refuses for now, and delivers when they are up",
        () => downAtStart(kafka),
      );
      await t.step(
        "killed, stopped, paused and started again: what was acknowledged is there",
        () => noAckedLoss(kafka),
      );
      await t.step("all paused: time and memory stay bounded, and it goes on afterwards", () => allPaused(kafka));
    } finally {
      await kafka.stop();
    }
  },
});

const ALL = [1, 2, 3];

async function downAtStart(kafka: KafkaCluster): Promise<void> {
  await kafka.createTopic("late", 3);
  await Promise.all(ALL.map((node) => kafka.node(node, "kill")));
  const exporter = createExporter(kafka, "late", RETRY);
  await exporter.start?.();
  const payload = samplePayload("traces", 30);
  await rejects(
    exporter.consume(payload, AbortSignal.timeout(300)),
    (error) => error instanceof GatewayError && error.retryable,
  );
  await Promise.all(ALL.map((node) => kafka.node(node, "start")));
  await untilKept(() => exporter.consume(payload, never));
  await exporter.shutdown?.(AbortSignal.timeout(5_000));
  const keys = new Set((await kafka.read("late")).map(({ key }) => text.decode(key!)));
  deepStrictEqual(keys, new Set(partitionByTraceId(payload).map(({ traceId }) => traceId)));
}

/** As a sender that comes back: retryable refusals are no end. */
async function untilKept(consume: () => Promise<unknown>): Promise<void> {
  for (let left = 100;; left--) {
    try {
      return void await consume();
    } catch (error) {
      if (left === 0 || !(error instanceof GatewayError) || !error.retryable) throw error;
      await sleep(systemClock, 100, never);
    }
  }
}

/** A stream of payloads through everything that can happen to one broker at a time. */
async function noAckedLoss(kafka: KafkaCluster): Promise<void> {
  await kafka.createTopic("stream", 6);
  const exporter = createExporter(kafka, "stream", RETRY);
  await exporter.start?.();
  const acked = new Set<string>();
  const streaming = new AbortController();
  const during = (ms: number) => sleep(systemClock, ms, never);
  let seed = 0;
  const senders = Array.from({ length: 8 }, async () => {
    while (!streaming.signal.aborted) {
      const payload = samplePayload("traces", 20, { seed: ++seed });
      try {
        await exporter.consume(payload, never);
        for (const { traceId } of partitionByTraceId(payload)) acked.add(traceId);
      } catch (error) {
        ok(error instanceof GatewayError && error.retryable, `${error}`);
      }
      await during(10); // enough that something is always under way: the brokers share the machine with others
    }
  });
  const ackedMore = async (what: string) => {
    const before = acked.size;
    for (let left = 300; acked.size < before + 50; left--) {
      ok(left > 0, `nothing is acknowledged ${what}`);
      await during(50);
    }
  };
  await ackedMore("at first");
  for (const [node, fault, remedy] of [[1, "kill", "start"], [2, "stop", "start"], [3, "pause", "resume"]] as const) {
    await kafka.node(node, fault);
    await ackedMore(`while one broker is gone by ${fault}`);
    await kafka.node(node, remedy);
    await ackedMore("when it is back");
    await kafka.inSync("stream"); // it has to catch up before the next one may go
  }
  streaming.abort();
  await Promise.all(senders);
  await exporter.shutdown?.(AbortSignal.timeout(5_000));
  const stored = new Set((await kafka.read("stream")).map(({ key }) => text.decode(key!)));
  const lost = [...acked].filter((id) => !stored.has(id));
  deepStrictEqual(lost, [], `of ${acked.size} acknowledged`);
}

async function allPaused(kafka: KafkaCluster): Promise<void> {
  await kafka.createTopic("paused", 6);
  const memory = createMemoryBudget();
  const maxBytes = 2 * 1024 * 1024;
  const exporter = createExporter(
    kafka,
    "paused",
    `${NO_RETRY}\nproducer: {max_broker_write_bytes: ${maxBytes}}`,
    memory,
  );
  await exporter.start?.();
  const payload = samplePayload("traces", 1_000);
  await exporter.consume(payload, never);
  await Promise.all(ALL.map((node) => kafka.node(node, "pause")));
  let peak = 0;
  const offered = Array.from({ length: 40 }, () => exporter.consume(payload, never).catch((error) => error));
  const watch = setInterval(() => peak = Math.max(peak, memory.heldBytes()), 5);
  const outcomes = await Promise.all(offered);
  clearInterval(watch);
  strictEqual(outcomes.filter((error) => error instanceof GatewayError && error.retryable).length, 40);
  ok(payload.byteLength * 40 > 4 * maxBytes && peak > 0 && peak <= maxBytes, `${peak} bytes under way`);
  await Promise.all(ALL.map((node) => kafka.node(node, "resume")));
  await untilKept(() => exporter.consume(payload, never));
  await exporter.shutdown?.(AbortSignal.timeout(10_000));
  strictEqual(memory.heldBytes(), 0);
}
