/**
 * Redis or Valkey as the store that replicas share. A connection that failed, or did not answer in time, is given up, so
 * that no late answer is ever used; the next call makes another one.
 *
 * @module
 */

import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { createClient, defineScript, type RedisScripts } from "@redis/client";
import { type TlsClientOptions, tlsOptionsIfWanted } from "../../../pipeline/config/network/tls_client.ts";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { DeadlineExceededError, GatewayError, RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import type { LeaseAnswer, LeaseAsk, LeaseStore } from "../../../pipeline/tenants/fleet/leases.ts";
import { parseHostPort } from "../../../pipeline/config/network/host_port.ts";
import type { RedisConfig } from "../../../pipeline/tenants/fleet/schema.ts";
import { LEASE_SCRIPT } from "./lease_script.ts";

/** Sends the script's digest, and the script itself where that is not known. */
const lease = defineScript({
  SCRIPT: LEASE_SCRIPT,
  parseCommand(parser, keys: readonly string[], args: readonly string[]) {
    parser.pushKeysLength([...keys]);
    for (const arg of args) parser.push(arg);
  },
  transformReply: (reply: unknown) => reply,
});

type Client = ReturnType<typeof open>;

export class RedisLeaseStore implements LeaseStore {
  readonly #config: RedisConfig;
  readonly #clock: Clock;
  readonly #replica: string;
  #client: Promise<Client> | undefined;

  /** @param replica Its name in the fleet: nobody else's. */
  constructor(config: RedisConfig, clock: Clock, replica: string) {
    this.#config = config;
    this.#clock = clock;
    this.#replica = replica;
  }

  /** @throws {GatewayError} It cannot be asked, or does not answer in time. */
  async lease(asks: readonly LeaseAsk[]): Promise<LeaseAnswer> {
    try {
      return readAnswer(await this.#inTime(this.#call(asks)), asks.length);
    } catch (thrown) {
      this.close();
      if (thrown instanceof GatewayError) throw thrown;
      const { endpoint } = this.#config;
      throw new UnavailableError(`Cannot share limits over ${endpoint}: it cannot be asked`, { cause: thrown });
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.then((opened) => opened.destroy(), () => {});
  }

  async #call(asks: readonly LeaseAsk[]): Promise<unknown> {
    const { key_prefix: prefix, lease: leaseMs } = this.#config;
    // Braces: all keys of a fleet are in one slot of a cluster.
    const keys = [`{${prefix}}:replicas`, ...asks.map(({ rate }) => `{${prefix}}:rate:${rate}`)];
    const numbers = asks.flatMap(({ demand, held }) => [String(demand), String(held)]);
    const client = await (this.#client ??= this.#connect());
    return await client.lease(keys, [this.#replica, String(leaseMs), ...numbers]);
  }

  async #connect(): Promise<Client> {
    const tls = await tlsOptionsIfWanted(this.#config.tls);
    if (tls !== undefined) await probe({ ...parseHostPort(this.#config.endpoint), ...tls }, this.#config.timeout);
    const client = open(this.#config, tls);
    client.on("error", () => {}); // whoever asked is told
    try {
      await client.connect();
    } catch (thrown) {
      client.destroy();
      throw thrown;
    }
    return client;
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeout, endpoint } = this.#config;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(() => {
        reject(new DeadlineExceededError(`Cannot share limits over ${endpoint}: no answer in ${timeout} ms`));
      }, timeout);
      answer.then(resolve, reject).finally(() => this.#clock.clearTimer(timer));
    });
  }
}

/**
 * One round trip by TLS. By TLS 1.3 a server tells behind the handshake that it does not want our certificate, in a moment in
 * which the client library listens to no error of its socket: it would be thrown at the process.
 */
function probe(options: ConnectionOptions, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(options, () => socket.write("PING\r\n"));
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.once("data", () => {
      resolve();
      socket.destroy();
    });
  });
}

/** @param tls undefined for plain text. */
function open(
  { endpoint, username, password, database, timeout }: RedisConfig,
  tls: TlsClientOptions | undefined,
) {
  const socket = { ...parseHostPort(endpoint), connectTimeout: timeout, reconnectStrategy: false } as const;
  return createClient({
    socket: tls === undefined ? socket : { ...socket, ...tls, tls: true },
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    database,
    disableOfflineQueue: true,
    scripts: { lease } satisfies RedisScripts,
  });
}

/** @throws {RejectedError} Something else speaks there. */
function readAnswer(answer: unknown, asked: number): LeaseAnswer {
  if (Array.isArray(answer) && answer.length === asked + 1 && answer.every((each) => typeof each === "number")) {
    const [replicas, ...shares] = answer as [number, ...number[]];
    return { replicas, shares };
  }
  throw new RejectedError("Cannot share limits: the answer is not that of the script", "unavailable");
}
