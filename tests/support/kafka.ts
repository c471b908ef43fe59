/**
 * A real Apache Kafka for tests, and a second opinion on what is in it: kafkajs as consumer and administrator, which
 * shares no code with the exporter.
 *
 * @module
 */

import { compressionCodecs, Kafka, type KafkaMessage, logLevel } from "./kafkajs.ts";
import { missingProgram } from "./real_parts.ts";

const SCRIPTS = new URL("../peers/kafka/", import.meta.url).pathname;

/** What a machine lacks for `startKafka`; undefined when it lacks nothing. */
export function missingForKafka(): Promise<string | undefined> {
  return missingProgram("bash", "java", "mvn", "openssl");
}

/** A record as a consumer sees it. */
export interface StoredRecord {
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** A running cluster. */
export interface KafkaCluster {
  /** "host:port", by listener. */
  readonly bootstrap: readonly string[];
  readonly bootstrapSasl: readonly string[];
  readonly bootstrapTls: readonly string[];
  readonly bootstrapSaslTls: readonly string[];
  /** The authority that signed the brokers' certificates. */
  readonly caFile: string;
  createTopic(topic: string, partitions?: number, config?: Readonly<Record<string, string>>): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
  /** Everything that is in a topic now, by partition and offset. */
  read(topic: string): Promise<StoredRecord[]>;
  /** Does something to a broker: kill, start, pause, resume, stop. */
  node(number: number, what: "kill" | "start" | "pause" | "resume" | "stop"): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster; the options are `kafka-up`'s. The first start on a machine downloads Kafka. */
export async function startKafka(...options: string[]): Promise<KafkaCluster> {
  const env = parseEnv(await run("kafka-up", ...options));
  const list = (name: string) => env.get(name)?.split(",") ?? [];
  const dir = env.get("KAFKA_DIR")!;
  const bootstrap = list("KAFKA_BOOTSTRAP");
  const kafka = new Kafka({
    brokers: [...bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 10_000,
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
  return {
    bootstrap,
    bootstrapSasl: list("KAFKA_BOOTSTRAP_SASL"),
    bootstrapTls: list("KAFKA_BOOTSTRAP_TLS"),
    bootstrapSaslTls: list("KAFKA_BOOTSTRAP_SASL_TLS"),
    caFile: env.get("KAFKA_CA") ?? "",
    createTopic: (topic, partitions = 1, config = {}) =>
      withAdmin(kafka, async (admin) => {
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
        await admin.createTopics({
          waitForLeaders: true,
          topics: [{ topic, numPartitions: partitions, configEntries }],
        });
      }),
    deleteTopic: (topic) => withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] })),
    read: (topic) => readTopic(kafka, topic),
    node: async (number, what) => void await run("kafka-node", dir, `${number}`, what),
    stop: async () => void await run("kafka-down", dir),
  };
}

async function withAdmin(kafka: Kafka, use: (admin: ReturnType<Kafka["admin"]>) => Promise<unknown>): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function readTopic(kafka: Kafka, topic: string): Promise<StoredRecord[]> {
  let ends: { partition: number; low: string; high: string }[] = [];
  await withAdmin(kafka, async (admin) => ends = await admin.fetchTopicOffsets(topic));
  let left = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  if (left === 0) return [];
  compressionCodecs();
  const consumer = kafka.consumer({ groupId: `read-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 });
  const records: { at: number; record: StoredRecord }[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload: { error } }) => reject(error));
      consumer.run({
        eachMessage: ({ partition, message }) => {
          records.push({ at: Number(message.offset), record: stored(partition, message) });
          if (--left === 0) resolve();
          return Promise.resolve();
        },
      }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  records.sort((a, b) => a.record.partition - b.record.partition || a.at - b.at);
  return records.map(({ record }) => record);
}

function stored(partition: number, { key, value, headers = {} }: KafkaMessage): StoredRecord {
  const text = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((one) => one.toString()) : value?.toString() ?? "",
  ]);
  return {
    partition,
    key: key === null ? null : new Uint8Array(key),
    value: new Uint8Array(value ?? []),
    headers: Object.fromEntries(text),
  };
}

function parseEnv(assignments: string): ReadonlyMap<string, string> {
  return new Map(
    assignments.trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** Runs one of the scripts to its end. The brokers that it starts keep stderr open, so that goes to a file of theirs. */
async function run(script: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(`${SCRIPTS}${script}`, { args }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${script} ${args.join(" ")}: ${text.decode(stderr).slice(-2_000)}`);
  return text.decode(stdout);
}
