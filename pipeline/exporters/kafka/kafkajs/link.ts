/**
 * A client of kafkajs whose sockets can be cut.
 *
 * @module
 */

import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import kafkajs, { type Admin, type ISocketFactoryArgs, type Kafka, type LogEntry, type Producer } from "kafkajs";
import { DeadlineExceededError } from "../../../core/errors.ts";
import type { ProducerSettings } from "../client/producer.ts";
import { closed, rootCause } from "./failures.ts";
import { saslProvider } from "./sasl.ts";

/** Retrying is our own queue's matter: each retry of kafkajs goes by what it believed before. */
export const NO_RETRY = { retries: 0, initialRetryTime: 1, maxRetryTime: 1 };

/** What the clients of one exporter have in common. */
export interface Shared {
  readonly settings: ProducerSettings;
  /** Bootstrap addresses by their places in the settings: those that did not answer last time come last. */
  readonly seeds: number[];
  readonly log: (entry: LogEntry) => void;
}

/** One client of kafkajs with its sockets, which can be cut: kafkajs waits for a broker that hangs. */
export class Link<Client extends Producer | Admin> {
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
