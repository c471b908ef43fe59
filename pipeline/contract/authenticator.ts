/**
 * Extensions that authenticate: the senders of a receiver whose `auth` names them, or an exporter to its destination.
 * Each thread makes its own.
 *
 * Source: collector reference 3.5.
 *
 * @module
 */

import type { HeaderPair } from "../core/telemetry/trace_context.ts";
import type { Lifecycle } from "./consumer.ts";
import type { Sender } from "./tenants.ts";

/** What an authenticator found out about a sender, for OTTL's `otelcol.client.auth`. */
export type AuthAttributes = ReadonlyMap<string, string | number | boolean>;

/** Decides who may send. */
export interface ServerAuthenticator {
  /** What it reads, lower case. Tenants are then found by other credentials: this header is settled. */
  readonly header: string;
  /**
   * Without a promise where the answer is known.
   *
   * @throws {UnauthenticatedError} The header is not there, or what it says is not known.
   * @throws {GatewayError} It cannot be found out now.
   */
  authenticate(sender: Sender): AuthAttributes | Promise<AuthAttributes>;
}

/** Tells a destination who sends. */
export interface ClientAuthenticator {
  /** The header of a request that is sent now; its name is lower case. */
  credentials(): HeaderPair;
}

/** An extension that can do one of the two, or both. */
export interface Authenticator extends Lifecycle {
  readonly server?: ServerAuthenticator;
  readonly client?: ClientAuthenticator;
}

/**
 * Finds an authenticator by the id under `auth.authenticator`.
 *
 * @throws {TypeError} No extension of `service::extensions` has that id, or it does not authenticate.
 */
export type FindAuthenticator = (id: string) => Authenticator;
