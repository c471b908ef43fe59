/**
 * The kafka exporter's `RecordProducer` on kafkajs. The only file that knows that package; loaded when a configuration
 * chooses it.
 *
 * Used plainly, kafkajs 2.2.4 says "ok" for data that is not in Kafka: with `idempotent` (a sequence number is given
 * twice), with several partitions in one send (a retry leaves out brokers that have answered), and for a partition that
 * its metadata lacks (it is dropped, and the reply is empty). So: never idempotent, one topic-partition a send, chosen
 * before, no retries of its own, and a reply counts only when it speaks of exactly that partition.
 *
 * It recovers badly from what it has once believed: a hung broker stays the leader, and a deleted topic fails every send
 * of its client. So each topic has a client of its own, and one that failed is replaced by a new one.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import kafkajs, {
  type Admin,
  type AuthenticationProviderArgs,
  type Authenticator,
  type IHeaders,
  type ISocketFactoryArgs,
  type Kafka,
  type LogEntry,
  type Message,
  type Producer,
  type RecordMetadata,
} from "kafkajs";
import { type Clock, sleep } from "../../core/clock.ts";
import { DeadlineExceededError, GatewayError, RejectedError, UnavailableError } from "../../core/errors.ts";
import { describeError, type Logger } from "../../core/log.ts";
import type { MemoryBudget } from "../../core/memory.ts";
import { checkTopicName, MAX_TOPICS, type TopicPartitions } from "./client/cluster.ts";
import { CODEC_BITS, type Compressor } from "./client/compression.ts";
import { ILLEGAL_SASL_STATE, isStale, kafkaError, NO_ERROR, UNKNOWN_TOPIC_OR_PARTITION } from "./client/error_codes.ts";
import { type Attempt, PartitionLanes, untilAborted } from "./client/lanes.ts";
import { dropOldest, LookupCache } from "./client/lookup_cache.ts";
import type { ProducerSettings, RecordProducer } from "./client/producer.ts";
import type { KafkaRecord, RecordHeaders } from "./client/record.ts";
import { authenticate, type SaslCredentials } from "./client/sasl.ts";

/** Topics that have a client; past it the one that was used longest ago finishes what it has under way and is closed. */
export const MAX_TOPIC_CLIENTS = 100;

/** Records of several callers that share a batch: kafkajs copies its list of them once for each. */
const MAX_SHARED_RECORDS = 1_000;

/** Between two log lines of one part of kafkajs, milliseconds. */
const LOG_INTERVAL_MS = 10_000;

/** Retrying is our own queue's matter: each retry of kafkajs goes by what it believed before. */
const NO_RETRY = { retries: 0, initialRetryTime: 1, maxRetryTime: 1 };

/**
 * @param settings As for the client of our own. Bootstrap addresses, TLS and SASL mean the same.
 */
export function createKafkajsProducer(settings: ProducerSettings, memory: MemoryBudget): RecordProducer {
  return new KafkajsProducer(settings, memory);
}

class KafkajsProducer implements RecordProducer {
  readonly #settings: ProducerSettings;
  readonly #lanes: PartitionLanes;
  readonly #topics: LookupCache<TopicPartitions>;
  readonly #clients = new Map<string, TopicClient>();
  readonly #shared: Shared;
  readonly #compression: number;
  #admin: Link<Admin> | undefined;

