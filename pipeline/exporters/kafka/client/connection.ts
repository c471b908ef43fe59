/**
 * One connection to one broker: opened, authenticated, then requests in a pipeline. Kafka answers in order, so the
 * oldest request is the one that the next reply belongs to.
 *
 * A connection that does not answer in time is cut, with everything on it: a hung broker is found out once, not once a
 * request.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Clock, Timer } from "../../../core/clock.ts";
import {
  DeadlineExceededError,
  type GatewayError,
  OwnCredentialsError,
  UnavailableError,
} from "../../../core/errors.ts";
import { kafkaError, NO_ERROR } from "./error_codes.ts";
import { authenticate, type SaslCredentials } from "./sasl.ts";
import { API, CORRELATION_ID_AT, MalformedReplyError, ReplyReader, RequestWriter, utf8 } from "./wire.ts";

/** The largest reply that is read, bytes: metadata of one topic with hundreds of thousands of partitions. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** A SASL session is left when this share of its lifetime is over, so that the broker never has to end it. */
const SASL_LIFETIME_SHARE = 0.8;

export interface ConnectionSettings {
  readonly clientId: Uint8Array;
  /** undefined: plain text. */
  readonly tls: ConnectionOptions | undefined;
  readonly sasl: SaslCredentials | undefined;
  /** From the first packet to the end of the TLS handshake, milliseconds; SASL's messages are requests. */
  readonly connectTimeoutMs: number;
  /** How long the oldest request may wait for its reply, milliseconds. */
  readonly requestTimeoutMs: number;
  /** A connection that was quiet for so long is not trusted any more, milliseconds. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
}

interface Waiting {
  readonly resolve: (reply: ReplyReader) => void;
  readonly reject: (error: GatewayError) => void;
}

export class BrokerConnection {
  /** Called once when the connection is over, unless `close` ended it. */
  onLost: (error: GatewayError) => void = () => {};

  /** `host:port`. */
  readonly name: string;
  readonly #socket: Socket;
  readonly #settings: ConnectionSettings;
  readonly #waiting: { readonly correlationId: number; readonly request: Waiting }[] = [];
  #nextCorrelationId = 1;
  #over: GatewayError | undefined;
  #unread: Buffer = Buffer.alloc(0);
  #timer: Timer | undefined;
  /** Since when the oldest request waits, monotonic milliseconds; when nothing waits, the time of the last reply. */
  #quietSinceMs: number;
  #expiresAtMs = Infinity;
  #throttledUntilMs = 0;

  private constructor(name: string, socket: Socket, settings: ConnectionSettings) {
    this.name = name;
    this.#socket = socket;
    this.#settings = settings;
    this.#quietSinceMs = settings.clock.monotonicMs();
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on(
      "error",
      (cause: Error) => this.#lose(new UnavailableError(`Cannot reach Kafka broker ${name}`, { cause })),
    );
    socket.on(
      "close",
      () => this.#lose(new UnavailableError(`Cannot reach Kafka broker ${name}: it closed the connection`)),
    );
    // It may have ended between the handshake and now: a broker refuses a client's certificate only after TLS 1.3's.
    if (socket.destroyed) {
      this.#lose(new UnavailableError(`Cannot reach Kafka broker ${name}: it closed the connection`));
    }
  }

  /**
   * Connects and authenticates.
   *
   * @throws {UnavailableError} Not reachable, or not in time.
   * @throws {OwnCredentialsError} The broker refuses the credentials.
   */
  static async open(host: string, port: number, settings: ConnectionSettings): Promise<BrokerConnection> {
    const name = `${host}:${port}`;
    const socket = await connectSocket(host, port, settings);
    const connection = new BrokerConnection(name, socket, settings);
    if (settings.sasl !== undefined) {
      try {
        await connection.#authenticate(settings.sasl);
      } catch (thrown) {
        connection.close();
        throw thrown;
      }
    }
    return connection;
  }

  /** Whether a new request may be given to it. */
  get usable(): boolean {
    const nowMs = this.#settings.clock.monotonicMs();
    const idle = this.#waiting.length === 0 && nowMs - this.#quietSinceMs > this.#settings.idleTimeoutMs;
    return this.#over === undefined && nowMs < this.#expiresAtMs && !idle;
  }

