/**
 * What a client remembers over a restart: who it is, what it was offered and what became of it, and which server it
 * belongs to. Where that is kept is the store's matter.
 *
 * @module
 */

import { readJsonObject } from "../../pipeline/core/json_object.ts";
import { hexToBytes } from "../protocol/hashes.ts";
import { parseInstanceUid } from "../protocol/instance_uid.ts";
import { decodeConnectionSettings } from "../protocol/messages.ts";
import { type ServerConnection, transportOf } from "./transports/server_connection.ts";

/** An offer's hash and what became of it, in the form that is stored. */
export interface StoredStatus {
  /** Hexadecimal. */
  readonly hash: string;
  readonly state: "APPLYING" | "APPLIED" | "FAILED";
  readonly errorMessage: string;
}

/** A connection that a server offered. Holds secrets. */
export interface StoredConnection {
  readonly connection: ServerConnection;
  /** Of the local settings that it was offered over: when those change, they count again. */
  readonly basis: string;
}

/** Plain JSON. Holds secrets: keep it where nobody else reads. */
export interface ClientState {
  readonly version: 1;
  /** Canonical UUID text. */
  readonly instanceUid: string;
  readonly remoteConfigStatus?: StoredStatus | undefined;
  readonly connectionSettingsStatus?: StoredStatus | undefined;
  /** Accepted: used instead of the local settings. */
  readonly accepted?: StoredConnection | undefined;
  /** Being tried; after a crash it is tried again. */
  readonly candidate?: StoredConnection | undefined;
  /** Settings of own telemetry and other connections that the agent took: a ConnectionSettingsOffers, hexadecimal. */
  readonly handedOn?: string | undefined;
  /** Of a certificate request that has not been answered. */
  readonly pendingKeyPem?: string | undefined;
}

export interface StateStore {
  /** Whether what is saved is gone after a restart: then no certificate may be taken. */
  readonly isEphemeral: boolean;
  /** @returns undefined when nothing was saved, or what was is not readable. */
  load(): Promise<ClientState | undefined>;
  /** Settles when the state will survive a crash. Called one at a time. */
  save(state: ClientState): Promise<void>;
}

/** Keeps the state as long as the process lives. */
export class MemoryStateStore implements StateStore {
  readonly isEphemeral: boolean = true;
  #state: ClientState | undefined;

  constructor(state?: ClientState) {
    this.#state = state;
  }

  load(): Promise<ClientState | undefined> {
    return Promise.resolve(this.#state);
  }

  save(state: ClientState): Promise<void> {
    this.#state = state;
    return Promise.resolve();
  }
}

/** The state in a JSON text that a store kept; undefined when it is none of this version. */
export function parseClientState(text: string): ClientState | undefined {
  const state: Partial<ClientState> | undefined = readJsonObject(text);
  if (state?.version !== 1 || parseInstanceUid(String(state.instanceUid)) === undefined) return undefined;
  const isWhole = isStatus(state.remoteConfigStatus) && isStatus(state.connectionSettingsStatus) &&
    isConnection(state.accepted) && isConnection(state.candidate) && isOffer(state.handedOn);
  return isWhole ? state as ClientState : undefined;
}

function isStatus(status: StoredStatus | undefined): boolean {
  return status === undefined || typeof status?.hash === "string" && typeof status.state === "string";
}

function isOffer(handedOn: string | undefined): boolean {
  try {
    if (handedOn !== undefined) decodeConnectionSettings(hexToBytes(handedOn));
    return true;
  } catch {
    return false;
  }
}

function isConnection(stored: StoredConnection | undefined): boolean {
  if (stored === undefined) return true;
  const connection = stored?.connection;
  return transportOf(String(connection?.endpoint)) !== undefined && Array.isArray(connection?.headers) &&
    typeof connection?.tls === "object" && typeof stored.basis === "string";
}