  constructor(settings: ProducerSettings, memory: MemoryBudget) {
    const { connection: { clock }, logger, maxBatchRecords, refreshIntervalMs, retryBackoffMs } = settings;
    this.#settings = settings;
    this.#shared = { settings, seeds: [...settings.bootstrap.keys()], log: rareLog(logger, clock) };
    this.#compression = registerCodec(settings.compressor);
    this.#topics = new LookupCache({
      ask: (topic) => this.#ask(topic),
      maxEntries: MAX_TOPICS,
      refreshIntervalMs,
      failureMemoryMs: retryBackoffMs,
      clock,
      onRefreshFailed: (topic, error) =>
        logger.debug("cannot refresh Kafka metadata", { topic, error: describeError(error) }),
    });
    this.#lanes = new PartitionLanes(
      { ...settings, clock, maxBatchRecords: Math.min(maxBatchRecords, MAX_SHARED_RECORDS) },
      memory,
      (topic, partition, records) => this.#prepare(topic, partition, records),
    );
  }

  async partitions(topic: string, abort: AbortSignal): Promise<TopicPartitions> {
    checkTopicName(topic);
    return await untilAborted(this.#topics.get(topic), abort);
  }

  produce(topic: string, partition: number, records: readonly KafkaRecord[], abort: AbortSignal): Promise<void> {
    return this.#lanes.produce(topic, partition, records, abort);
  }

  async close(deadline: AbortSignal): Promise<void> {
    await this.#lanes.close(deadline);
    await Promise.all([this.#admin?.close(), ...[...this.#clients.values()].map((client) => client.close())]);
    this.#clients.clear();
    unregisterCodec(this.#compression);
  }

  #prepare(topic: string, partition: number, records: readonly KafkaRecord[]): Attempt {
    const messages = toMessages(records, partition);
    return () => this.#attempt(topic, partition, messages);
  }

  async #attempt(topic: string, partition: number, messages: Message[]): Promise<number> {
    const { count } = await this.#topics.get(topic); // which has tried often enough when it fails
    if (partition >= count) { // kafkajs would drop the records and say nothing
      this.#topics.forget(topic);
      return UNKNOWN_TOPIC_OR_PARTITION;
    }
    const client = this.#client(topic);
    let link: Link<Producer> | undefined;
    try {
      link = await client.link(partition);
      const { acks, brokerTimeoutMs: timeout } = this.#settings;
      const reply = await link.use((producer) =>
        producer.send({ topic, acks, timeout, compression: this.#compression, messages })
      );
      if (acks !== 0) checkReply(reply, topic, partition);
      return NO_ERROR;
    } catch (thrown) {
      const code = protocolCode(thrown);
      if (link !== undefined && (code === undefined || isStale(code))) client.distrust(link, partition);
      if (code === undefined) throw toFailure(thrown, `produce to partition ${partition} of topic "${topic}"`);
      if (code === UNKNOWN_TOPIC_OR_PARTITION) this.#topics.forget(topic);
      else if (isStale(code)) this.#topics.age(topic);
      return code;
    }
  }

  /** The topic's client; the one in use longest ago makes room. */
  #client(topic: string): TopicClient {
    const client = this.#clients.get(topic) ?? new TopicClient(topic, this.#shared);
    this.#clients.delete(topic); // set again, so that the map's order is the order of use
    this.#clients.set(topic, client);
    dropOldest(this.#clients, MAX_TOPIC_CLIENTS)?.retire();
    return client;
  }

  async #ask(topic: string): Promise<TopicPartitions> {
    const { allowAutoTopicCreation, connection: { clock }, retryMax, retryBackoffMs } = this.#settings;
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#fetchPartitions(topic);
      } catch (thrown) {
        const code = protocolCode(thrown);
        if (code === undefined) throw toFailure(thrown, `find Kafka topic "${topic}"`);
        if (!isStale(code) || attempt >= retryMax) throw kafkaError(`find Kafka topic "${topic}"`, code);
        if (code === UNKNOWN_TOPIC_OR_PARTITION && allowAutoTopicCreation) await this.#askForCreation(topic);
      }
      await sleep(clock, retryBackoffMs, this.#lanes.over); // a topic being created has no leaders yet
    }
  }

  /** An administrator never creates a topic by asking, a producer does: if its broker lets it, the next look finds it. */
  async #askForCreation(topic: string): Promise<void> {
    await this.#client(topic).link(0).catch(() => {});
  }

  async #fetchPartitions(topic: string): Promise<TopicPartitions> {
    if (this.#lanes.over.aborted) throw closed();
    const admin = this.#admin ??= new Link(this.#shared, (kafka) => kafka.admin({ retry: NO_RETRY }));
    try {
      const { topics: [found] } = await admin.use((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
      if (found?.name !== topic) throw new UnavailableError(`Cannot find Kafka topic "${topic}": the reply lacks it`);
      const writable = found.partitions.filter(({ leader }) => leader >= 0).map(({ partitionId }) => partitionId);
      return { count: found.partitions.length, writable: writable.sort((a, b) => a - b) };
    } catch (thrown) {
      if (protocolCode(thrown) === undefined && this.#admin === admin) {
        admin.retire(); // it may ask the same hung broker again
        this.#admin = undefined;
      }
      throw thrown;
    }
  }
}

/** What the clients of one exporter have in common. */
interface Shared {
  readonly settings: ProducerSettings;
  /** Bootstrap addresses by their places in the settings: those that did not answer last time come last. */
  readonly seeds: number[];
  readonly log: (entry: LogEntry) => void;
}

/** The producer of one topic, and its successor when it has failed. */
class TopicClient {
  readonly #topic: string;
  readonly #shared: Shared;
  readonly #over = new AbortController();
  #current: Link<Producer> | undefined;
  /** Partitions for which `#current` failed; the others go on with it until there is a new one. */
  readonly #distrusting = new Set<number>();
  #opening: Promise<Link<Producer>> | undefined;
  #failed: { readonly cause: unknown; readonly untilMs: number } | undefined;

  constructor(topic: string, shared: Shared) {
    this.#topic = topic;
    this.#shared = shared;
  }

  /**
   * A connected producer that `partition` may use.
   *
   * @throws What kafkajs throws: there is none now, and nothing was sent.
   */
  async link(partition: number): Promise<Link<Producer>> {
    const current = this.#current;
    if (current?.usable === true && !this.#distrusting.has(partition)) return current;
    const failed = this.#failed;
    if (failed !== undefined && failed.untilMs > this.#shared.settings.connection.clock.monotonicMs()) {
      throw failed.cause;
    }
    this.#opening ??= this.#replace().finally(() => this.#opening = undefined);
    return await this.#opening;
  }

  /** `link` failed `partition`: it gets another. */
  distrust(link: Link<Producer>, partition: number): void {
    if (this.#current === link) this.#distrusting.add(partition);
  }

  /** Closes when what is under way is done. */
  retire(): void {
    this.#over.abort();
    this.#current?.retire();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#current?.close();
    await this.#opening?.catch(() => {});
  }

  async #replace(): Promise<Link<Producer>> {
    try {
      const link = await this.#open();
      this.#current?.retire();
      this.#current = link;
      this.#distrusting.clear();
      this.#failed = undefined;
      return link;
    } catch (thrown) {
      const { connection: { clock }, retryBackoffMs } = this.#shared.settings;
      this.#failed = { cause: thrown, untilMs: clock.monotonicMs() + retryBackoffMs };
      throw thrown;
    }
  }

  async #open(): Promise<Link<Producer>> {
    const { allowAutoTopicCreation, refreshIntervalMs } = this.#shared.settings;
    const link = new Link(this.#shared, (kafka) =>
      kafka.producer({
        allowAutoTopicCreation,
        createPartitioner: () => ({ message }) => message.partition!,
        idempotent: false,
        metadataMaxAge: refreshIntervalMs,
        retry: NO_RETRY,
      }));
    const close = () => void link.close();
    this.#over.signal.addEventListener("abort", close, { once: true });
    try {
      // sends nothing, but asks who leads the topic
      await link.use((producer) => producer.send({ topic: this.#topic, messages: [] }));
      if (this.#over.signal.aborted) throw closed();
      return link;
    } catch (thrown) {
      await link.close();
      throw thrown;
    } finally {
      this.#over.signal.removeEventListener("abort", close);
    }
  }
}

/** One client of kafkajs with its sockets, which can be cut: kafkajs waits for a broker that hangs. */
class Link<Client extends Producer | Admin> {
  readonly #shared: Shared;
  readonly #client: Client;
  /** The order in which kafkajs goes through the bootstrap addresses, and where it is. */
  readonly #seeds: readonly number[];
  #seedAt = 0;
  readonly #sockets = new Set<Socket>();
  #underWay = 0;
  #usedAtMs: number;
  #retired = false;
  #closed = false;

  constructor(shared: Shared, create: (kafka: Kafka) => Client) {
    this.#shared = shared;
    this.#seeds = [...shared.seeds];
    const { bootstrap, connection } = shared.settings;
    const { clientId, tls, sasl, clock, connectTimeoutMs, requestTimeoutMs } = connection;
    this.#usedAtMs = clock.monotonicMs();
    this.#client = create(
      new kafkajs.Kafka({
        clientId: new TextDecoder().decode(clientId),
        brokers: this.#seeds.map((seed) => {
          const { host, port } = bootstrap[seed]!;
          return `${isIP(host) === 6 ? seed : host}:${port}`; // it splits at the first ":"
        }),
        connectionTimeout: connectTimeoutMs,
        requestTimeout: requestTimeoutMs,
        retry: NO_RETRY,
        ssl: tls ?? false,
        socketFactory: (args) => this.#open(args),
        logLevel: kafkajs.logLevel.WARN,
        logCreator: () => (entry) => {
          if (!this.#closed) shared.log(entry);
        },
        ...sasl === undefined
          ? {}
          : { sasl: { mechanism: sasl.mechanism, authenticationProvider: saslProvider(sasl) } },
      }),
    );
  }

  /** Whether a new send may be given to it. */
  get usable(): boolean {
    const { clock, idleTimeoutMs } = this.#shared.settings.connection;
    const idle = this.#underWay === 0 && clock.monotonicMs() - this.#usedAtMs > idleTimeoutMs;
    return !this.#retired && !this.#closed && !idle;
  }

  /**
   * Lets `run` use the connected client, for as long as a connection and a request with its metadata may take.
   *
   * @throws What `run` throws; {DeadlineExceededError} kafkajs has not settled in time, and was closed.
   */
  async use<Result>(run: (client: Client) => Promise<Result>): Promise<Result> {
    const { clock, connectTimeoutMs, requestTimeoutMs } = this.#shared.settings.connection;
    this.#underWay++;
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = clock.setTimer(() => {
      reject(new DeadlineExceededError("Cannot use Kafka: no reply in time"));
      void this.close();
    }, connectTimeoutMs + 2 * requestTimeoutMs);
    try {
      return await Promise.race([this.#connect().then(() => run(this.#client)), tooLate]);
    } finally {
      clock.clearTimer(timer);
      this.#usedAtMs = clock.monotonicMs();
      this.#underWay--;
      if (this.#retired && this.#underWay === 0) void this.close();
    }
  }

  /** Closes when what is under way is done. */
  retire(): void {
    this.#retired = true;
    if (this.#underWay === 0) void this.close();
  }

  /** Cuts the sockets; what waits on one is refused. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy(closed()); // kafkajs notices an error, not a close
    await this.#client.disconnect().catch(() => {});
  }

  /** Tries each bootstrap address once: kafkajs goes on to the next one when it is asked again. */
  async #connect(): Promise<void> {
    for (let left = this.#seeds.length;; left--) {
      try {
        return await this.#client.connect();
      } catch (thrown) {
        const { seeds } = this.#shared;
        const failed = this.#seeds[this.#seedAt++ % this.#seeds.length]!;
        seeds.push(...seeds.splice(seeds.indexOf(failed), 1));
        if (left === 1 || !(rootCause(thrown) instanceof kafkajs.KafkaJSConnectionError)) throw thrown;
      }
    }
  }

  #open({ host, port, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#closed) throw closed(); // kafkajs connects again when a socket is cut
    const { bootstrap, connection: { tls, clock, requestTimeoutMs } } = this.#shared.settings;
    const to = { host: /^\d+$/.test(host) ? bootstrap[Number(host)]?.host ?? host : host, port };
    const servername = isIP(to.host) === 0 ? { servername: to.host } : {};
    const socket: Socket = tls === undefined ? connectTcp(to) : connectTls({ ...to, ...servername, ...tls });
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      // kafkajs gives the first reply the time of a connection: a hung broker would take two timeouts to be found out
      const timer = clock.setTimer(() => socket.destroy(new Error("no first reply in time")), requestTimeoutMs);
      socket.once("data", () => clock.clearTimer(timer));
      socket.once("close", () => clock.clearTimer(timer));
      onConnect();
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.#sockets.add(socket);
    socket.on("error", () => {}); // kafkajs may have let go of it; without a listener an error would end the process
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

function closed(): UnavailableError {
  return new UnavailableError("Cannot use the connection to Kafka: it was closed");
}

/** @throws {UnavailableError} The reply does not say that these records are kept. */
function checkReply(reply: readonly RecordMetadata[], topic: string, partition: number): void {
  const [entry] = reply;
  const isOurs = reply.length === 1 && entry?.topicName === topic && entry.partition === partition;
  if (isOurs && entry.errorCode === NO_ERROR) return;
  throw new UnavailableError(
    `Cannot trust Kafka's reply: it has ${reply.length} entries, wanted one, for partition ${partition} of ${topic}`,
  );
}

/** The failure below those that kafkajs wraps round it. */
function rootCause(thrown: unknown): unknown {
  let root = thrown;
  for (let depth = 0; depth < 10 && !(root instanceof GatewayError); depth++) {
    if (!(root instanceof Error) || !(root.cause instanceof Error)) return root;
    root = root.cause;
  }
  return root;
}

/** The broker's error code, if that is what it is. */
function protocolCode(thrown: unknown): number | undefined {
  const root = rootCause(thrown);
  // A connection that kafkajs authenticates for the second time at the wrong moment: a new one helps.
  return root instanceof kafkajs.KafkaJSProtocolError && root.code !== ILLEGAL_SASL_STATE ? root.code : undefined;
}

/**
 * What a failure of kafkajs is for the data. Its own `retriable` is not asked: a dead cluster is not, it says, and a
 * refused certificate is.
 */
function toFailure(thrown: unknown, what: string): GatewayError {
  const root = rootCause(thrown);
  if (root instanceof GatewayError) return root;
  const code = protocolCode(root);
  if (code !== undefined) return kafkaError(what, code);
  const options = { cause: root };
  if (root instanceof kafkajs.KafkaJSSASLAuthenticationError) {
    return new RejectedError(`Cannot ${what}: Kafka does not let us in`, "unauthenticated", options);
  }
  if (root instanceof kafkajs.KafkaJSRequestTimeoutError) {
    return new DeadlineExceededError(`Cannot ${what}: no reply in time`, options);
  }
  return new UnavailableError(`Cannot ${what}: Kafka cannot be reached`, options);
}

/**
 * SASL by our own means: kafkajs calls every failure of a SCRAM conversation a refusal, a lost connection too, and then
 * data would be refused for good that only had to wait.
 */
function saslProvider(credentials: SaslCredentials): (args: AuthenticationProviderArgs) => Authenticator {
  return ({ saslAuthenticate }) => ({
    authenticate: () =>
      authenticate(credentials, async (message) => {
        const request = { encode: () => withLength(message) };
        const response = { decode: (reply: Buffer) => reply, parse: (reply: Buffer) => reply.subarray(4) };
        return await saslAuthenticate({ request, response }) ?? new Uint8Array();
      }),
  });
}

function withLength(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/** kafkajs's part of an encoder of records. */
interface RecordsEncoder {
  readonly buffer: Buffer;
}

/** One registry for the process, by number, of which a batch gets the lowest three bits. */
const CODECS = kafkajs.CompressionCodecs as unknown as Record<number, () => unknown>;

/** @returns The number to compress with: one of its own, as each exporter may have another level. */
function registerCodec(compressor: Compressor | undefined): number {
  if (compressor === undefined) return kafkajs.CompressionTypes.None;
  let number = CODEC_BITS[compressor.codec] + 8;
  while (number in CODECS) number += 8;
  CODECS[number] = () => ({
    compress: ({ buffer }: RecordsEncoder) => Promise.resolve(toBuffer(compressor.compress(buffer))),
  });
  return number;
}

function unregisterCodec(number: number): void {
  if (number !== kafkajs.CompressionTypes.None) delete CODECS[number];
}

function toMessages(records: readonly KafkaRecord[], partition: number): Message[] {
  const headersOf = new Map<RecordHeaders, IHeaders>(); // mostly one for all
  return records.map(({ key, value, headers }) => {
    if (!headersOf.has(headers)) headersOf.set(headers, toHeaders(headers));
    return {
      key: key === null ? null : toBuffer(key),
      value: value.length === 1 ? toBuffer(value[0]!) : Buffer.concat(value),
      headers: headersOf.get(headers)!,
      partition,
    };
  });
}

/** Those of one name stand together, at the place of the first. */
function toHeaders({ pairs }: RecordHeaders): IHeaders {
  return Object.fromEntries(
    [...Map.groupBy(pairs, ([name]) => name)].map(([name, same]) => [name, same.map(([, value]) => value)]),
  );
}

/** The same bytes. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Gives kafkajs's warnings and errors to the log: they say why, and decide nothing. */
function rareLog(logger: Logger, clock: Clock): (entry: LogEntry) => void {
  const parts = new Map<string, { untilMs: number; suppressed: number }>(); // namespaces are kafkajs's own, a dozen
  return ({ namespace, level, log }) => {
    if (level > kafkajs.logLevel.WARN) return; // its environment variable asks for more
    const part = parts.get(namespace) ?? { untilMs: -Infinity, suppressed: 0 };
    parts.set(namespace, part);
    if (clock.monotonicMs() < part.untilMs) {
      part.suppressed++;
      return;
    }
    const { message, broker, error } = log;
    const text = (value: unknown) => value === undefined ? undefined : describeError(value);
    logger.warn("kafkajs has trouble", {
      part: namespace,
      detail: text(message),
      broker: text(broker),
      error: text(error),
      suppressed: part.suppressed || undefined,
    });
    part.untilMs = clock.monotonicMs() + LOG_INTERVAL_MS;
    part.suppressed = 0;
  };
}
