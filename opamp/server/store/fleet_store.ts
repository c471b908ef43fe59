/**
 * What a fleet needs of its store.
 *
 * @module
 */

import type { ConnectionOffer } from "../offers.ts";

/** What an agent said of an offer. */
export interface OfferStatus {
  /** The offer's hash in hexadecimal. */
  readonly hash: string;
  /** `RemoteConfigStatuses` or `ConnectionSettingsStatuses`: the numbers are the same. */
  readonly status: number;
  readonly error: string;
}

/** One agent as it is kept. */
export interface AgentRow {
  readonly uid: Uint8Array;
  /** `AgentCapabilities`. */
  readonly capabilities: number;
  /** AgentToServer with `agent_description` alone. */
  readonly description: Uint8Array | undefined;
  /** AgentToServer with `health` alone. */
  readonly health: Uint8Array | undefined;
  readonly configStatus: OfferStatus | undefined;
  /** Hash of the configuration that it could not apply last. */
  readonly failedConfig: string | undefined;
  readonly connectionStatus: OfferStatus | undefined;
  /** Hash of the configuration that it is to run. */
  readonly desiredConfig: string | undefined;
  /** Hash of the connection settings that it is to use. */
  readonly desiredConnection: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as of the last change that was written: heartbeats write nothing. */
  readonly lastSeenMs: number;
}

/** Something that happened to an agent. */
export interface AgentEvent {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly uid: Uint8Array;
  readonly kind: string;
  readonly text: string;
}

/** Everything that changed since the last write. */
export interface FleetBatch {
  readonly agents: readonly AgentRow[];
  readonly removed: readonly Uint8Array[];
  readonly events: readonly AgentEvent[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Keeps a fleet. Every call is done, or has changed nothing, when it returns. */
export interface FleetStore {
  readAgents(): Iterable<AgentRow>;
  /** @throws {GatewayError} Nothing of it is kept. */
  write(batch: FleetBatch): void;
  /** @throws {GatewayError} Nothing of it is kept. */
  saveConnectionOffer(hash: string, encoded: Uint8Array, uids: readonly Uint8Array[]): void;
  readConnectionOffer(hash: string): ConnectionOffer | undefined;
}
