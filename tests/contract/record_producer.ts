/**
 * What every RecordProducer of the kafka exporter must do, run against a real broker, and read back by a client that
 * shares no code with the exporter's own.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { dirname, join } from "node:path";
import { parseHostPort } from "../../pipeline/config/network/host_port.ts";
import { type TlsClientConfig, tlsClientSchema } from "../../pipeline/config/network/tls.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { GatewayError, OwnCredentialsError, RejectedError, UnavailableError } from "../../pipeline/core/errors.ts";
import { describeError, type LogFields, type Logger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget, type MemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { type Codec, COMPRESSIONS } from "../../pipeline/exporters/kafka/client/codecs.ts";
import { createCompressor } from "../../pipeline/exporters/kafka/client/compression.ts";
import type { ProducerSettings, RecordProducer } from "../../pipeline/exporters/kafka/client/producer.ts";
import { encodeHeaders, type KafkaRecord } from "../../pipeline/exporters/kafka/client/record.ts";
import { SASL_MECHANISMS, type SaslCredentials } from "../../pipeline/exporters/kafka/client/sasl.ts";
import { tlsOptionsIfWanted } from "../../pipeline/config/network/tls_client.ts";
import { type ProduceAnswer, ScriptedBroker } from "../pipeline/exporters/kafka/client/scripted_broker.ts";
import { NO_HEADERS } from "../pipeline/exporters/kafka/kafka_support.ts";
import type { KafkaCluster, StoredRecord } from "../support/kafka.ts";

/** How the suite gets the implementation under test. */
export type CreateProducer = (settings: ProducerSettings, memory: MemoryBudget) => RecordProducer;

/** What `startKafka` is to be told for this suite. */
export const BROKER_OPTIONS = ["--sasl", "--tls", "--client-auth", "required", "--auto-create", "true"];

const utf8 = new TextEncoder();
const text = new TextDecoder();
const never = new AbortController().signal;

interface Overrides extends Partial<Omit<ProducerSettings, "connection" | "bootstrap">> {
  readonly bootstrap?: readonly string[];
  readonly tls?: Partial<TlsClientConfig>;
  readonly sasl?: SaslCredentials;
  readonly requestTimeoutMs?: number;
}

/** The settings of a producer for `broker`. */
export async function producerSettings(
  kafka: Pick<KafkaCluster, "bootstrap">,
  overrides: Overrides = {},
): Promise<ProducerSettings> {
  const { bootstrap = kafka.bootstrap, tls, sasl, requestTimeoutMs = 4_000, ...others } = overrides;
  const clientId = utf8.encode("contract");
  return {
    bootstrap: bootstrap.map((address) => parseHostPort(address)!),
    connection: {
      clientId,
      tls: tls && await tlsOptionsIfWanted({ ...tlsClientSchema.parse({}), ...tls }),
      sasl,
      connectTimeoutMs: 10_000,
      requestTimeoutMs,
      idleTimeoutMs: 540_000,
      clock: systemClock,
    },
    allowAutoTopicCreation: false,
    refreshIntervalMs: 600_000,
    retryMax: 3,
    retryBackoffMs: 100,
    logger: recordingLogger([]),
    meter: silentMeter,
    clientId,
    acks: -1,
    brokerTimeoutMs: 3_000,
    compressor: undefined,
    maxBatchBytes: 1_000_000,
    maxBatchRecords: 10_000,
    maxInFlightBytes: 64_000_000,
    ...others,
  };
}

function recordingLogger(lines: string[]): Logger {
  const write = (message: string, fields?: LogFields) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = {
    enabled: () => true,
    debug: write,
    info: write,
    warn: write,
    error: write,
    with: () => logger,
  };
  return logger;
}

function recordOf(value: string | Uint8Array, { key = null as string | null, headers = NO_HEADERS } = {}): KafkaRecord {
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  return { key: key === null ? null : utf8.encode(key), value: [bytes], valueBytes: bytes.length, headers };
}

function valuesOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ value }) => text.decode(value));
}