  /** How long the broker asked to be left alone, milliseconds from now; 0 when it did not. */
  get throttledMs(): number {
    return Math.max(0, this.#throttledUntilMs - this.#settings.clock.monotonicMs());
  }

  throttle(forMs: number): void {
    this.#throttledUntilMs = Math.max(this.#throttledUntilMs, this.#settings.clock.monotonicMs() + forMs);
  }

  /**
   * Sends `frame` and gives the reply's body.
   *
   * @param frame A whole request; its correlation id is filled in here. Not to be written to until the reply is there.
   * @throws {UnavailableError} The connection was lost: the broker may or may not have done what was asked.
   * @throws {DeadlineExceededError} No reply in time: the same.
   */
  request(frame: Uint8Array): Promise<ReplyReader> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const correlationId = this.#send(frame);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#quietSinceMs = this.#settings.clock.monotonicMs();
      this.#waiting.push({ correlationId, request: { resolve, reject } });
      this.#timer ??= this.#settings.clock.setTimer(() => this.#checkTime(), this.#settings.requestTimeoutMs);
    });
  }

  /**
   * Sends a request that has no reply (acks 0), settling when the socket took it.
   *
   * @throws {UnavailableError} The connection was lost before that.
   */
  post(frame: Uint8Array): Promise<void> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      this.#send(frame, (error) => error ? reject(this.#over ?? lost(this.name, error)) : resolve());
    });
  }

  /** The broker broke the protocol: nothing more is believed of it. */
  distrust(cause: Error): GatewayError {
    const error = new UnavailableError(`Cannot understand Kafka broker ${this.name}`, { cause });
    this.#lose(error);
    return error;
  }

  /** Ends it at once; what waits is refused. */
  close(): void {
    this.onLost = () => {};
    this.#lose(new UnavailableError(`Cannot use the connection to Kafka broker ${this.name}: it was closed`));
  }

  /** Ends it when what waits is answered, which the request timeout bounds. */
  closeWhenIdle(): void {
    this.onLost = () => {};
    this.#expiresAtMs = -Infinity;
    if (this.#waiting.length === 0) this.close();
  }

  #send(frame: Uint8Array, onTaken?: (error?: Error | null) => void): number {
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId = correlationId % 0x7fffffff + 1;
    new DataView(frame.buffer, frame.byteOffset).setInt32(CORRELATION_ID_AT, correlationId);
    this.#socket.write(frame, onTaken);
    return correlationId;
  }

  #read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (this.#over === undefined && this.#unread.length >= 4) {
      const size = this.#unread.readInt32BE(0);
      if (size < 4 || size > MAX_REPLY_BYTES) {
        this.distrust(new MalformedReplyError(`a reply of ${size} bytes, wanted 4 to ${MAX_REPLY_BYTES}`));
        return;
      }
      if (this.#unread.length < 4 + size) return;
      const reply = this.#unread.subarray(4, 4 + size);
      this.#unread = this.#unread.subarray(4 + size);
      this.#answer(new ReplyReader(reply));
    }
  }

  #answer(reply: ReplyReader): void {
    const oldest = this.#waiting.shift();
    const correlationId = reply.int32();
    if (oldest === undefined || oldest.correlationId !== correlationId) {
      const error = this.distrust(new MalformedReplyError(`reply ${correlationId} is not the next one`));
      oldest?.request.reject(error);
      return;
    }
    this.#quietSinceMs = this.#settings.clock.monotonicMs();
    oldest.request.resolve(reply);
    if (this.#waiting.length === 0 && this.#expiresAtMs === -Infinity) this.close();
  }

  /** One timer for all requests: it looks again when the oldest of the time it fires would be due. */
  #checkTime(): void {
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const { clock, requestTimeoutMs } = this.#settings;
    const leftMs = this.#quietSinceMs + requestTimeoutMs - clock.monotonicMs();
    if (leftMs > 0) {
      this.#timer = clock.setTimer(() => this.#checkTime(), leftMs);
    } else {
      this.#lose(
        new DeadlineExceededError(`Cannot reach Kafka broker ${this.name}: no reply in ${requestTimeoutMs} ms`),
      );
    }
  }

  #lose(error: GatewayError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    if (this.#timer !== undefined) this.#settings.clock.clearTimer(this.#timer);
    this.#socket.destroy();
    for (const { request } of this.#waiting.splice(0)) request.reject(error);
    this.onLost(error);
  }

  async #authenticate(sasl: SaslCredentials): Promise<void> {
    const { clientId, clock } = this.#settings;
    const mechanism = utf8.encode(sasl.mechanism);
    const handshake = await this.request(
      new RequestWriter(API.saslHandshake, clientId, 2 + mechanism.length).string(mechanism).bytes,
    );
    const code = handshake.int16();
    if (code !== NO_ERROR) {
      const offered = handshake.array((reader) => reader.string()).join(", ");
      throw new OwnCredentialsError(
        `Cannot authenticate to Kafka broker ${this.name}: it offers ${offered}, wanted ${sasl.mechanism}`,
      );
    }
    let lifetimeMs = 0n;
    await authenticate(sasl, async (message) => {
      const frame = new RequestWriter(API.saslAuthenticate, clientId, 4 + message.length).byteArray(message).bytes;
      const reply = await this.request(frame);
      const errorCode = reply.int16();
      reply.nullableString(); // says no more than the code
      if (errorCode !== NO_ERROR) {
        throw kafkaError(`authenticate to Kafka broker ${this.name} as "${sasl.username}"`, errorCode);
      }
      const answer = reply.byteArray();
      lifetimeMs = reply.int64();
      return answer;
    });
    if (lifetimeMs > 0n) this.#expiresAtMs = clock.monotonicMs() + Number(lifetimeMs) * SASL_LIFETIME_SHARE;
  }
}

function lost(name: string, cause: Error): GatewayError {
  return new UnavailableError(`Cannot reach Kafka broker ${name}: the connection was lost`, { cause });
}

/** A socket after the TCP and TLS handshakes. */
function connectSocket(host: string, port: number, settings: ConnectionSettings): Promise<Socket> {
  const { tls, connectTimeoutMs, clock } = settings;
  return new Promise((resolve, reject) => {
    const name = `${host}:${port}`;
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket: Socket = tls === undefined
      ? connectTcp({ host, port })
      : connectTls({ host, port, ...servername, ...tls });
    const fail = (error: GatewayError) => {
      clock.clearTimer(timer);
      socket.destroy();
      reject(error);
    };
    const timer = clock.setTimer(
      () => fail(new UnavailableError(`Cannot connect to Kafka broker ${name} in ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const onError = (cause: Error) => fail(new UnavailableError(`Cannot connect to Kafka broker ${name}`, { cause }));
    const onClose = () =>
      fail(new UnavailableError(`Cannot connect to Kafka broker ${name}: it closed the connection`));
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      clock.clearTimer(timer);
      socket.off("close", onClose); // but an error always has a listener: without one it would end the process
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
      resolve(socket);
    });
  });
}
