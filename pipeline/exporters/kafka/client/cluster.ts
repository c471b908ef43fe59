/**
 * What is known of a Kafka cluster: which broker leads which partition, and a connection to each.
 *
 * Every topic is asked for by itself, so that one which is gone or forbidden never gets in the way of another.
 *
 * @module
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import {
  type GatewayError,
  OwnCredentialsError,
  RejectedError,
  toGatewayError,
  UnavailableError,
} from "../../../core/errors.ts";
import { describeError, type LogFields, type Logger } from "../../../core/log/logger.ts";
import type { Meter } from "../../../core/telemetry/meter.ts";
import { BrokerConnection, type ConnectionSettings } from "./connection.ts";
import { isStale, kafkaError, NO_ERROR } from "./error_codes.ts";
import { dropOldest, LookupCache } from "./lookup_cache.ts";
import {
  type BrokerAddress,
  MalformedReplyError,
  metadataRequest,
  readMetadataReply,
  type TopicMetadata,
} from "./wire.ts";

/** What a topic is, for choosing a partition. */
export interface TopicPartitions {
  /** Partitions that the topic has; keys are hashed over all of them. */
  readonly count: number;
  /** Those that have a leader now; records without a key go to one of them. Empty when none has. */
  readonly writable: readonly number[];
}

/** Topics whose leaders are remembered; past it the one that was asked for longest ago is forgotten. */
export const MAX_TOPICS = 1_000;

/** Between two log lines about the same thing, milliseconds. */
const WARN_INTERVAL_MS = 10_000;