/** The suite for one implementation and one topic prefix. */
export async function testRecordProducer(t: Deno.TestContext, create: CreateProducer, kafka: KafkaCluster) {
  const prefix = crypto.randomUUID().slice(0, 8);
  const topicOf = (what: string) => `${prefix}_${what}`;

  /** Runs `use` with a producer of its own. */
  async function withProducer<Result>(
    overrides: Overrides,
    use: (producer: RecordProducer, memory: MemoryBudget) => Promise<Result>,
  ): Promise<Result> {
    const memory = createMemoryBudget();
    const producer = create(await producerSettings(kafka, overrides), memory);
    try {
      return await use(producer, memory);
    } finally {
      await producer.close(AbortSignal.abort());
    }
  }

  await t.step("keys, values in pieces, headers and partitions arrive as they were given", async () => {
    const topic = topicOf("records");
    await kafka.createTopic(topic, 3);
    const headers = encodeHeaders([["env", "prod"], ["tenant", "a"], ["tenant", "ä"], ["empty", ""]]);
    await withProducer({}, async (producer) => {
      const { count, writable } = await producer.partitions(topic, never);
      deepStrictEqual([count, writable], [3, [0, 1, 2]]);
      const pieces = [utf8.encode("in "), utf8.encode(""), utf8.encode("pieces")];
      const inPieces = { key: null, value: pieces, valueBytes: 9, headers };
      await Promise.all([
        producer.produce(topic, 2, [recordOf("no key"), recordOf("", { key: "" }), inPieces], never),
        producer.produce(topic, 0, [recordOf("keyed", { key: "k" })], never),
      ]);
    });
    const stored = await kafka.read(topic);
    deepStrictEqual(
      stored.map(({ partition, key, value }) => [partition, key && text.decode(key), text.decode(value)]),
      [
        [0, "k", "keyed"],
        [2, null, "no key"],
        [2, "", ""],
        [2, null, "in pieces"],
      ],
    );
    deepStrictEqual(stored[0]!.headers, {});
    deepStrictEqual(stored[3]!.headers, { env: "prod", tenant: ["a", "ä"], empty: "" });
  });

  await t.step("every compression is read back", async () => {
    const topic = topicOf("codecs");
    await kafka.createTopic(topic, 1);
    const value = "compressible ".repeat(1_000);
    for (const codec of COMPRESSIONS) {
      const compressor = createCompressor(codec, 0);
      await withProducer({ compressor }, (producer) => producer.produce(topic, 0, [recordOf(value + codec)], never));
    }
    deepStrictEqual(valuesOf(await kafka.read(topic)), COMPRESSIONS.map((codec) => value + codec));
  });

  await t.step("two producers in a process keep their own codecs", async () => {
    const topic = topicOf("levels");
    await kafka.createTopic(topic, 1);
    const used: string[] = [];
    const compressor = (name: string) => ({
      codec: "zstd" as Codec,
      compress: (records: Parameters<NonNullable<ProducerSettings["compressor"]>["compress"]>[0]) => {
        used.push(name);
        return createCompressor("zstd", 1)!.compress(records);
      },
    });
    await withProducer(
      { compressor: compressor("a") },
      (a) =>
        withProducer({ compressor: compressor("b") }, async (b) => {
          await a.produce(topic, 0, [recordOf("1")], never);
          await b.produce(topic, 0, [recordOf("2")], never);
          await a.produce(topic, 0, [recordOf("3")], never);
        }),
    );
    deepStrictEqual(used, ["a", "b", "a"]);
    deepStrictEqual(valuesOf(await kafka.read(topic)), ["1", "2", "3"]);
  });

  await t.step("a topic that is not there is refused, and not made unless allowed", async () => {
    const topic = topicOf("absent");
    await withProducer({}, async (producer) => {
      await rejects(producer.partitions(topic, never), UnavailableError);
      await rejects(producer.produce(topic, 0, [recordOf("x")], never), UnavailableError);
      strictEqual((await kafka.topics()).includes(topic), false);
      await rejects(producer.partitions("no topic's name", never), { name: "RejectedError", code: "invalid_argument" });
    });
    await withProducer({ allowAutoTopicCreation: true, retryMax: 20 }, async (producer) => {
      strictEqual((await producer.partitions(topic, never)).count, 1);
      await producer.produce(topic, 0, [recordOf("x")], never);
    });
    deepStrictEqual(valuesOf(await kafka.read(topic)), ["x"]);
  });

  await t.step("a partition that the topic lacks keeps nothing", async () => {
    const topic = topicOf("small");
    await kafka.createTopic(topic, 1);
    await withProducer({}, async (producer) => {
      await rejects(producer.produce(topic, 1, [recordOf("lost")], never), UnavailableError);
      await producer.produce(topic, 0, [recordOf("kept")], never);
    });
    deepStrictEqual(valuesOf(await kafka.read(topic)), ["kept"]);
  });

  await t.step("a topic that is deleted stops only what goes there", async () => {
    const [gone, good] = [topicOf("gone"), topicOf("good")];
    await kafka.createTopic(gone, 1);
    await kafka.createTopic(good, 1);
    await withProducer({ refreshIntervalMs: 1 }, async (producer) => {
      await producer.produce(gone, 0, [recordOf("1")], never);
      await producer.produce(good, 0, [recordOf("1")], never);
      await kafka.deleteTopic(gone);
      await rejects(producer.produce(gone, 0, [recordOf("2")], never), UnavailableError);
      await producer.produce(good, 0, [recordOf("2")], never);
      await kafka.createTopic(gone, 1);
      await producer.produce(gone, 0, [recordOf("3")], never);
    });
    deepStrictEqual(valuesOf(await kafka.read(good)), ["1", "2"]);
    deepStrictEqual(valuesOf(await kafka.read(gone)), ["3"]);
  });

  await t.step("what is too large is refused for good, and takes nobody with it", async () => {
    const topic = topicOf("narrow");
    await kafka.createTopic(topic, 1, { "max.message.bytes": "2000" });
    await withProducer({}, async (producer) => {
      const sends = ["a", "b", "x".repeat(3_000), "c"].map((value) =>
        producer.produce(topic, 0, [recordOf(value)], never)
      );
      const [, , large] = await Promise.allSettled(sends);
      ok(large?.status === "rejected" && large.reason instanceof RejectedError);
      strictEqual(large.reason.code, "invalid_argument");
      await Promise.all([sends[0], sends[1], sends[3]]);
    });
    deepStrictEqual(valuesOf(await kafka.read(topic)), ["a", "b", "c"]);
  });

  await t.step("acks 0 and 1", async () => {
    const topic = topicOf("acks");
    await kafka.createTopic(topic, 1);
    for (const acks of [0, 1] as const) {
      await withProducer({ acks }, async (producer) => {
        await producer.produce(topic, 0, [recordOf(`acks ${acks}`)], never);
        await producer.close(AbortSignal.timeout(5_000));
      });
    }
    // Two connections: nothing orders what the broker was not asked to confirm.
    deepStrictEqual(valuesOf(await kafka.read(topic)).sort(), ["acks 0", "acks 1"]);
  });

  await t.step("SASL and TLS", async (t) => {
    const topic = topicOf("secured");
    await kafka.createTopic(topic, 1);
    const dir = dirname(kafka.caFile);
    const tls = { ca_file: kafka.caFile };
    const mutual = { ...tls, cert_file: join(dir, "client.pem"), key_file: join(dir, "client.key") };
    const user = (mechanism: SaslCredentials["mechanism"], password = "sluice-secret") => ({
      mechanism,
      username: "sluice",
      password,
    });
    const good: readonly (readonly [name: string, overrides: Overrides])[] = [
      ...SASL_MECHANISMS.map((mechanism) =>
        [mechanism, { bootstrap: kafka.bootstrapSasl, sasl: user(mechanism) }] as const
      ),
      ["SCRAM-SHA-512 over TLS", { bootstrap: kafka.bootstrapSaslTls, sasl: user("SCRAM-SHA-512"), tls }],
      ["a client certificate", { bootstrap: kafka.bootstrapTls, tls: mutual }],
    ];
    for (const [name, overrides] of good) {
      await t.step(
        name,
        () => withProducer(overrides, (producer) => producer.produce(topic, 0, [recordOf(name)], never)),
      );
    }
    const bad: readonly (readonly [name: string, own: boolean, overrides: Overrides])[] = [
      ...SASL_MECHANISMS.map((mechanism) =>
        [`a wrong password, ${mechanism}`, true, {
          bootstrap: kafka.bootstrapSasl,
          sasl: user(mechanism, "hunter2"),
        }] as const
      ),
      ["a certificate of an unknown authority", false, {
        bootstrap: kafka.bootstrapSaslTls,
        sasl: user("PLAIN"),
        tls: {},
      }],
      ["no client certificate", false, { bootstrap: kafka.bootstrapTls, tls }],
      ["plain text to a TLS listener", false, { bootstrap: kafka.bootstrapTls, requestTimeoutMs: 500 }],
    ];
    for (const [name, own, overrides] of bad) {
      await t.step(`refused: ${name}`, async () => {
        const lines: string[] = [];
        await withProducer(
          { retryMax: 0, ...overrides, logger: recordingLogger(lines) },
          (producer) =>
            rejects(producer.produce(topic, 0, [recordOf("x")], never), (error) => {
              ok(error instanceof GatewayError);
              deepStrictEqual([error.retryable, error instanceof OwnCredentialsError], [true, own]);
              ok(!/hunter2|sluice-secret/.test([describeError(error), ...lines].join()));
              return true;
            }),
        );
      });
    }
    deepStrictEqual(valuesOf(await kafka.read(topic)), good.map(([name]) => name));
  });

  await t.step("a broker that hangs: every call ends in its time, and none says kept", async () => {
    const topic = topicOf("hung");
    await kafka.createTopic(topic, 2);
    await withProducer({ requestTimeoutMs: 1_000, brokerTimeoutMs: 750 }, async (producer, memory) => {
      await producer.produce(topic, 0, [recordOf("before")], never);
      await kafka.node(1, "pause");
      try {
        for (let round = 0; round < 2; round++) {
          const results = await Promise.allSettled(
            [0, 1, 0].map((partition) => producer.produce(topic, partition, [recordOf("hung")], never)),
          );
          for (const result of results) ok(result.status === "rejected" && result.reason.retryable === true);
        }
        strictEqual(memory.heldBytes(), 0);
      } finally {
        await kafka.node(1, "resume");
      }
      await eventually(() => producer.produce(topic, 0, [recordOf("after")], never));
    });
    const values = new Set(valuesOf(await kafka.read(topic))); // what hung may have arrived after all
    ok(values.has("before") && values.has("after"));
  });

  await t.step("a broker that is killed and comes back: what was kept is there", async () => {
    const topic = topicOf("killed");
    await kafka.createTopic(topic, 3);
    const kept = new Set<string>();
    await withProducer({ requestTimeoutMs: 2_000 }, async (producer) => {
      let wanted = 300;
      let sent = 0;
      const send = async (partition: number) => {
        while (kept.size < wanted) {
          const value = `${partition}-${sent++}`;
          await producer.produce(topic, partition, [recordOf(value)], never).then(
            () => void kept.add(value),
            () => new Promise((resolve) => setTimeout(resolve, 50)),
          );
        }
      };
      const senders = [0, 1, 2, 0, 1, 2].map(send);
      while (kept.size < 100) await new Promise((resolve) => setTimeout(resolve, 1));
      await kafka.node(1, "kill");
      wanted = kept.size + 200;
      await kafka.node(1, "start");
      await Promise.all(senders);
    });
    const stored = new Set(valuesOf(await kafka.read(topic)));
    deepStrictEqual([...kept].filter((value) => !stored.has(value)), []);
  });

  await t.step("close lets what was taken finish, and takes nothing more", async () => {
    const topic = topicOf("closed");
    await kafka.createTopic(topic, 2);
    const values = Array.from({ length: 40 }, (_, at) => `${at}`);
    await withProducer({ maxBatchRecords: 5 }, async (producer) => {
      const sends = values.map((value, at) => producer.produce(topic, at % 2, [recordOf(value)], never));
      const closing = producer.close(AbortSignal.timeout(10_000));
      await rejects(producer.produce(topic, 0, [recordOf("late")], never), UnavailableError);
      await Promise.all([...sends, closing]);
    });
    deepStrictEqual(valuesOf(await kafka.read(topic)).sort(), [...values].sort());
  });
}

