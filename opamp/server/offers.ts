/**
 * What the server offers to agents, encoded once for all of them.
 *
 * The parts of a ServerToAgent are independent fields, and protobuf merges by concatenation: an answer is the agent's own
 * few fields followed by the bytes of the offer, which every agent shares.
 * Source: opamp-spec, "Configuration", "Connection Settings Management", "Packages".
 *
 * @module
 */

import { AgentCapabilities, hasBits } from "../protocol/capabilities.ts";
import { bytesToHex, hashConfigMap, sha256 } from "../protocol/hashes.ts";
import {
  type AgentConfigMap,
  type ConnectionSettingsOffers,
  encodeConnectionSettings,
  encodePackagesAvailable,
  encodeRemoteConfig,
  encodeServerToAgent,
  type PackagesAvailable,
} from "../protocol/messages.ts";

/** A configuration for agents. */
export interface RemoteConfigOffer {
  /** Of the content only: the same content is the same offer. */
  readonly hashBytes: Uint8Array;
  /** {@link hashBytes} in hexadecimal. */
  readonly hash: string;
  /** Field 3 of a ServerToAgent, with its tag. */
  readonly wire: Uint8Array;
}

/** Encodes a configuration for every agent that will get it. */
export function createRemoteConfigOffer(config: AgentConfigMap): RemoteConfigOffer {
  const hashBytes = hashConfigMap(config);
  const wire = encodeServerToAgent({}, { remoteConfig: encodeRemoteConfig({ config, configHash: hashBytes }) });
  return { hashBytes, hash: bytesToHex(hashBytes), wire };
}

/**
 * Goes with every offer of OpAMP settings that names none: absent and 0 are one on the wire, and agents on the reference
 * library take it for "no heartbeats".
 */
const DEFAULT_HEARTBEAT_SECONDS = 30;

/** Connection settings for agents; what an agent cannot take is left out of its copy. */
export class ConnectionOffer {
  readonly hashBytes: Uint8Array;
  /** {@link hashBytes} in hexadecimal. */
  readonly hash: string;
  /** The whole offer as a ConnectionSettingsOffers. It has secrets: for the store alone. */
  readonly encoded: Uint8Array;
  readonly #settings: ConnectionSettingsOffers;
  /** Field 4 of a ServerToAgent by the bits that decide what is in it; undefined when nothing is left. */
  readonly #wireByBits = new Map<number, Uint8Array | undefined>();

  constructor(settings: ConnectionSettingsOffers) {
    this.hashBytes = settings.hash ?? sha256(encodeConnectionSettings(settings));
    this.hash = bytesToHex(this.hashBytes);
    const { opamp } = settings;
    this.#settings = {
      ...settings,
      hash: this.hashBytes,
      opamp: opamp && { heartbeatIntervalSeconds: DEFAULT_HEARTBEAT_SECONDS, ...opamp },
    };
    this.encoded = encodeConnectionSettings(this.#settings);
  }

  /** What an agent with these capabilities is sent; undefined when the offer has nothing for it. */
  wireFor(capabilities: number): Uint8Array | undefined {
    const bits = capabilities & DECIDING_BITS;
    if (!this.#wireByBits.has(bits)) this.#wireByBits.set(bits, encodeFor(this.#settings, bits));
    return this.#wireByBits.get(bits);
  }
}

const DECIDING_BITS = AgentCapabilities.AcceptsOpAMPConnectionSettings | AgentCapabilities.ReportsHeartbeat |
  AgentCapabilities.AcceptsOtherConnectionSettings | AgentCapabilities.ReportsOwnMetrics |
  AgentCapabilities.ReportsOwnTraces | AgentCapabilities.ReportsOwnLogs;

function encodeFor(settings: ConnectionSettingsOffers, bits: number): Uint8Array | undefined {
  const may = <Part>(bit: number, part: Part | undefined) => hasBits(bits, bit) ? part : undefined;
  const allowed: ConnectionSettingsOffers = {
    hash: settings.hash,
    opamp: opampFor(settings.opamp, bits),
    ownMetrics: may(AgentCapabilities.ReportsOwnMetrics, settings.ownMetrics),
    ownTraces: may(AgentCapabilities.ReportsOwnTraces, settings.ownTraces),
    ownLogs: may(AgentCapabilities.ReportsOwnLogs, settings.ownLogs),
    otherConnections: may(AgentCapabilities.AcceptsOtherConnectionSettings, settings.otherConnections),
  };
  const isEmpty = allowed.opamp === undefined && allowed.ownMetrics === undefined && allowed.ownTraces === undefined &&
    allowed.ownLogs === undefined && (allowed.otherConnections?.size ?? 0) === 0;
  if (isEmpty) return undefined;
  return encodeServerToAgent({}, { connectionSettings: encodeConnectionSettings(allowed) });
}

/** The heartbeat interval may go to an agent that takes no other OpAMP settings, and only to one that has heartbeats. */
function opampFor(
  opamp: ConnectionSettingsOffers["opamp"],
  bits: number,
): ConnectionSettingsOffers["opamp"] {
  if (opamp === undefined) return undefined;
  const { heartbeatIntervalSeconds, ...rest } = opamp;
  const heartbeat = hasBits(bits, AgentCapabilities.ReportsHeartbeat) ? heartbeatIntervalSeconds : undefined;
  if (hasBits(bits, AgentCapabilities.AcceptsOpAMPConnectionSettings)) {
    return { ...rest, heartbeatIntervalSeconds: heartbeat };
  }
  return heartbeat === undefined ? undefined : { heartbeatIntervalSeconds: heartbeat };
}

/** Packages for agents. */
export interface PackagesOffer {
  readonly hashBytes: Uint8Array;
  readonly hash: string;
  /** Field 5 of a ServerToAgent, with its tag. */
  readonly wire: Uint8Array;
}

/**
 * Encodes packages for every agent that will get them.
 *
 * @param packages With `hash` and `file.contentHash` of each. The hash over all is made here, of names and hashes.
 */
export function createPackagesOffer(packages: NonNullable<PackagesAvailable["packages"]>): PackagesOffer {
  const sorted = new Map([...packages].sort(([a], [b]) => a < b ? -1 : 1));
  const hashBytes = sha256(encodePackagesAvailable({ packages: sorted }));
  const wire = encodeServerToAgent({}, {
    packagesAvailable: encodePackagesAvailable({ packages: sorted, allPackagesHash: hashBytes }),
  });
  return { hashBytes, hash: bytesToHex(hashBytes), wire };
}