export interface ClusterSettings {
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[];
  readonly connection: ConnectionSettings;
  readonly allowAutoTopicCreation: boolean;
  /** Age at which a topic is asked for again, in the background, milliseconds. */
  readonly refreshIntervalMs: number;
  /** How often a question is put again when the cluster is not ready to answer it. */
  readonly retryMax: number;
  /** Between two tries, and how long a failure is remembered, milliseconds. */
  readonly retryBackoffMs: number;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** A topic as last seen. */
interface Known extends TopicPartitions {
  readonly leaders: readonly number[];
}

/** A connection that is open or being opened, or the failure to open it, which is not tried again for a moment. */
type Dialled =
  | { readonly state: "open"; readonly connection: BrokerConnection }
  | { readonly state: "opening"; readonly promise: Promise<BrokerConnection> }
  | { readonly state: "failed"; readonly error: GatewayError; readonly untilMs: number };

export class Cluster {
  readonly #settings: ClusterSettings;
  readonly #clock: Clock;
  readonly #topics: LookupCache<Known>;
  /** By "host:port". */
  readonly #connections = new Map<string, Dialled>();
  readonly #warnedAtMs = new Map<string, number>();
  #brokers = new Map<number, BrokerAddress>();
  readonly #over = new AbortController();

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    this.#clock = settings.connection.clock;
    this.#topics = new LookupCache({
      ask: (topic) => this.#ask(topic),
      maxEntries: MAX_TOPICS,
      refreshIntervalMs: settings.refreshIntervalMs,
      failureMemoryMs: settings.retryBackoffMs,
      clock: this.#clock,
      onRefreshFailed: (topic, error) => this.#warn("cannot refresh Kafka metadata", { topic }, error),
    });
  }

  /**
   * @throws {UnavailableError} The cluster cannot be asked now, or has no such topic yet.
   * @throws {OwnCredentialsError} The topic is not ours to write to; or the credentials are refused.
   * @throws {RejectedError} The topic's name is not one.
   */
  async topic(topic: string): Promise<TopicPartitions> {
    return await this.#topics.get(topic);
  }

  /**
   * An open connection to the broker that leads `partition`.
   *
   * @throws {GatewayError} As `topic`; or there is no leader, or it cannot be reached. Nothing was sent.
   */
  async leader(topic: string, partition: number): Promise<BrokerConnection> {
    const { leaders } = await this.#topics.get(topic);
    const address = this.#brokers.get(leaders[partition] ?? -1);
    if (address === undefined) {
      this.forget(topic);
      throw new UnavailableError(
        `Cannot produce to partition ${partition} of topic "${topic}": no broker leads it now`,
      );
    }
    try {
      return await this.#connect(address.host, address.port);
    } catch (thrown) {
      this.forget(topic); // somebody else may lead it by now
      throw thrown;
    }
  }

  /** What is known of `topic` has proven wrong: it is asked for anew before it is used. */
  forget(topic: string): void {
    this.#topics.forget(topic);
  }

  /** Cuts every connection; what waits on one is refused. */
  close(): void {
    this.#over.abort();
    for (const dialled of this.#connections.values()) {
      if (dialled.state === "open") dialled.connection.close();
    }
    this.#connections.clear();
  }

  async #ask(topic: string): Promise<Known> {
    for (let attempt = 0;; attempt++) {
      const answer = await this.#askAnyBroker(topic);
      if (answer.errorCode === NO_ERROR && answer.leaders.length > 0) return this.#toKnown(answer);
      if (!isStale(answer.errorCode) || attempt >= this.#settings.retryMax) {
        throw kafkaError(`find Kafka topic "${topic}"`, answer.errorCode);
      }
      await sleep(this.#clock, this.#settings.retryBackoffMs, this.#over.signal); // a topic being created has no leaders yet
    }
  }

  #toKnown({ leaders }: TopicMetadata): Known {
    const writable: number[] = [];
    leaders.forEach((leader, partition) => {
      if (leader >= 0) writable.push(partition);
    });
    return { count: leaders.length, writable, leaders };
  }

  /** Asks one broker after another, those with an open connection first, until one answers. */
  async #askAnyBroker(topic: string): Promise<TopicMetadata> {
    const { connection: { clientId }, allowAutoTopicCreation } = this.#settings;
    let failure: GatewayError | undefined;
    for (const { host, port } of this.#candidates()) {
      try {
        const connection = await this.#connect(host, port);
        const reply = await connection.request(metadataRequest(clientId, topic, allowAutoTopicCreation));
        return this.#learn(connection, topic, () => readMetadataReply(reply));
      } catch (thrown) {
        failure = toGatewayError(thrown);
        // The same credentials would be refused elsewhere.
        if (!failure.retryable || failure instanceof OwnCredentialsError) throw failure;
      }
    }
    throw new UnavailableError("Cannot reach any Kafka broker", { cause: failure });
  }

  #learn(connection: BrokerConnection, topic: string, read: () => ReturnType<typeof readMetadataReply>): TopicMetadata {
    try {
      const { brokers, topics } = read();
      const [answer] = topics;
      if (topics.length !== 1 || answer?.name !== topic) throw new MalformedReplyError("metadata of another topic");
      this.#brokers = new Map(brokers.map((broker) => [broker.nodeId, broker]));
      this.#hangUpOnOthers();
      return answer;
    } catch (thrown) {
      throw connection.distrust(thrown as Error);
    }
  }

  #candidates(): readonly { readonly host: string; readonly port: number }[] {
    const all = new Map(
      [...this.#brokers.values(), ...this.#settings.bootstrap].map((at) => [`${at.host}:${at.port}`, at]),
    );
    const rank = (key: string) => this.#connections.get(key)?.state === "open" ? 0 : 1;
    return [...all].sort(([a], [b]) => rank(a) - rank(b)).map(([, at]) => at);
  }

  /** Closes connections to brokers that left the cluster and to bootstrap names of those that have another. */
  #hangUpOnOthers(): void {
    const wanted = new Set([...this.#brokers.values()].map(({ host, port }) => `${host}:${port}`));
    for (const [key, dialled] of this.#connections) {
      if (wanted.has(key) || dialled.state === "opening") continue;
      if (dialled.state === "open") dialled.connection.closeWhenIdle();
      this.#connections.delete(key);
    }
  }

  async #connect(host: string, port: number): Promise<BrokerConnection> {
    const key = `${host}:${port}`;
    const dialled = this.#connections.get(key);
    if (dialled?.state === "opening") return await dialled.promise;
    if (dialled?.state === "open") {
      if (dialled.connection.usable) return dialled.connection;
      dialled.connection.closeWhenIdle();
    }
    if (dialled?.state === "failed" && dialled.untilMs > this.#clock.monotonicMs()) throw dialled.error;
    if (this.#over.signal.aborted) throw shutDown();
    const promise = this.#dial(key, host, port);
    this.#connections.set(key, { state: "opening", promise });
    return await promise;
  }

  async #dial(key: string, host: string, port: number): Promise<BrokerConnection> {
    try {
      const connection = await BrokerConnection.open(host, port, this.#settings.connection);
      if (this.#over.signal.aborted) {
        connection.close();
        throw shutDown();
      }
      connection.onLost = (error) => this.#lost(key, connection, error);
      this.#connections.set(key, { state: "open", connection });
      this.#countConnect(key, "success");
      return connection;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      this.#countConnect(key, "failure");
      const untilMs = this.#clock.monotonicMs() + this.#settings.retryBackoffMs;
      this.#connections.set(key, { state: "failed", error, untilMs });
      this.#warn("cannot connect to a Kafka broker", { broker: key }, error);
      throw error;
    }
  }

  #countConnect(key: string, outcome: "success" | "failure"): void {
    this.#settings.meter.counter("otelcol_kafka_broker_connects", { "server.address": key, outcome }).add(1);
  }

  /** The broker may be gone for good: whoever led its partitions is asked for again. */
  #lost(key: string, connection: BrokerConnection, error: GatewayError): void {
    this.#settings.meter.counter("otelcol_kafka_broker_closed", { "server.address": key }).add(1);
    this.#warn("lost a connection to a Kafka broker", { broker: key }, error);
    const dialled = this.#connections.get(key);
    if (dialled?.state === "open" && dialled.connection === connection) this.#connections.delete(key);
    this.#topics.forgetWhere(({ leaders }) => leaders.some((leader) => this.#keyOf(leader) === key));
  }

  /** Once in a while about each thing: a broker that is away is found to be away many times a second. */
  #warn(message: string, about: LogFields, error: unknown): void {
    const key = `${message} ${about.broker ?? about.topic}`;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#warnedAtMs.get(key) ?? -Infinity) < WARN_INTERVAL_MS) return;
    this.#warnedAtMs.delete(key);
    this.#warnedAtMs.set(key, nowMs);
    dropOldest(this.#warnedAtMs, MAX_TOPICS);
    this.#settings.logger.warn(message, { ...about, error: describeError(error) });
  }

  #keyOf(nodeId: number): string | undefined {
    const address = this.#brokers.get(nodeId);
    return address && `${address.host}:${address.port}`;
  }
}

function shutDown(): GatewayError {
  return new UnavailableError("Cannot connect to Kafka: the exporter has shut down");
}

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * @throws {RejectedError} `topic` cannot be a topic's name: it would come from the data or its sender.
 */
export function checkTopicName(topic: string): void {
  if (TOPIC_NAME.test(topic) && topic !== "." && topic !== "..") return;
  throw new RejectedError(
    "Cannot send to Kafka: the topic's name has other characters than letters, digits, dot, dash and underscore, or more than 249",
    "invalid_argument",
  );
}