/** The part of the suite for which a broker must misbehave. */
export async function testDistrust(t: Deno.TestContext, create: CreateProducer): Promise<void> {
  const cases: { answer: ProduceAnswer; code: string }[] = [
    { answer: "no entry", code: "unavailable" },
    { answer: "another partition", code: "unavailable" },
    { answer: "two entries", code: "unavailable" },
    { answer: "cut short", code: "unavailable" },
    { answer: "wrong correlation id", code: "unavailable" },
    { answer: "close", code: "unavailable" },
    { answer: "hang", code: "unavailable" },
    { answer: -1, code: "unavailable" },
    { answer: 7, code: "unavailable" },
    { answer: 19, code: "unavailable" },
    { answer: 1_234, code: "unavailable" },
    { answer: 10, code: "invalid_argument" },
    { answer: 29, code: "unavailable" },
    { answer: 31, code: "unavailable" },
  ];
  for (const { answer, code } of cases) {
    await t.step(`a reply that is no proof: ${answer}`, async () => {
      const broker = new ScriptedBroker();
      const settings = await producerSettings({ bootstrap: [`127.0.0.1:${broker.port}`] }, { requestTimeoutMs: 200 });
      const producer = create(settings, createMemoryBudget());
      try {
        broker.onProduce = () => answer;
        await rejects(producer.produce("t", 0, [recordOf("x")], never), (error) => {
          ok(error instanceof GatewayError);
          strictEqual(error.retryable, code === "unavailable");
          return error.retryable || error.code === code;
        });
        strictEqual(broker.produced.length, 1, "sent once: its fate is not known, or known for good");
        broker.onProduce = () => 0;
        await producer.produce("t", 0, [recordOf("x")], never);
      } finally {
        await producer.close(AbortSignal.abort());
        broker.close();
      }
    });
  }
}

