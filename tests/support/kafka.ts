/**
 * A real Apache Kafka for tests, and a second opinion on what is in it: kafkajs as consumer and administrator, which
 * shares no code with the exporter.
 *
 * @module
 */

import { decompress as zstdDecompress } from "@mongodb-js/zstd";
import { Buffer } from "node:buffer";
import kafkajs, { type Admin, type Kafka, type KafkaMessage } from "kafkajs";
import { decompressFrame } from "lz4-napi";
import { uncompress } from "snappy";
import { until } from "./eventually.ts";
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
  topics(): Promise<readonly string[]>;
  /** Waits until each replica of each partition has all records; for 60 s at the most. */
  inSync(topic: string): Promise<void>;
  /** Lets a SASL user write to topics whose names begin with `prefix`. */
  allowWrite(user: string, prefix: string): Promise<void>;
  /** Everything that is in a topic now, by partition and offset. */
  read(topic: string): Promise<StoredRecord[]>;
  /** What librdkafka reads: how many records, and what it found wrong. undefined where Python has no confluent_kafka. */
  readWithLibrdkafka(
    topic: string,
  ): Promise<{ readonly total: number; readonly errors: readonly string[] } | undefined>;
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
  const kafka = new kafkajs.Kafka({
    brokers: [...bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
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
    topics: () => withAdmin(kafka, (admin) => admin.listTopics()),
    inSync: (topic) =>
      withAdmin(kafka, async (admin) => {
        const lagging = async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
          const partitions = topics.flatMap(({ partitions }) => partitions);
          return partitions.filter(({ isr, replicas }) => isr.length < replicas.length).length;
        };
        await until(lagging, (count) => count === 0, 60_000);
      }),
    allowWrite: (user, prefix) =>
      withAdmin(kafka, async (admin) => {
        const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
        const acl = [AclOperationTypes.WRITE, AclOperationTypes.DESCRIBE].map((operation) => ({
          resourceType: AclResourceTypes.TOPIC,
          resourceName: prefix,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          principal: `User:${user}`,
          host: "*",
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        }));
        await admin.createAcls({ acl });
      }),
    read: (topic) => whenReady(() => readTopic(kafka, topic)),
    readWithLibrdkafka: (topic) => readWithLibrdkafka(bootstrap.join(","), topic),
    node: async (number, what) => void await run("kafka-node", dir, `${number}`, what),
    stop: async () => void await run("kafka-down", dir),
  };
}

/** A broker that has just started, or a topic that was just made, is not ready for every question: then it is put again. */
async function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 50;; left--) {
    try {
      return await ask();
    } catch (thrown) {
      if (left === 0 || (thrown as { retriable?: boolean }).retriable !== true) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  return whenReady(async () => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  });
}

async function readTopic(kafka: Kafka, topic: string): Promise<StoredRecord[]> {
  const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  let left = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  if (left === 0) return [];
  registerCodecs();
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

/** kafkajs leaves these to others, and keeps them for the whole process. */
function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const reader = (decompress: (bytes: Buffer) => Promise<Uint8Array | string>) => () => ({
    compress: () => Promise.reject(new Error("Cannot compress: this client only reads")),
    decompress: async (bytes: Buffer) => Buffer.from(await decompress(bytes) as Uint8Array),
  });
  CompressionCodecs[CompressionTypes.Snappy] = reader((bytes) => uncompress(bytes));
  CompressionCodecs[CompressionTypes.LZ4] = reader((bytes) => decompressFrame(bytes));
  CompressionCodecs[CompressionTypes.ZSTD] = reader((bytes) => zstdDecompress(bytes));
}

function parseEnv(assignments: string): ReadonlyMap<string, string> {
  return new Map(
    assignments.trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function readWithLibrdkafka(bootstrap: string, topic: string) {
  const python = Deno.env.get("SLUICE_PYTHON") ?? "python3";
  const probe = new Deno.Command(python, { args: ["-c", "import confluent_kafka"], stdout: "null", stderr: "null" });
  if (!await probe.output().then(({ success }) => success, () => false)) return undefined;
  const { stdout } = await new Deno.Command(python, { args: [`${SCRIPTS}read-topic`, bootstrap, topic] }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Runs one of the scripts to its end. The brokers that it starts keep stderr open, so that goes to a file of theirs. */
async function run(script: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(`${SCRIPTS}${script}`, { args }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${script} ${args.join(" ")}: ${text.decode(stderr).slice(-2_000)}`);
  return text.decode(stdout);
}
