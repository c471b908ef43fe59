/**
 * The two messages of OpAMP to and from their wire bytes.
 *
 * @module
 */

import { decode, encode } from "./codec.ts";
import type { AgentRemoteConfig, AgentToServer, ServerToAgent } from "./types.ts";
import type { ConnectionSettingsOffers, PackagesAvailable } from "./types.ts";

export type * from "./types.ts";

/** Parts of a ServerToAgent that are encoded already, so that one offer for a whole fleet is encoded once. */
export interface EncodedParts {
  /** From `encodeRemoteConfig`. */
  readonly remoteConfig?: Uint8Array | undefined;
  /** From `encodeConnectionSettings`. */
  readonly connectionSettings?: Uint8Array | undefined;
  /** From `encodePackagesAvailable`. */
  readonly packagesAvailable?: Uint8Array | undefined;
}

export function encodeAgentToServer(message: AgentToServer): Uint8Array {
  return encode("AgentToServer", message);
}

/** @throws {MalformedMessageError} The bytes are no AgentToServer, or one past the bounds of `limits.ts`. */
export function decodeAgentToServer(bytes: Uint8Array): AgentToServer {
  return decode("AgentToServer", bytes);
}

/** @param parts Win over the same fields of `message`. */
export function encodeServerToAgent(message: ServerToAgent, parts: EncodedParts = {}): Uint8Array {
  return encode("ServerToAgent", message, { ...parts });
}

/** @throws {MalformedMessageError} The bytes are no ServerToAgent, or one past the bounds of `limits.ts`. */
export function decodeServerToAgent(bytes: Uint8Array): ServerToAgent {
  return decode("ServerToAgent", bytes);
}

/** For `EncodedParts`. */
export function encodeRemoteConfig(config: AgentRemoteConfig): Uint8Array {
  return encode("AgentRemoteConfig", config);
}

/** For `EncodedParts`. */
export function encodeConnectionSettings(offers: ConnectionSettingsOffers): Uint8Array {
  return encode("ConnectionSettingsOffers", offers);
}

/** @throws {MalformedMessageError} The bytes are no ConnectionSettingsOffers. */
export function decodeConnectionSettings(bytes: Uint8Array): ConnectionSettingsOffers {
  return decode("ConnectionSettingsOffers", bytes);
}

/** For `EncodedParts`. */
export function encodePackagesAvailable(packages: PackagesAvailable): Uint8Array {
  return encode("PackagesAvailable", packages);
}
