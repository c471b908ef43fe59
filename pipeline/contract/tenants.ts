/**
 * How a receiver asks whose a request is and whether it may come, before its body is read, and tells how it ended.
 *
 * ```ts
 * const visit = await gate.enter("traces", sender, announcedBytes); // throws 401, 403, 413 or 429
 * const { payload, rejectedItems, message } = visit.take(read); // items, once they are counted
 * visit.leave(200, rejectedItems); // always, once
 * ```
 *
 * @module
 */

import type { TenantTag } from "../core/tenant.ts";
import type { HeaderReader } from "../core/trace_context.ts";
import type { Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";

/** What is known of a sender before its body is read. */
export interface Sender extends HeaderReader {
  /** Of the connection, without the port: `10.1.1.9`, `::1`; "" where the platform does not tell. */
  readonly peerAddress: string;
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
   * @throws {GatewayError} 401 there is no credential that is known; 403 it may not; 429 its peer tried too many.
   */
  identify(sender: Sender): Identity | Promise<Identity>;
}

/** Decides which requests come in. One a thread, over memory that all threads share. */
export interface TenantGate {
  /**
   * Asked before a body is read: who, whether the signal is allowed, requests, concurrency, and bytes as announced.
   *
   * @param announcedBytes Content-Length; undefined when it is not known, and then charged by `take`.
   * @throws {GatewayError} 401, 403, 413, or 429 with the time after which the bucket has room.
   */
  enter(signal: Signal, sender: Sender, announcedBytes: number | undefined): Visit | Promise<Visit>;
}

/** One request that was let in. */
export interface Visit {
  readonly identity: Identity;
  /**
   * Charges the items, and gives what may go on: all of it, a slice, or (by throwing) nothing; stamped where configured.
   *
   * @param receivedBytes Of the body as it came, before decompression.
   * @throws {GatewayError} 429: nothing fits, or the tenant is refused whole.
   */
  take(payload: Payload, receivedBytes: number): Taken;
  /** The request is answered. Gives back what it held; called exactly once, however it ended. */
  leave(status: number, rejectedItems: number): void;
}

/** What became of a payload at the gate. */
export interface Taken {
  readonly payload: Payload;
  /** Items that were cut off; 0 when all went on. */
  readonly rejectedItems: number;
  /** Why, for the sender; "" when there is nothing to say. */
  readonly message: string;
}