/** A password that the brokers do not take is the gateway's matter: it can be mended, and then everything goes on. */
export async function testCredentials(create: CreateProducer): Promise<void> {
  const brokers = [new ScriptedBroker(1), new ScriptedBroker(2)];
  for (const broker of brokers) broker.cluster = brokers;
  const lines: string[] = [];
  const settings = await producerSettings({ bootstrap: brokers.map(({ port }) => `127.0.0.1:${port}`) }, {
    sasl: { mechanism: "PLAIN", username: "sluice", password: "hunter2" },
    logger: recordingLogger(lines),
    retryBackoffMs: 1,
  });
  const producer = create(settings, createMemoryBudget());
  const send = () => producer.produce("t", 0, [recordOf("x")], never);
  try {
    await rejects(send(), (error) => {
      ok(error instanceof OwnCredentialsError, describeError(error));
      deepStrictEqual([error.retryable, error.httpStatus], [true, 503]);
      ok(!describeError(error).includes("hunter2"));
      return true;
    });
    strictEqual(brokers.filter(({ connections }) => connections > 0).length, 1, "no other broker would take them");
    ok(!lines.join().includes("hunter2"));
    for (const broker of brokers) broker.password = "hunter2";
    await eventually(send);
  } finally {
    await producer.close(AbortSignal.abort());
    for (const broker of brokers) broker.close();
  }
}

