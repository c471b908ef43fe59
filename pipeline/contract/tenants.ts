/**
 * How a receiver asks whose a request is and whether it may come, before its body is read, and tells how it ended.
 *
 * ```ts
 * const visit = await gate.enter("traces", sender, announcedBytes); // throws 401, 403, 413 or 429
 * visit.read(body.length); // what was not announced; throws 429
 * const { payload, rejectedItems, message } = visit.take(validated); // items, once they are counted; throws 413 or 429
 * visit.leave(200, rejectedItems); // always, once
 * ```
 *
 * @module
 */

import type { TenantTag } from "../core/tenant.ts";
import type { HeaderReader } from "../core/telemetry/trace_context.ts";
import type { Origin, Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";

/** What is known of a sender before its body is read. */
export interface Sender extends HeaderReader {
  /** Of the connection, without the port: `10.1.1.9`, `::1`; "" where the platform does not tell. */
  readonly peerAddress: string;
  /** What it sends, for whoever is told of refusals. Absent or undefined: it is not known, or not yet. */
  readonly signal?: Signal | undefined;
  /** Its client certificate, verified by the listener; undefined without mTLS. Read at most once a connection. */
  certificate?(): ClientCertificate | undefined;
}

/** The names in a client certificate. */
export interface ClientCertificate {
  /** RFC 4514: `CN=agent,O=acme`. */
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
}

/** Whose a credential is. */
export interface Identity {
  readonly tenant: TenantTag;
  /** What names the credential without giving it away (a key id, `jwt:ISSUER`), for logs and the admin API. */
  readonly credential: string;
  /** What an authenticator found out, for OTTL's `otelcol.client.auth`; mostly empty. */
  readonly attributes: ReadonlyMap<string, string | number | boolean>;
}

/** Finds out whose a request is. One a thread. */
export interface Identifier {
  /**
   * Without a promise where the answer is known: a promise a request would be the dearest part of it.
   *
   * @param nowMs Monotonic, for who has read the clock just now. Absent: it is read.
   * @throws {GatewayError} 401 there is no credential that is known; 403 it may not; 429 its peer tried too many.
   */
  identify(sender: Sender, nowMs?: number): Identity | Promise<Identity>;
}

/** Decides which requests come in. One a thread, over memory that all threads share. */
export interface TenantGate {
  /**
   * Asked before a body is read: who, whether the signal is allowed, requests, concurrency, and bytes as announced.
   *
   * @param announcedBytes Content-Length; undefined when it is not known, and then charged by `read`.
   * @throws {GatewayError} 401, 403, 413, or 429 with the time after which the bucket has room.
   */
  enter(signal: Signal, sender: Sender, announcedBytes: number | undefined): Visit | Promise<Visit>;
  /** Ids of the pipelines that a tenant's data may enter; undefined: all. The same object as long as nothing changes. */
  pipelinesOf(tenant: TenantTag): ReadonlySet<string> | undefined;
}

/** One request that was let in. */
export interface Visit {
  readonly identity: Identity;
  /** The largest body that may come, bytes, before decompression and after; Infinity where the tenant has no limit. */
  readonly maxBodyBytes: number;
  /** The tenant's id, for what is shared out by tenant before there is a payload; "" where nobody's is. */
  readonly owner: string;
  /** `origin` with whose it is: the tenant, its id as the metadata `tenant.id`, and what its authenticator found out. */
  originOf(origin: Origin): Origin;
  /**
   * The body is there. Charges its bytes where they were not announced.
   *
   * @param receivedBytes As it came, before decompression.
   * @throws {GatewayError} 413 or 429.
   */
  read(receivedBytes: number): void;
  /**
   * Charges the items, and gives what may go on: all of it, a part, or (by throwing) nothing; stamped where configured.
   *
   * @throws {GatewayError} 413 or 429: nothing fits, or the tenant is refused whole.
   */
  take(payload: Payload): Taken;
  /**
   * The request is answered. Gives back what it held; called exactly once, however it ended. What was taken and then
   * answered with a status that is retried is not charged: the retry will be.
   */
  leave(status: number, rejectedItems: number): void;
}

/** What became of a payload at the gate. */
export interface Taken {
  /** Without items when all were shed: then there is nothing to pass on. */
  readonly payload: Payload;
  /** Items that were cut off; 0 when all went on. */
  readonly rejectedItems: number;
  /** Why, for the sender; "" when there is nothing to say. */
  readonly message: string;
}