/** A leader that hangs stops nobody else's partitions, and is left as soon as another leads. */
export async function testHungLeader(create: CreateProducer): Promise<void> {
  const brokers = [new ScriptedBroker(1), new ScriptedBroker(2)] as const;
  const [one, two] = brokers;
  const leaders = [1, 2];
  for (const broker of brokers) {
    broker.cluster = brokers;
    broker.onMetadata = () => ({ leaders });
  }
  const settings = await producerSettings({ bootstrap: [`127.0.0.1:${two.port}`] }, { requestTimeoutMs: 300 });
  const producer = create(settings, createMemoryBudget());
  try {
    await producer.produce("t", 0, [recordOf("0")], never); // the connection is no new one
    one.onProduce = () => "hang";
    const hanging = producer.produce("t", 0, [recordOf("0")], never).then(() => "kept", (error) => error.retryable);
    for (let sent = 0; sent < 5; sent++) await producer.produce("t", 1, [recordOf("1")], never);
    strictEqual(two.produced.length, 5);
    strictEqual(await Promise.race([hanging, Promise.resolve("waits")]), "waits");
    leaders[0] = 2;
    strictEqual(await hanging, true);
    await producer.produce("t", 0, [recordOf("0")], never);
    deepStrictEqual([one.produced.length, two.produced.length], [2, 6]);
  } finally {
    await producer.close(AbortSignal.abort());
    for (const broker of brokers) broker.close();
  }
}

/** Bootstrap addresses that are of no use stand before the one that is. */
export async function testBootstrap(t: Deno.TestContext, create: CreateProducer): Promise<void> {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  gone.close();
  const cases = { "nobody listens": gone.addr.port, "it accepts and says nothing": silent.addr.port };
  for (const [name, port] of Object.entries(cases)) {
    await t.step(`a bootstrap address of no use: ${name}`, async () => {
      const broker = new ScriptedBroker();
      const bootstrap = [`127.0.0.1:${port}`, `127.0.0.1:${broker.port}`];
      const settings = await producerSettings({ bootstrap }, { requestTimeoutMs: 200 });
      const producer = create(settings, createMemoryBudget());
      try {
        await producer.produce("t", 0, [recordOf("x")], never);
        broker.onProduce = () => "close";
        await rejects(producer.produce("t", 0, [recordOf("x")], never), UnavailableError);
        broker.onProduce = () => 0;
        await producer.produce("t", 0, [recordOf("x")], never);
      } finally {
        await producer.close(AbortSignal.abort());
        broker.close();
      }
    });
  }
  silent.close();
}

/** Tries until it succeeds: a broker that wakes up first does what it missed. */
async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (let left = 50;; left--) {
    try {
      return await attempt();
    } catch (thrown) {
      if (left === 0) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
